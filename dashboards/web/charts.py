"""Charts as plain SVG geometry: numbers in, coordinates and path strings out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from dashboards.trends import Step
from ingest.records import Gap
from stream.gaps import stretches
from stream.index import Bucket
from stream.trends.departures import Change, Surge

WIDTH = 600
HEIGHT = 96
TOP_LINE = 12
STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in chart units."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A curve of posts over its usual level; ``masked`` is where a source was missing."""

    area: str
    line: str
    usual: str
    masked: tuple[Box, ...]
    top: int
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Banded:
    """A curve over the band of what is usual, with bursts shaded and changes as lines."""

    line: str
    usual: str
    band: str
    other: str
    masked: tuple[Box, ...]
    surges: tuple[Box, ...]
    changes: tuple[float, ...]
    top: int
    occasions: tuple[Box, ...] = ()
    """When something was on in the calendar, as a line along the top."""
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Two layers of bars on one scale, and a moment marked as a line at ``mark``.

    ``masked`` is where a source was missing, over the whole height.
    """

    back: tuple[Box, ...]
    front: tuple[Box, ...]
    mark: float | None
    top: int
    masked: tuple[Box, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """Cumulative counts as stairs, one line a name, on one scale."""

    lines: tuple[tuple[str, str], ...]
    masked: tuple[Box, ...]
    top: int
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One bucket: the whole height of the chart at its place, and its bar."""

    whole: Box
    bar: Box | None
    bucket: Bucket


def trend(buckets: Sequence[Bucket], usual: Sequence[float]) -> Trend:
    """The curve of one subject; ``usual`` has one value a bucket."""
    top = ceiling(max([*(b.posts for b in buckets), *usual], default=0))
    step = WIDTH / max(len(buckets), 1)
    points = [(i * step + step / 2, _y(b.posts, top)) for i, b in enumerate(buckets)]
    level = [(i * step + step / 2, _y(value, top)) for i, value in enumerate(usual)]
    line = _path(points)
    area = ""
    if points:
        area = f"{line}L{points[-1][0]:.1f} {HEIGHT}L{points[0][0]:.1f} {HEIGHT}Z"
    masked = tuple(
        Box(x=round(i * step, 1), y=0, width=round(step, 1), height=HEIGHT)
        for i, b in enumerate(buckets)
        if b.masked
    )
    return Trend(area=area, line=line, usual=_path(level), masked=masked, top=top)


def banded(
    steps: Sequence[Step],
    surges: Sequence[Surge],
    changes: Sequence[Change],
    other: Sequence[int] = (),
    occasions: tuple[Box, ...] = (),
) -> Banded:
    """The curve of a subject over its baseline; ``other`` is that of another period."""
    highest = [
        *(s.posts for s in steps),
        *(s.high for s in steps if s.high is not None),
        *other,
    ]
    top = ceiling(max(highest, default=0))
    step = WIDTH / max(len(steps), 1)
    middle = [i * step + step / 2 for i in range(len(steps))]
    usual = [
        (x, _y(s.usual, top)) for x, s in zip(middle, steps, strict=True) if s.usual is not None
    ]
    upper = [
        (x, _y(s.high, top)) for x, s in zip(middle, steps, strict=True) if s.high is not None
    ]
    lower = [
        (x, _y(s.low, top)) for x, s in zip(middle, steps, strict=True) if s.low is not None
    ]
    band = _path(upper) + "".join(f"L{x:.1f} {y:.1f}" for x, y in reversed(lower))
    return Banded(
        line=_path([(x, _y(s.posts, top)) for x, s in zip(middle, steps, strict=True)]),
        usual=_path(usual),
        band=f"{band}Z" if band else "",
        other=_path([(x, _y(n, top)) for x, n in zip(middle, other, strict=False)]),
        masked=tuple(_column(i * step, step) for i, s in enumerate(steps) if s.masked),
        surges=tuple(
            _column(x, max(_place(one.until, steps) - x, 2.0))
            for one in surges
            for x in [_place(one.since, steps)]
        ),
        changes=tuple(_place(one.at, steps) for one in changes),
        top=top,
        occasions=occasions,
    )


def on_top(spans: Sequence[tuple[int, int]], since: int, until: int) -> tuple[Box, ...]:
    """Stretches of time as a line along the top of a chart, wide enough to be seen."""
    length = max(until - since, 1)
    found: list[Box] = []
    for begin, end in spans:
        x = min(max((begin - since) / length, 0.0), 1.0) * WIDTH
        over = min(max((end - since) / length, 0.0), 1.0) * WIDTH
        if over > x:
            found.append(
                Box(x=round(x, 1), y=0, width=round(max(over - x, 4.0), 1), height=TOP_LINE)
            )
    return tuple(found)


