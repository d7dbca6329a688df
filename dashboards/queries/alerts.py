"""Which alerts are in a state: what the index found, read together with what people decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards.desk import OPEN, Desk
from stream.index import AlertPage, AlertQuery, Index
from stream.records import Severity


def decided(desk: Desk) -> Mapping[str, list[str]]:
    """Ids of the alerts in each state that only a person brings about."""
    return {state: desk.alert_ids_in(state) for state in ("acknowledged", "resolved")}


def in_state(
    index: Index,
    decisions: Mapping[str, Sequence[str]],
    state: str,
    *,
    subject: str | None = None,
    kinds: Sequence[str] = (),
    severities: Sequence[Severity] = (),
    since: int | None = None,
    offset: int = 0,
    limit: int = 50,
) -> AlertPage:
    """Alerts in ``state`` (open, acknowledged, resolved; anything else: all), newest first.

    ``decisions`` is from :func:`decided`.
    """
    ids: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    if state in decisions:
        ids = tuple(decisions[state])
    elif state == OPEN:
        without = tuple(one for found in decisions.values() for one in found)
    return index.alerts(
        AlertQuery(
            subject=subject,
            kinds=tuple(kinds),
            severities=tuple(severities),
            since=since,
            ids=ids,
            exclude_ids=without,
            offset=offset,
            limit=limit,
        )
    )
