"""What pages, exports and the API ask about trends: one subject, all, and what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

import numpy as np
from msgspec.structs import replace

from ingest.records import Gap
from stream.gaps import masks, stretches
from stream.index import Bucket, Index, PostFacet, PostQuery
from stream.records import Cluster
from stream.search.makeup import Makeup
from stream.search.query import parse
from stream.trends.baseline import HOUR_MS, Baseline, fit
from stream.trends.departures import Change, Surge, changes, surges
from stream.trends.tails import ratio_interval

DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
PERIODS = {"1d": DAY_MS, "7d": WEEK_MS, "28d": 4 * WEEK_MS}
TAUGHT_MS = 8 * WEEK_MS
LEAST_TAUGHT_H = 7 * 24
SAMPLE = 2000
TOP = 15
LEAST_CARRIED = 0.01
MOST_TEXTS = 1000
FUTURE_MS = HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Posts in one step of the chart; ``usual`` None where nothing teaches it."""

    at: int
    posts: int
    usual: float | None
    low: float | None
    high: float | None
    masked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One subject over a period against its own baseline.

    ``gaps`` are those of the period that matter to the subject (see ``missing``).
    ``usual`` counts only hours in which none of them was, ``posts_whole``
    the posts of the same hours; ``ratio`` compares these two. ``before`` is the
    other period, of the same length from ``against`` on (unless chosen, the previous one),
    ``other_steps`` its posts step by step, ``versus`` the ratio to it with its 95 %
    interval over hours that are whole in both, None when nothing can be compared.
    ``taught`` is on how many hours the baseline rests; with 0 there is none.
    """

    subject: str | None
    since: int
    until: int
    posts: int
    posts_whole: int
    usual: float | None
    ratio: float | None
    against: int
    before: int
    other_steps: tuple[int, ...]
    versus: tuple[float, float, float] | None
    steps: tuple[Step, ...]
    surges: tuple[Surge, ...]
    changes: tuple[Change, ...]
    taught: int
    masked_hours: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A value and in how many of the posts it stands."""

    value: str
    posts: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the posts of a period are made of.

    Platforms, languages, hashtags, linked sites, reposts and replies are counted over
    all ``total`` posts; a frequent value exactly, a rare one perhaps too low where there
    are very many. The rest is of the newest ``seen`` posts, at most ``SAMPLE``:
    ``followers`` is the sum over distinct authors of what the platform said at their
    newest post, an upper bound of who could have seen it, not of who did; it is known
    for ``known_authors`` of ``authors``. ``copies`` are posts whose text others posted too.
    """

    seen: int
    total: int
    authors: int
    known_authors: int
    followers: int
    copies: int
    reposts: int
    replies: int
    metrics: tuple[tuple[str, int], ...]
    platforms: tuple[Share, ...]
    languages: tuple[Share, ...]
    hashtags: tuple[Share, ...]
    domains: tuple[Share, ...]
    links: tuple[Share, ...]


def data_start(index: Index, until: int) -> int | None:
    """First hour with any post within the taught stretch and the longest period."""
    since = until - TAUGHT_MS - 2 * PERIODS["28d"]
    for bucket in index.histogram(subject=None, since=since, until=until, bucket_ms=HOUR_MS):
        if bucket.posts:
            return bucket.at
    return None


def end_of(index: Index, now: int) -> int:
    """The whole hour to look back from: now, or the end of a recorded data set.

    Posts that claim a time in the future do not move it.
    """
    last = index.latest()
    if last is not None and last > now + FUTURE_MS:
        newest = index.search(PostQuery(limit=1, until=now + FUTURE_MS)).posts
        last = newest[0].post.event_at if newest else None
    if last is None:
        last = now
    end = min(now, last) if last < now - DAY_MS else now
    return -(-end // HOUR_MS) * HOUR_MS


def trend(
    index: Index,
    subject: str | None,
    *,
    since: int,
    until: int,
    start: int | None,
    against: int | None = None,
) -> Trend:
    """A subject (None: all) over whole hours; ``start`` is from ``data_start``.

    ``against`` is where another period of the same length begins, to compare with. The
    eight weeks before the period teach; when there is less than a week of them, the
    period teaches too.
    """
    taught_since = min(since - TAUGHT_MS, 2 * since - until)
    hours = index.histogram(subject=subject, since=taught_since, until=until, bucket_ms=HOUR_MS)
    first = until if start is None else start
    gaps = missing(index, subject, since=taught_since, until=until)
    away = masks(gaps, taught_since, HOUR_MS, len(hours))
    masked = [one or b.at < first for one, b in zip(away, hours, strict=True)]
    counts = [b.posts for b in hours]
    split = (since - taught_since) // HOUR_MS
    teach = split if sum(not one for one in masked[:split]) >= LEAST_TAUGHT_H else len(hours)
    usual = fit(taught_since, counts[:teach], masked[:teach])
    now, hidden = counts[split:], masked[split:]
    whole = [i for i in range(len(now)) if not hidden[i]]
    rates, _ = usual.over(since, len(now))
    expected = float(rates[whole].sum()) if whole and usual.hours else None
    posts_whole = sum(now[i] for i in whole)
    earlier = 2 * since - until
    before, hidden_before = (
        counts[2 * split - len(hours) : split],
        masked[2 * split - len(hours) : split],
    )
    if against is not None:
        earlier = against
        before, hidden_before = _other(index, subject, against, against + until - since)
    size = _step_hours(len(now))
    return Trend(
        subject=subject,
        since=since,
        until=until,
        posts=sum(now),
        posts_whole=posts_whole,
        usual=expected,
        ratio=posts_whole / expected if expected else None,
        against=earlier,
        before=sum(before),
        other_steps=tuple(sum(before[i : i + size]) for i in range(0, len(before), size)),
        versus=_versus(now, before, hidden, hidden_before, usual),
        steps=_steps(hours[split:], hidden, usual, size),
        surges=tuple(surges(since, now, hidden, usual)) if usual.hours else (),
        changes=_changes(taught_since, counts, masked, usual, since),
        taught=usual.hours,
        masked_hours=sum(away[split:]),
        gaps=tuple(one for one in gaps if one.until > since),
    )


def missing(index: Index, subject: str | None, *, since: int, until: int) -> list[Gap]:
    """Gaps, oldest first, of sources that bring at least 1 % of a subject's posts.

    What is usual of a subject is what its sources bring together; where one is away
    that brings nothing of it, nothing is missing. A source that was often away is
    weighed by what it brings while it is there. All count while nobody knows better:
    a subject without any post.
    """
    gaps = index.gaps(since=since, until=until)
    if not gaps:
        return []
    brought = index.sources(subject=subject, since=since, until=until)
    weights: dict[str, float] = {}
    for source, posts in brought.items():
        own = [one for one in gaps if one.source == source]
        there = until - since - sum(b - a for a, b in stretches(own, since, until))
        weights[source] = posts / max(there, HOUR_MS)
    least = LEAST_CARRIED * sum(weights.values())
    return [one for one in gaps if not weights or weights.get(one.source, -1.0) >= least]


def profile(index: Index, subject: str | None, *, since: int, until: int) -> Profile:
    """Platforms, languages, tags, links, reach and copies of a period's posts."""
    every = PostQuery(subject=subject, since=since, until=until, limit=SAMPLE)
    made = index.makeup(every)
    found = index.facets(every, names=("platform", "lang", "tag", "link"), limit=TOP)

    def shares(name: PostFacet) -> tuple[Share, ...]:
        counts = found[name].values.items()
        return tuple(Share(value=v, posts=n, share=n / made.total) for v, n in counts)

    def with_mark(mark: str) -> int:
        return index.search(replace(every, where=parse(f"is:{mark}"), limit=0)).total

    return Profile(
        seen=made.seen,
        total=made.total,
        authors=made.accounts,
        known_authors=made.known_accounts,
        followers=made.followers,
        copies=made.copies,
        reposts=with_mark("repost"),
        replies=with_mark("reply"),
        metrics=tuple(Counter(made.metrics).most_common(6)),
        platforms=shares("platform"),
        languages=shares("lang"),
        hashtags=shares("tag"),
        domains=shares("link"),
        links=_links(made),
    )


