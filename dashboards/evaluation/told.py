"""Says what a method achieved, in a few lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dashboards.evaluation.ranking import Interval
from dashboards.evaluation.runner import Run
from dashboards.evaluation.share import ShareScore
from dashboards.evaluation.summary import Hostile, Quiet, Summary


def lines(summary: Summary, runs: Sequence[Run]) -> Iterator[str]:
    """The summary as text."""
    cpu = sum(run.cost.cpu_s for run in runs)
    posts = sum(run.cost.posts for run in runs)
    memory = max((run.cost.rss_mb for run in runs), default=0.0)
    yield f"{summary.method}, suite {summary.suite}: {posts:,} posts in {len(runs)} streams"
    yield f"  {posts / cpu if cpu else 0:,.0f} posts a CPU second, at most {memory:,.0f} MB"
    for scenario, hostile in summary.hostile.items():
        yield from _hostile(scenario, hostile)
    for scenario, quiet in summary.quiet.items():
        yield from _quiet(scenario, quiet)
    for kind, counts in summary.kinds.items():
        yield f"  named {kind:<14} {_counts(counts)}"


def share_lines(scores: Sequence[ShareScore]) -> Iterator[str]:
    """The scores on the share stream as a table."""
    yield "variant      AP     P / R at own threshold   TV fans   best P / R / F1 (from)"
    for one in scores:
        own = "-" if one.precision is None else f"{one.precision:.2f}"
        precision, recall, f1 = one.best
        yield (
            f"{one.variant:<12} {one.average_precision:.3f}  {own:>4} / {one.recall:.2f}"
            f"{'':<15}{one.tv_fans_flagged:>5}     {precision:.2f} / {recall:.2f} / {f1:.2f} "
            f"({one.best_threshold:.2f})"
        )


def number(figure: Interval, digits: int = 2) -> str:
    """A figure with its interval, as ``.70 (.61 to .79)``."""
    if figure.value is None:
        return "none"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.{digits}f}"
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f} to {figure.high:.{digits}f})"


def _hostile(scenario: str, figures: Hostile) -> Iterator[str]:
    yield f"  {scenario}: {figures.planted} campaigns in {figures.streams} streams"
    for name, figure in (
        ("found", figures.found),
        ("found of the easy half", figures.found_easy),
        ("found of the hard half", figures.found_hard),
        ("precision of reports", figures.precision),
        ("account purity", figures.purity),
        ("false discovery, accounts", figures.fdp),
        ("false discovery at q <= .05", figures.fdp_by_q),
        ("average precision", figures.average_precision),
        ("found soon", figures.soon),
        ("false campaigns a day", figures.false_reports_a_day),
    ):
        yield f"    {name:<28} {number(figure)}"
    yield f"    alerts a day                 {figures.alerts_a_day:.1f}"
    yield f"    false alerts a day           {number(figures.false_alerts_a_day)}"
    yield f"    the same, high and critical  {number(figures.grave_false_alerts_a_day)}"
    if figures.wrong_about:
        yield f"    false reports were about     {_counts(figures.wrong_about)}"
    for name, tactic in figures.tactics.items():
        if not tactic.planted:
            continue
        strengths = ", ".join(f"{k} {f}/{n}" for k, (f, n) in tactic.by_strength.items())
        delay = ""
        if tactic.delay_hours is not None:
            delay = (
                f"; median {tactic.delay_hours:.1f} h, {tactic.delay_posts:.0f} hostile posts"
            )
        tied = f"; tied {tactic.tied}" if tactic.tied is not None else ""
        yield f"    {name:<15} {tactic.found}/{tactic.planted} ({strengths}){delay}{tied}"
    yield f"    found by overlap of accounts {_curve(figures.curve_overlap)}"


def _quiet(scenario: str, figures: Quiet) -> Iterator[str]:
    yield f"  {scenario}: {figures.streams} streams without campaigns"
    yield f"    false campaigns a day        {number(figures.false_campaigns_a_day)}"
    yield f"    streams that flag anybody    {number(figures.streams_with_flagged)}"
    yield f"    the same, at q <= .05        {number(figures.streams_with_flagged_by_q)}"
    yield f"    alerts a day                 {figures.alerts_a_day:.1f}"
    yield f"    false alerts a day           {number(figures.false_alerts_a_day)}"
    yield f"    the same, high and critical  {number(figures.grave_false_alerts_a_day)}"
    if figures.about:
        yield f"    reports were about           {_counts(figures.about)}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _curve(curve: Mapping[str, float]) -> str:
    return ", ".join(f"{floor}: {share:.2f}" for floor, share in curve.items())
