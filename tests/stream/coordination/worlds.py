"""Small worlds for the tests of coordination: chatter, a ring, fans, and what one may mistake."""

from __future__ import annotations

import random
from collections.abc import Sequence

from detect.watchlist import FanProject, Official, Subject, Watchlist
from stream.alerts import Alerts
from stream.bursts.copy_bursts import CopyBursts
from stream.clustering.clusters import TextClusters
from stream.coordination.operator import Coordination
from stream.operator import Operator
from stream.records import Alert, Campaign, PostSeen, Result, SubjectEvent
from tests.stream.harness import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Harness,
    MemoryState,
    seen,
    with_ticks,
)

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
LETTERS = "abdegiklmnoprstuvz"
EDITS = ("", " ...", " they say", " hm", " so", " lol", " #arin", " oh well", " again", " !!")


def words(rng: random.Random, count: int) -> list[str]:
    return ["".join(rng.choices(LETTERS, k=rng.randint(4, 9))) for _ in range(count)]


def chatter(count: int, *, span: int = DAY, seed: int = 1, people: int = 0) -> list[PostSeen]:
    """Everybody for themselves: texts of their own."""
    rng = random.Random(f"chatter/{seed}")
    vocabulary = words(rng, 4_000)
    return [
        seen(
            f"o{seed}-{i}",
            " ".join(rng.choices(vocabulary, k=rng.randint(6, 20))),
            at=START + HOUR + int(rng.random() * span),
            author=f"person{rng.randrange(people or count // 3 + 1)}",
            account_created=START - rng.randrange(40, 3_000) * DAY,
        )
        for i in range(count)
    ]


def reworded(
    rng: random.Random, text: Sequence[str], spare: Sequence[str], share: float
) -> str:
    return " ".join(rng.choice(spare) if rng.random() < share else word for word in text)


def ring(
    accounts: int = 12,
    *,
    texts: int = 6,
    each: float = 0.7,
    share: float = 0.15,
    every: int = 4 * HOUR,
    start: int = START + 2 * HOUR,
    name: str = "r",
    seed: int = 2,
    **more: object,
) -> list[PostSeen]:
    """The same few accounts push one text after the other, each copy reworded."""
    rng = random.Random(f"ring/{seed}")
    spare = words(rng, 500)
    out: list[PostSeen] = []
    for number in range(texts):
        text = words(rng, 16)
        for account in range(accounts):
            if rng.random() < each:
                at = start + number * every + int(rng.random() * every / 2)
                out.append(
                    seen(
                        f"{name}{number}-{account}",
                        reworded(rng, text, spare, share),
                        at=at,
                        author=f"{name}{account}",
                        **more,  # type: ignore[arg-type]
                    )
                )
    return out


def fans(count: int = 80, *, start: int = START + 6 * HOUR, seed: int = 3) -> list[PostSeen]:
    """A vote drive: one guide with an official link, by people who are there for years."""
    rng = random.Random(f"fans/{seed}")
    guide = "vote for arin today log in choose arin use all ten votes https://arin.example/vote"
    return [
        seen(
            f"f{seed}-{i}",
            guide + EDITS[i % len(EDITS)],
            at=start + int(rng.random() ** 2 * HOUR),
            author=f"person{i}",
            urls=("https://arin.example/vote",),
            hashtags=("VoteArin",),
            account_created=START - rng.randrange(200, 3_000) * DAY,
        )
        for i in range(count)
    ]


def line(watchlist: Watchlist = WATCHLIST) -> list[Operator]:
    """The operators of the pipeline that campaigns need."""
    return [TextClusters(), CopyBursts(watchlist), Coordination(watchlist), Alerts()]


def ordered(*parts: Sequence[PostSeen]) -> list[SubjectEvent]:
    """All posts by time with a tick a minute, until everything has been looked at."""
    posts = sorted(
        (p for part in parts for p in part), key=lambda p: (p.post.event_at, p.post.id)
    )
    end = posts[-1].post.event_at // MINUTE * MINUTE
    return with_ticks(posts, until=end + 7 * HOUR)


def run(*parts: Sequence[PostSeen], watchlist: Watchlist = WATCHLIST) -> Harness:
    harness = Harness(line(watchlist))
    harness.run(ordered(*parts))
    return harness


def state_of(harness: Harness) -> MemoryState:
    """What Coordination keeps."""
    return harness.states[2]


def campaigns(results: Sequence[Result]) -> list[Campaign]:
    """The last revision of each campaign that was not merged away."""
    last = {r.campaign_id: r for r in results if isinstance(r, Campaign)}
    return [one for one in last.values() if one.merged_into is None]


def reported(results: Sequence[Result]) -> list[Campaign]:
    return [one for one in campaigns(results) if one.kind in ("campaign", "coordinated")]


def alerts(results: Sequence[Result]) -> list[Alert]:
    """The last revision of each alert."""
    return list({r.alert_id: r for r in results if isinstance(r, Alert)}.values())
