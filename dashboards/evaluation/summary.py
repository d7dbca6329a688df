"""Sums up one method over many streams: figures with intervals, curves, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from dashboards.evaluation.matching import Found, Judged, StreamScore
from dashboards.evaluation.ranking import Interval, bootstrap, wilson
from dashboards.simulator.plan import STRENGTHS, TACTICS

GRID = tuple(round(0.1 * n, 1) for n in range(11))
QUIET = ("fans_only", "organic_only")
GRAVE = ("high", "critical")
_HOUR_MS = 3_600_000

Streams = Sequence[StreamScore]


class Tactic(msgspec.Struct, frozen=True, kw_only=True):
    """A tactic over all streams; delays are medians of what was found."""

    planted: int
    found: int
    by_strength: dict[str, tuple[int, int]]
    delay_hours: float | None
    delay_posts: float | None
    soon: int
    tied: int | None


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """Streams without campaigns: everything reported is false."""

    streams: int
    false_campaigns_a_day: Interval
    streams_with_flagged: Interval
    streams_with_flagged_by_q: Interval
    flagged: int
    alerts_a_day: float
    false_alerts_a_day: Interval
    grave_false_alerts_a_day: Interval
    about: dict[str, int]


class Hostile(msgspec.Struct, frozen=True, kw_only=True):
    """Streams with campaigns.

    Attributes:
        curve_overlap: share of campaigns whose best report has at least this
            overlap (Jaccard) of accounts.
        curve_coordination: at each floor on a report's coordination: share of
            campaigns with a true report left, and precision.
        reports_a_campaign: true reports of each campaign that has any.
    """

    streams: int
    planted: int
    found: Interval
    found_easy: Interval
    found_hard: Interval
    precision: Interval
    purity: Interval
    fdp: Interval
    fdp_by_q: Interval
    average_precision: Interval
    soon: Interval
    reports_a_campaign: float | None
    false_reports_a_day: Interval
    alerts_a_day: float
    false_alerts_a_day: Interval
    grave_false_alerts_a_day: Interval
    wrong_about: dict[str, int]
    tactics: dict[str, Tactic]
    missed: tuple[str, ...]
    curve_overlap: dict[str, float]
    curve_coordination: dict[str, tuple[float, float | None]]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One method on a suite, by kind of stream.

    ``kinds`` counts everything it named, by the kind it gave and by what the
    posts were: a vote drive should be a ``fan_event``, and so on.
    """

    method: str
    suite: str
    quiet: dict[str, Quiet]
    hostile: dict[str, Hostile]
    kinds: dict[str, dict[str, int]]


def summarise(method: str, suite: str, scores: Streams) -> Summary:
    """The figures of a method over the streams of a suite."""
    by_scenario: dict[str, list[StreamScore]] = {}
    for one in scores:
        by_scenario.setdefault(one.scenario, []).append(one)
    return Summary(
        method=method,
        suite=suite,
        quiet={k: _quiet(v) for k, v in by_scenario.items() if k in QUIET},
        hostile={k: _hostile(v) for k, v in by_scenario.items() if k not in QUIET},
        kinds=_kinds(scores),
    )


def _kinds(streams: Streams) -> dict[str, dict[str, int]]:
    total: dict[str, Counter[str]] = {}
    for one in streams:
        for kind, counts in one.kinds.items():
            total.setdefault(kind, Counter()).update(counts)
    return {kind: _ordered(total[kind]) for kind in sorted(total)}


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _quiet(streams: Streams) -> Quiet:
    n = len(streams)
    return Quiet(
        streams=n,
        false_campaigns_a_day=bootstrap(streams, _false_a_day),
        streams_with_flagged=wilson(sum(one.flagged > 0 for one in streams), n),
        streams_with_flagged_by_q=wilson(sum(one.flagged_by_q > 0 for one in streams), n),
        flagged=sum(one.flagged for one in streams),
        alerts_a_day=sum(o.alerts for o in streams) / sum(o.days for o in streams),
        false_alerts_a_day=bootstrap(streams, _false_alerts_a_day),
        grave_false_alerts_a_day=bootstrap(streams, _grave_false_alerts_a_day),
        about=_wrong_about(streams),
    )


