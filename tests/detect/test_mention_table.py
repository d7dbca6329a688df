"""Over 300 hard cases of naming: self-written ones, and real posts judged by a person."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

from detect.mentions import MentionMatcher
from tests.detect.cases_watchlist import invented, with_nicknames
from tests.detect.real_posts import ABSENT, DATA, imported, texts

HERE = Path(__file__).parent
OWN = tomllib.loads((HERE / "mention_cases_own.toml").read_text(encoding="utf-8"))
REAL = tomllib.loads((HERE / "mention_cases_real.toml").read_text(encoding="utf-8"))["real"]
WRITTEN = [(group, case) for group, cases in OWN.items() for case in cases]
JUDGED = [(group, case) for group, case in WRITTEN if group != "hard_for_us"]
"""Those that must hold one by one; the others are only counted."""

Spans = set[tuple[str, int, int]]


class Count(msgspec.Struct):
    """Spans found, expected and both."""

    right: int = 0
    found: int = 0
    expected: int = 0

    def add(self, found: Spans, expected: Spans) -> None:
        self.right += len(found & expected)
        self.found += len(found)
        self.expected += len(expected)

    def __str__(self) -> str:
        return (
            f"precision {self.right}/{self.found} = {self.right / self.found:.4f}, "
            f"recall {self.right}/{self.expected} = {self.right / self.expected:.4f}"
        )


def spans(matcher: MentionMatcher, text: str) -> Spans:
    return {
        (m.subject, m.start, m.end)
        for m in matcher.match_text(text)
        if m.start is not None and m.end is not None
    }


@pytest.fixture(scope="module")
def own_matcher() -> MentionMatcher:
    return MentionMatcher(invented())


def expected_of(case: list[str]) -> tuple[list[str], set[str]]:
    """What a case expects in the order of the text, and which of it is not found today."""
    wanted = [entry.replace(":~", ":", 1) for entry in case[1:]]
    return wanted, {e.replace(":~", ":", 1) for e in case[1:] if ":~" in e}


@pytest.mark.parametrize(
    ("group", "case"), JUDGED, ids=[f"{group}-{i}" for i, (group, _) in enumerate(JUDGED)]
)
def test_a_written_case_names_whom_it_should(
    group: str, case: list[str], own_matcher: MentionMatcher
) -> None:
    del group
    found = [f"{m.subject}:{m.surface}" for m in own_matcher.match_text(case[0])]
    wanted, unseen = expected_of(case)
    assert found == [entry for entry in wanted if entry not in unseen]


def test_the_table_is_large_and_has_hard_negatives() -> None:
    negatives = sum(len(case) == 1 for _, case in WRITTEN)
    negatives += sum(not case["spans"] for case in REAL)
    assert len(WRITTEN) + len(REAL) >= 400
    assert len(REAL) >= 200
    assert negatives >= 120


def test_written_cases_keep_their_precision_and_recall(own_matcher: MentionMatcher) -> None:
    count = Count()
    for _, case in WRITTEN:
        found = [f"{m.subject}:{m.surface}" for m in own_matcher.match_text(case[0])]
        wanted, _ = expected_of(case)
        right = sum(min(found.count(e), wanted.count(e)) for e in set(found))
        count.right += right
        count.found += len(found)
        count.expected += len(wanted)
    print(f"written cases: {len(WRITTEN)}, {count}")
    assert count.right / count.found >= 0.985
    assert count.right / count.expected >= 0.95


@pytest.mark.skipif(not DATA.exists(), reason=ABSENT)
def test_real_posts_keep_their_precision_and_recall() -> None:
    matcher = MentionMatcher(with_nicknames(imported()))
    count = Count()
    missing: list[str] = []
    for case in REAL:
        text = texts(case["file"]).get(case["id"])
        if text is None:
            missing.append(case["id"])
            continue
        count.add(spans(matcher, text), {(s, a, b) for s, a, b in case["spans"]})
    print(f"real posts: {len(REAL)}, {count}")
    assert not missing
    assert count.right / count.found >= 0.94
    assert count.right / count.expected >= 0.85


@pytest.mark.skipif(not DATA.exists(), reason=ABSENT)
def test_ordinary_posts_about_other_things_name_nobody() -> None:
    """News, politics and technology posts: at most one in three hundred names an idol."""
    matcher = MentionMatcher(imported())
    posts = [
        text
        for native, text in texts("coord_stream_share.ndjson.gz").items()
        if int(native.lstrip("s")) % 5 == 0
        and int(native.lstrip("s")) < 35_000
        and not any(word in text.lower() for word in ("kpop", "exo", "bts", "running man"))
    ]
    named = sum(bool(matcher.match_text(text)) for text in posts)
    print(f"ordinary posts: {named} of {len(posts)} name an idol")
    assert named / len(posts) <= 1 / 300
