"""The truth about a stream: campaigns with accounts and posts, events with kinds, labels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

import msgspec

from dashboards.simulator import plan
from dashboards.simulator.scene import SOURCE, Made
from dashboards.simulator.world import Play, World

DEMO = Path(__file__).parent.parent / "demo"


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One visit of a ring: its hostile posts and who wrote them; times in ms."""

    accounts: tuple[str, ...]
    post_ids: tuple[str, ...]
    times: tuple[int, ...]


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A planted campaign. ``accounts`` are ``platform:author_id``, as in the outputs.

    Rings that return or hand over have two episodes, all others one.
    """

    id: str
    tactic: plan.Tactic
    strength: plan.Strength
    easy: bool
    subject: str
    claim: str
    kind: str
    first_hostile_post: str
    first_hostile_at: int
    episodes: tuple[Episode, ...]
    camouflage_posts: int

    @property
    def accounts(self) -> frozenset[str]:
        """Everybody who wrote a hostile post of it."""
        return frozenset(key for episode in self.episodes for key in episode.accounts)

    @property
    def post_ids(self) -> frozenset[str]:
        """Its hostile posts."""
        return frozenset(post for episode in self.episodes for post in episode.post_ids)


class LegitEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that many did and might do; must stay silent."""

    id: str
    kind: plan.Legit
    first_at: int
    last_at: int
    posts: int


class Oracle(msgspec.Struct, frozen=True, kw_only=True, tag="simulator-oracle/1"):
    """All that is known about one stream; ``generator`` is the version that played it."""

    world: World
    generator: str = ""
    posts: int
    accounts: int
    campaigns: tuple[Campaign, ...]
    events: tuple[LegitEvent, ...]


class Ledger:
    """Writes the truth down while a world plays; keeps hostile posts and account names."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._posts = 0
        self._accounts: set[str] = set()
        self._hostile: dict[str, list[Made]] = {}
        self._hidden: dict[str, int] = {}
        self._events: dict[str, tuple[int, int, int]] = {}

    def posts(self) -> Iterator[Made]:
        """The stream of the world, watched."""
        for made in self._play.posts():
            self._posts += 1
            self._accounts.add(made.post.account)
            if made.label:
                self._note(made)
            yield made

    def _note(self, made: Made) -> None:
        kind, _, name = made.label.partition(":")
        at = made.post.created_at
        if kind == "campaign":
            self._hostile.setdefault(name, []).append(made)
        elif kind == "camouflage":
            self._hidden[name] = self._hidden.get(name, 0) + 1
        elif kind == "event":
            first, _, count = self._events.get(name, (at, at, 0))
            self._events[name] = first, at, count + 1

    def oracle(self) -> Oracle:
        """What has been seen so far; complete once the stream has ended."""
        campaigns = [
            self._campaign(number)
            for number, ring in enumerate(self._play.rings)
            if f"{ring.id}:0" in self._hostile
        ]
        events = [
            LegitEvent(id=event.id, kind=event.kind, first_at=first, last_at=last, posts=count)
            for event in self._play.events
            if event.id in self._events
            for first, last, count in (self._events[event.id],)
        ]
        return Oracle(
            world=self._play.world,
            generator=generator(),
            posts=self._posts,
            accounts=len(self._accounts),
            campaigns=tuple(campaigns),
            events=tuple(events),
        )

    def _campaign(self, number: int) -> Campaign:
        ring = self._play.rings[number]
        visits = [self._hostile.get(f"{ring.id}:{n}", []) for n in (0, 1)]
        first = visits[0][0].post
        return Campaign(
            id=ring.id,
            tactic=ring.tactic,
            strength=ring.strength,
            easy=(ring.tactic, ring.strength) in plan.EASY,
            subject=ring.star.id,
            claim=ring.claim,
            kind="campaign",
            first_hostile_post=native(first.id),
            first_hostile_at=first.created_at,
            episodes=tuple(_episode(visit) for visit in visits if visit),
            camouflage_posts=self._hidden.get(ring.id, 0),
        )


def _episode(visit: list[Made]) -> Episode:
    return Episode(
        accounts=tuple(sorted({made.post.account for made in visit})),
        post_ids=tuple(native(made.post.id) for made in visit),
        times=tuple(made.post.created_at for made in visit),
    )


@cache
def generator() -> str:
    """16 hex digits that change with the code and the words of the simulator."""
    folder = Path(__file__).parent
    digest = blake2b(digest_size=8)
    for file in sorted((*folder.rglob("*.py"), *folder.rglob("*.toml"), *DEMO.glob("words_*"))):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def native(post_id: str) -> str:
    """The id as the file of posts gives it."""
    return post_id.removeprefix(f"{SOURCE}:")
