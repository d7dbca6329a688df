"""One attack, one alert: what names one member is told of the member and not of the group too."""

from __future__ import annotations

import msgspec
import pytest

from detect.records import Mention
from detect.watchlist import Subject, Watchlist
from stream.alerts import Alerts
from stream.bursts.copy_bursts import CopyBursts
from stream.clustering.clusters import TextClusters
from stream.records import Alert, Burst, PostSeen
from tests.stream.harness import START, Harness, seen, with_ticks

RUMOUR = "word is that the second verse was sung by somebody else at the rehearsal"
WATCHLIST = Watchlist(
    subjects=(
        Subject(id="velloria", kind="group", name="VELLORIA"),
        Subject(id="haruel", kind="idol", name="Haruel", groups=("velloria",)),
        Subject(id="nabiel", kind="idol", name="Nabiel", groups=("velloria",)),
    )
)


def naming(n: int, *subjects: str, log: str = "velloria") -> PostSeen:
    event = seen(f"s{n}", RUMOUR, at=START + n * 5_000, subject=log)
    mentions = tuple(
        Mention(subject=one, start=0, end=4, surface=RUMOUR[:4], reason="name")
        for one in subjects
    )
    return msgspec.structs.replace(event, mentions=mentions)


def told(*events: PostSeen) -> tuple[list[Burst], list[Alert]]:
    harness = Harness([TextClusters(), CopyBursts(WATCHLIST), Alerts()])
    results = harness.run(with_ticks(events))
    return (
        [one for one in results if isinstance(one, Burst)],
        [one for one in results if isinstance(one, Alert)],
    )


def test_the_group_keeps_the_burst_and_says_why_it_raises_no_alert() -> None:
    bursts, alerts = told(*(naming(n, "haruel") for n in range(12)))

    assert alerts == []
    assert bursts[-1].accounts == 12
    assert {one.signal: one.value for one in bursts[-1].counter}["of_a_member"] == 1.0


def test_the_member_has_the_alert() -> None:
    _, alerts = told(*(naming(n, "haruel", log="haruel") for n in range(12)))

    assert {one.subject for one in alerts} == {"haruel"}


def test_the_name_of_the_group_beside_it_makes_no_second_alert() -> None:
    _, of_group = told(*(naming(n, "haruel", "velloria") for n in range(12)))
    _, of_member = told(*(naming(n, "haruel", "velloria", log="haruel") for n in range(12)))

    assert of_group == []
    assert {one.subject for one in of_member} == {"haruel"}


@pytest.mark.parametrize("named", [("velloria",), ("haruel", "nabiel"), ("stranger",), ()])
def test_what_names_only_the_group_or_several_of_it_is_an_alert_of_the_group(named) -> None:
    _, alerts = told(*(naming(n, *named) for n in range(12)))

    assert {one.subject for one in alerts} == {"velloria"}


def test_one_text_about_each_member_in_turn_is_an_alert_of_the_group() -> None:
    """Each member's own log sees too few of them."""
    _, alerts = told(*(naming(n, ("haruel", "nabiel")[n % 2]) for n in range(8)))

    assert {one.subject for one in alerts} == {"velloria"}


def test_when_it_turns_on_the_others_the_group_is_told_as_it_grows() -> None:
    bursts, alerts = told(
        *(naming(n, "haruel") for n in range(12)), *(naming(n, "nabiel") for n in range(12, 40))
    )

    assert {one.subject for one in alerts} == {"velloria"}
    assert "of_a_member" not in {one.signal for one in bursts[-1].counter}


def test_a_few_strays_do_not_make_a_second_alert_of_a_great_wave() -> None:
    _, alerts = told(*(naming(n, "nabiel" if n % 10 == 9 else "haruel") for n in range(60)))

    assert alerts == []
