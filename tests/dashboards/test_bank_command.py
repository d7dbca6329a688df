"""``jikimi bank``: from pictures to matches, and lists that others read and write."""

from __future__ import annotations

import csv
import io
import json
import sqlite3

import pytest

from dashboards.cli import run
from dashboards.terminal.exits import FAILURE, OK, PARTIAL
from tests.detect.media.moving import clip
from tests.detect.media.pictures import as_file, scene, waves

PDQ = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


@pytest.fixture
def bank(tmp_path, capsys):
    def ask(*words, files=()):
        code = run(
            ["bank", *map(str, words), *map(str, files), "--data", str(tmp_path / "data")]
        )
        out, err = capsys.readouterr()
        return code, out, err

    return ask


@pytest.fixture
def photos(tmp_path):
    made = []
    for seed in (1, 2, 3):
        made.append(tmp_path / f"photo{seed}.png")
        made[-1].write_bytes(as_file(waves(120, 160, seed)))
    return made


def test_an_official_photo_that_was_mirrored_is_matched(bank, photos, tmp_path):
    assert bank("build", "official", files=photos)[0] == OK
    (tmp_path / "seen.jpg").write_bytes(as_file(waves(120, 160, 2)[:, ::-1], ".jpg"))
    code, out, _ = bank("match", tmp_path / "seen.jpg", "--json")
    line = json.loads(out)

    assert code == OK
    (match,) = line["matches"]
    assert (match["label"], match["method"]) == ("photo2.png", "pdq:flip_y")
    assert match["distance"] <= 31


def test_people_read_what_was_found(bank, photos, tmp_path):
    bank("build", "official", files=photos)
    (tmp_path / "other.png").write_bytes(as_file(waves(120, 160, 77)))

    _, out, _ = bank("match", photos[0], tmp_path / "other.png")

    assert "official: photo1.png in official, 0 bits apart" in out
    assert "no reference is near" in out


def test_a_file_that_is_no_picture_is_left_out_and_named(bank, photos, tmp_path):
    (tmp_path / "page.png").write_bytes(b"<html>")
    code, out, err = bank("build", "official", files=[*photos, tmp_path / "page.png"])

    assert code == PARTIAL
    assert "3 new, 0 known already, 1 not usable" in out
    assert "page.png: this is no picture" in err


@pytest.mark.parametrize("form", ["pdq", "csv", "json"])
def test_what_is_exported_can_be_imported(bank, photos, tmp_path, form):
    bank("build", "official", files=photos)
    bank("export", "official", "--format", form, "--out", tmp_path / "list")
    code, out, _ = bank("import", "copy", tmp_path / "list", "--kind", "known_bad")
    _, listed, _ = bank("list", "copy", "--json")
    _, original, _ = bank("list", "official", "--json")

    def hashes(text):
        return {(one["pdq"], one["quality"]) for one in map(json.loads, text.splitlines())}

    assert (code, out) == (OK, "3 new, 0 known already\n")
    assert hashes(listed) == hashes(original)


@pytest.mark.parametrize(
    "text",
    [
        f"{PDQ}\n",
        f"# a list\n{PDQ.upper()},87\n",
        f"hash,quality,label\n{PDQ},87,x\n",
        json.dumps([{"indicator": PDQ, "type": "HASH_PDQ", "tags": ["a"]}]),
        json.dumps({"data": [{"indicator": PDQ, "type": "HASH_PDQ"},
                             {"indicator": "0" * 32, "type": "HASH_MD5"}]}),
        json.dumps({"hashRecords": [{"hashValue": PDQ, "signalType": "ImagePDQ"}]}),
    ],
    ids=["bare", "quality", "csv", "indicators", "page", "stopncii"],
)  # fmt: skip
def test_lists_of_others_are_read(bank, tmp_path, text):
    (tmp_path / "list").write_text(text)

    assert bank("import", "known", tmp_path / "list", "--kind", "known_bad")[0] == OK
    assert f'"pdq":"{PDQ}"' in bank("list", "known", "--json")[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{PDQ}\nnot a hash\n", "line 2: 'not a hash' is no PDQ hash"),
        (f"{PDQ},900\n", "line 1: '900' is no quality"),
        ("[1, 2]", "no list of objects"),
        ("{oops", "this is not JSON"),
        (json.dumps([{"indicator": 5}]), "object 1: '5' is no PDQ hash"),
    ],
)
def test_a_list_with_a_mistake_is_refused_whole(bank, tmp_path, text, says):
    (tmp_path / "list").write_text(text)
    code, _, err = bank("import", "known", tmp_path / "list")

    assert code == FAILURE
    assert says in err
    assert "there is nothing yet" in bank("list")[2]


def test_a_name_that_is_a_formula_does_not_run_in_a_spreadsheet(bank, tmp_path):
    (tmp_path / "=cmd()").write_bytes(as_file(waves(120, 160, 1)))
    bank("build", "official", tmp_path / "=cmd()")
    rows = list(csv.DictReader(io.StringIO(bank("export", "--format", "csv")[1])))

    assert rows[0]["label"] == "'=cmd()"


