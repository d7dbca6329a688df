"""Writes posts: what their subjects' logs say is merged into one document a post.

A post's document stands in the month in which its first revision happened and stays there,
also as a tombstone, so that a late repeat meets it and brings nothing back. Several writers
may work at once: whoever read an older document than there is now is refused and reads again.
Where another place than that month had to be taken (a tombstone of a post that was never
seen, a post first seen in an edit), a stray says so.
"""

from __future__ import annotations

import random
import time
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from elasticsearch import Elasticsearch

from ingest.records import Post
from stream.elastic.bulk import Action, Outcome, Sender
from stream.elastic.client import CONFLICT, NOT_FOUND, IndexUnavailableError, told
from stream.elastic.documents import (
    HeldPost,
    held_post,
    post_document,
    stray_document,
    takedown_document,
)
from stream.elastic.hits import Asking
from stream.elastic.names import Names, joint_key, key_of
from stream.search.standings import (
    News,
    Standings,
    decode_standings,
    join,
    merge,
    present_subjects,
)

ROUNDS = 50
"""How often a write that others overtook is tried again; each time one of them has won."""
NOWHERE = HeldPost(0, {}, None)


class Refused(msgspec.Struct, frozen=True):
    """What Elasticsearch will never take, ``of`` which post or result, and why."""

    of: str
    reason: str


class Buried(msgspec.Struct, frozen=True):
    """A post that was held and is gone now."""

    post: Post
    subjects: tuple[str, ...]


@dataclass(slots=True)
class Place:
    """Where a post's document is or will be, and what it says.

    ``noted`` is what a stray says; ``nowhere``: that there is no document.
    """

    index: str | None = None
    held: HeldPost = NOWHERE
    seen: tuple[int, int] | None = None
    stray: tuple[int, int] | None = None
    noted: Standings = field(default_factory=Standings)
    nowhere: bool = False


@dataclass(slots=True)
class Written:
    """What became of a batch of posts."""

    refused: list[Refused] = field(default_factory=list[Refused])
    buried: list[Buried] = field(default_factory=list[Buried])


