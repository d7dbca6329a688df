"""Figures over several streams, checked by hand."""

from __future__ import annotations

import msgspec
import pytest

from dashboards.evaluation.matching import Found, Judged, StreamScore
from dashboards.evaluation.summary import summarise
from dashboards.evaluation.told import lines


def found(
    tactic="copy_paste", *, hit=True, easy=True, hours=1.0, posts=5, jaccard=0.8
) -> Found:
    return Found(
        id="c",
        tactic=tactic,
        strength="strong" if easy else "weak",
        easy=easy,
        found=hit,
        jaccard=jaccard if hit else 0.0,
        purity=1.0 if hit else None,
        reports=int(hit),
        delay_ms=int(hours * 3_600_000) if hit else None,
        delay_posts=posts if hit else None,
        tied=None,
    )


def judged(true_of="c", purity=0.9, about="campaign", coordination=None) -> Judged:
    return Judged(
        campaign_id="r", kind="campaign", true_of=true_of, purity=purity, about=about,
        coordination=coordination, accounts=9,
    )  # fmt: skip


def stream(scenario="mixed", planted=(), reported=(), **more) -> StreamScore:
    return StreamScore(**{
        "stream": "s", "scenario": scenario, "posts": 10, "days": 14.0,
        "planted": tuple(planted), "reported": tuple(reported), "kinds": {}, "alerts": 7,
        "alerts_false": {},
        "flagged": 0, "flagged_wrongly": 0, "flagged_by_q": 0, "flagged_wrongly_by_q": 0,
        "average_precision": None, **more,
    })  # fmt: skip


def test_found_precision_and_purity_are_over_all_campaigns_and_reports():
    summary = summarise(
        "m",
        "quick",
        [
            stream(planted=[found(), found(hit=False, easy=False)], reported=[judged()]),
            stream(
                planted=[found(), found(hit=False)],
                reported=[judged(purity=0.7), judged(None, 0.1, "vote_drive")],
            ),
        ],
    ).hostile["mixed"]

    assert summary.found.value == 0.5
    assert summary.found_easy.value == pytest.approx(2 / 3)
    assert summary.found_hard.value == 0.0
    assert summary.precision.value == pytest.approx(2 / 3)
    assert summary.purity.value == pytest.approx(0.8)
    assert summary.wrong_about == {"vote_drive": 1}
    assert summary.false_reports_a_day.value == pytest.approx(1 / 28)
    assert summary.alerts_a_day == 0.5
    assert len(summary.missed) == 2


def test_false_alerts_are_counted_by_the_day_and_grave_ones_apart():
    summary = summarise(
        "m",
        "quick",
        [
            stream("fans_only", alerts_false={"low": 4, "high": 1}),
            stream("fans_only", alerts_false={"medium": 1, "critical": 1}),
            stream(alerts_false={"high": 14}),
        ],
    )

    assert summary.quiet["fans_only"].false_alerts_a_day.value == pytest.approx(7 / 28)
    assert summary.quiet["fans_only"].grave_false_alerts_a_day.value == pytest.approx(2 / 28)
    assert summary.hostile["mixed"].grave_false_alerts_a_day.value == 1.0


def test_the_false_discovery_proportion_is_pooled():
    summary = summarise(
        "m",
        "quick",
        [stream(flagged=9, flagged_wrongly=0), stream(flagged=1, flagged_wrongly=1)],
    ).hostile["mixed"]

    assert summary.fdp.value == pytest.approx(0.1)
    assert summary.fdp_by_q.value is None


def test_delays_are_medians_by_tactic_of_what_was_found():
    planted = [
        found(hours=1, posts=3),
        found(hours=3, posts=9),
        found(hours=50, posts=60),
        found(hit=False),
        found("slow_drip", hit=False),
    ]
    tactics = summarise("m", "quick", [stream(planted=planted)]).hostile["mixed"].tactics

    assert tactics["copy_paste"].found == 3
    assert tactics["copy_paste"].planted == 4
    assert tactics["copy_paste"].delay_hours == 3
    assert tactics["copy_paste"].delay_posts == 9
    assert tactics["copy_paste"].soon == 2
    assert tactics["slow_drip"].delay_hours is None


def test_quiet_streams_count_false_campaigns_and_streams_that_flag():
    summary = summarise(
        "m",
        "quick",
        [
            stream("fans_only", reported=[judged(None, 0, "birthday")] * 7, flagged=3),
            stream("fans_only"),
            stream("organic_only"),
        ],
    ).quiet

    assert summary["fans_only"].false_campaigns_a_day.value == 0.25
    assert summary["fans_only"].streams_with_flagged.value == 0.5
    assert summary["fans_only"].about == {"birthday": 7}
    assert summary["organic_only"].streams_with_flagged.value == 0


def test_what_was_named_is_counted_by_what_it_was():
    streams = [
        stream(kinds={"fan_event": {"birthday": 2}, "news": {"news": 1}}),
        stream("fans_only", kinds={"fan_event": {"birthday": 1, "vote_drive": 9}}),
    ]
    kinds = summarise("m", "quick", streams).kinds

    assert kinds == {"fan_event": {"vote_drive": 9, "birthday": 3}, "news": {"news": 1}}


def test_curves_fall_as_more_is_asked():
    summary = summarise(
        "m",
        "quick",
        [
            stream(
                planted=[found(jaccard=0.35), found(jaccard=0.95)],
                reported=[judged(coordination=0.9), judged(None, 0, "news", 0.2)],
            )
        ],
    ).hostile["mixed"]

    assert list(summary.curve_overlap.values()) == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0]
    assert summary.curve_coordination["0.0"] == (0.5, 0.5)
    assert summary.curve_coordination["0.5"] == (0.5, 1.0)
    assert summary.curve_coordination["1.0"] == (0.0, None)


def test_a_summary_can_be_read_by_people_and_by_machines():
    summary = summarise("m", "quick", [stream(planted=[found()]), stream("fans_only")])

    text = "\n".join(lines(summary, []))
    assert "copy_paste      1/1 (strong 1/1, medium 0/0, weak 0/0); median 1.0 h" in text
    assert "fans_only: 1 streams without campaigns" in text
    assert b'"precision"' in msgspec.json.encode(summary)
