"""Charts and tables of trends as rows for CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from dashboards import trends
from dashboards.export import Cell, iso
from dashboards.queries.alerts import in_state
from dashboards.queries.clusters import harmful
from dashboards.trends import Profile, Trend
from dashboards.web.harm import shown_harm
from dashboards.web.periods import Period
from dashboards.web.site import Site
from detect.watchlist import Subject

ALL_ALERTS = 10_000
ALL_TEXTS = 200
Part = Literal[
    "volume", "platforms", "languages", "hashtags", "domains", "links", "departures", "reach",
    "texts", "alerts",
]  # fmt: skip
Table = tuple[Sequence[str], Sequence[Sequence[Cell]]]

STEP_HEADER = ("at", "posts", "usual", "low", "high", "masked")


def part_table(site: Site, found: Subject, part: Part, chosen: Period) -> Table:
    """One chart or table of a subject's page."""
    if part in {"volume", "departures"}:
        start = trends.data_start(site.index, chosen.until)
        shown = trends.trend(
            site.index, found.id, since=chosen.since, until=chosen.until, start=start
        )
        return (STEP_HEADER, step_rows(shown)) if part == "volume" else _departures(shown)
    if part == "texts":
        return _texts(site, found, chosen)
    if part == "alerts":
        return _alerts(site, found)
    held = trends.profile(site.index, found.id, since=chosen.since, until=chosen.until)
    return _reach(held) if part == "reach" else _shares(held, part)


def all_table(site: Site, found: Sequence[Trend]) -> Table:
    """Every subject in one line."""
    header = (
        "subject", "name", "since", "until", "posts", "posts_whole_hours", "usual", "ratio",
        "previous", "versus_previous", "versus_low", "versus_high", "bursts", "changes",
        "masked_hours",
    )  # fmt: skip
    return header, [_row(site, one) for one in found]


def compared_table(site: Site, found: Sequence[Trend]) -> Table:
    """The curves of a comparison, each step beside that of the other period."""
    rows: list[Sequence[Cell]] = []
    for one in found:
        name = site.name_of(one.subject or "")
        shift = one.since - one.against
        for step, row, posts in zip(one.steps, step_rows(one), one.other_steps, strict=True):
            rows.append((one.subject, name, *row, iso(step.at - shift), posts))
    return ("subject", "name", *STEP_HEADER, "other_at", "other_posts"), rows


def step_rows(shown: Trend) -> list[Sequence[Cell]]:
    """A curve with what is usual, step by step."""
    return [
        (iso(s.at), s.posts, _short(s.usual), _short(s.low), _short(s.high), s.masked)
        for s in shown.steps
    ]


def _row(site: Site, one: Trend) -> Sequence[Cell]:
    versus = one.versus or (None, None, None)
    return (
        one.subject,
        site.name_of(one.subject or ""),
        iso(one.since),
        iso(one.until),
        one.posts,
        one.posts_whole,
        _short(one.usual),
        _short(one.ratio),
        one.before,
        *(_short(value) for value in versus),
        len(one.surges),
        len(one.changes),
        one.masked_hours,
    )


def _departures(shown: Trend) -> Table:
    rows: list[Sequence[Cell]] = []
    for surge in shown.surges:
        counted = (surge.posts, _short(surge.expected), _short(surge.ratio))
        rows.append(
            ("burst", iso(surge.since), iso(surge.until), *counted, None, None, surge.chance)
        )
    for change in shown.changes:
        ratio = (_short(change.ratio), _short(change.low), _short(change.high))
        rows.append(("change", iso(change.at), None, None, None, *ratio, None))
    header = ("kind", "since", "until", "posts", "usual", "ratio", "low", "high", "chance")
    return header, rows


def _texts(site: Site, found: Subject, chosen: Period) -> Table:
    held = trends.texts(
        site.index, found.id, since=chosen.since, until=chosen.until, limit=ALL_TEXTS
    )
    judged = harmful(site.index, held)
    header = (
        "cluster",
        "posts",
        "accounts",
        "first_at",
        "last_at",
        "founder",
        "harm",
        "sample",
    )
    return header, [
        (
            one.cluster_id,
            one.posts,
            one.accounts,
            iso(one.first_at),
            iso(one.last_at),
            one.founder,
            " ".join(h.category for h in shown_harm(judged.get(one.cluster_id))),
            one.sample,
        )
        for one in held
    ]


def _alerts(site: Site, found: Subject) -> Table:
    raised = in_state(site.index, site.board, "", subject=found.id, limit=ALL_ALERTS).alerts
    return ("alert", "created_at", "severity", "posts", "accounts", "title"), [
        (
            one.alert_id,
            iso(one.created_at),
            one.severity,
            one.posts,
            one.accounts,
            one.title,
        )
        for one in raised
    ]


def _reach(held: Profile) -> Table:
    return ("measure", "value", "of"), [
        ("accounts", held.authors, held.seen),
        ("accounts_with_known_followers", held.known_authors, held.authors),
        ("followers", held.followers, held.known_authors),
        ("copies", held.copies, held.seen),
        ("reposts", held.reposts, held.total),
        ("replies", held.replies, held.total),
        *((name, n, held.seen) for name, n in held.metrics),
    ]


def _shares(held: Profile, part: Part) -> Table:
    of = held.seen if part == "links" else held.total
    shares = {
        "platforms": held.platforms,
        "languages": held.languages,
        "hashtags": held.hashtags,
        "domains": held.domains,
        "links": held.links,
    }[part]
    return (part, "posts", "share", "of_posts"), [
        (one.value, one.posts, round(one.share, 4), of) for one in shares
    ]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