class PostWriter:
    """Merges news of posts into their documents; repeats change nothing.

    Args:
        client: of Elasticsearch.
        names: of this installation.
        sender: sends in bulk.
        now: wall clock in ms, for ``event.ingested``.
    """

    def __init__(
        self, client: Elasticsearch, names: Names, sender: Sender, *, now: Callable[[], int]
    ) -> None:
        self._client = client
        self._ask = Asking(client)
        self._names = names
        self._sender = sender
        self._now = now

    def write(self, news: Mapping[str, News], gone_at: Mapping[str, int]) -> Written:
        """Bring the documents of these posts up to what is said of them.

        Raises:
            IndexUnavailableError: not now; sending the same again changes nothing.
        """
        written = Written()
        ids = {key_of(post_id): post_id for post_id in news}
        waiting = dict.fromkeys(ids)
        first = True
        for attempt in range(ROUNDS):
            if not waiting:
                break
            if attempt > 1:
                time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311 - spreads writers
            places = self._places({key: news[ids[key]] for key in waiting}, fresh=first)
            first = False
            waiting = self._round(places, {k: news[ids[k]] for k in waiting}, ids, written)
        if waiting:
            raise IndexUnavailableError(
                f"{len(waiting)} posts are written by others all the time; try again"
            )
        takedowns = [
            Action(
                index=self._names.of("takedowns"),
                # Which post it was is nobody's business any more.
                id=joint_key("takedown", one.post.id),
                body=takedown_document(one.post, one.subjects, gone_at[one.post.id]),
            )
            for one in written.buried
            if one.post.id in gone_at
        ]
        self._sender.send(takedowns)
        return written

    def _round(
        self,
        places: Mapping[str, Place],
        news: Mapping[str, News],
        ids: Mapping[str, str],
        written: Written,
    ) -> dict[str, None]:
        """Try every post once; those that others overtook."""
        strays: dict[str, Action] = {}
        actions: dict[str, Action] = {}
        buried: dict[str, Buried] = {}
        for key, said in news.items():
            place = places[key]
            made = merged(place.held, said, place.noted)
            if made is None:
                continue
            if place.held.post is not None and made.post is None:
                post = place.held.post
                buried[key] = Buried(post, present_subjects(place.held.standings))
            self._plan(key, place, made, said, strays, actions)
        again = self._send(strays, ids, written)
        # Without its stray a document would not be found again.
        outcome = self._send({k: a for k, a in actions.items() if k not in again}, ids, written)
        written.buried += [one for k, one in buried.items() if k not in again | outcome]
        return again | outcome | self._crossed(places, strays, actions)

    def _crossed(
        self,
        places: Mapping[str, Place],
        strays: Mapping[str, Action],
        actions: Mapping[str, Action],
    ) -> dict[str, None]:
        """Posts to look at again: a deletion and the post itself may have been written at once.

        Each of the two was new to its writer. Both look again after writing, so that at
        least one of them meets the other.
        """
        alone = {key: None for key in strays if key not in actions}
        new = [
            key
            for key in actions
            if places[key].seen is None and places[key].stray is None and key not in strays
        ]
        return alone | dict.fromkeys(self._ask.get(self._names.of("strays"), new))

    def _plan(
        self,
        key: str,
        place: Place,
        made: HeldPost,
        said: News,
        strays: dict[str, Action],
        actions: dict[str, Action],
    ) -> None:
        """The writes that bring one post from its place to what it is now."""
        home = self._names.month(made.post.event_at) if made.post else None
        index = place.index or home
        unnoted = place.index is None and (place.stray or not _is_first(said))
        if index is None or unnoted or place.nowhere:
            strays[key] = Action(
                index=self._names.of("strays"),
                id=key,
                body=stray_document(made.standings, index),
                create=place.stray is None,
                seen=place.stray,
            )
        if index is not None:
            actions[key] = Action(
                index=index,
                id=key,
                body=post_document(made, self._now()),
                create=place.seen is None,
                seen=place.seen,
            )

    def _send(
        self, actions: Mapping[str, Action], ids: Mapping[str, str], written: Written
    ) -> dict[str, None]:
        """Send; the keys of those that have to be read and tried again."""
        again: dict[str, None] = {}
        outcomes: Iterable[Outcome] = self._sender.send(list(actions.values()))
        for key, outcome in zip(actions, outcomes, strict=True):
            if outcome.status in (CONFLICT, NOT_FOUND):
                again[key] = None
            elif not outcome.done:
                written.refused.append(Refused(ids[key], outcome.reason))
        return again

    # --- finding -------------------------------------------------------------------

    def _places(self, news: Mapping[str, News], *, fresh: bool) -> dict[str, Place]:
        """Where each post is. What is surely new is not looked for when ``fresh``."""
        places = {key: Place() for key in news}
        at_stray: dict[str, str] = {}
        for one in self._ask.get(self._names.of("strays"), list(news)).values():
            own = one.source["jikimi"]
            base = HeldPost(0, decode_standings(b64decode(own["standings"])), None)
            places[one.id] = Place(
                held=base,
                stray=(one.seq_no, one.primary_term),
                noted=base.standings,
                nowhere=not own.get("index"),
            )
            if own.get("index"):
                places[one.id].index = own["index"]
                at_stray[one.id] = own["index"]
        wanted = {
            key: said
            for key, said in news.items()
            if key not in at_stray and not (fresh and _is_first(said))
        }
        self._read(places, [(index, key) for key, index in at_stray.items()])
        homes: list[tuple[str, str]] = []
        for key, said in wanted.items():
            best = said.best()
            if best is not None:
                homes.append((self._names.month(best.post.event_at), key))
        self._read(places, homes)
        lost = [
            key
            for key, said in wanted.items()
            if places[key].seen is None and not _is_first(said)
        ]
        if lost:
            everywhere = self._months()
            self._read(places, [(index, key) for key in lost for index in everywhere])
        return places

    def _read(self, places: dict[str, Place], where: Sequence[tuple[str, str]]) -> None:
        for one in self._ask.get_each(where):
            place = places[one.id]
            place.index = one.index
            place.held = held_post(one.source)
            place.seen = (one.seq_no, one.primary_term)

    def _months(self) -> list[str]:
        """All indices of posts, the newest first."""
        with told():
            found = self._client.indices.get_alias(name=self._names.posts)
        return sorted(found, reverse=True)


def merged(held: HeldPost, said: News, noted: Standings | None = None) -> HeldPost | None:
    """What a post is after the news and what a stray noted, None when they change nothing."""
    standings = merge(join(held.standings, noted or {}), said)
    best = said.best()
    newer = best is not None and (best.revision > held.revision or held.post is None)
    after = present_subjects(standings)
    if standings == held.standings and not (newer and after):
        return None
    if not after:
        return HeldPost(held.revision, standings, None)
    if best is not None and newer:
        return HeldPost(best.revision, standings, best.post, best.judgement)
    return HeldPost(held.revision, standings, held.post, held.judgement)


def _is_first(said: News) -> bool:
    """Whether nothing but first revisions is told, which lead to the post's own month."""
    return not said.gone and all(seen.revision == 1 for seen in said.seen.values())
