"""How campaigns and clusters spread, as rows: their posts and all that refers to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dashboards.batch.columns import KINDS, Numbers
from dashboards.batch.gather import Gathered
from dashboards.batch.rows import (
    CarrierRow,
    CascadeRow,
    HopRow,
    SpreadRow,
    StepRow,
    iso,
    public_id,
)
from stream.spread.forest import CascadeTree, cascades_of
from stream.spread.narrative import Carrier, Cascade, Spread, cascade_of, spread_of
from stream.threads.relatives import Member

SMALLEST = 5
"""Posts from which a cluster counts as a narrative."""
MOST = 200_000
"""Most posts of a narrative that are looked at."""


class Narrative:
    """What belongs together, by the numbers of its posts."""

    def __init__(self, name: str, kind: str, posts: Numbers, *, named: bool) -> None:
        self.name = name
        self.kind = kind
        self.posts = posts
        self.named = named


def narratives(
    found: Gathered, reported: Sequence[str], *, every_account: bool
) -> Iterator[Narrative]:
    """Campaigns first, then clusters that are not too small."""
    for campaign in found.campaigns:
        own = [found.numbers(campaign.post_ids)]
        own += [np.array(found.members.get(c, ()), dtype=np.int64) for c in campaign.clusters]
        named = every_account or campaign.campaign_id in reported
        yield Narrative(campaign.campaign_id, "campaign", np.concatenate(own), named=named)
    for cluster_id, posts in found.members.items():
        if len(posts) >= SMALLEST:
            kind = found.kinds.get(cluster_id, "text")
            yield Narrative(cluster_id, kind, np.array(posts), named=every_account)


def trees_of(found: Gathered, narrative: Narrative, names: Sequence[str]) -> list[CascadeTree]:
    """The cascades of a narrative; ``names`` are those of the accounts by number."""
    links = found.references
    numbers = links.below(narrative.posts, MOST) if len(narrative.posts) else narrative.posts
    members = [_member(found, int(number), names) for number in numbers.tolist()]
    return list(cascades_of(members))


def _member(found: Gathered, number: int, names: Sequence[str]) -> Member:
    account = names[found.post_accounts[number]]
    links = found.references
    kind = KINDS[int(links.kind[number])] if number < len(links.kind) else None
    target = int(links.parent[number]) if kind else 0
    return Member(
        id=str(number),
        at=found.post_times[number],
        platform=account.partition(":")[0],
        account=account,
        references=() if kind is None else ((kind, str(target)),),
    )


def cascade_rows(
    found: Gathered, narrative: Narrative, trees: Sequence[CascadeTree]
) -> Iterator[CascadeRow]:
    """The cascades of two posts or more, the oldest first."""
    for tree in trees:
        if len(tree) > 1:
            yield _cascade(found, narrative.name, cascade_of(tree))


def spread_row(
    found: Gathered, narrative: Narrative, trees: Sequence[CascadeTree], now: int
) -> SpreadRow | None:
    """How it spread, None where none of its posts is here."""
    one = spread_of(trees, now=now)
    if one is None:
        return None
    named = narrative.named
    return SpreadRow(
        narrative=narrative.name,
        kind=narrative.kind,
        posts=one.posts,
        accounts=one.accounts,
        cascades=one.cascades,
        replies=one.kinds["reply"],
        reposts=one.kinds["repost"],
        quotes=one.kinds["quote"],
        copies=one.kinds["copy"],
        first_at=iso(one.first_at),
        last_at=iso(one.last_at),
        half_seconds=one.half_ms / 1000,
        most_seconds=one.most_ms / 1000,
        busiest_hour=one.busiest_hour,
        beginnings=one.beginnings,
        generation_seconds=one.generation.median_ms / 1000,
        references=one.generation.references,
        concentration=one.concentration,
        hops=_hops(found, one),
        movers=tuple(_carrier(found, c) for c in one.movers) if named else (),
        carriers=tuple(_carrier(found, c) for c in one.carriers) if named else (),
        steps=tuple(
            StepRow(at=iso(step.at), posts=step.posts, number=step.number)
            for step in one.steps
            if step.posts
        ),
    )


def _cascade(found: Gathered, name: str, one: Cascade) -> CascadeRow:
    virality = one.shape.virality
    return CascadeRow(
        narrative=name,
        top=_post(found, one.top) if one.top_held else None,
        first_at=iso(one.first_at),
        last_at=iso(one.last_at),
        posts=one.shape.held,
        accounts=one.accounts,
        platforms=one.platforms,
        depth=one.shape.depth,
        breadth=one.shape.breadth,
        virality=None if virality is None else round(virality, 6),
        half_seconds=one.half_ms / 1000,
        most_seconds=one.most_ms / 1000,
    )


def _hops(found: Gathered, one: Spread) -> tuple[HopRow, ...]:
    return tuple(
        HopRow(
            platform=hop.platform,
            post_id=_post(found, hop.post_id),
            lag_seconds=hop.lag_ms / 1000,
            posts=hop.posts,
        )
        for hop in one.hops
    )


def _carrier(found: Gathered, one: Carrier) -> CarrierRow:
    return CarrierRow(
        account=one.account,
        first_post=_post(found, one.first_post),
        lag_seconds=one.lag_ms / 1000,
        posts=one.posts,
        brought=one.brought,
    )


def _post(found: Gathered, number: str) -> str:
    return public_id(found.post_ids[int(number)])
