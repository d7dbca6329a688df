"""One cluster: its posts, accounts and wordings, and how it spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.queries.clusters import accounts_of, harmful, posts_of, variants_of
from dashboards.queries.threads import beginning
from dashboards.web import charts
from dashboards.web.phrases import differing
from dashboards.web.site import Refused, TheSite
from dashboards.web.spreading import spreading
from dashboards.web.text import path_of
from dashboards.web.times import MINUTE
from dashboards.web.triage import page_number
from ingest.records import Gap
from stream.index import Index

router = APIRouter()
PAGE = 25
SHOWN_ACCOUNTS = 20
SHOWN_VARIANTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Posts over time."""

    since: int
    until: int
    chart: charts.Bars
    rows: tuple[tuple[int, int], ...]
    gaps: tuple[Gap, ...]


@router.get("/clusters/{cluster_id}")
def cluster(request: Request, site: TheSite, cluster_id: str, page: str = "") -> Response:
    """The page of a cluster; the id of a merged one leads to where it went."""
    found = site.index.cluster(cluster_id)
    if found is None:
        raise Refused(404, "There is no such cluster, or all its posts are gone.")
    if found.cluster_id != cluster_id:
        return RedirectResponse(path_of("clusters", found.cluster_id), status_code=303)
    posts = sorted(posts_of(site.index, found), key=lambda one: -one.post.event_at)
    number = page_number(page)
    accounts = accounts_of(posts)
    variants = variants_of(posts)
    spread = spread_of(site.index, [one.post.event_at for one in posts])
    return site.render(
        request,
        "cluster.html",
        cluster=found,
        judged=harmful(site.index, [found]),
        posts=posts[(number - 1) * PAGE : number * PAGE],
        held=len(posts),
        page=number,
        pages=max(1, -(-len(posts) // PAGE)),
        accounts=accounts[:SHOWN_ACCOUNTS],
        more_accounts=max(0, len(accounts) - SHOWN_ACCOUNTS),
        variants=variants[:SHOWN_VARIANTS],
        phrases=differing(variants[:SHOWN_VARIANTS]),
        wording={post_id: n for n, one in enumerate(variants, 1) for post_id in one.ids},
        more_variants=max(0, len(variants) - SHOWN_VARIANTS),
        spread=spread,
        occasions=spread and site.occasions(request, found.subject, spread.since, spread.until),
        began=beginning(site.index, posts),
        spreading=spreading(site.index, [one.post.id for one in posts], named=False),
        bursts=site.index.bursts(cluster_id=found.cluster_id),
        platforms=Counter(one.post.platform for one in posts).most_common(),
    )


def spread_of(index: Index, times: Sequence[int]) -> Spread | None:
    """How the posts lie in time, None without any."""
    if not times:
        return None
    margin = max((max(times) - min(times)) // 20, 5 * MINUTE)
    since, until = min(times) - margin, max(times) + margin
    bucket = charts.bucket_for(until - since)
    since -= since % bucket
    until = -(-until // bucket) * bucket
    counts = charts.counts_in(times, since, until, bucket)
    gaps = index.gaps(since=since, until=until)
    return Spread(
        since=since,
        until=until,
        chart=charts.bars([], counts, mark=None, masked=charts.holes(gaps, since, until)),
        rows=tuple((since + i * bucket, count) for i, count in enumerate(counts) if count),
        gaps=tuple(gaps),
    )
