"""Copies that do harm to the subject are more severe; what speaks of it is shown."""

from __future__ import annotations

import msgspec
import pytest

from detect.records import HarmReason, HarmScore, Judgement
from stream.alerts import Alerts
from stream.operator import Context, Item
from stream.records import Alert, Membership, PostSeen
from tests.stream.harness import START, MemoryState, seen
from tests.stream.test_alerts import burst


def copy(category="defamation", score=0.75, *, target="subject", layer="words") -> PostSeen:
    judgement = Judgement(
        harm=(HarmScore(category=category, score=score, unsure=score < 0.65),),
        target=target,
        reasons=(HarmReason(layer=layer, category=category, surface="x", start=0, end=1),),
        version="harm/1",
    )
    return msgspec.structs.replace(seen("1", "x", at=START), judgement=judgement)


def raised(*events: PostSeen) -> list[Alert]:
    """A burst of copies seen with the last posts of it."""
    operator, state, found = Alerts(), MemoryState(), []
    for offset, event in enumerate(events, 1):
        joined = Membership(
            subject="arin", post_id=event.post.id, cluster_id="cl_1", revision=1
        )
        item = Item(offset, 0, event, (joined, burst(12)))
        effects = operator.apply(state, [item], Context(partition=0, watermark=0))
        state.stage(effects)
        found += [one for _, one in effects.emit if isinstance(one, Alert)]
    return found


def test_harm_to_the_subject_raises_the_severity_by_one_and_is_shown():
    [plain] = raised(seen("1", "x", at=START))
    [harmful] = raised(copy())
    assert (plain.severity, harmful.severity) == ("medium", "high")
    assert harmful.evidence[-1].signal == "harm_defamation"
    assert harmful.evidence[-1].post_ids == ("bluesky:1",)
    assert harmful.evidence[:-1] == plain.evidence


@pytest.mark.parametrize(
    "event",
    [
        copy(target="other"),
        copy(target="unknown"),
        copy(score=0.5),
        copy("criticism", 0.9),
        copy(layer="model"),
    ],
)
def test_opinion_doubt_and_harm_to_others_do_not(event):
    [alert] = raised(event)
    assert alert.severity == "medium"
    assert all(not one.signal.startswith("harm_") for one in alert.evidence)


def test_a_copy_that_shows_the_harm_later_makes_the_alert_more_severe():
    first, second = raised(seen("1", "x", at=START), copy())
    assert first.alert_id == second.alert_id
    assert [one.severity for one in (first, second)] == ["medium", "high"]
