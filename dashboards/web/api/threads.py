"""Threads by the API: what followed a post, as a tree with times."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from dashboards.queries.threads import thread as ask
from dashboards.web.api.fields import MAX_ID, Model, Time, maybe_iso
from dashboards.web.api.posts import PostModel, post_model
from dashboards.web.api.problems import not_found
from dashboards.web.site import TheSite
from stream.index import Held, RelationKind, Relative
from stream.threads.spread import Arrival

router = APIRouter(tags=["threads"])
NODES = 2_000
"""Most posts of a tree that one answer holds."""
COPIES = 50


class NodeModel(Model):
    """A post's place in the tree."""

    id: str
    parent: str | None = Field(description="What it answers, reposts or quotes.")
    kind: RelationKind | None = Field(description="How it refers to its parent.")
    held: Held = Field(description="Whether the post is here, was deleted, or never came.")
    at: Time | None = Field(description="Known of posts that are held.")
    platform: str | None
    account: str | None


class ArrivalModel(Model):
    """The first post on a platform."""

    platform: str
    post_id: str
    at: Time
    lag_s: float = Field(description="Seconds after the start of the thread.")


class ThreadModel(Model):
    """A post and everything that answers, reposts or quotes it, directly or through others."""

    post_id: str
    post: PostModel | None = Field(description="Null where the post itself is not here.")
    above: list[NodeModel] = Field(description="What the post refers to, nearest first.")
    nodes: list[NodeModel] = Field(
        description=f"The post first, parents before children; at most {NODES}."
    )
    truncated: bool = Field(description="Whether there are more posts than are listed.")
    size: int = Field(description="Posts of the tree, held or not.")
    replies: int = Field(description="Posts that directly answer it.")
    reposts: int
    quotes: int
    depth: int = Field(description="Steps from the top to the farthest post.")
    breadth: int = Field(description="Posts of the widest level.")
    virality: float | None = Field(description="Mean number of steps between two posts.")
    half_s: float | None = Field(description="Seconds until half of the posts were there.")
    most_s: float | None = Field(description="Seconds until nine tenths were there.")
    platforms: list[ArrivalModel]
    copies: list[str] = Field(
        description=f"Posts that say the same without a link to the tree; the first {COPIES}."
    )


@router.get("/threads/{post_id:path}", operation_id="getThread")
def thread(
    site: TheSite,
    post_id: Annotated[
        str,
        Path(
            max_length=MAX_ID,
            description="Id of a post, percent-encoded; it need not be held itself.",
        ),
    ],
    kind: Annotated[
        Literal["reply", "repost", "quote"] | None,
        Query(description="List only posts that refer so to their parent."),
    ] = None,
) -> ThreadModel:
    """The thread below a post, held or not."""
    found = ask(site.index, post_id)
    if found is None:
        raise not_found("There is no such post, and no post here refers to it.")
    nodes = [one for one in found.tree.nodes if kind is None or one.kind in {kind, None}]
    return ThreadModel(
        post_id=post_id,
        post=post_model(found.post) if found.post else None,
        above=[_node(one) for one in found.above],
        nodes=[_node(one) for one in nodes[:NODES]],
        truncated=found.tree.truncated or len(nodes) > NODES,
        size=found.shape.nodes,
        replies=found.counts["reply"],
        reposts=found.counts["repost"],
        quotes=found.counts["quote"],
        depth=found.shape.depth,
        breadth=found.shape.breadth,
        virality=found.shape.virality,
        half_s=_seconds(found.half_ms),
        most_s=_seconds(found.most_ms),
        platforms=[_arrival(one) for one in found.platforms],
        copies=[one.post.id for one in found.copies.posts[:COPIES]],
    )


def _node(one: Relative) -> NodeModel:
    return NodeModel(
        id=one.id,
        parent=one.parent,
        kind=one.kind,
        held=one.held,
        at=maybe_iso(one.at),
        platform=one.platform,
        account=one.account,
    )


def _arrival(one: Arrival) -> ArrivalModel:
    at = maybe_iso(one.at) or ""
    return ArrivalModel(platform=one.name, post_id=one.post_id, at=at, lag_s=one.lag_ms / 1000)


def _seconds(length: int | None) -> float | None:
    return None if length is None else length / 1000
