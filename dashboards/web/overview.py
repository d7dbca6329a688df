"""The overview: are sources well, what is open, who is talked about, what grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.queries.clusters import harmful, once
from dashboards.web import charts
from dashboards.web.news import standing
from dashboards.web.occasions import Occasions
from dashboards.web.site import Site, TheSite
from dashboards.web.times import DAY, HOUR, MINUTE
from dashboards.web.triage import Filters, list_alerts
from dashboards.web.views import SEVERITIES, STATES
from stream.index import Bucket, Index, PostQuery

router = APIRouter()
BUCKET_MS = 30 * MINUTE
STEP_MS = 10 * MINUTE
DAYS_BEFORE = 7
STALE_MS = 3 * HOUR
MAX_TRENDS = 6
MAX_CLUSTERS = 8
SUBJECTS_A_TEXT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectTrend:
    """Posts about one subject over 24 hours, against what is usual."""

    subject: str
    posts: int
    usual: float
    days: int
    chart: charts.Trend
    buckets: tuple[Bucket, ...]
    level: tuple[float, ...]
    occasions: Occasions | None = None


@router.get("/")
def overview(request: Request, site: TheSite) -> Response:
    """The first page."""
    news = standing(site)
    until, current = window_end(site.index, site.now())
    since = until - DAY
    found = list_alerts(site, Filters(state="open"))
    # A text has a cluster for each subject that it is about.
    clusters = site.index.clusters(since=since, limit=MAX_CLUSTERS * SUBJECTS_A_TEXT)
    spreading = once(clusters, site.watchlist.groups_of)[:MAX_CLUSTERS]
    return site.render(
        request,
        "overview.html",
        news=news,
        since=since,
        until=until,
        current=current,
        trends=[
            replace(one, occasions=site.occasions(request, one.subject, since, until))
            for one in subject_trends(site, since, until)
        ],
        quiet=quiet_subjects(site, since, until),
        alerts=found.rows[:5],
        open_alerts=found.in_state["open"],
        by_severity={one: found.by_severity.get(one, 0) for one in SEVERITIES},
        by_state={one: found.in_state[one] for one in STATES},
        spreading=spreading,
        judged=harmful(site.index, [one.cluster for one in spreading]),
        gaps=site.index.gaps(since=since, until=until),
        counts=site.index.counts(),
    )


def window_end(index: Index, now: int) -> tuple[int, bool]:
    """The end of the day to show, and whether it is today.

    A recorded data set ended long ago; its last day is then shown.
    """
    newest = index.search(PostQuery(limit=1, until=now + HOUR)).posts
    last = newest[0].post.event_at if newest else now
    current = last > now - STALE_MS
    end = now if current else last
    # Whole steps only: a bucket that has just begun would look like a sudden silence.
    return -(-end // STEP_MS) * STEP_MS, current


def subject_trends(site: Site, since: int, until: int) -> list[SubjectTrend]:
    """The subjects most talked about, each with its own scale."""
    counts = site.index.facet("subject", since=since, until=until)
    busiest = sorted(counts, key=lambda one: (-counts[one], one))[:MAX_TRENDS]
    days = _days_with_posts(site.index, since)
    return [_trend(site.index, subject, since, until, days) for subject in busiest]


def quiet_subjects(site: Site, since: int, until: int) -> int:
    """How many subjects of the watchlist nobody wrote about."""
    counts = site.index.facet("subject", since=since, until=until)
    return sum(1 for one in site.watchlist.subjects if not counts.get(one.id))


def _trend(
    index: Index, subject: str, since: int, until: int, days: Sequence[int]
) -> SubjectTrend:
    window = index.histogram(subject=subject, since=since, until=until, bucket_ms=BUCKET_MS)
    earlier = [
        index.histogram(
            subject=subject,
            since=since - back * DAY,
            until=until - back * DAY,
            bucket_ms=BUCKET_MS,
        )
        for back in days
    ]
    level, rests_on = charts.usual_level(window, earlier)
    return SubjectTrend(
        subject=subject,
        posts=sum(bucket.posts for bucket in window),
        usual=sum(level),
        days=rests_on,
        chart=charts.trend(window, level),
        buckets=tuple(window),
        level=tuple(level),
    )


def _days_with_posts(index: Index, since: int) -> list[int]:
    # A day before the first start has no posts at all and says nothing.
    days = index.histogram(
        subject=None, since=since - DAYS_BEFORE * DAY, until=since, bucket_ms=DAY
    )
    return [DAYS_BEFORE - i for i, day in enumerate(days[:DAYS_BEFORE]) if day.posts]
