"""The simple methods do what their names say, on posts written by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards.evaluation import baselines
from dashboards.evaluation.objects import Families
from dashboards.evaluation.results import read_results

TEXT = "the very same sentence that many accounts post today"


def post(n: int, author: str, minute: float, text: str = TEXT, **more) -> dict:
    second = round(minute * 60)
    at = f"2026-03-02T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    return {
        "id": f"p{n}", "platform": "x", "author_id": author, "created_at": at, "text": text,
        "urls": [], **more,
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path):
    def run(method, posts):
        file = tmp_path / "posts.ndjson"
        file.write_text("".join(json.dumps(one) + "\n" for one in posts), encoding="utf-8")
        method(file, tmp_path / "out")
        return read_results(tmp_path / "out")

    return run


def scores(found) -> dict[str, float]:
    return {one.author_id: one.score for one in found.accounts}


def test_copies_within_a_minute_count_and_later_ones_do_not(run):
    found = run(
        baselines.exact_60s,
        [post(1, "a", 0), post(2, "b", 0.5), post(3, "c", 1.2), post(4, "d", 9)],
    )

    assert scores(found) == {"a": 1, "b": 1, "c": 1, "d": 0}
    assert [one.accounts for one in found.reports] == [("x:a", "x:b", "x:c")]


def test_a_campaign_of_copies_is_known_with_its_third_account(run):
    posts = [post(n, author, n) for n, author in enumerate("aabcd")]
    (report,) = run(baselines.exact_24h, posts).reports

    assert report.detected_at == "2026-03-02T00:03:00Z"
    assert report.kind == "coordinated"


def test_who_copies_itself_copies_nobody(run):
    found = run(baselines.exact_24h, [post(n, "a", n) for n in range(9)])

    assert scores(found) == {"a": 0}
    assert found.reports == ()


def test_a_repost_is_no_copy(run):
    posts = [post(0, "a", 0)]
    posts += [post(n, f"b{n}", n, f"RT @a: {TEXT}", repost_of="p0") for n in range(1, 6)]

    assert set(scores(run(baselines.exact_24h, posts)).values()) == {0}
    assert set(scores(run(baselines.counts, posts)).values()) == {0}


def test_counts_know_families_and_links(run):
    reworded = TEXT.replace("today", "today!!! #wow")
    posts = [
        post(0, "a", 0),
        post(1, "b", 30, reworded),
        post(2, "a", 60, "look", urls=["https://m.example/x?utm_source=1"]),
        post(3, "b", 61, "here it is", urls=["https://m.example/x"]),
        post(4, "c", 62, "something that nobody else ever said in this world"),
    ]

    assert scores(run(baselines.counts, posts)) == {"a": 2, "b": 2, "c": 0}


CLAIMS = (
    "she bullied half of her class in middle school",
    "the tickets were sold twice and nobody apologised",
    "his whole diploma is invented by the agency",
    "they throw letters of fans into the river",
    "every chorus of that album was borrowed from Peru",
    "a stylist quit after being shouted at for hours",
    "look how the ranking jumps at four each night",
    "no injury at all, he went skiing on Friday",
)


def ring() -> list[dict]:
    """Four accounts that always appear together; four times as many who come once."""
    posts = [
        post(100 * strike + n, f"r{n}", 60 * strike + n, text)
        for strike, text in enumerate(CLAIMS)
        for n in range(4)
    ]
    popular = "good morning to all of you, a fine day for a walk"
    return posts + [post(5000 + n, f"f{n}", 3 * n, popular) for n in range(16)]


def test_trust_lifts_accounts_that_recur_together(run):
    found = scores(run(baselines.trust, ring()))

    assert min(found[f"r{n}"] for n in range(4)) > max(found[f"f{n}"] for n in range(16))


def test_flagged_accounts_that_hang_together_are_one_campaign(run):
    found = run(baselines.counts, ring())

    assert [one.accounts for one in found.reports] == [("x:r0", "x:r1", "x:r2", "x:r3")]
    assert {one.author_id for one in found.accounts if one.campaigns} == {
        "r0",
        "r1",
        "r2",
        "r3",
    }
    assert [one.campaign_id for one in found.alerts] == [found.reports[0].campaign_id]


def test_loose_families_undo_wrapping_and_part_what_is_different():
    families = Families()
    first = families.of("이 회사는 사과하고 진상을 밝혀야 한다고 모두가 말하고 있다")

    assert (
        families.of("#a 이 회사는 사과하고 진상을 밝혀야 한다고 모두가 말하고 있다 #b") == first
    )
    assert families.of("점심으로 먹은 국수가 아주 맛있어서 내일도 가려고 한다") != first
    assert families.of("짧다") is None
