"""The stage of the router: posts in, subjects out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from ingest.records import Deletion
from stream.hosting.intake import add_counts
from stream.log import Routed, Seen, partitions_for
from stream.records import (
    Logged,
    LoggedClock,
    LoggedDeletion,
    LoggedMedia,
    LoggedPost,
    Tick,
    Versions,
)
from stream.router import Router, RouterClock, Routing, known_ids
from stream.scale.journal import ChangeJournal
from stream.scale.stage import (
    Applied,
    Inbound,
    Outbox,
    check_time,
    keep_applied,
    read_applied,
    unreadable,
)
from stream.storage.sqlite_log import SqlitePostsLog
from stream.storage.store import Store
from stream.topics import (
    RouterTick,
    SubjectEntry,
    Topic,
    Topics,
    UnreadableRecordError,
    pack,
    post_key,
    read_posts,
    subject_key,
)

CLOCK = "router_clock"
VERSIONS = "versions"


class RouterKind:
    """Makes the stage of the router.

    Args:
        groups_of: groups that a member's posts also go to.
        versions: digests of watchlist, rules, calendar and banks in force.
    """

    name = "router"

    def __init__(
        self,
        topics: Topics,
        groups_of: Callable[[str], tuple[str, ...]],
        versions: Versions | None = None,
    ) -> None:
        self._topics = topics
        self._groups_of = groups_of
        self._versions = versions

    @property
    def source(self) -> Topic:
        """The posts topic."""
        return self._topics.posts

    @property
    def changelog(self) -> Topic:
        """What is known of posts, counters, the clock."""
        return self._topics.router_state

    def open(self, store: Store, partition: int, journal: ChangeJournal, /) -> RouterStage:
        """The router over what is known of the posts of a partition."""
        # One partition of the router speaks for all of them.
        versions = self._versions if partition == 0 else None
        router = Router(self._groups_of)
        return RouterStage(self._topics, store, partition, router, journal, versions)


class RouterStage:
    """The router of one partition of the posts topic."""

    def __init__(
        self,
        topics: Topics,
        store: Store,
        partition: int,
        router: Router,
        journal: ChangeJournal,
        versions: Versions | None,
    ) -> None:
        self._topics = topics
        self._store = store
        self._number = partition
        self._router = router
        self._journal = journal
        self._versions = versions
        self._posts = SqlitePostsLog(store)
        self._applied = read_applied(store)
        held = store.meta(CLOCK)
        self._clock = msgspec.msgpack.decode(held, type=RouterClock) if held else RouterClock()
        self._reader = read_posts()

    @property
    def next(self) -> int:
        """Offset of the first record that was not applied yet."""
        return self._applied.next

    def work(self, records: Sequence[Inbound], out: Outbox, /) -> None:
        """Route records in order, as part of the store's running transaction."""
        self._announce(out)
        entries: list[tuple[int, Logged]] = []
        for record in records:
            try:
                entry = self._reader.keyed(record.key, record.value)
                _check(entry)
                entries.append((record.offset + 1, entry))
            except UnreadableRecordError as error:
                posts = self._topics.posts
                out.bury(*unreadable("router", posts, self._number, record, str(error)))
        seen = self._posts.seen(known_ids(entries, self._posts.posts_of))
        routing = self._router.route(entries, seen, self._clock, self._posts.posts_of)
        for routed in routing.events:
            self._send(routed, out)
        self._erase(entries, seen, routing, out)
        self._keep(routing)
        self._applied = Applied(next=records[-1].offset + 1, watermark=routing.clock.ticked)
        keep_applied(self._store, self._applied, self._journal)

    def _announce(self, out: Outbox) -> None:
        """Tell the subjects which versions are in force when they are others than before."""
        if self._versions is None:
            return
        body = msgspec.msgpack.encode(self._versions)
        if self._store.meta(VERSIONS) != body:
            self._store.set_meta(VERSIONS, body)
            self._journal.meta(VERSIONS, body)
            self._send(Routed(event=self._versions), out)
        self._versions = None

    def _send(self, routed: Routed, out: Outbox) -> None:
        entry: SubjectEntry = routed.event
        subjects = self._topics.subjects
        places = partitions_for(routed.event, subjects.partitions)
        if isinstance(entry, Tick):
            entry = RouterTick(
                router=self._number, of=self._topics.posts.partitions, at=entry.at
            )
        key, value = subject_key(entry), pack(entry)
        for place in places:
            out.send(subjects, place, key, value)

    def _erase(
        self,
        entries: Sequence[tuple[int, Logged]],
        seen: Mapping[str, Seen],
        routing: Routing,
        out: Outbox,
    ) -> None:
        """Replace the posts of a deleted account; a single post was replaced already.

        Replace also what came again after its deletion, as from a source that repeats or
        from a second collector: else the topic would keep its words.
        """
        last = {e.deletion.id: o for o, e in entries if isinstance(e, LoggedDeletion)}
        erase = [deletion for deletion, _ in routing.erase if deletion.id not in last]
        repeated = set(routing.compact)
        for offset, entry in entries:
            if offset not in repeated or not isinstance(entry, LoggedPost):
                continue
            post = entry.post
            _, known = routing.known.get(post.id, ("", seen.get(post.id)))
            if known is not None and known.deleted and offset > last.get(post.id, 0):
                last[post.id] = offset
                one = Deletion(id=post.id, source=post.source, deleted_at=post.event_at)
                erase.append(one)
        gone: list[Logged] = [LoggedDeletion(deletion=deletion) for deletion in erase]
        gone += [LoggedMedia(post_id=post_id) for post_id in routing.bare]
        for entry in gone:
            out.send(self._topics.posts, self._number, post_key(entry), pack(entry))

    def _keep(self, routing: Routing) -> None:
        # Places in the log are for erasing; here the topic's key does that.
        known = {
            post_id: (account, msgspec.structs.replace(seen, offsets=()))
            for post_id, (account, seen) in routing.known.items()
        }
        self._posts.remember(known)
        self._journal.known(known)
        for (source, name), n in routing.counts.items():
            add_counts(self._store, source, {name: n})
            row = self._store.db.execute(
                "SELECT n FROM counters WHERE source = ? AND name = ?", (source, name)
            ).fetchone()
            self._journal.counter(source, name, int(row[0]))
        if routing.clock != self._clock:
            self._clock = routing.clock
            body = msgspec.msgpack.encode(routing.clock)
            self._store.set_meta(CLOCK, body)
            self._journal.meta(CLOCK, body)


def _check(entry: Logged) -> None:
    if isinstance(entry, LoggedPost):
        check_time(entry.post.event_at)
    elif isinstance(entry, LoggedClock):
        check_time(entry.at)
