"""How a narrative spread, ready to be drawn: the reproduction number as a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.queries.spread import spread
from dashboards.web import charts
from stream.index import Index
from stream.spread.narrative import Carrier, Spread
from stream.spread.reproduction import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberLine:
    """The reproduction number over time; ``one`` is the height of 1: below, it dies out."""

    path: str
    one: float
    top: int
    width: int = charts.WIDTH
    height: int = charts.HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreading:
    """What the panel shows; accounts are left out where nobody may be named."""

    found: Spread
    truncated: bool
    line: NumberLine | None
    rows: tuple[Step, ...]
    movers: tuple[Carrier, ...]
    carriers: tuple[Carrier, ...]


def spreading(index: Index, post_ids: Sequence[str], *, named: bool) -> Spreading | None:
    """How these posts spread, None where fewer than two are still here."""
    asked = spread(index, post_ids)
    if asked is None or asked[0].posts < 2:  # noqa: PLR2004 - one post has not spread
        return None
    found, truncated = asked
    told = tuple(step for step in found.steps if step.number is not None)
    return Spreading(
        found=found,
        truncated=truncated,
        line=number_line(found.steps) if len(told) > 1 else None,
        rows=tuple(step for step in found.steps if step.posts),
        movers=found.movers if named else (),
        carriers=tuple(one for one in found.carriers if one.brought > 0) if named else (),
    )


def number_line(steps: Sequence[Step]) -> NumberLine:
    """A line that breaks where no number can be told."""
    told = [step.number for step in steps if step.number is not None]
    top = charts.ceiling(max([1.0, *told]))
    width = charts.WIDTH / max(len(steps), 1)
    path, drawn = "", False
    for i, step in enumerate(steps):
        if step.number is None:
            drawn = False
            continue
        x = i * width + width / 2
        path += f"{'L' if drawn else 'M'}{x:.1f} {_height(step.number, top):.1f}"
        if not drawn:
            # A point with nothing beside it would not be seen.
            path += "h1"
        drawn = True
    return NumberLine(path=path, one=round(_height(1.0, top), 1), top=top)


def _height(value: float, top: int) -> float:
    return charts.HEIGHT - 2 - (charts.HEIGHT - 6) * value / top
