"""``jikimi inspect text``: mentions, what does not count, signature, likeness."""

from __future__ import annotations

import io
import json

import pytest

from dashboards.cli import run
from dashboards.commands.inspect import MOST_COMPARED, alike

WATCHLIST = """
[[subjects]]
id = "seo-haneul"
kind = "idol"
name = "Seo Haneul"
names = { ko = ["서하늘"] }
aliases = { ko = ["하늘"] }
ambiguous = ["하늘"]
context = ["무대"]
"""


@pytest.fixture(autouse=True)
def _away(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "watchlist.toml").write_text(WATCHLIST, encoding="utf-8")


def inspect(capsys, *texts: str) -> list[dict]:
    assert run(["inspect", "text", *texts, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_name_is_found_with_its_place_in_code_points(capsys):
    (found,) = inspect(capsys, "🎤 서하늘이 노래한다")

    (mention,) = found["mentions"]
    assert mention["subject"] == "seo-haneul"
    assert mention["reason"] == "alias"
    assert mention["surface"] == "서하늘"
    assert found["text"][mention["start"] : mention["end"]] == "서하늘"
    assert found["id"] == "text:1"


def test_an_ambiguous_name_counts_only_in_context_and_says_why_not(capsys):
    without, within = inspect(capsys, "하늘이 맑다", "하늘 무대 최고")

    assert without["mentions"] == []
    assert "ambiguous" in without["not_counted"][0]["why_not"]
    assert [m["surface"] for m in within["mentions"]] == ["하늘"]


def test_language_harm_target_and_reasons_are_told(capsys):
    (found,) = inspect(capsys, "서하늘 딥.페.이.크 영상 팝니다")

    assert found["language"] == "ko"
    assert found["harm"]["sexual_deepfake"] > 0.5
    assert found["target"] == "subject"
    (reason,) = [r for r in found["reasons"] if "크" in r.get("surface", "")][:1]
    assert reason["category"] == "sexual_deepfake"
    assert found["text"][reason["start"] : reason["end"]] == reason["surface"]
    assert "딥.페.이.크" in reason["surface"]


def test_people_read_what_was_judged_and_why(capsys):
    assert run(["inspect", "text", "서하늘 딥페이크 영상 팝니다", "what a lovely stage"]) == 0

    harmful, harmless = capsys.readouterr().out.split("what a lovely stage")
    assert "language: ko" in harmful
    assert "aimed at: subject: 딥페이크" in harmful
    assert "language: en" in harmless
    assert "aimed at" not in harmless


def test_without_a_judge_the_language_is_still_told(capsys, monkeypatch):
    monkeypatch.setenv("JIKIMI__JUDGING__ENABLED", "false")

    (found,) = inspect(capsys, "서하늘 is so pretty today")

    assert (found["language"], found["harm"], found["target"]) == ("en", {}, None)


def test_two_texts_are_compared(capsys):
    first, second, third = inspect(
        capsys,
        "이 가수는 표절을 했다고 한다 모두 알아야 한다",
        "이 가수는 표절을 했다고 한다 모두 알아야 한다!!",
        "completely different words about the weather",
    )

    assert first["alike"][0]["id"] == "text:2"
    assert first["alike"][0]["similarity"] > 0.8
    assert second["alike"][0]["similarity"] == first["alike"][0]["similarity"]
    assert third["alike"] == []


def test_a_text_too_short_to_compare_has_no_signature(capsys):
    assert inspect(capsys, "ㅋㅋ")[0]["signature"] is None


def test_disguised_copies_have_one_signature(capsys):
    plain, disguised = inspect(
        capsys,
        "she never wrote that song herself",
        "she nev\u200ber wrote\u00a0that  SONG herself",
    )

    assert plain["signature"]["key"] == disguised["signature"]["key"]


def test_lines_of_standard_input_are_texts(capsys, monkeypatch):
    raw = io.TextIOWrapper(io.BytesIO("서하늘\r\nnobody\n".encode() + b"\xff\xfe\n"))
    monkeypatch.setattr("sys.stdin", raw)

    first, second, broken = inspect(capsys)

    assert [m["surface"] for m in first["mentions"]] == ["서하늘"]
    assert second["mentions"] == []
    assert broken["text"] == "\ufffd\ufffd"


def test_a_lone_surrogate_does_no_harm(capsys):
    assert "서하늘" in inspect(capsys, "\udcff 서하늘")[0]["text"]


def test_without_a_watchlist_the_invented_one_is_used(capsys, tmp_path):
    (tmp_path / "watchlist.toml").unlink()

    assert run(["inspect", "text", "anything"]) == 0

    captured = capsys.readouterr()
    assert "using the invented one" in captured.err
    assert "about nobody on the watchlist" in captured.out


def test_a_broken_watchlist_is_exit_code_3(capsys, tmp_path):
    (tmp_path / "watchlist.toml").write_text("[[subjects]]\nid = 1\n")

    assert run(["inspect", "text", "x"]) == 3
    assert "watchlist.toml:2" in capsys.readouterr().err


def test_people_read_what_counts_and_what_does_not(capsys):
    run(["inspect", "text", "서하늘", "하늘이 맑다"])

    text = capsys.readouterr().out
    assert "seo-haneul: alias '서하늘' at 0 to 3" in text
    assert "not seo-haneul: '하늘': ambiguous" in text
    assert "too short to be compared" in text


def test_only_a_bounded_number_of_texts_is_compared():
    texts = ["the very same long enough text"] * (MOST_COMPARED + 50)

    pairs = list(alike(texts))

    assert len(pairs) == MOST_COMPARED * (MOST_COMPARED - 1) // 2
    assert all(value == 1.0 for _, _, value in pairs)