def texts(index: Index, subject: str, *, since: int, until: int, limit: int) -> list[Cluster]:
    """Texts that were posted in a period and spread most, the largest first."""
    most = max(limit, MOST_TEXTS)
    asked = min(2 * limit, most)
    while True:
        held = index.clusters(subject=subject, since=since, limit=asked)
        found = [one for one in held if one.first_at < until]
        if len(found) >= limit or len(held) < asked or asked == most:
            return found[:limit]
        # Many began after the period, as when it lies in the past: look further down.
        asked = min(8 * asked, most)


def _links(made: Makeup) -> tuple[Share, ...]:
    """The links that stand in most posts."""
    ordered = sorted(made.links.items(), key=lambda link: (-link[1], link[0]))
    shown = islice(((url, n) for url, n in ordered if _domain(url)), TOP)
    return tuple(Share(value=url, posts=n, share=n / made.seen) for url, n in shown)


def _domain(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _other(
    index: Index, subject: str | None, since: int, until: int
) -> tuple[list[int], list[bool]]:
    """Posts of another period by hour, and which of its hours are not whole."""
    start = data_start(index, until)
    first = until if start is None else start
    hours = index.histogram(subject=subject, since=since, until=until, bucket_ms=HOUR_MS)
    gaps = missing(index, subject, since=since - TAUGHT_MS, until=until)
    away = masks(gaps, since, HOUR_MS, len(hours))
    return [b.posts for b in hours], [
        one or b.at < first for one, b in zip(away, hours, strict=True)
    ]


def _versus(
    now: Sequence[int],
    before: Sequence[int],
    hidden: Sequence[bool],
    hidden_before: Sequence[bool],
    usual: Baseline,
) -> tuple[float, float, float] | None:
    both = [i for i in range(min(len(now), len(before))) if not (hidden[i] or hidden_before[i])]
    if not both or not usual.hours:
        return None
    after, earlier = sum(now[i] for i in both), sum(before[i] for i in both)
    # Hours scatter as the baseline's own do: variance over mean, on average.
    hourly = (after + earlier) / 2 / len(both)
    shape = sum(usual.shapes) / len(usual.shapes)
    return ratio_interval(after, earlier, dispersion=1 + hourly / shape)


def _changes(
    since: int, counts: Sequence[int], masked: Sequence[bool], usual: Baseline, shown: int
) -> tuple[Change, ...]:
    if not usual.hours:
        return ()
    return tuple(one for one in changes(since, counts, masked, usual) if one.at >= shown)


def _step_hours(hours: int) -> int:
    return 24 if hours > PERIODS["7d"] // HOUR_MS else 1


def _steps(
    hours: Sequence[Bucket], hidden: Sequence[bool], usual: Baseline, size: int
) -> tuple[Step, ...]:
    known = bool(usual.hours) and bool(hours)
    edges = range(0, len(hours), size)
    rates, shapes = usual.over(hours[0].at if hours else 0, len(hours))
    means: list[float] = []
    widths: list[float] = []
    if known:
        scatter = rates + rates * rates / shapes
        means = np.add.reduceat(rates, edges).tolist()
        widths = (2 * np.sqrt(np.add.reduceat(scatter, edges))).tolist()
    return tuple(
        Step(
            at=hours[i].at,
            posts=sum(b.posts for b in hours[i : i + size]),
            usual=means[n] if known else None,
            low=max(means[n] - widths[n], 0.0) if known else None,
            high=means[n] + widths[n] if known else None,
            masked=any(hidden[i : i + size]),
        )
        for n, i in enumerate(edges)
    )


def busiest(index: Index, subjects: Iterable[str], *, since: int, until: int) -> list[str]:
    """Subjects by their posts in a period, the most talked about first."""
    counts = index.facet("subject", since=since, until=until)
    return sorted(subjects, key=lambda one: (-counts.get(one, 0), one))


def volumes(index: Index, subjects: Iterable[str], *, since: int, until: int) -> list[Trend]:
    """A trend for every subject, the most talked about first."""
    found = several(index, subjects, since=since, until=until)
    return sorted(found, key=lambda one: (-one.posts, one.subject or ""))


def several(
    index: Index,
    subjects: Iterable[str],
    *,
    since: int,
    until: int,
    against: int | None = None,
) -> list[Trend]:
    """Trends of some subjects in the order asked for.

    ``against``: the start of another period to compare each with, None for the one before.
    """
    start = data_start(index, until)
    return [
        trend(index, subject, since=since, until=until, start=start, against=against)
        for subject in subjects
    ]
