"""The scorer: planted campaigns found, and alarms about nothing."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.demo.oracle import Oracle
from dashboards.demo.score import Score, score, subject_matter
from dashboards.demo.smears import Campaign
from stream.records import Alert
from tests.dashboards.alert_world import alert as made

KINDS = {"c": "campaign:copies", "l": "campaign:link", "f": "fan_event", "k": "criticism"}
KINDS |= {"n": "news", "h": "hater"}


def campaign(name: str) -> Campaign:
    return Campaign(id=name, subject="haruel", accounts=(), first_at=0, last_at=1, posts=20)


ORACLE = Oracle(
    campaigns=(campaign("copies"), campaign("link")),
    labels={f"{letter}{i}": kind for letter, kind in KINDS.items() for i in range(20)},
    kinds={},
)


def alert(*post_ids: str) -> Alert:
    return made(subject="haruel", severity="high", post_ids=post_ids)


def posts(letter: str, n: int) -> tuple[str, ...]:
    return tuple(f"{letter}{i}" for i in range(n))


def scored(*alerts: Alert) -> Score:
    return score(alerts, ORACLE, posts={}, seconds=1.0)


def test_an_alert_of_which_half_is_a_campaign_finds_it() -> None:
    assert scored(alert(*posts("c", 5), *posts("o", 5))).found == 1


def test_an_alert_of_which_less_than_half_is_a_campaign_is_false() -> None:
    result = scored(alert(*posts("c", 4), *posts("o", 6)))
    assert (result.found, result.false_alerts.other) == (0, 1)


def test_a_campaign_found_twice_is_found_once_and_nothing_is_false() -> None:
    result = scored(alert(*posts("c", 9)), alert(*posts("c", 3)))
    assert (result.found, result.alerts) == (1, 2)
    assert msgspec.to_builtins(result.false_alerts) == {
        "fan_event": 0,
        "criticism": 0,
        "other": 0,
    }


def test_two_campaigns_are_two() -> None:
    assert scored(alert(*posts("c", 9)), alert(*posts("l", 3))).found == 2


def test_false_alerts_are_counted_by_what_they_are_about() -> None:
    result = scored(
        alert(*posts("f", 9)),
        alert(*posts("f", 5), *posts("o", 2)),
        alert(*posts("k", 9)),
        alert(*posts("n", 9)),
        alert(*posts("h", 9)),
        alert(*posts("o", 9)),
    )
    assert result.found == 0
    assert msgspec.to_builtins(result.false_alerts) == {
        "fan_event": 2,
        "criticism": 1,
        "other": 3,
    }


def test_an_alert_about_no_posts_is_false() -> None:
    assert scored(alert()).false_alerts.other == 1


def test_an_alert_about_a_bit_of_everything_is_other() -> None:
    mixture = (*posts("f", 3), *posts("k", 3), *posts("c", 3))
    assert scored(alert(*mixture)).false_alerts.other == 1


def test_a_post_named_twice_counts_once() -> None:
    assert subject_matter(["c0", "c0", "c0", "o1", "o2"], ORACLE) == "ordinary"


def test_half_and_half_with_a_campaign_is_the_campaign() -> None:
    assert subject_matter(["f0", "f1", "l0", "l1"], ORACLE) == "campaign:link"


def test_no_alerts_find_nothing() -> None:
    result = score([], ORACLE, posts={"read": 9}, seconds=2.34567)
    assert msgspec.to_builtins(result) == {
        "planted": 2,
        "found": 0,
        "false_alerts": {"fan_event": 0, "criticism": 0, "other": 0},
        "posts": {"read": 9, "logged": 0, "unmatched": 0, "indexed": 0, "dead": 0},
        "alerts": 0,
        "seconds": 2.346,
        "pictures": 0,
        "harm": (),
    }


def test_counters_that_the_score_does_not_name_are_left_out() -> None:
    counted = score([], ORACLE, posts={"read": 1, "skipped": 5}, seconds=0).posts
    assert counted == {"read": 1, "logged": 0, "unmatched": 0, "indexed": 0, "dead": 0}


ALERTS = st.lists(
    st.lists(st.tuples(st.sampled_from("clfknho"), st.integers(0, 19)), max_size=12),
    max_size=8,
)


@given(ALERTS)
def test_every_alert_is_right_or_wrong_and_none_both(
    pairs: list[list[tuple[str, int]]],
) -> None:
    alerts = [alert(*(f"{letter}{i}" for letter, i in these)) for these in pairs]
    result = scored(*alerts)
    wrong = sum(msgspec.structs.astuple(result.false_alerts))
    right = sum(subject_matter(a.post_ids, ORACLE).startswith("campaign:") for a in alerts)
    assert right + wrong == result.alerts == len(alerts)
    assert result.found <= min(right, result.planted)


@pytest.mark.parametrize("size", [1, 7, 20])
def test_an_alert_of_one_campaign_alone_always_finds_it(size: int) -> None:
    assert scored(alert(*posts("l", size))).found == 1