def test_who_changed_what_is_listed(bank, photos):
    bank("build", "official", files=photos)
    name = json.loads(bank("list", "official", "--json")[1].splitlines()[0])["reference_id"]
    assert bank("disable", name, "--note", "a mistake")[0] == OK
    last = json.loads(bank("list", "--changes", "--json")[1].splitlines()[-1])

    assert (last["action"], last["reference_id"], last["note"]) == (
        "disable",
        name,
        "a mistake",
    )
    assert bank("enable", "ref_00")[2].strip().endswith("see jikimi bank list")


def test_adding_to_a_bank_that_is_not_there_says_how_to_make_one(bank, photos):
    code, _, err = bank("add", "nowhere", files=photos)

    assert code == FAILURE
    assert "jikimi bank build makes one" in err


def test_a_crop_of_an_official_photo_is_found_with_its_place(bank, tmp_path):
    one = scene(4)
    (tmp_path / "official.png").write_bytes(as_file(one))
    bank("build", "official", tmp_path / "official.png")
    (tmp_path / "crop.jpg").write_bytes(as_file(one[90:430, 100:560], ".jpg"))
    code, out, _ = bank("match", tmp_path / "crop.jpg", "--json")
    (match,) = json.loads(out)["matches"]

    assert code == OK
    assert (match["label"], match["method"], match["distance"]) == (
        "official.png", "features:original", None,
    )  # fmt: skip
    assert match["region"][0] == pytest.approx([-100, -90], abs=12)
    assert "inside this picture at x" in bank("match", tmp_path / "crop.jpg")[1]


def test_of_known_harm_nothing_is_kept_that_could_be_turned_back_into_it(bank, tmp_path):
    one = scene(4)
    (tmp_path / "harm.png").write_bytes(as_file(one))
    bank("build", "harm", tmp_path / "harm.png", "--kind", "known_bad")
    (tmp_path / "crop.jpg").write_bytes(as_file(one[90:430, 100:560], ".jpg"))
    held = sqlite3.connect(tmp_path / "data" / "banks.db")
    kept = held.execute("SELECT count(*) FROM looks").fetchone()
    held.close()

    assert kept == (0,)
    assert "no reference is near" in bank("match", tmp_path / "crop.jpg")[1]
    assert "known_bad: harm.png" in bank("match", tmp_path / "harm.png")[1]


def test_an_official_photo_is_found_in_a_clip_with_its_time(bank, tmp_path):
    (tmp_path / "stage.png").write_bytes(as_file(scene(2)))
    (tmp_path / "seen.mp4").write_bytes(clip(tmp_path, [1, 2, 3], size=(640, 480)))
    bank("build", "press", files=[tmp_path / "stage.png"])
    code, out, _ = bank("match", tmp_path / "seen.mp4", "--json")
    (match,) = json.loads(out)["matches"]

    assert code == OK
    assert (match["label"], match["method"]) == ("stage.png", "pdq:original")
    assert match["at_ms"] <= 4500 < match["until_ms"]
    assert "stage.png in press, " in bank("match", tmp_path / "seen.mp4")[1]


def references(bank, name="official"):
    return [json.loads(line) for line in bank("list", name, "--json")[1].splitlines()]


def test_pictures_are_said_to_be_about_somebody_as_they_are_banked_or_later(bank, photos):
    bank("build", "official", "--subject", "arin", files=photos[:1])
    bank("add", "official", files=photos[1:])
    assert [one["subject"] for one in references(bank)].count("arin") == 1

    other = next(one for one in references(bank) if not one["subject"])
    assert bank("about", other["reference_id"], "sena")[0] == OK
    assert sorted(one["subject"] for one in references(bank)) == ["", "arin", "sena"]
    assert '"action":"about"' in bank("list", "--changes", "--json")[1]

    assert bank("about", other["reference_id"], "")[0] == OK
    assert sorted(one["subject"] for one in references(bank)) == ["", "", "arin"]


def test_a_subject_that_nobody_watches_is_refused_with_the_nearest(
    bank, photos, tmp_path, monkeypatch
):
    watchlist = tmp_path / "watchlist.toml"
    watchlist.write_text(
        '[[subjects]]\nid = "arin"\nname = "Arin"\nkind = "idol"\nnames.en = ["Arin"]\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("JIKIMI__WATCHLIST__FILE", str(watchlist))

    code, _, err = bank("build", "official", "--subject", "arni", files=photos)

    assert code == FAILURE
    assert "has no subject 'arni': did you mean arin?" in err
    assert bank("build", "official", "--subject", "arin", files=photos)[0] == OK


def test_a_reference_that_is_not_there_is_about_nobody(bank, photos):
    bank("build", "official", files=photos)
    code, _, err = bank("about", "ref_0", "arin")

    assert code == FAILURE
    assert "there is no reference ref_0" in err


@pytest.mark.parametrize("form", ["csv", "json"])
def test_whom_pictures_are_about_goes_along_with_a_list(bank, photos, tmp_path, form):
    bank("build", "official", "--subject", "arin", files=photos)
    file = tmp_path / "list"
    bank("export", "official", "--format", form, "--out", file)
    bank("import", "copy", file)

    assert {one["subject"] for one in references(bank, "copy")} == {"arin"}
