"""Scoring, checked by hand: what counts as found, as false, as late, and as flagged."""

from __future__ import annotations

import pytest

from dashboards.evaluation.matching import score
from dashboards.evaluation.results import Alert, Results, Shown
from dashboards.simulator.files import iso
from dashboards.simulator.world import START_MS
from tests.dashboards.evaluation import hand_made as hand

HOUR = hand.HOUR_MS


def scored(*reports, **more):
    return score(hand.results(*reports, **more), hand.ORACLE, hand.LABELS)


def test_nothing_reported_finds_nothing_and_is_wrong_about_nothing():
    result = scored()

    assert [one.found for one in result.planted] == [False, False]
    assert result.reported == ()
    assert result.planted[0].delay_ms is None


def test_a_pure_report_with_half_of_the_accounts_finds_a_campaign():
    result = scored(hand.report("r", range(4), range(100, 104)))

    assert [one.found for one in result.planted] == [True, False]
    assert result.reported[0].true_of == "c00"
    assert result.planted[0].jaccard == pytest.approx(0.5)
    assert result.planted[0].purity == 1.0


def test_less_than_half_of_accounts_and_posts_is_true_but_finds_nothing():
    result = scored(hand.report("r", range(3), range(100, 103)))

    assert not result.planted[0].found
    assert result.reported[0].true_of == "c00"


def test_half_of_the_posts_suffice():
    assert scored(hand.report("r", range(3), range(100, 108))).planted[0].found


def test_a_report_that_is_mostly_others_is_false():
    result = scored(hand.report("r", [0, 1, 2, 15, 16, 17, 18], range(100, 116)))

    assert result.reported[0].true_of is None
    assert result.reported[0].purity == pytest.approx(3 / 7)
    assert not result.planted[0].found


def test_a_report_of_camouflage_alone_is_false():
    assert scored(hand.report("r", range(8), [900, 901])).reported[0].true_of is None


def test_two_reports_of_the_halves_do_not_add_up():
    result = scored(
        hand.report("r1", range(3), range(100, 105)),
        hand.report("r2", range(5, 8), range(105, 110)),
    )

    assert not result.planted[0].found
    assert result.planted[0].reports == 2


def test_explanations_are_not_reports():
    result = scored(hand.report("r", range(8), range(100, 116), kind="fan_event"))

    assert result.reported == ()
    assert result.kinds == {"fan_event": {"campaign": 1}}
    assert not result.planted[0].found


@pytest.mark.parametrize("kind", ["campaign", "coordinated"])
def test_both_kinds_that_reach_an_analyst_count(kind):
    assert scored(hand.report("r", range(8), range(100, 116), kind=kind)).planted[0].found


def test_a_false_report_is_named_after_what_most_of_its_posts_are():
    result = scored(hand.report("r", range(15, 20), [400, 401, 402, 100]))

    assert result.reported[0].about == "vote_drive"


def test_the_delay_begins_with_the_first_hostile_post_and_counts_hostile_posts():
    told = START_MS + HOUR + 4 * hand.MINUTE_MS
    (found, _) = scored(hand.report("r", range(8), range(100, 116), told_ms=told)).planted

    assert found.delay_ms == 4 * hand.MINUTE_MS
    assert found.delay_posts == 5
    assert found.soon


def test_what_is_told_before_the_first_hostile_post_has_no_negative_delay():
    (found, _) = scored(hand.report("r", range(8), range(100, 116))).planted

    assert found.delay_ms == 0
    assert found.delay_posts == 0


def test_late_is_late_only_by_both_measures():
    told = START_MS + HOUR + 9 * HOUR
    (few, _) = scored(hand.report("r", range(8), range(100, 116), told_ms=told)).planted
    late = START_MS + 5 * HOUR + 100 * HOUR
    (_, two) = scored(hand.report("r", range(10, 14), range(300, 308), told_ms=late)).planted

    assert few.soon  # nine hours, but only sixteen hostile posts
    assert few.delay_posts == 16
    assert two.found
    assert two.delay_ms == 100 * HOUR


def test_a_ring_that_returns_is_tied_only_by_one_report_of_both_visits():
    apart = scored(
        hand.report("r1", range(10, 14), range(200, 208)),
        hand.report("r2", range(10, 14), range(300, 308)),
    ).planted[1]
    together = scored(
        hand.report("r", range(10, 14), [*range(200, 208), *range(300, 308)])
    ).planted[1]

    assert apart.found
    assert apart.tied is False
    assert together.tied is True
    assert scored().planted[0].tied is None


def test_flagged_accounts_outside_of_every_ring_are_false_discoveries():
    result = scored(flagged={0, 1, 10, 18, 19}, q={0: 0.01, 19: 0.05, 18: 0.051})

    assert (result.flagged, result.flagged_wrongly) == (5, 2)
    assert (result.flagged_by_q, result.flagged_wrongly_by_q) == (2, 1)


def test_a_method_without_q_values_flags_nobody_by_q():
    assert scored(flagged={1}).flagged_by_q == 0


def test_average_precision_is_over_all_accounts_of_the_stream():
    # Positives have ranks 1 to 8 and 11 to 14.
    expected = (
        8 + sum(hits / rank for hits, rank in zip(range(9, 13), range(11, 15), strict=True))
    ) / 12

    assert scored().average_precision == pytest.approx(expected)


def alert(*posts: int, kind="copy_burst", severity="high") -> Alert:
    return Alert(
        alert_id="al",
        created_at=iso(START_MS),
        subject="s",
        kind=kind,
        severity=severity,
        evidence=(Shown(post_ids=tuple(f"p{n}" for n in posts)), Shown()),
    )


@pytest.mark.parametrize(
    ("given", "false"),
    [
        (alert(100, 101, 400, 401), {}),
        (alert(100, 400, 401), {"high": 1}),
        (alert(100, 101, 200, 400, 401), {"high": 1}),
        (alert(kind="campaign", severity="low"), {"low": 1}),
        (alert(300, 301, kind="coordinated"), {}),
        (alert(400, 401, kind="harm"), {}),
        (alert(999, kind="media"), {}),
    ],
    ids=["half", "less", "two rings", "shows nothing", "a ring", "words", "a picture"],
)
def test_an_alert_is_true_when_half_of_its_posts_are_of_one_ring(given, false):
    told = Results((), (), (given,))

    assert score(told, hand.ORACLE, hand.LABELS).alerts_false == false
