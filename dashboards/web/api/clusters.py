"""Clusters and bursts by the API: posts that say the same, and when many said it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from dashboards.queries.clusters import (
    MEMBERS,
    Account,
    accounts_of,
    harmful,
    posts_of,
    variants_of,
)
from dashboards.web.api.alerts import (
    SAMPLES,
    EvidenceModel,
    SampleModel,
    evidence_model,
    sample_model,
)
from dashboards.web.api.fields import (
    MAX_ID,
    MAX_LIMIT,
    Limit,
    Model,
    Offset,
    Page,
    Since,
    Subject,
    Time,
    in_ms,
    iso,
    maybe_iso,
    next_part,
)
from dashboards.web.api.posts import PostModel, post_model
from dashboards.web.api.problems import not_found
from dashboards.web.site import Site, TheSite
from detect.records import Judgement
from stream.records import Burst, Cluster

router = APIRouter(tags=["clusters"])
ClusterId = Annotated[
    str, Path(max_length=MAX_ID, description="Id of a cluster, or of one that went into it.")
]


class ClusterModel(Model):
    """Posts that say the same."""

    cluster_id: str
    subject: str
    kind: Literal["text", "media"]
    first_at: Time
    last_at: Time
    posts: int
    accounts: int
    platforms: list[str]
    sample: str = Field(description="Text of the first post; empty once it was deleted.")
    spared: bool = Field(description="Whether readers of lists should be spared the sample.")
    revision: int


class AccountModel(Model):
    """What one account did in this cluster, and nothing else it ever wrote."""

    account: str = Field(description="`platform:author_id`.")
    handle: str | None
    created_at: Time | None
    posts: int
    first_at: Time


class ClusterDetail(ClusterModel):
    """One cluster from near; made of the posts that are still there."""

    held: int = Field(description=f"Posts that are still there, at most {MEMBERS}.")
    account_list: list[AccountModel] = Field(description="The busiest first.")
    samples: list[SampleModel] = Field(description="The most frequent wordings.")


class BurstModel(Model):
    """Many accounts posted one text in a short time."""

    burst_id: str
    subject: str
    cluster_id: str
    kind: Literal["copy", "fan_event", "news"]
    first_at: Time
    last_at: Time
    detected_at: Time
    posts: int
    accounts: int
    peak_accounts: int = Field(description="Most accounts within one window.")
    expected_accounts: float = Field(description="What is usual for this subject.")
    evidence: list[EvidenceModel]
    counter_evidence: list[EvidenceModel]
    revision: int


class Clusters(Model):
    """The largest clusters; there is no counting of all."""

    items: list[ClusterModel]


class Bursts(Model):
    """All bursts of a cluster, the first one first."""

    items: list[BurstModel]


@router.get("/clusters", operation_id="listClusters")
def clusters(
    site: TheSite,
    subject: Subject = None,
    since: Since = None,
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="How many of the largest.")
    ] = 50,
) -> Clusters:
    """The largest clusters, of those that grew since a time."""
    found = site.index.clusters(subject=subject, since=in_ms(since), limit=limit)
    judged = harmful(site.index, found)
    return Clusters(items=[cluster_model(one, judged) for one in found])


@router.get("/clusters/{cluster_id}", operation_id="getCluster")
def cluster(site: TheSite, cluster_id: ClusterId) -> ClusterDetail:
    """One cluster; the id of a merged one leads to where it went."""
    found = _known(site, cluster_id)
    posts = posts_of(site.index, found)
    return ClusterDetail(
        **dict(cluster_model(found, harmful(site.index, [found]))),
        held=len(posts),
        account_list=[_account(one) for one in accounts_of(posts)],
        samples=[sample_model(one) for one in variants_of(posts)[:SAMPLES]],
    )


@router.get("/clusters/{cluster_id}/posts", operation_id="listClusterPosts")
def cluster_posts(
    request: Request,
    site: TheSite,
    cluster_id: ClusterId,
    offset: Offset = 0,
    limit: Limit = 50,
) -> Page[PostModel]:
    """Posts of a cluster that are still there, the oldest first, at most a thousand."""
    posts = posts_of(site.index, _known(site, cluster_id))
    return Page(
        total=len(posts),
        next=next_part(request, offset=offset, limit=limit, total=len(posts)),
        items=[post_model(one) for one in posts[offset : offset + limit]],
    )


@router.get("/clusters/{cluster_id}/bursts", operation_id="listBursts")
def bursts(site: TheSite, cluster_id: ClusterId) -> Bursts:
    """When many accounts posted the text of a cluster at once."""
    found = _known(site, cluster_id)
    return Bursts(items=[_burst(one) for one in site.index.bursts(cluster_id=found.cluster_id)])


def cluster_model(one: Cluster, judged: Mapping[str, Judgement]) -> ClusterModel:
    """A cluster as the API gives it; ``judged`` names those that likely harm somebody."""
    return ClusterModel(
        cluster_id=one.cluster_id,
        subject=one.subject,
        kind=one.kind,
        first_at=iso(one.first_at),
        last_at=iso(one.last_at),
        posts=one.posts,
        accounts=one.accounts,
        platforms=list(one.platforms),
        sample=one.sample,
        spared=one.cluster_id in judged,
        revision=one.revision,
    )


def _known(site: Site, cluster_id: str) -> Cluster:
    found = site.index.cluster(cluster_id)
    if found is None:
        raise not_found("There is no such cluster, or all its posts are gone.")
    return found


def _account(one: Account) -> AccountModel:
    return AccountModel(
        account=one.account,
        handle=one.handle,
        created_at=maybe_iso(one.created_at),
        posts=one.posts,
        first_at=iso(one.first_at),
    )


def _burst(one: Burst) -> BurstModel:
    return BurstModel(
        burst_id=one.burst_id,
        subject=one.subject,
        cluster_id=one.cluster_id,
        kind=one.kind,
        first_at=iso(one.first_at),
        last_at=iso(one.last_at),
        detected_at=iso(one.detected_at),
        posts=one.posts,
        accounts=one.accounts,
        peak_accounts=one.peak_accounts,
        expected_accounts=one.expected_accounts,
        evidence=[evidence_model(item) for item in one.evidence],
        counter_evidence=[evidence_model(item) for item in one.counter],
        revision=one.revision,
    )
