"""Threads: what followed a post and how it spread, as a tree with times, charts and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.export import Cell, iso
from dashboards.queries.threads import KINDS, Series, Thread, extent, series, thread
from dashboards.web import charts
from dashboards.web.exports import csv_answer
from dashboards.web.site import Refused, Site, TheSite, with_query
from dashboards.web.text import highlight, path_of, preview
from dashboards.web.times import MINUTE
from dashboards.web.triage import page_number
from stream.index import IndexedPost, RelationKind
from stream.threads.spread import levels_of, sizes_of

router = APIRouter()
COPIES = 10
ABOVE = 3
TEXT = 240


@router.get("/threads.csv")
def posts_csv(site: TheSite, post: str = "", part: str = "", bom: str = "") -> Response:
    """The tree as a table, or how it grew (``part=spread``)."""
    found = _known(site, post)
    if part == "spread":
        grown = _series(site, found)
        header = ("at", *KINDS, "depth", "breadth", "masked")
        return csv_answer(("thread", "spread"), header, _steps(grown), bom)
    header = (
        "layer", "id", "parent", "kind", "held", "level", "below", "at", "lag_seconds",
        "platform", "account",
    )  # fmt: skip
    return csv_answer(("thread", "posts"), header, _nodes(found), bom)


@router.get("/threads/{post_id:path}")
def page(
    request: Request, site: TheSite, post_id: str, kind: str = "", page: str = ""
) -> Response:
    """The thread below a post. Its id takes the rest of the path, as with posts."""
    kinds = _kinds(kind)
    found = _known(site, post_id, page=page_number(page), kinds=kinds)
    grown = _series(site, found)

    def path(to: int = 1, kind: str = kinds[0] if kinds else "") -> str:
        return with_query(path_of("threads", post_id), kind=kind, page=to if to > 1 else "")

    def said(one: IndexedPost) -> object:
        return highlight(preview(one.post.text, TEXT), one.mentions, site.name_of)

    return site.render(
        request,
        "threads.html",
        thread=found,
        post=found.post.post if found.post else None,
        kind=kind if kinds else "",
        thread_path=path,
        said=said,
        above=tuple(reversed(found.above[:ABOVE])),
        farther=max(0, len(found.above) - ABOVE),
        copies=found.copies.posts[:COPIES],
        series=grown,
        chart=_chart(grown) if grown else None,
    )


def _known(
    site: Site, post_id: str, *, page: int = 1, kinds: Sequence[RelationKind] = ()
) -> Thread:
    found = thread(site.index, post_id, page=page, kinds=kinds)
    if found is None:
        raise Refused(404, "There is no such post, and no post here refers to it.")
    return found


def _kinds(kind: str) -> tuple[RelationKind, ...]:
    return tuple(one for one in get_args(RelationKind) if one == kind)


def _series(site: Site, found: Thread) -> Series | None:
    """Over the whole time of the thread, None where no time is known."""
    times = extent(found)
    if times is None:
        return None
    margin = max((times[1] - times[0]) // 20, MINUTE)
    since, until = times[0] - margin, times[1] + margin
    step = charts.bucket_for(until - since)
    since -= since % step
    return series(site.index, found, since, -(-until // step) * step, step)


def _chart(grown: Series) -> charts.Climb:
    return charts.climb(
        {kind: [step.counts[kind] for step in grown.steps] for kind in grown.kinds},
        charts.holes(grown.gaps, grown.since, grown.until),
    )


def _steps(grown: Series | None) -> list[Sequence[Cell]]:
    rows: list[Sequence[Cell]] = []
    for step in grown.steps if grown else ():
        counts = (step.counts[kind] for kind in KINDS)
        rows.append((iso(step.at), *counts, step.depth, step.breadth, step.masked))
    return rows


def _nodes(found: Thread) -> list[Sequence[Cell]]:
    """The tree, then the copies."""
    nodes = found.tree.nodes
    rows: list[Sequence[Cell]] = []
    for node, level, size in zip(nodes, levels_of(nodes), sizes_of(nodes), strict=True):
        place = (node.id, node.parent, node.kind, node.held, level, size - 1)
        rows.append(("tree", *place, *_when(node.at, found), node.platform, node.account))
    for one in found.copies.posts:
        post, when = one.post, _when(one.post.event_at, found)
        alone = (None, "copy", "held", None, None)
        rows.append(("copy", post.id, *alone, *when, post.platform, post.account))
    return rows


def _when(at: int | None, found: Thread) -> tuple[Cell, Cell]:
    if at is None:
        return None, None
    return iso(at), None if found.start is None else (at - found.start) // 1000
