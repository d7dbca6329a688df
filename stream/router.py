"""The router: from the posts log to the subject logs, as a pure function.

It removes re-sends, numbers revisions, turns deletions into tombstones, adds a
member's groups, keeps event time and inserts one tick a minute. Its memory per
post id is :class:`stream.log.Seen`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import xxhash

from detect.records import Mention
from ingest.records import Deletion, Post, Record
from stream.log import Routed, Seen
from stream.records import (
    Change,
    GapSeen,
    Logged,
    LoggedClock,
    LoggedDeletion,
    LoggedMedia,
    LoggedPost,
    MediaSeen,
    PostGone,
    PostSeen,
    Tick,
)

LATENESS_MS = 2 * 60 * 1000
"""How far event time may run ahead before a post counts as late."""
TOO_LATE_MS = 24 * 60 * 60 * 1000
"""Posts further behind the watermark are of the past: found, and judged by nobody."""
MAX_REVISIONS = 1000
"""A post that changes more often is noise; further changes count as re-sends."""
OLDER = 8
"""Sightings behind the last one that are recognised when they come again."""
MINUTE_MS = 60_000


class RouterClock(Record, frozen=True, kw_only=True, tag="router-clock/1"):
    """Event time as the router knows it."""

    newest: int = 0
    ticked: int = 0

    @property
    def watermark(self) -> int:
        """The last tick."""
        return self.ticked


@dataclass(slots=True)
class Routing:
    """What routing a batch leads to.

    ``erase`` lists deletions with the places of the post in the posts log;
    ``compact`` lists entries (re-sends) whose content need not be kept, ``bare``
    deleted posts of whose pictures something was logged.
    """

    clock: RouterClock
    events: list[Routed] = field(default_factory=list[Routed])
    known: dict[str, tuple[str, Seen]] = field(default_factory=dict[str, tuple[str, Seen]])
    erase: list[tuple[Deletion, tuple[int, ...]]] = field(
        default_factory=list[tuple[Deletion, tuple[int, ...]]]
    )
    compact: list[int] = field(default_factory=list[int])
    bare: list[str] = field(default_factory=list[str])
    counts: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def count(self, source: str, name: str) -> None:
        """Add one to a counter of a source."""
        key = (source, name)
        self.counts[key] = self.counts.get(key, 0) + 1


class Router:
    """Pure: give it the entries and what is known of their ids.

    Args:
        groups_of: the groups that a member's posts also go to.
    """

    def __init__(self, groups_of: Callable[[str], tuple[str, ...]]) -> None:
        self._groups_of = groups_of

    def route(
        self,
        entries: Sequence[tuple[int, Logged]],
        seen: Mapping[str, Seen],
        clock: RouterClock,
        posts_of: Callable[[str], list[str]],
    ) -> Routing:
        """Events for the subject logs, in the order of the posts log.

        Args:
            entries: (offset, entry) from the posts log.
            seen: what is known of the post ids among them.
            clock: event time before them.
            posts_of: posts of an account, for the deletion of a whole account.
        """
        routing = Routing(clock=clock)
        for offset, entry in entries:
            match entry:
                case LoggedPost():
                    self._post(routing, seen, offset, entry)
                case LoggedDeletion():
                    self._deletion(routing, seen, entry.deletion, posts_of)
                case LoggedClock():
                    _advance(routing, entry.at)
                case LoggedMedia():
                    self._media(routing, seen, offset, entry)
                case _:
                    routing.events.append(Routed(event=GapSeen(gap=entry.gap)))
        return routing

    def _post(
        self, routing: Routing, seen: Mapping[str, Seen], offset: int, entry: LoggedPost
    ) -> None:
        post = entry.post
        held = routing.known.get(post.id)
        before = held[1] if held else seen.get(post.id)
        if before is not None and before.deleted:
            routing.compact.append(offset)
            routing.count(post.source, "deleted")
            return
        digest, metrics = digest_of(post), _metrics_of(post)
        if before is not None and _is_known(before, post, digest, metrics):
            self._resent(routing, post, offset)
            return
        _advance(routing, post.event_at)
        self._fan_out(routing, before, offset, entry, digest, metrics)

    def _media(
        self, routing: Routing, seen: Mapping[str, Seen], offset: int, entry: LoggedMedia
    ) -> None:
        """To every subject of the post; of a post that is gone nothing may be said."""
        held = routing.known.get(entry.post_id)
        before = held[1] if held else seen.get(entry.post_id)
        if before is None or before.deleted or not entry.account:
            routing.compact.append(offset)
            return
        for subject in before.subjects:
            event = MediaSeen(
                subject=subject,
                post_id=entry.post_id,
                named=before.named,
                findings=entry.findings,
            )
            routing.events.append(Routed(event=event, post_offset=offset))
        known = msgspec.structs.replace(before, media=True, offsets=(*before.offsets, offset))
        routing.known[entry.post_id] = (entry.account, known)

    def _resent(self, routing: Routing, post: Post, offset: int) -> None:
        routing.compact.append(offset)
        routing.count(post.source, "duplicate")

    def _fan_out(
        self,
        routing: Routing,
        before: Seen | None,
        offset: int,
        entry: LoggedPost,
        digest: int,
        metrics: int,
    ) -> None:
        post = entry.post
        routes = self.subjects_of(entry.mentions)
        fresh = before is None or not before.revision
        edited = before is None or before.digest != digest
        if before is not None and not edited:
            routes = {s: routes.get(s, ()) for s in before.subjects}
        too_late = post.event_at < routing.clock.watermark - TOO_LATE_MS
        past = too_late if before is None else before.past
        change: Change = "new" if fresh else "edit" if edited else "metrics"
        revision = (before.revision if before else 0) + 1
        subjects = tuple(routes)
        late = post.event_at < routing.clock.watermark
        for subject, mentions in routes.items():
            event = PostSeen(
                subject=subject,
                subjects=subjects,
                post=post,
                mentions=mentions,
                revision=revision,
                change="past" if past else change,
                late=late,
                judgement=entry.judgement,
            )
            routing.events.append(Routed(event=event, post_offset=offset))
        for subject in before.subjects if before else ():
            if subject not in routes:
                gone = PostGone(
                    subject=subject,
                    post_id=post.id,
                    deleted_at=post.event_at,
                    revision=revision,
                )
                routing.events.append(Routed(event=gone))
        first = "late" if past else "indexed"
        routing.count(post.source, first if fresh else "revised")
        known = Seen(
            digest=digest,
            metrics=metrics,
            revision=revision,
            named=before.named
            if before is not None and not edited
            else tuple(dict.fromkeys(m.subject for m in entry.mentions)),
            subjects=subjects,
            offsets=(*(before.offsets if before else ()), offset),
            past=past,
            media=before.media if before is not None else False,
            observed=post.observed_at or 0,
            older=_older(before),
        )
        routing.known[post.id] = (post.account, known)

    def subjects_of(self, mentions: Sequence[Mention]) -> dict[str, tuple[Mention, ...]]:
        """Subject logs a post goes to, with the mentions that lead there.

        A mention names the member only; the group's log gets the same mention.
        """
        routes: dict[str, tuple[Mention, ...]] = {}
        for mention in mentions:
            routes[mention.subject] = (*routes.get(mention.subject, ()), mention)
        for mention in mentions:
            for group in self._groups_of(mention.subject):
                held = routes.get(group, ())
                if mention not in held:
                    routes[group] = (*held, mention)
        return routes

    def _deletion(
        self,
        routing: Routing,
        seen: Mapping[str, Seen],
        deletion: Deletion,
        posts_of: Callable[[str], list[str]],
    ) -> None:
        whole = deletion.scope == "account"
        targets = posts_of(deletion.id) if whole else [deletion.id]
        if whole:
            targets += [p for p, (a, _) in routing.known.items() if a == deletion.id]
        for post_id in dict.fromkeys(targets):
            held = routing.known.get(post_id)
            before = held[1] if held else seen.get(post_id)
            if before is None or before.deleted:
                continue
            one = Deletion(id=post_id, source=deletion.source, deleted_at=deletion.deleted_at)
            for subject in before.subjects:
                gone = PostGone(
                    subject=subject,
                    post_id=post_id,
                    deleted_at=deletion.deleted_at,
                    revision=before.revision + 1,
                )
                routing.events.append(Routed(event=gone))
                if before.media:
                    # In a compacted log it takes the place of what was found.
                    nothing = MediaSeen(subject=subject, post_id=post_id)
                    routing.events.append(Routed(event=nothing))
            if before.media:
                routing.bare.append(post_id)
            routing.erase.append((one, before.offsets))
            routing.known[post_id] = ("", Seen(deleted=True))
            routing.count(deletion.source, "removed")


def known_ids(
    entries: Sequence[tuple[int, Logged]], posts_of: Callable[[str], list[str]]
) -> set[str]:
    """The post ids about which the router has to know before it routes these entries."""
    ids: set[str] = set()
    for _, entry in entries:
        if isinstance(entry, LoggedPost):
            ids.add(entry.post.id)
        elif isinstance(entry, LoggedMedia):
            ids.add(entry.post_id)
        elif isinstance(entry, LoggedDeletion):
            if entry.deletion.scope == "account":
                ids.update(posts_of(entry.deletion.id))
            else:
                ids.add(entry.deletion.id)
    return ids


def digest_of(post: Post) -> int:
    """64-bit digest (xxh3) of what an author can edit; metrics are not part of it."""
    parts = [post.text, post.lang or "", *post.urls, *post.hashtags]
    parts += [post.reply_to or "", post.repost_of or "", post.quote_of or ""]
    for media in post.media:
        parts += [media.url, media.sha256 or "", media.pdq or ""]
    raw = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return xxhash.xxh3_64_intdigest(raw)


def _metrics_of(post: Post) -> int:
    if not post.metrics:
        return 0
    raw = repr(sorted(post.metrics.items())).encode()
    return xxhash.xxh3_64_intdigest(raw)


def _is_known(before: Seen, post: Post, digest: int, metrics: int) -> bool:
    """Whether a sighting brings nothing that we did not have.

    The very sighting of an earlier revision may come again behind a later one: from a
    second collector, or when a batch is delivered anew.
    """
    if before.digest == digest and before.metrics == metrics:
        return True
    if before.revision >= MAX_REVISIONS:
        return True
    seen = post.observed_at
    return bool(before.older and seen and _sighting(digest, metrics, seen) in before.older)


def _older(before: Seen | None) -> tuple[int, ...]:
    if before is None or not before.observed:
        return ()
    last = _sighting(before.digest, before.metrics, before.observed)
    return (*before.older, last)[-OLDER:]


def _sighting(digest: int, metrics: int, observed: int) -> int:
    return xxhash.xxh3_64_intdigest(f"{digest} {metrics} {observed}".encode())


def _advance(routing: Routing, at: int) -> None:
    """Move event time; each new whole minute behind the lateness is one tick."""
    clock = routing.clock
    if at <= clock.newest:
        return
    minute = (at - LATENESS_MS) // MINUTE_MS * MINUTE_MS
    if minute <= clock.ticked:
        routing.clock = RouterClock(newest=at, ticked=clock.ticked)
        return
    minutes = (minute - clock.ticked) // MINUTE_MS if clock.ticked else 1
    routing.events.append(Routed(event=Tick(at=minute, minutes=minutes)))
    routing.clock = RouterClock(newest=at, ticked=minute)
