"""What each sign of coordination is worth: the same streams with one of them left out.

All variants run beside each other in one host, so that texts are clustered and bursts
judged once, and each variant sees exactly what the others see.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event

from dashboards.batch.analysis import collect, ordered
from dashboards.batch.outputs import campaign_row
from dashboards.composing.compose import build_host, build_operators
from dashboards.evaluation.matching import StreamScore, score
from dashboards.evaluation.results import REPORTED, Account, Report, Results
from dashboards.evaluation.runner import Say, prepare
from dashboards.evaluation.summary import Summary, summarise
from dashboards.evaluation.told import number
from dashboards.simulator.files import POSTS, WATCHLIST, read_labels, read_oracle
from dashboards.simulator.world import World
from detect.watchlist import Watchlist, load_watchlist
from stream.coordination.operator import Coordination
from stream.coordination.scores import (
    Standing,
    account_number,
    account_scores,
    stronger,
    subjects,
)
from stream.coordination.signs import SIGNS, Sign
from stream.operator import Context, Effects, Item, State
from stream.records import Campaign
from stream.settings import Settings

WHOLE = "nothing"
"""The variant that leaves nothing out."""
LEFT_OUT: Mapping[str, frozenset[Sign]] = {
    WHOLE: frozenset(),
    **{sign: frozenset({sign}) for sign in SIGNS},
    "hiding (age, disguises)": frozenset({"age", "disguises"}),
}


class Variant:
    """Coordination without some signs; what it finds is kept here and told to nobody."""

    def __init__(self, label: str, watchlist: Watchlist) -> None:
        self._label = label
        self._inner = Coordination(watchlist, without=LEFT_OUT[label])
        self.found: dict[str, Campaign] = {}

    @property
    def name(self) -> str:
        """Each variant has a state of its own."""
        return f"{self._inner.name}-without-{self._label}"

    @property
    def version(self) -> str:
        """That of the operator."""
        return self._inner.version

    def reset(self) -> None:
        """As the operator does."""
        self._inner.reset()

    def apply(self, state: State, batch: Sequence[Item], ctx: Context, /) -> Effects:
        """The same steps; results stay here."""
        effects = self._inner.apply(state, batch, ctx)
        for _, result in effects.emit:
            if isinstance(result, Campaign):
                self.found[result.campaign_id] = result
        effects.emit = []
        return effects


def run_ablation(
    worlds: Sequence[World], work: Path, settings: Settings, say: Say
) -> dict[str, Summary]:
    """Every variant on every stream, by what was left out."""
    scores: dict[str, list[StreamScore]] = {label: [] for label in LEFT_OUT}
    for world in worlds:
        folder = prepare(work, world)
        for label, one in _on(folder, settings).items():
            scores[label].append(one)
        say(f"{world.name}: {len(LEFT_OUT)} variants")
    return {label: summarise(label, "ablation", found) for label, found in scores.items()}


def _on(folder: Path, settings: Settings) -> dict[str, StreamScore]:
    watchlist = load_watchlist(folder / WATCHLIST)
    variants = {label: Variant(label, watchlist) for label in LEFT_OUT}
    before = build_operators(settings, watchlist)[:2]
    with tempfile.TemporaryDirectory() as work:
        host = build_host(
            Path(work) / "data", settings, watchlist, None,
            operators=[*before, *variants.values()],
        )  # fmt: skip
        try:
            collect(host, ordered([folder / POSTS], Path(work), None), Event())
            oracle, labels = read_oracle(folder), read_labels(folder)
            return {
                label: score(_results(one, host.processor.states(one.name)), oracle, labels)
                for label, one in variants.items()
            }
        finally:
            host.close()


def _results(variant: Variant, states: Sequence[State]) -> Results:
    """What the variant would have written."""
    campaigns = [one for one in variant.found.values() if one.merged_into is None]
    rows = [campaign_row(one) for one in campaigns]
    reports = tuple(
        Report(
            campaign_id=row.campaign_id, subject=row.subject, kind=row.kind,
            first_post_at=row.first_post_at, last_post_at=row.last_post_at,
            detected_at=row.detected_at, accounts=row.accounts, post_ids=row.post_ids,
            coordination=row.coordination, harm=row.harm, openness=row.openness,
            independence=row.independence,
        )
        for row in rows
    )  # fmt: skip
    members: dict[str, list[str]] = {}
    for report in reports:
        if report.kind in REPORTED:
            for account in report.accounts:
                members.setdefault(account, []).append(report.campaign_id)
    standings = _standings(states)
    accounts: list[Account] = []
    for name, ids in sorted(members.items()):
        platform, _, author = name.partition(":")
        one = standings.get(account_number(name), Standing(0.0, 0, 1.0))
        accounts.append(
            Account(
                author_id=author, platform=platform, score=one.score, q_value=one.q_value,
                campaigns=tuple(ids),
            )
        )  # fmt: skip
    return Results(tuple(accounts), reports, ())


def _standings(states: Sequence[State]) -> dict[int, Standing]:
    best: dict[int, Standing] = {}
    for state in states:
        for subject in subjects(state):
            for number_, one in account_scores(state, subject).items():
                best[number_] = stronger(one, best.get(number_))
    return best


def ablation_lines(found: Mapping[str, Summary]) -> Iterator[str]:
    """A table: one line for each sign left out."""
    yield f"{'without':<24} {'found':<20} {'easy half':<20} {'precision':<20} false discovery"
    for label, summary in found.items():
        for scenario, one in summary.hostile.items():
            yield (
                f"{label:<24} {number(one.found):<20} {number(one.found_easy):<20} "
                f"{number(one.precision):<20} {number(one.fdp)}  ({scenario})"
            )
        for scenario, quiet in summary.quiet.items():
            if quiet.about:
                about = ", ".join(f"{kind} {count}" for kind, count in quiet.about.items())
                yield f"{'':<24} {scenario}: {about}"
