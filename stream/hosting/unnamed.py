"""Where posts that name nobody wait for a look at their pictures.

Nothing else of the installation holds a post that is about nobody, so it waits no longer
than a day, at most so many do, and it leaves without a trace when its pictures show nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import xxhash

from ingest.records import Deletion, Post
from stream.media.unnamed import Settled, Unnamed
from stream.storage.store import Store

LONGEST_MS = 24 * 60 * 60 * 1000
AT_ONCE = 16
"""Posts that are handed over together."""


_ENCODE, _DECODE = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Post).decode
REMEMBERED = 20_000
"""Posts that were looked at, as numbers, so that one told of again is not looked at again."""


class Recognising(Protocol):
    """What is needed of ``stream.media.unnamed.Recogniser``."""

    @property
    def busy(self) -> bool: ...

    def wants(self, post: Post, /) -> bool: ...

    def consider(self, posts: Sequence[Unnamed], /) -> None: ...

    def settled(self) -> list[Settled]: ...


class WaitingRoom:
    """Rows of the host's own store; every change is part of the caller's transaction.

    Args:
        most: posts that may wait; of more nobody looks at the pictures.
        now: wall clock in ms.
    """

    def __init__(self, store: Store, *, most: int, now: Callable[[], int]) -> None:
        self._store = store
        self._db = store.db
        self._most = most
        self._now = now
        self._looked: dict[int, None] = {}
        self._held: set[str] | None = None
        self.recogniser: Recognising | None = None

    def rolled_back(self) -> None:
        """Forget what a failed transaction had noted."""
        self._held = None

    @property
    def waiting(self) -> set[str]:
        """Ids of the posts that wait."""
        if self._held is None:
            self._held = {
                str(row[0]) for row in self._db.execute("SELECT post_id FROM unnamed")
            }
        return self._held

    def offer(self, post: Post, source: str) -> str | None:
        """Let a post wait; ``unnamed`` if it does, ``unnamed_left_out`` if too many do.

        None where its pictures could tell nothing. An edited post takes the place of what
        it was before. ``source``: the one that is to account for it.
        """
        if self.recogniser is None or not self.recogniser.wants(post):
            return None
        self.forget(post.id)
        if _face_value(post) in self._looked:
            # Sources tell of a post more than once.
            return None
        if len(self.waiting) >= self._most:
            return "unnamed_left_out"
        self._db.execute(
            "INSERT INTO unnamed (post_id, account, source, taken_at, due_at, tries, body) "
            "VALUES (?, ?, ?, ?, ?, 0, ?)",
            (post.id, post.account, source, self._now(), self._now(), _ENCODE(post)),
        )
        self.waiting.add(post.id)
        return "unnamed"

    def forget(self, post_id: str) -> None:
        """A post was edited, or is about somebody after all."""
        if post_id in self.waiting:
            self._db.execute("DELETE FROM unnamed WHERE post_id = ?", (post_id,))
            self.waiting.discard(post_id)

    def deleted(self, deletion: Deletion) -> None:
        """A platform or a person deleted a post, or an account with its posts."""
        if not self.waiting:
            return
        column = "account" if deletion.scope == "account" else "post_id"
        self._remove(f"{column} = ?", deletion.id)

    def settle(self, settled: Settled) -> tuple[Post, str] | None:
        """The post and its source, if it still waits as it was.

        It waits no longer, unless for another try.
        """
        row = self._db.execute(
            "SELECT body, source FROM unnamed WHERE seq = ? AND post_id = ?",
            (settled.seq, settled.post_id),
        ).fetchone()
        if row is None:
            return None
        if settled.again_ms is not None:
            self._db.execute(
                "UPDATE unnamed SET tries = tries + 1, due_at = ? WHERE seq = ?",
                (self._now() + settled.again_ms, settled.seq),
            )
            return None
        self.forget(settled.post_id)
        post = _DECODE(row[0])
        self._looked[_face_value(post)] = None
        if len(self._looked) > REMEMBERED:
            del self._looked[next(iter(self._looked))]
        return post, str(row[1])

    def exchange(
        self,
        change: Callable[[Callable[[], object]], object],
        take: Callable[[Sequence[Settled]], object],
    ) -> bool:
        """Take in what came of posts, then hand over the next; False when nothing came.

        Args:
            change: runs work and what follows from it in one transaction.
            take: takes in what came of posts.

        Raises:
            StorageFullError: nothing was changed; the same posts are looked at again.
        """
        if self.recogniser is None:
            return False
        settled = self.recogniser.settled()
        if settled:
            change(lambda: take(settled))
        if self.waiting and not self.recogniser.busy:
            self._expire()
            self.recogniser.consider(self._due())
        return bool(settled)

    def _due(self) -> list[Unnamed]:
        rows = self._db.execute(
            "SELECT seq, body, tries FROM unnamed WHERE due_at <= ? ORDER BY seq LIMIT ?",
            (self._now(), AT_ONCE),
        )
        return [Unnamed(seq=seq, post=_DECODE(body), tries=tries) for seq, body, tries in rows]

    def _expire(self) -> None:
        before = self._now() - LONGEST_MS
        old = "SELECT 1 FROM unnamed WHERE taken_at < ? LIMIT 1"
        if self._db.execute(old, (before,)).fetchone():
            with self._store.transaction():
                self._remove("taken_at < ?", before)

    def _remove(self, where: str, value: str | int) -> None:
        gone = self._db.execute(
            f"DELETE FROM unnamed WHERE {where} RETURNING post_id", (value,)
        )
        self.waiting.difference_update([str(row[0]) for row in gone.fetchall()])


def _face_value(post: Post) -> int:
    """A number for what a post says and shows, whatever its counters have come to."""
    shown = [post.id, post.text, *(one.url or "" for one in post.media)]
    return xxhash.xxh3_64_intdigest("\0".join(shown).encode("utf-8", "surrogatepass"))
