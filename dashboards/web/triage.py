"""The alert list: filters in the address, counts beside them, the gravest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dashboards.desk import Decision
from dashboards.queries.alerts import bodies
from dashboards.web.site import Site, with_query
from dashboards.web.text import path_of
from dashboards.web.views import SEVERITIES, STATES
from stream.records import Alert

PAGE = 40
MAX_DIGITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the person asked for; the address holds all of it."""

    state: str = "open"
    severity: str = ""
    subject: str = ""
    page: int = 1

    def query(self) -> str:
        """The filters as a query string, for forms that come back to the list."""
        return self.path(page=self.page).partition("?")[2]

    def path(self, alert_id: str = "", **changes: str | int) -> str:
        """The address of the list, or of an alert beside it, with some filters changed."""
        changed = replace(self, **({"page": 1} | changes))  # type: ignore[arg-type]
        base = path_of("alerts", alert_id) if alert_id else "/alerts"
        return with_query(
            base,
            state="" if changed.state == "open" else changed.state,
            severity=changed.severity,
            subject=changed.subject,
            page="" if changed.page == 1 else changed.page,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One alert in the list, and the decision about it in force."""

    alert: Alert
    decision: Decision | None

    @property
    def state(self) -> str:
        """open, acknowledged or resolved."""
        return self.decision.state if self.decision else "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertList:
    """A page of alerts and the counts that stand beside the filters."""

    filters: Filters
    rows: tuple[AlertRow, ...]
    total: int
    pages: int
    in_state: Mapping[str, int]
    by_severity: Mapping[str, int]
    by_subject: Mapping[str, int]


def read_filters(state: str, severity: str, subject: str, page: str) -> Filters:
    """Filters from a query; what makes no sense falls back to the default."""
    return Filters(
        state=state if state in {*STATES, "all"} else "open",
        severity=severity if severity in SEVERITIES else "",
        subject=subject[:200],
        page=page_number(page),
    )


def page_number(text: str) -> int:
    """A page from a query, 1 when it is none."""
    return max(1, count_from(text))


def count_from(text: str) -> int:
    """A count from a query, 0 when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else 0


def list_alerts(site: Site, filters: Filters) -> AlertList:
    """The alerts a person asked for, gravest first and then newest first."""
    every = site.board.choose(filters.state)
    found = every
    if filters.subject:
        found = site.board.choose(filters.state, subject=filters.subject)
    asked = found.entries
    if filters.severity:
        asked = tuple(one for one in asked if one.severity == filters.severity)
    start = (filters.page - 1) * PAGE
    shown = bodies(site.index, asked[start : start + PAGE])
    decisions = site.desk.decisions([one.alert_id for one in shown])
    return AlertList(
        filters=filters,
        rows=tuple(AlertRow(alert=one, decision=decisions.get(one.alert_id)) for one in shown),
        total=len(asked),
        pages=max(1, -(-len(asked) // PAGE)),
        in_state=site.board.totals(),
        by_severity=found.severities,
        by_subject=Counter(every.subjects),
    )
