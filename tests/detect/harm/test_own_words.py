"""Own words of an agency: added to the others, named in the version, mistakes told."""

from __future__ import annotations

import re
import shutil
from importlib.resources import files

import pytest

from dashboards.composing.judging import build_judge
from detect.harm import lexicon
from detect.harm.judge import HarmJudge
from detect.harm.own import OwnWordsError, own_lexicon
from detect.language import identify
from detect.records import Mention
from stream.settings import ConfigError, load_settings

NAME = Mention(subject="haruel", reason="alias", surface="Haruel", start=0, end=6)
OWN = b"""\
language = "en"
exceptions = ["blorb of joy"]

[groups]
death_wish = ["blorb yourself"]
slur = ["blorb"]
"""


def judged(judge: HarmJudge, text: str):
    (said,) = judge.judge_texts([text], [(NAME,)])
    return said


def test_own_words_count_beside_those_that_come_with_jikimi():
    plain, own = HarmJudge(identify), HarmJudge(identify, lexicon=own_lexicon(OWN))

    assert judged(plain, "Haruel blorb yourself").worst == 0
    said = judged(own, "Haruel b.l.o.r.b yourself")
    assert said.worst >= 0.8
    assert ("words", "hate", "b.l.o.r.b yourself") in [
        (one.layer, one.category, one.surface) for one in said.reasons
    ]
    assert judged(own, "Haruel you are a blorb of joy").worst == 0
    assert judged(own, "Haruel kill yourself").worst >= 0.8


def test_a_judgement_tells_by_which_own_words_it_was_made():
    first = HarmJudge(identify, lexicon=own_lexicon(OWN)).version
    other = HarmJudge(identify, lexicon=own_lexicon(OWN + b"# more\n")).version

    built_in = HarmJudge(identify).version
    assert first.startswith(f"{built_in}+own.")
    assert len({first, other, built_in}) == 3


def test_a_judgement_tells_by_which_built_in_words_and_rules_it_was_made(tmp_path, monkeypatch):
    before = HarmJudge(identify)
    assert re.fullmatch(r"harm/1\+words\.[0-9a-f]{8}", before.version)
    assert judged(before, "Haruel kill yourself").version == before.version

    copied = tmp_path / "harm"
    shutil.copytree(str(files("detect.harm")), copied)
    monkeypatch.setattr(lexicon, "files", lambda _: copied)
    same = HarmJudge(identify, lexicon=lexicon.harm_lexicon.__wrapped__())
    assert same.version == before.version
    versions = {same.version}
    for name in ("words/th.toml", "rules.toml"):
        place = copied / name
        place.write_bytes(place.read_bytes() + b"# one more word\n")
        versions.add(HarmJudge(identify, lexicon=lexicon.harm_lexicon.__wrapped__()).version)
    assert len(versions) == 3


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"language = 'en'\n[groups]\nslurr = ['blorb']\n", "did you mean slur?"),
        (b"language = 'xx'\n", "allowed: ko, en, ja, zh, es, id, th"),
        (b"language = 'en'\n[groups]\nslur = ['x']\n", "two characters and more"),
        (b"language = 'en'\n[groups]\nslur = ['!!!']\n", "with a letter at the end"),
        (b"language = 'en'\n[groups]\nslur = 'blorb'\n", "Expected `array`"),
        (b"language = 'en'\nwords = []\n", "allowed: language, exceptions, groups"),
        (b"language = \n", "no TOML"),
        (b"\xff\xfe", "no TOML"),
        (b"", "language"),
    ],
)
def test_a_mistake_says_what_is_allowed(raw, told):
    with pytest.raises(OwnWordsError) as caught:
        own_lexicon(raw)
    assert told in str(caught.value)


def test_the_settings_name_the_file_and_a_mistake_its_line(tmp_path):
    file = tmp_path / "own.toml"
    file.write_bytes(OWN)
    settings = load_settings(None, {"JIKIMI__JUDGING__WORDS": str(file)})

    judge = build_judge(settings)
    assert judge is not None
    assert judged(judge, "Haruel blorb yourself").worst >= 0.8
    file.write_bytes(OWN.replace(b"slur", b"slurs"))
    with pytest.raises(ConfigError, match=r"own\.toml:6: groups\.slurs: no such group"):
        build_judge(settings)
    file.unlink()
    with pytest.raises(ConfigError, match=r"judging\.words: .*own\.toml: No such file"):
        build_judge(settings)