def _hostile(streams: Streams) -> Hostile:
    planted = _planted(streams)
    with_reports = [one.reports for one in planted if one.reports]
    return Hostile(
        streams=len(streams),
        planted=len(planted),
        found=bootstrap(streams, lambda s: _share_found(_planted(s))),
        found_easy=bootstrap(streams, lambda s: _share_found(_planted(s), easy=True)),
        found_hard=bootstrap(streams, lambda s: _share_found(_planted(s), easy=False)),
        precision=bootstrap(streams, lambda s: _precision(_reported(s))),
        purity=bootstrap(
            streams, lambda s: _mean([r.purity for r in _reported(s) if r.true_of])
        ),
        fdp=bootstrap(
            streams, lambda s: _ratio(s, lambda o: o.flagged_wrongly, lambda o: o.flagged)
        ),
        fdp_by_q=bootstrap(
            streams,
            lambda s: _ratio(s, lambda o: o.flagged_wrongly_by_q, lambda o: o.flagged_by_q),
        ),
        average_precision=bootstrap(
            streams,
            lambda s: _mean(
                [o.average_precision for o in s if o.average_precision is not None]
            ),
        ),
        soon=bootstrap(
            streams, lambda s: _mean([float(f.soon) for f in _planted(s) if f.found])
        ),
        reports_a_campaign=_mean([float(n) for n in with_reports]),
        false_reports_a_day=bootstrap(streams, _false_a_day),
        alerts_a_day=sum(o.alerts for o in streams) / sum(o.days for o in streams),
        false_alerts_a_day=bootstrap(streams, _false_alerts_a_day),
        grave_false_alerts_a_day=bootstrap(streams, _grave_false_alerts_a_day),
        wrong_about=_wrong_about(streams),
        tactics={name: _tactic([f for f in planted if f.tactic == name]) for name in TACTICS},
        missed=tuple(
            f"{o.stream}/{f.id} {f.tactic} {f.strength}"
            for o in streams
            for f in o.planted
            if not f.found
        ),
        curve_overlap={
            str(floor): _mean([float(f.jaccard >= floor) for f in planted]) or 0.0
            for floor in GRID[1:]
        },
        curve_coordination={str(floor): _at(streams, floor) for floor in GRID},
    )


def _at(streams: Streams, floor: float) -> tuple[float, float | None]:
    """Share of campaigns with a true report, and precision, above a floor on coordination."""
    kept = [r for r in _reported(streams) if (r.coordination or 0.0) >= floor]
    seen = {
        (one.stream, r.true_of)
        for one in streams
        for r in one.reported
        if r.true_of and (r.coordination or 0.0) >= floor
    }
    return len(seen) / max(1, len(_planted(streams))), _precision(kept)


def _tactic(planted: Sequence[Found]) -> Tactic:
    found = [one for one in planted if one.found]
    twofold = [one for one in planted if one.tied is not None]
    return Tactic(
        planted=len(planted),
        found=len(found),
        by_strength={
            strength: (
                sum(one.found for one in planted if one.strength == strength),
                sum(one.strength == strength for one in planted),
            )
            for strength in STRENGTHS
        },
        delay_hours=median((f.delay_ms or 0) / _HOUR_MS for f in found) if found else None,
        delay_posts=median(f.delay_posts or 0 for f in found) if found else None,
        soon=sum(one.soon for one in found),
        tied=sum(bool(one.tied) for one in twofold) if twofold else None,
    )


def _planted(streams: Streams) -> list[Found]:
    return [found for one in streams for found in one.planted]


def _reported(streams: Streams) -> list[Judged]:
    return [report for one in streams for report in one.reported]


def _share_found(planted: Sequence[Found], *, easy: bool | None = None) -> float | None:
    return _mean([float(one.found) for one in planted if easy is None or one.easy == easy])


def _precision(reported: Sequence[Judged]) -> float | None:
    return _mean([float(one.true_of is not None) for one in reported])


def _false_a_day(streams: Streams) -> float:
    wrong = sum(report.true_of is None for report in _reported(streams))
    return wrong / sum(one.days for one in streams)


def _false_alerts_a_day(streams: Streams) -> float:
    wrong = sum(sum(one.alerts_false.values()) for one in streams)
    return wrong / sum(one.days for one in streams)


def _grave_false_alerts_a_day(streams: Streams) -> float:
    wrong = sum(one.alerts_false.get(level, 0) for one in streams for level in GRAVE)
    return wrong / sum(one.days for one in streams)


def _wrong_about(streams: Streams) -> dict[str, int]:
    return _ordered(Counter(r.about for r in _reported(streams) if r.true_of is None))


def _ratio(
    streams: Streams,
    above: Callable[[StreamScore], int],
    below: Callable[[StreamScore], int],
) -> float | None:
    total = sum(below(one) for one in streams)
    return sum(above(one) for one in streams) / total if total else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
