"""``jikimi inspect media``: one line a picture, hostile files marked, exit code partial."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards.cli import run
from dashboards.terminal.exits import CONFIGURATION, OK, PARTIAL
from detect.media.pdq import pdq
from tests.detect.media.moving import clip
from tests.detect.media.pictures import as_file, waves
from tests.detect.media.test_provenance import png_with


@pytest.fixture
def asked(capsys):
    def ask(*files, options=()):
        code = run(["inspect", "media", *map(str, files), *options])
        return code, capsys.readouterr().out

    return ask


def test_each_picture_is_one_object_with_its_exchange_hash(asked, tmp_path):
    one = waves(90, 120, 4)
    (tmp_path / "a.png").write_bytes(as_file(one))
    (tmp_path / "b.jpg").write_bytes(as_file(waves(60, 70, 5), ".jpg"))
    code, out = asked(tmp_path / "a.png", tmp_path / "b.jpg", options=["--json"])
    first, second = map(json.loads, out.splitlines())

    assert code == OK
    assert first["file"].endswith("a.png")
    assert (first["width"], first["height"], first["error"]) == (120, 90, None)
    assert (first["pdq"], first["pdq_quality"]) == (pdq(one).hex, pdq(one).quality)
    assert (second["format"], second["width"]) == ("jpeg", 70)


def test_what_was_not_judged_has_no_score_and_is_named(asked, tmp_path):
    (tmp_path / "a.png").write_bytes(as_file(waves(90, 120, 4)))
    found = json.loads(asked(tmp_path / "a.png", options=["--json"])[1])

    assert found["not_asked"] == ["faces", "nsfw", "forgery"]
    assert (found["faces"], found["nsfw"]) == ([], {"score": None})
    assert found["forgery"] == {"score": None, "band": "not_applicable", "model": None}


def test_a_file_that_is_no_picture_is_marked_and_the_rest_goes_on(asked, tmp_path):
    (tmp_path / "a.png").write_bytes(b"<html>")
    (tmp_path / "b.png").write_bytes(as_file(waves(90, 120, 4)))
    code, out = asked(tmp_path / "a.png", tmp_path / "b.png", options=["--json"])
    first, second = map(json.loads, out.splitlines())

    assert code == PARTIAL
    assert "no picture" in first["error"]
    assert first["pdq"] is None
    assert second["error"] is None


def test_people_read_hash_quality_and_what_the_file_claims(asked, tmp_path):
    (tmp_path / "a.png").write_bytes(png_with(b"tEXt", b"parameters\0Negative prompt: x"))
    _, out = asked(tmp_path / "a.png")

    assert "png, 16 x 16 pixels" in out
    assert "claims generators: Stable Diffusion web UI" in out


def test_people_are_told_that_silence_about_the_origin_proves_nothing(asked, tmp_path):
    (tmp_path / "a.png").write_bytes(as_file(waves(90, 120, 4)))

    assert "which proves nothing" in asked(tmp_path / "a.png")[1]


def test_a_clip_tells_its_length_and_what_it_shows_when(asked, tmp_path):
    (tmp_path / "a.mp4").write_bytes(clip(tmp_path, [1, 2]))
    code, out = asked(tmp_path / "a.mp4", options=["--json"])
    found = json.loads(out)

    assert (code, found["pdq"], found["cut_off"]) == (OK, None, False)
    assert found["clip"]["duration_ms"] == pytest.approx(6000, abs=200)
    assert {"at_ms", "until_ms", "hash", "quality"} == set(found["clip"]["frames"][0])
    assert "6.0 s, " in asked(tmp_path / "a.mp4")[1]


def test_a_signed_picture_says_who_signed_it_and_whether_they_are_trusted(asked, monkeypatch):
    pytest.importorskip("c2pa")
    folder = Path(__file__).parents[1] / "detect" / "media"
    found = json.loads(asked(folder / "signed.jpg", options=["--json"])[1])
    assert found["provenance"]["signature"]["state"] == "valid"

    monkeypatch.setenv("JIKIMI__MEDIA__TRUSTED_SIGNERS", str(folder / "signed_root.pem"))
    shown = asked(folder / "signed.jpg")[1]
    assert "signed by somebody you trust" in shown
    assert "signed issuer: Invented Camera" in shown


def test_a_file_of_no_certificates_is_a_mistake_in_the_settings(asked, monkeypatch, tmp_path):
    (tmp_path / "a.png").write_bytes(as_file(waves(20, 30, 1)))
    monkeypatch.setenv("JIKIMI__MEDIA__TRUSTED_SIGNERS", str(tmp_path / "a.png"))

    assert asked(tmp_path / "a.png")[0] == CONFIGURATION