def bars(
    back: Sequence[int],
    front: Sequence[int],
    *,
    mark: float | None,
    masked: tuple[Box, ...] = (),
) -> Bars:
    """Bars of ``front`` before bars of ``back``; ``mark`` is a place between 0 and 1."""
    top = ceiling(max([*back, *front], default=0))
    place = None if mark is None else round(min(max(mark, 0.0), 1.0) * WIDTH, 1)
    return Bars(
        back=_bars(back, top), front=_bars(front, top), mark=place, top=top, masked=masked
    )


def climb(counts: Mapping[str, Sequence[int]], masked: tuple[Box, ...]) -> Climb:
    """Stairs of cumulative counts, one value a step, by name."""
    top = ceiling(max((max(values, default=0) for values in counts.values()), default=0))
    return Climb(
        lines=tuple((name, _stairs(values, top)) for name, values in counts.items()),
        masked=masked,
        top=top,
    )


def holes(gaps: Sequence[Gap], since: int, until: int) -> tuple[Box, ...]:
    """Where a source was missing between two times, as columns wide enough to be seen."""
    length = max(until - since, 1)
    return tuple(
        _column(
            (begin - since) / length * WIDTH,
            max((end - begin) / length * WIDTH, 1.5),
        )
        for begin, end in stretches(gaps, since, until, near_ms=2 * length // WIDTH)
    )


def columns(buckets: Sequence[Bucket]) -> tuple[Column, ...]:
    """One column a bucket, for bars that can be chosen."""
    top = ceiling(max((b.posts for b in buckets), default=0))
    step = WIDTH / max(len(buckets), 1)
    return tuple(
        Column(
            whole=_column(i * step, step),
            bar=_bar(i, b.posts, top, step) if b.posts else None,
            bucket=b,
        )
        for i, b in enumerate(buckets)
    )


def usual_level(
    window: Sequence[Bucket], earlier: Sequence[Sequence[Bucket]]
) -> tuple[list[float], int]:
    """The usual number of posts a bucket, and on how many earlier days it rests.

    The median of the same bucket on earlier days; with no earlier day, the
    median of the window itself. Buckets in which a source was missing do not
    count. The median, because one loud day must not raise what is usual.
    """
    if not earlier:
        whole = [b.posts for b in window if not b.masked]
        return [float(median(whole)) if whole else 0.0] * len(window), 0
    levels = list[float]()
    for i in range(len(window)):
        same = [day[i].posts for day in earlier if i < len(day) and not day[i].masked]
        levels.append(float(median(same)) if same else 0.0)
    return levels, len(earlier)


def bucket_for(length_ms: int, *, about: int = 72) -> int:
    """A round bucket length that cuts ``length_ms`` into about so many bars."""
    minutes = length_ms / 60_000 / about
    whole_days = -(-int(minutes) // STEPS_MIN[-1]) * STEPS_MIN[-1]
    return next((step for step in STEPS_MIN if step >= minutes), whole_days) * 60_000


def counts_in(times: Sequence[int], since: int, until: int, bucket_ms: int) -> list[int]:
    """How many of the times fall into each bucket."""
    counts = [0] * max(1, -(-(until - since) // bucket_ms))
    for at in times:
        if since <= at < until:
            counts[(at - since) // bucket_ms] += 1
    return counts


def ceiling(value: float) -> int:
    """The next round number at or above a value: 1, 2, 5, 10, 20, 50 …"""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if factor * step >= value:
                return factor * step
        step *= 10


def _place(at: int, steps: Sequence[Step]) -> float:
    """Where a moment stands between the left and the right edge."""
    if len(steps) < 2:  # noqa: PLR2004 - one step has no width to measure by
        return 0.0
    length = (steps[1].at - steps[0].at) * len(steps)
    return round(min(max((at - steps[0].at) / length, 0.0), 1.0) * WIDTH, 1)


def _column(x: float, width: float) -> Box:
    return Box(x=round(x, 1), y=0, width=round(width, 1), height=HEIGHT)


def _bars(values: Sequence[int], top: int) -> tuple[Box, ...]:
    step = WIDTH / max(len(values), 1)
    return tuple(_bar(i, value, top, step) for i, value in enumerate(values) if value)


def _bar(i: int, value: int, top: int, step: float) -> Box:
    gap = min(2.0, step / 4)
    return Box(
        x=round(i * step + gap / 2, 1),
        y=round(_y(value, top), 1),
        width=round(step - gap, 1),
        height=round(HEIGHT - _y(value, top), 1),
    )


def _stairs(values: Sequence[int], top: int) -> str:
    step = WIDTH / max(len(values), 1)
    path = f"M0 {_y(0, top):.1f}"
    before: int | None = None
    for i, value in enumerate(values):
        # A level that does not change is one line, however long it lasts.
        if value != before:
            path += f"H{i * step:.1f}V{_y(value, top):.1f}"
            before = value
    return f"{path}H{WIDTH}"


def _y(value: float, top: int) -> float:
    return HEIGHT - 2 - (HEIGHT - 6) * value / top if value else HEIGHT - 2


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
