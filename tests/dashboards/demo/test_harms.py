"""Planted harm: judged as what it is, in alerts; those who warn of it never are."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from dashboards.demo import cast, harms
from dashboards.demo.oracle import Oracle
from dashboards.demo.score import FoundHarm, score
from detect.harm.judge import HarmJudge
from detect.harm.thresholds import ALERT_FROM, SURE_FROM
from detect.language import identify
from detect.mentions import MentionMatcher
from detect.records import Judgement
from ingest.records import Post
from stream.records import Alert, Evidence
from tests.dashboards.alert_world import alert as made

AT = 1_795_478_400_000


@pytest.fixture(scope="module")
def judged() -> list[tuple[str, Post, Judgement]]:
    matcher, judge = MentionMatcher(cast.agency()), HarmJudge(identify)
    posts = {s.item.id: s for s in harms.posted(Random(4), AT) if isinstance(s.item, Post)}
    return [
        (s.kind, s.item, judge.judge([s.item], [matcher.match(s.item)])[0])
        for s in posts.values()
        if isinstance(s.item, Post)
    ]


def test_every_planted_post_is_judged_as_what_it_is(judged) -> None:
    by_kind = {harms.kind_of(one.category): one for one in harms.planted()}
    assert len(by_kind) == 3
    found = dict.fromkeys(by_kind, 0)
    for kind, post, said in judged:
        if kind in by_kind:
            assert (said.harm[0].category, said.target) == (by_kind[kind].category, "subject")
            assert said.harm[0].score >= ALERT_FROM, post.text
            for reason in said.reasons:
                assert reason.surface == post.text[reason.start : reason.end]
            found[kind] += 1
    assert found == {kind: one.accounts for kind, one in by_kind.items()}


def test_who_warns_of_it_alarms_nobody(judged) -> None:
    warned = [(post, said) for kind, post, said in judged if kind == harms.WARNING]
    assert len(warned) == len(harms.WARNINGS)
    for post, said in warned:
        assert said.worst < SURE_FROM, post.text


def alert(signal: str, subject: str, posts: int) -> Alert:
    return made(
        subject=subject, kind="harm", severity="high", posts=posts,
        post_ids=tuple(f"t{i}" for i in range(posts)),
        evidence=(Evidence(signal=signal, value=0.9),),
    )  # fmt: skip


ORACLE = Oracle(
    campaigns=(),
    labels={f"t{i}": "harm:threat" for i in range(4)} | {"w0": harms.WARNING},
    kinds={},
    harm=(harms.PlantedHarm(category="threat", subject="moruun", accounts=4),),
)


def test_planted_harm_is_found_by_an_alert_that_names_category_and_subject() -> None:
    result = score([alert("harm_threat", "moruun", 3)], ORACLE, posts={}, seconds=0)
    assert result.false_alerts.other == 0
    assert result.harm == (
        FoundHarm(
            category="threat",
            subject="moruun",
            planted=4,
            found=True,
            severity="high",
            posts=3,
            explained_by=("harm_threat",),
        ),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        alert("harm_stalking", "moruun", 3),
        alert("harm_threat", "haruel", 3),
        msgspec.structs.replace(alert("harm_threat", "moruun", 1), post_ids=("w0",)),
    ],
)
def test_another_category_another_subject_or_a_warning_is_a_false_alert(wrong: Alert) -> None:
    result = score([wrong], ORACLE, posts={}, seconds=0)
    missed = FoundHarm(category="threat", subject="moruun", planted=4, found=False)
    assert (result.harm, result.false_alerts.other) == ((missed,), 1)
