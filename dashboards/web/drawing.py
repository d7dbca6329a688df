"""A network of accounts as SVG: circles and lines in chart units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dashboards.queries.network import Network, Tie

WIDTH = 600
HEIGHT = 420
MARGIN = 14
TABLE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """An account; ``r`` grows with the root of its posts."""

    x: float
    y: float
    r: float
    account: str
    posts: int
    ties: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A tie; ``strong`` where it is among the heavier half."""

    x1: float
    y1: float
    x2: float
    y2: float
    strong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The backbone ready to be drawn, and its heaviest ties as a table."""

    circles: tuple[Circle, ...]
    lines: tuple[Line, ...]
    heaviest: tuple[tuple[str, str, int], ...]
    accounts: int
    every: int
    width: int = WIDTH
    height: int = HEIGHT


def drawing(found: Network) -> Drawing:
    """Circles over lines; the table holds the heaviest ties."""
    places = [
        (
            round(MARGIN + one.x * (WIDTH - 2 * MARGIN), 1),
            round(MARGIN + one.y * (HEIGHT - 2 * MARGIN), 1),
        )
        for one in found.nodes
    ]
    middle = sorted(tie.things for tie in found.ties)[len(found.ties) // 2]
    return Drawing(
        circles=tuple(
            Circle(
                x=x,
                y=y,
                r=round(min(3 + math.sqrt(one.posts), MARGIN - 2), 1),
                account=one.account,
                posts=one.posts,
                ties=one.ties,
            )
            for one, (x, y) in zip(found.nodes, places, strict=True)
        ),
        lines=tuple(
            Line(
                x1=places[tie.first][0],
                y1=places[tie.first][1],
                x2=places[tie.second][0],
                y2=places[tie.second][1],
                strong=tie.things > middle,
            )
            for tie in found.ties
        ),
        heaviest=tuple(_named(found, tie) for tie in found.ties[:TABLE]),
        accounts=found.accounts,
        every=found.every,
    )


def _named(found: Network, tie: Tie) -> tuple[str, str, int]:
    return found.nodes[tie.first].account, found.nodes[tie.second].account, tie.things
