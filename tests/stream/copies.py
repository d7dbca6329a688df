"""Waves of copies for the tests of bursts, and the line that finds them."""

from __future__ import annotations

from collections.abc import Sequence

from detect.watchlist import FanProject, Official, Subject, Watchlist
from stream.bursts.copy_bursts import CopyBursts
from stream.clustering.clusters import TextClusters
from stream.records import Burst, Evidence, PostSeen, SubjectEvent
from tests.stream.harness import (
    HOUR,
    START,
    Harness,
    seen,
)

RUMOUR = "word is that the second verse was sung by somebody else at the rehearsal"
EDITS = ("", " ...", " they say", " hm", " so", " lol", " #arin", " oh well", " again", " !!")
WATCHLIST = Watchlist(
    subjects=(
        Subject(
            id="arin",
            kind="idol",
            name="Arin",
            official=Official(domains=("arin.example",)),
            hashtags=("ARIN",),
            fan_projects=(FanProject(name="vote", hashtags=("VoteArin",)),),
        ),
    )
)


def copies(
    count: int,
    *,
    text: str = RUMOUR,
    start: int = START + HOUR,
    gap: int = 20_000,
    name: str = "c",
    **more: object,
) -> list[PostSeen]:
    """That many accounts posting one text, each with a tiny edit of its own."""
    return [
        seen(f"{name}{i}", text + EDITS[i % len(EDITS)], at=start + i * gap, **more)  # type: ignore[arg-type]
        for i in range(count)
    ]


def run(events: Sequence[SubjectEvent], **options: int) -> Harness:
    harness = Harness([TextClusters(), CopyBursts(WATCHLIST, **options)])
    harness.run(events)
    return harness


def bursts(harness: Harness) -> dict[str, Burst]:
    """The last revision of each burst."""
    return {b.burst_id: b for b in harness.emitted if isinstance(b, Burst)}


def only(harness: Harness) -> Burst:
    [burst] = bursts(harness).values()
    return burst


def signal(found: Sequence[Evidence], name: str) -> float | None:
    return next((e.value for e in found if e.signal == name), None)
