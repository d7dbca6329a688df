"""Alerts: the list, one alert with its reasons, and what a person decides about it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.desk import UNDO_MS, Decision, Desk
from dashboards.queries.clusters import Variant, posts_of, variants_of
from dashboards.queries.growth import Growth, growth
from dashboards.web import charts
from dashboards.web.news import Standing, standing
from dashboards.web.occasions import CROWDS, Occasions
from dashboards.web.saved import counted
from dashboards.web.signals import EvidenceBar, evidence_bars
from dashboards.web.site import Refused, Site, TheSite
from dashboards.web.times import HOUR
from dashboards.web.triage import AlertList, Filters, count_from, list_alerts, read_filters
from dashboards.web.views import REASONS, SEVERITIES, STATES
from ingest.records import Gap
from stream.records import Alert, Cluster

router = APIRouter()
SAMPLES = 5
MAX_STEP = 15
AROUND_MS = 3 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Posts of this alert before all posts about the subject."""

    since: int
    until: int
    bucket_ms: int
    chart: charts.Bars
    rows: tuple[tuple[int, int, int], ...]
    gaps: tuple[Gap, ...]
    occasions: Occasions | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDetail:
    """All that stands beside the list for one alert."""

    alert: Alert
    state: str
    cluster: Cluster | None
    length_ms: int
    reasons: list[EvidenceBar]
    counter: list[EvidenceBar]
    timeline: Timeline
    wordings: list[Variant]
    more_wordings: int
    history: list[Decision]
    undo: str | None
    growth: Growth
    during: Occasions | None
    """What the calendar says was on while the posts came."""
    crowd: bool
    """Whether it may explain the alert: one of many people, not of what one of them did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person wanted to decide while somebody else did."""

    state: str
    reason: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one step decided about many alerts, and how many it left alone."""

    step: str
    decisions: list[Decision]
    left: int


@router.get("/alerts")
def alerts(
    request: Request,
    site: TheSite,
    state: str = "",
    severity: str = "",
    subject: str = "",
    page: str = "",
    step: str = "",
    left: str = "",
) -> Response:
    """The list; on wide screens the first alert stands beside it."""
    news = standing(site)
    found = list_alerts(site, read_filters(state, severity, subject, page))
    first = found.rows[0].alert if found.rows else None
    detail = alert_detail(site, request, first) if first else None
    made = steps_decisions(site.desk, request.state.person, step, site.now())
    told = Told(step=step, decisions=made, left=count_from(left)) if step else None
    return _page(request, site, found, detail, news=news, chosen=False, told=told)


@router.get("/alerts/{alert_id}")
def alert(
    request: Request,
    site: TheSite,
    alert_id: str,
    state: str = "",
    severity: str = "",
    subject: str = "",
    page: str = "",
) -> Response:
    """One alert: how bad, why we think so, what speaks against it, what to do."""
    filters = read_filters(state, severity, subject, page)
    return render_alert(request, site, known_alert(site, alert_id), filters)


def known_alert(site: Site, alert_id: str) -> Alert:
    """An alert by its id.

    Raises:
        Refused: there is none.
    """
    alert = site.index.alert(alert_id)
    if alert is None:
        raise Refused(404, "There is no such alert. It may have been built anew; see the list.")
    return alert


def render_alert(
    request: Request,
    site: Site,
    alert: Alert,
    filters: Filters,
    *,
    draft: Draft | None = None,
    status: int = 200,
) -> Response:
    """An alert beside its list; ``draft`` is what a person wanted to decide on an old page."""
    news = standing(site)
    detail = alert_detail(site, request, alert)
    found = list_alerts(site, filters)
    return _page(
        request, site, found, detail, news=news, chosen=True, draft=draft, status=status
    )


def alert_detail(site: Site, request: Request, alert: Alert) -> AlertDetail:
    """Everything about one alert, in the words and the zone of who asks."""
    words = site.words_for(request)
    cluster = site.index.cluster(alert.cluster_id) if alert.cluster_id else None
    posts = posts_of(site.index, cluster) or site.index.posts(alert.post_ids)
    wordings = variants_of(posts)
    history = site.desk.history(alert.alert_id)
    times = [post.post.event_at for post in posts] or [alert.created_at]
    return AlertDetail(
        alert=alert,
        state=history[0].state if history else "open",
        cluster=cluster,
        length_ms=max(times) - min(times),
        reasons=evidence_bars(alert.evidence, words),
        counter=evidence_bars(alert.counter_evidence, words),
        timeline=_timeline(site, request, alert, times),
        wordings=wordings[:SAMPLES],
        more_wordings=max(0, len(wordings) - SAMPLES),
        history=history,
        undo=_undoable(history, site.now()),
        growth=growth(site.index, alert),
        during=site.occasions(request, alert.subject, min(times), max(times) + 1),
        crowd=alert.kind in CROWDS,
    )


def _timeline(site: Site, request: Request, alert: Alert, times: list[int]) -> Timeline:
    since = min(*times, alert.created_at) - AROUND_MS
    until = max(*times, alert.created_at) + AROUND_MS // 3
    bucket = charts.bucket_for(until - since)
    since -= since % bucket
    until = -(-until // bucket) * bucket
    buckets = site.index.histogram(
        subject=alert.subject, since=since, until=until, bucket_ms=bucket
    )
    own = charts.counts_in(times, since, until, bucket)
    every = [bucket.posts for bucket in buckets]
    mark = (alert.created_at - since) / (until - since)
    gaps = site.index.gaps(since=since, until=until)
    return Timeline(
        since=since,
        until=until,
        bucket_ms=bucket,
        chart=charts.bars(every, own, mark=mark, masked=charts.holes(gaps, since, until)),
        rows=tuple(
            (one.at, one.posts, count)
            for one, count in zip(buckets, own, strict=False)
            if one.posts or count
        ),
        gaps=tuple(gaps),
        occasions=site.occasions(request, alert.subject, since, until),
    )


def steps_decisions(desk: Desk, person: str, step: str, now: int) -> list[Decision]:
    """What a person decided in one step that can still be taken back."""
    at = int(step) if step.isascii() and step.isdigit() and len(step) <= MAX_STEP else 0
    return desk.made_at(person, at) if now - UNDO_MS <= at <= now else []


def _undoable(history: list[Decision], now: int) -> str | None:
    # Taking back an undo would only be confusing; people decide anew instead.
    if history and not history[0].undoes and now - history[0].at <= UNDO_MS:
        return history[0].decision_id
    return None


def _page(
    request: Request,
    site: Site,
    found: AlertList,
    detail: AlertDetail | None,
    *,
    news: Standing,
    chosen: bool,
    draft: Draft | None = None,
    told: Told | None = None,
    status: int = 200,
) -> Response:
    return site.render(
        request,
        "alerts.html",
        status=status,
        news=news,
        saved=counted(site, request.state.person),
        draft=draft,
        told=told,
        found=found,
        filters=found.filters,
        detail=detail,
        chosen=chosen,
        reasons=REASONS,
        severities=SEVERITIES,
        states=STATES,
    )
