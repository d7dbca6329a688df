"""What ambiguous names mean, told by posts that say or show the same.

"Dew" alone is a word. It is a person in a post that says what another post about her says, or
leads to the same page, or carries the same picture. So it is kept for a day and a half what
posts look like that are about somebody with such a name, and posts wait for a day that hold
such a name and nothing that speaks for anybody. They are logged when a post comes that settles
it, and leave without a trace when none does.

Texts are compared by the bytes of their MinHash sketches (``detect/neardup.py``). How far posts
may lie apart is a matter of their own times, so that an archive gives what the live stream
gave; how long anything is kept here, of the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import xxhash

from detect.links import canonical_url
from detect.neardup import BODY_SHORTEST, ROWS, VALUES, estimates, prepare, sketches
from detect.records import Mention
from ingest.records import Deletion, Post
from stream.storage.store import Store

Doubt = Callable[[Post], tuple[Mention, ...]]
"""Spellings in a post that might name somebody, whatever speaks for it."""

HOUR_MS = 60 * 60 * 1000
KEEP_MS = 36 * HOUR_MS
HOLD_MS = 24 * HOUR_MS
LONGEST_MS = {False: KEEP_MS, True: HOLD_MS}
"""By the clock, for what is known and what waits."""
REFRESH_MS = 6 * HOUR_MS
"""What is known to be about somebody is noted again after this, so that it is known longer."""
NAMED_MOST = 10_000
HELD_MOST = 5_000
ALIKE = 0.6
"""Share of equal bytes of two sketches from which texts say the same."""
BANDS = 8
"""Of four bytes each: of texts that are .7 alike 89 % meet in one of them, of .8 98 %."""
PATH_SHORTEST = 6
"""Shorter paths lead to front pages, which everybody links to."""
LINKS = 4
BUCKET = 256
"""Posts that one band leads to; of a flood of texts nearly alike the newest are enough."""
_ENCODE, _DECODE = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Post).decode
_NO_SKETCH = b""


class Told(NamedTuple):
    """A post that waited and turned out to be about somebody, and who accounts for it."""

    post: Post
    source: str
    mentions: tuple[Mention, ...]


class _Row(NamedTuple):
    seq: int
    post_id: str
    at: int
    taken_at: int
    subjects: frozenset[str]
    keys: tuple[int, ...]
    sketch: bytes
    held: bool


class Echoes:
    """Rows of the host's own store; every change is part of the caller's transaction.

    Args:
        doubt: spellings that might name somebody; None switches all of this off.
        now: wall clock in ms.
        named: posts about somebody whose looks are kept.
        held: posts that may wait; the oldest leaves for a new one.
    """

    def __init__(
        self,
        store: Store,
        *,
        doubt: Doubt | None,
        now: Callable[[], int],
        named: int = NAMED_MOST,
        held: int = HELD_MOST,
    ) -> None:
        self._store = store
        self._db = store.db
        self._doubt = doubt
        self._now = now
        self._most = {False: named, True: held}
        self._loaded: _Known | None = None

    def rolled_back(self) -> None:
        """Forget what a failed transaction had noted."""
        self._loaded = None

    def take(
        self, post: Post, mentions: tuple[Mention, ...], source: str
    ) -> tuple[tuple[Mention, ...], list[Told]]:
        """Mentions that a post has by what it has in common, and posts that it speaks for.

        An edited post takes the place of what it was before. ``source``: the one that is to
        account for the post.
        """
        if self._doubt is None:
            return (), []
        known = self._known
        self._forget(known.ids.get(post.id))
        doubts = self._doubt(post)
        if not doubts:
            return (), []
        keys, sketch = _looks(post)
        if not keys:
            return (), []
        certain = {mention.subject for mention in mentions}
        extra = self._spoken(post, doubts, certain, keys, sketch)
        certain.update(mention.subject for mention in extra)
        subjects = frozenset(one.subject for one in doubts)
        if subjects & certain:
            return extra, list(self._spread(post, subjects & certain, keys, sketch))
        if not mentions:
            self._note(post, subjects, keys, sketch, source)
        return extra, []

    def deleted(self, deletion: Deletion) -> None:
        """A platform or a person deleted a post, or an account with its posts."""
        column = "account" if deletion.scope == "account" else "post_id"
        gone = self._db.execute(f"SELECT seq FROM echoes WHERE {column} = ?", (deletion.id,))
        rows = [int(seq) for (seq,) in gone.fetchall()]
        for seq in rows:
            self._forget(seq)
        if rows:
            self._store.wipe_later()

    def expire(self) -> None:
        """Forget what was kept for long enough, and everything where this is switched off."""
        if self._doubt is None:
            self._db.execute("DELETE FROM echoes")
            return
        now, known = self._now(), self._known
        for held, order in known.order.items():
            while order and known.rows[next(iter(order))].taken_at < now - LONGEST_MS[held]:
                self._forget(next(iter(order)))

    @property
    def _known(self) -> _Known:
        if self._loaded is None:
            self._loaded = _Known()
            rows = self._db.execute(
                "SELECT seq, post_id, at, taken_at, subjects, keys, sketch, body IS NOT NULL "
                "FROM echoes ORDER BY seq"
            )
            for seq, post_id, at, taken_at, subjects, keys, sketch, held in rows:
                self._loaded.add(
                    _Row(
                        seq,
                        post_id,
                        at,
                        taken_at,
                        frozenset(subjects.split()),
                        tuple(np.frombuffer(keys, dtype="<i8").tolist()),
                        sketch,
                        bool(held),
                    )
                )
        return self._loaded

    def _spoken(
        self,
        post: Post,
        doubts: Sequence[Mention],
        certain: set[str],
        keys: tuple[int, ...],
        sketch: bytes,
    ) -> tuple[Mention, ...]:
        """Whom the doubtful spellings mean, by posts about them that look the same."""
        open_for = frozenset(one.subject for one in doubts) - certain
        if not open_for:
            return ()
        via: dict[str, str] = {}
        for row in self._known.like(keys, sketch, held=False):
            if abs(row.at - post.event_at) <= KEEP_MS:
                for subject in row.subjects & open_for:
                    via.setdefault(subject, row.post_id)
        return tuple(
            msgspec.structs.replace(one, via=via[one.subject])
            for one in doubts
            if one.subject in via
        )

    def _spread(
        self, post: Post, subjects: frozenset[str], keys: tuple[int, ...], sketch: bytes
    ) -> Iterator[Told]:
        """Note a post that is about somebody, and those that it speaks for, and so on."""
        doubt = self._doubt
        waiting = [(post, subjects, keys, sketch)]
        while waiting:
            post, subjects, keys, sketch = waiting.pop()
            keys = self._known.fresh(keys, subjects, post.event_at)
            if not keys:
                continue
            self._note(post, subjects, keys, sketch, None)
            for row in self._known.like(keys, sketch, held=True):
                meant = row.subjects & subjects
                if not meant or abs(row.at - post.event_at) > HOLD_MS:
                    continue
                held, source = self._body(row.seq)
                self._forget(row.seq)
                mentions = tuple(
                    msgspec.structs.replace(one, via=post.id)
                    for one in (doubt(held) if doubt else ())
                    if one.subject in meant
                )
                if mentions:
                    yield Told(held, source, mentions)
                    waiting.append((held, meant, row.keys, row.sketch))

    def _body(self, seq: int) -> tuple[Post, str]:
        body, source = self._db.execute(
            "SELECT body, source FROM echoes WHERE seq = ?", (seq,)
        ).fetchone()
        return _DECODE(body), str(source)

    def _note(
        self,
        post: Post,
        subjects: frozenset[str],
        keys: tuple[int, ...],
        sketch: bytes,
        source: str | None,
    ) -> None:
        """Keep what a post looks like; with a source, the post itself too."""
        held, taken_at = source is not None, self._now()
        order = self._known.order[held]
        if len(order) >= self._most[held]:
            self._forget(next(iter(order)))
        cursor = self._db.execute(
            "INSERT INTO echoes (post_id, account, source, at, taken_at, subjects, keys, "
            "sketch, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                post.id,
                post.account,
                source or "",
                post.event_at,
                taken_at,
                " ".join(sorted(subjects)),
                np.array(keys, dtype="<i8").tobytes(),
                sketch,
                _ENCODE(post) if held else None,
            ),
        )
        seq = cursor.lastrowid or 0
        row = _Row(seq, post.id, post.event_at, taken_at, subjects, keys, sketch, held)
        self._known.add(row)

    def _forget(self, seq: int | None) -> None:
        if seq is not None:
            self._db.execute("DELETE FROM echoes WHERE seq = ?", (seq,))
            self._known.drop(seq)


class _Known:
    """What stands in the table, found by what posts have in common."""

    def __init__(self) -> None:
        self.rows: dict[int, _Row] = {}
        self.ids: dict[str, int] = {}
        self.order: dict[bool, dict[int, None]] = {False: {}, True: {}}
        self._by_key: dict[bool, dict[int, list[int]]] = {False: {}, True: {}}

    def add(self, row: _Row) -> None:
        """A row of the table."""
        self.rows[row.seq] = row
        self.ids[row.post_id] = row.seq
        self.order[row.held][row.seq] = None
        by_key = self._by_key[row.held]
        for key in row.keys:
            those = by_key.setdefault(key, [])
            if key < 0 and len(those) >= BUCKET:
                del those[0]
            those.append(row.seq)

    def drop(self, seq: int) -> None:
        """A row that left the table."""
        row = self.rows.pop(seq, None)
        if row is None:
            return
        del self.ids[row.post_id]
        del self.order[row.held][seq]
        by_key = self._by_key[row.held]
        for key in row.keys:
            those = by_key.get(key, [])
            if seq in those:
                those.remove(seq)
            if not those:
                by_key.pop(key, None)

    def like(self, keys: tuple[int, ...], sketch: bytes, *, held: bool) -> list[_Row]:
        """Rows with the same text, link or picture, or nearly the same text, oldest first."""
        by_key = self._by_key[held]
        found = {seq for key in keys if key >= 0 for seq in by_key.get(key, ())}
        near = {seq for key in keys if key < 0 for seq in by_key.get(key, ())} - found
        if near:
            listed = sorted(near)
            joined = b"".join(self.rows[seq].sketch for seq in listed)
            many = np.frombuffer(joined, dtype=np.uint8).reshape(-1, VALUES)
            alike = estimates(many, np.frombuffer(sketch, dtype=np.uint8)) >= ALIKE
            found.update(seq for seq, same in zip(listed, alike, strict=True) if same)
        return [self.rows[seq] for seq in sorted(found)]

    def fresh(
        self, keys: tuple[int, ...], subjects: frozenset[str], at: int
    ) -> tuple[int, ...]:
        """What of a post about these subjects is not known already, or not lately.

        The bands of a text go with the text, so that what a flood repeats is kept once.
        """
        new = tuple(key for key in keys if key >= 0 and not self._stands(key, subjects, at))
        bands = tuple(key for key in keys if key < 0)
        return new + bands if bands and keys[0] in new else new

    def _stands(self, key: int, subjects: frozenset[str], at: int) -> bool:
        rows = (self.rows[seq] for seq in self._by_key[False].get(key, ()))
        return any(subjects <= row.subjects and abs(at - row.at) <= REFRESH_MS for row in rows)


def _looks(post: Post) -> tuple[tuple[int, ...], bytes]:
    """Numbers that posts have in common, the text first, and the sketch of the text.

    From 0 up they say that something is the same, below 0 that it may be alike.
    """
    keys: list[int] = []
    sketch = _NO_SKETCH
    text = prepare(post.text)
    if text is not None and len(text.body) >= BODY_SHORTEST:
        keys.append(_number("text", text.body))
        row = sketches([text])[0]
        sketch = row.tobytes()
        bands = range(0, BANDS * ROWS, ROWS)
        keys += [~_number(str(at), sketch[at : at + ROWS].hex()) for at in bands]
    keys += [_number("link", page) for page in _pages(post)]
    for one in post.media:
        keys += [_number("picture", value) for value in (one.sha256, one.pdq) if value]
    return tuple(keys), sketch


def _pages(post: Post) -> list[str]:
    """Links to pages, not to sites."""
    found: dict[str, None] = {}
    for url in post.urls[:LINKS]:
        page = canonical_url(url)
        if page and len(page) - len(page.partition("/")[0]) > PATH_SHORTEST:
            found[page] = None
    return list(found)


def _number(what: str, value: str) -> int:
    """63 bits of what and value."""
    raw = f"{what}\0{value}".encode("utf-8", "surrogatepass")
    return xxhash.xxh3_64_intdigest(raw) >> 1
