"""Evidence and counter-evidence of a campaign: what was seen, and what was to be expected."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from stream.bursts.window import UNKNOWN_AGE
from stream.coordination.axes import Axes
from stream.coordination.looks import Look, Places
from stream.coordination.objects import APPEAL, DISGUISED, ORIGINAL, TEXT
from stream.coordination.table import Columns, Table
from stream.coordination.trust import HALF_TRUST
from stream.coordination.usual import YOUNG_DAYS
from stream.records import Evidence

SHOWN = 50
SETTLED = 0.6


class Ground(msgspec.Struct, frozen=True):
    """What is usual about the subject these days."""

    young: float | None
    company: float
    openness: float
    harm: float | None
    disguised: float


def ground_of(columns: Columns, trust: Mapping[int, float]) -> Ground:
    """The means over all posts that are held."""
    known = columns.age[columns.age != UNKNOWN_AGE]
    harm = columns.harm[columns.harm >= 0]
    accounts = np.unique(columns.account[columns.account != 0])
    scores = np.array([trust.get(a, 0.0) for a in accounts.tolist()])
    return Ground(
        young=float((known < YOUNG_DAYS).mean()) if len(known) else None,
        company=float((scores / (scores + HALF_TRUST)).mean()) if len(scores) else 0.0,
        openness=float(columns.open.mean()) / 100 if len(columns.open) else 0.0,
        harm=float(harm.mean()) / 100 if len(harm) else None,
        disguised=float(((columns.flags & DISGUISED) > 0).mean())
        if len(columns.flags)
        else 0.0,
    )


def reasons(
    table: Table, columns: Columns, seen: Look, axes: Axes, ground: Ground
) -> tuple[list[Evidence], list[Evidence]]:
    """What speaks for a campaign and what against it, each with the posts that show it."""
    return _for(table, columns, seen, ground), _against(table, columns, seen, axes, ground)


def _for(table: Table, columns: Columns, seen: Look, ground: Ground) -> list[Evidence]:
    accounts = float(seen.size)
    found = [
        _one("accounts", "coordination", accounts, None, _first_each(table, columns, seen))
    ]
    if seen.copied:
        shown = _ids(table, seen.places[(columns.flags[seen.places] & ORIGINAL) > 0])
        found.append(_one("copied_posts", "coordination", seen.copied, None, shown))
    if seen.exact and seen.copied:
        found.append(_one("exact_copies", "coordination", seen.exact, None, ()))
    if seen.company > ground.company:
        found.append(_one("trusted_company", "coordination", seen.company, ground.company, ()))
    if seen.closed:
        found.append(_one("shared_elsewhere", "coordination", seen.closed, None, ()))
    usual = ground.young or 0.0
    if seen.young is not None and seen.young > usual:
        young = (columns.age[seen.places] != UNKNOWN_AGE) & (
            columns.age[seen.places] < YOUNG_DAYS
        )
        shown = _ids(table, seen.places[young])
        found.append(_one("new_accounts", "coordination", seen.young, ground.young, shown))
    if seen.disguised > ground.disguised:
        hidden = (columns.flags[seen.places] & DISGUISED) > 0
        shown = _ids(table, seen.places[hidden])
        found.append(
            _one("disguised_text", "coordination", seen.disguised, ground.disguised, shown)
        )
    if seen.circle:
        found.append(_one("closed_circle", "coordination", seen.circle, None, ()))
    if seen.burst:
        found.append(_one("burst_surprise", "coordination", seen.burst, None, ()))
    found.append(_one("posts_in_ten_minutes", "coordination", float(seen.peak), None, ()))
    found.append(_one("span_seconds", "coordination", seen.span_ms / 1000, None, ()))
    if seen.harm is not None:
        worst = seen.places[np.argsort(-columns.harm[seen.places], kind="stable")]
        found.append(_one("harm", "harm", seen.harm, ground.harm, _ids(table, worst[:10])))
    return found


def _against(
    table: Table, columns: Columns, seen: Look, axes: Axes, ground: Ground
) -> list[Evidence]:
    found: list[Evidence] = []
    if seen.openness:
        marked = seen.places[columns.open[seen.places] > 0]
        found.append(
            _one("openness", "openness", seen.openness, ground.openness, _ids(table, marked))
        )
    if seen.appeals:
        calls = seen.places[(columns.flags[seen.places] & APPEAL) > 0]
        found.append(
            _one("appeals_to_report", "openness", seen.appeals, None, _ids(table, calls))
        )
    if seen.news:
        found.append(_one("news_links", "openness", seen.news, None, ()))
    if seen.original < 1:
        found.append(_one("reposts", "independence", 1 - seen.original, None, ()))
    own = len(np.unique(columns.keys[seen.places, TEXT])) / max(1, seen.posts)
    if axes.independence:
        found.append(_one("own_words", "independence", own, None, ()))
    if seen.young is not None and 1 - seen.young >= SETTLED:
        usual = None if ground.young is None else 1 - ground.young
        found.append(_one("long_standing_accounts", "independence", 1 - seen.young, usual, ()))
    if seen.critical:
        found.append(_one("criticism", "independence", seen.critical, None, ()))
    return found


def _one(
    signal: str, axis: str, value: float, expected: float | None, shown: tuple[str, ...]
) -> Evidence:
    usual = None if expected is None else round(expected, 4)
    return Evidence(
        signal=signal, value=round(value, 4), expected=usual, post_ids=shown, axis=axis
    )


def _ids(table: Table, places: Places) -> tuple[str, ...]:
    shown: list[int] = places[:SHOWN].tolist()
    return tuple(table.posts[place] for place in shown)


def _first_each(table: Table, columns: Columns, seen: Look) -> tuple[str, ...]:
    _, first = np.unique(columns.account[seen.places], return_index=True)
    return _ids(table, seen.places[np.sort(first)])
