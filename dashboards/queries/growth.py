"""What an alert counted when it was raised, beside what there is now.

Then: the counts that the alert itself has kept. One raised before they were kept has them
counted among the posts that are still here, so at least so many there were. Now: the
record of the campaign, the copies or the pictures that it tells of, or where it tells of
none of them its own last revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards.queries.families import Family, family
from stream.alerting.media import ALARMING
from stream.index import Index, IndexedPost
from stream.records import Alert

MOST = 1000
"""Most posts whose accounts' followers are added up."""
Source = Literal["campaign", "copies", "pictures", "alert"]
"""What stands now was counted of: a campaign, all copies of a text, variants of a picture
that speak against it, or the posts of the alert alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much there was at a moment.

    Attributes:
        at: of event time, milliseconds.
        reach: followers together of the ``known`` accounts of posts still here, None
            where the followers of none are known: who could have seen it.
        least: the counts are of posts that are still here, and may have been more.
    """

    at: int
    posts: int
    accounts: int
    platforms: tuple[str, ...]
    reach: int | None
    known: int
    least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Then and now; ``source`` says of what now was counted."""

    then: Counts
    now: Counts
    source: Source


def growth(index: Index, alert: Alert) -> Growth:
    """How an alert grew, or shrank, since it was raised."""
    source, posts, now = _now(index, alert)
    return Growth(then=_then(alert, posts), now=now, source=source)


def _now(index: Index, alert: Alert) -> tuple[Source, list[IndexedPost], Counts]:
    campaign = index.campaign(alert.campaign_id) if alert.campaign_id else None
    if campaign is not None:
        posts = index.posts(campaign.post_ids[:MOST])
        return "campaign", posts, _counts(
            campaign.last_post_at, campaign.posts, len(campaign.accounts),
            campaign.platforms, posts,
        )  # fmt: skip
    if alert.family_id and (found := family(index, alert.family_id)) is not None:
        return _pictures(index, alert, found)
    if alert.cluster_id:
        cluster = index.cluster(alert.cluster_id)
        if cluster is None:
            return "copies", [], _counts(alert.updated_at, 0, 0, (), [])
        members = index.members(cluster.cluster_id, limit=MOST)
        posts = index.posts([one.post_id for one in members])
        return "copies", posts, _counts(
            cluster.last_at, cluster.posts, cluster.accounts, cluster.platforms, posts
        )  # fmt: skip
    posts = index.posts(alert.post_ids)
    return "alert", posts, _counts(
        alert.updated_at, alert.posts, alert.accounts, alert.platforms, posts
    )  # fmt: skip


def _pictures(
    index: Index, alert: Alert, found: Family
) -> tuple[Source, list[IndexedPost], Counts]:
    grave = [one for one in found.findings if one.severity in ALARMING]
    ids = tuple(dict.fromkeys(one.post_id for one in grave))
    posts = index.posts(ids[:MOST])
    return "pictures", posts, _counts(
        max((one.at for one in grave), default=alert.updated_at),
        len(ids),
        len({one.account for one in grave}),
        tuple(sorted({one.platform for one in grave})),
        posts,
    )  # fmt: skip


def _then(alert: Alert, posts: Sequence[IndexedPost]) -> Counts:
    kept = alert.raised
    until = alert.created_at if kept is None else kept.at
    early = [one for one in posts if one.post.event_at <= until]
    if kept is not None:
        return _counts(kept.at, kept.posts, kept.accounts, kept.platforms, early)
    if alert.revision == 1:
        # Nothing has been said of it since.
        return _counts(until, alert.posts, alert.accounts, alert.platforms, early)
    return _counts(
        until,
        len(early),
        len({one.post.account for one in early}),
        tuple(sorted({one.post.platform for one in early})),
        early,
        least=True,
    )


def _counts(
    at: int,
    posts: int,
    accounts: int,
    platforms: tuple[str, ...],
    held: Sequence[IndexedPost],
    *,
    least: bool = False,
) -> Counts:
    known = _followers(held)
    return Counts(
        at=at,
        posts=posts,
        accounts=accounts,
        platforms=platforms,
        reach=sum(known) if known else None,
        known=len(known),
        least=least,
    )


def _followers(posts: Sequence[IndexedPost]) -> list[int]:
    """Of each account what the platform said at its newest post that says it."""
    said: dict[str, int] = {}
    for one in sorted(posts, key=lambda each: (each.post.event_at, each.post.id)):
        author = one.post.author
        if author is not None and author.followers is not None:
            said[one.post.account] = author.followers
    return list(said.values())
