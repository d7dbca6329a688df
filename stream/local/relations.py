"""Replies, reposts and quotes in the tables: from a post id to the posts that refer to it.

The table holds what standing posts say, and nothing of deleted ones. A target need
not be held: a reference completes itself when its target arrives, as both are put
together on reading. Besides its direct references a post stands under the ``root``
of its thread, so that a branch stays in its tree when a post between was deleted or
never came.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from stream.index import RELATION_KINDS, Forest, Held, RelationKind, Relative, Tree
from stream.local.tables import CHUNK, select_in, storable
from stream.spread.forest import planted
from stream.threads.relatives import (
    Brief,
    Linked,
    Member,
    climb,
    descend,
    member_of,
    references,
    thread_root,
)

CODES: dict[RelationKind, int] = {kind: code for code, kind in enumerate(RELATION_KINDS, 1)}
ROOT_CODE = len(CODES) + 1
"""Marks that the target is the root of the thread, and neither answered nor quoted."""

INSERT = "INSERT INTO relations VALUES (?, ?, ?, ?)"
DELETE = "DELETE FROM relations WHERE target = ? AND at = ? AND n = ? AND kind = ?"

ROWS_A_POST = ROOT_CODE
"""A post has at most one row of each kind."""

RelationRow = tuple[str, int, int, int]


decode_brief = msgspec.msgpack.Decoder(Brief).decode


class RelationWriter:
    """Gathers changes of one batch and writes them, inside the caller's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._added: set[RelationRow] = set()
        self._dropped: set[RelationRow] = set()

    def add(self, n: int, at: int, post: Linked) -> None:
        """The post in row ``n``, placed at ``at``, says what it says from now on."""
        if post.reply_to or post.repost_of or post.quote_of or post.root:
            self._added.update(_rows(n, at, post))

    def drop(self, n: int, at: int) -> None:
        """What the row says now holds no longer; call it while its body is still there."""
        body = self._db.execute("SELECT body FROM posts WHERE n = ?", (n,)).fetchone()[0]
        self._dropped.update(_rows(n, at, decode_brief(body)))

    def write(self) -> None:
        """Bring the table up to what was gathered; what stays is not touched."""
        if self._dropped:
            self._db.executemany(DELETE, self._dropped - self._added)
            self._added -= self._dropped
        self._db.executemany(INSERT, self._added)
        self.forget()

    def forget(self) -> None:
        """Let go of what was gathered, as after a rollback."""
        self._added = set()
        self._dropped = set()


def _rows(n: int, at: int, post: Linked) -> list[RelationRow]:
    rows = [(target, at, n, CODES[kind]) for kind, target in references(post)]
    root = thread_root(post)
    return rows if root is None else [*rows, (root, at, n, ROOT_CODE)]


class RelationReader:
    """Queries over one connection; every one is bounded by the limit it is given."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def replies(
        self, post_id: str, kinds: Sequence[RelationKind], offset: int, limit: int
    ) -> list[int]:
        """Rows of the posts that directly refer to a post, oldest first."""
        if not storable(post_id):
            return []
        codes = ",".join(str(CODES[kind]) for kind in kinds)
        rows = self._db.execute(
            f"SELECT DISTINCT at, n FROM relations WHERE target = ? AND kind IN ({codes}) "
            "ORDER BY at, n LIMIT ? OFFSET ?",
            (post_id, max(limit, 0), max(offset, 0)),
        )
        return [int(row[1]) for row in rows]

    def counts(self, post_id: str) -> dict[RelationKind, int]:
        """Direct references to a post by kind; every kind is there."""
        rows: dict[int, int] = {}
        if storable(post_id):
            counted = "SELECT kind, count(*) FROM relations WHERE target = ? GROUP BY kind"
            rows = dict(self._db.execute(counted, (post_id,)))
        return {kind: rows.get(code, 0) for kind, code in CODES.items()}

    def ancestors(self, post_id: str, limit: int) -> list[Relative]:
        """What a post refers to, upwards, nearest first."""
        return climb(self, post_id, limit)

    def tree(self, post_id: str, limit: int) -> Tree:
        """Everything below a post, level by level."""
        return descend(self, post_id, limit)

    def forest(self, post_ids: Sequence[str], limit: int) -> Forest:
        """The cascades of posts, with what is below them."""
        return planted(self, post_ids, limit)

    def members(self, post_ids: Sequence[str]) -> list[tuple[Member, str | None]]:
        """Those that are held, each with the root that its thread names."""
        return list(self._members(self._numbers(post_ids)))

    def held(self, post_ids: Iterable[str]) -> dict[str, Held]:
        """Whether each post is here, is a tombstone, or never came."""
        found: dict[str, Held] = dict.fromkeys(post_ids, "unknown")
        rows = select_in(
            self._db,
            "SELECT id, body IS NOT NULL FROM posts WHERE id IN ({marks})",
            filter(storable, list(found)),
        )
        found.update((id_, "held" if present else "deleted") for id_, present in rows)
        return found

    def below(
        self, targets: Sequence[str], known: AbstractSet[str], most: int
    ) -> tuple[list[tuple[Member, str | None]], bool]:
        """Posts that refer to any of the targets and are new, the oldest first."""
        wanted = [target for target in targets if storable(target)]
        marks = ",".join("?" * len(wanted))
        rows = self._db.execute(
            f"SELECT r.n, p.id FROM relations r JOIN posts p ON p.n = r.n "
            f"WHERE r.target IN ({marks}) ORDER BY r.at, r.n LIMIT ?",
            (*wanted, ROWS_A_POST * (most + 1)),
        )
        fresh: dict[int, None] = {}
        for n, post_id in rows:
            if post_id in known:
                continue
            if n not in fresh and len(known) + len(fresh) >= most:
                return list(self._members(list(fresh))), True
            fresh[n] = None
        return list(self._members(list(fresh))), False

    def _members(self, numbers: Sequence[int]) -> Iterator[tuple[Member, str | None]]:
        """Posts by row as members, each with the root its thread names."""
        for i in range(0, len(numbers), CHUNK):
            marks = ",".join(map(str, numbers[i : i + CHUNK]))
            for at, body in self._db.execute(
                f"SELECT at, body FROM posts WHERE n IN ({marks}) AND body IS NOT NULL"
            ):
                yield member_of(decode_brief(body), at)

    def _numbers(self, post_ids: Sequence[str]) -> list[int]:
        rows = select_in(
            self._db, "SELECT n FROM posts WHERE id IN ({marks})", filter(storable, post_ids)
        )
        return [int(row[0]) for row in rows]
