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
from itertools import zip_longest

import msgspec

from stream.index import RELATION_KINDS, Held, RelationKind, Relative, Tree
from stream.local.tables import CHUNK, select_in, storable
from stream.relatives import Linked, Member, grow, references, relative, thread_root

CODES: dict[RelationKind, int] = {kind: code for code, kind in enumerate(RELATION_KINDS, 1)}
ROOT_CODE = len(CODES) + 1
"""Marks that the target is the root of the thread, and neither answered nor quoted."""

INSERT = "INSERT INTO relations VALUES (?, ?, ?, ?)"
DELETE = "DELETE FROM relations WHERE target = ? AND at = ? AND n = ? AND kind = ?"

ROWS_A_POST = ROOT_CODE
"""A post has at most one row of each kind."""

RelationRow = tuple[str, int, int, int]


class Brief(msgspec.Struct, frozen=True):
    """The fields of a stored post that place it in a tree; the others are not decoded."""

    id: str
    platform: str
    author_id: str
    reply_to: str | None = None
    repost_of: str | None = None
    quote_of: str | None = None
    root: str | None = None


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
        """What a post refers to, upwards, nearest first; a circle is walked once."""
        met = {post_id}
        found: list[Member | str] = []
        links = self._one(post_id)
        root: str | None = None
        while links is not None and len(found) < limit:
            member, root = links[0], links[1] or root
            above = next((target for _, target in member.references), None)
            if above is None or above in met:
                break
            met.add(above)
            links = self._one(above)
            found.append(above if links is None else links[0])
        if root is not None and root not in met and len(found) < limit:
            links = self._one(root)
            found.append(root if links is None else links[0])
        absent = self.held(one for one in found if isinstance(one, str))
        return [
            Relative(id=one, parent=None, kind=None, held=absent[one])
            if isinstance(one, str)
            else _under(one, above)
            for one, above in zip_longest(found, found[1:])
        ]

    def tree(self, post_id: str, limit: int) -> Tree:
        """Everything below a post, level by level."""
        links = self._one(post_id)
        members: dict[str, Member] = {}
        known = set(self._numbers([post_id]))
        most = max(limit, 1) - 1 + len(known)
        level, truncated = [post_id] if storable(post_id) else [], False
        while level and not truncated:
            fresh: list[int] = []
            for i in range(0, len(level), CHUNK):
                found, truncated = self._below(level[i : i + CHUNK], known, most)
                fresh += found
                known.update(found)
                if truncated:
                    break
            below = [member for member, _ in self._members(fresh)]
            members.update((member.id, member) for member in below)
            level = [member.id for member in below]
        if links is None:
            held = self.held([post_id])[post_id]
            top = Relative(id=post_id, parent=None, kind=None, held=held)
        else:
            top = relative(links[0], None, None)
        return grow(top, members, self.held, truncated=truncated)

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

    def _below(
        self, targets: Sequence[str], known: set[int], most: int
    ) -> tuple[list[int], bool]:
        """Rows that refer to any of the targets and are new, the oldest first.

        Ends where there would be more than ``most`` with the known ones, and says so.
        """
        marks = ",".join("?" * len(targets))
        rows = self._db.execute(
            f"SELECT n FROM relations WHERE target IN ({marks}) ORDER BY at, n LIMIT ?",
            (*targets, ROWS_A_POST * (most + 1)),
        )
        fresh: dict[int, None] = {}
        for (n,) in rows:
            if n in known:
                continue
            if n not in fresh and len(known) + len(fresh) >= most:
                return list(fresh), True
            fresh[n] = None
        return list(fresh), False

    def _members(self, numbers: Sequence[int]) -> Iterator[tuple[Member, str | None]]:
        """Posts by row as members, each with the root its thread names."""
        for i in range(0, len(numbers), CHUNK):
            marks = ",".join(map(str, numbers[i : i + CHUNK]))
            for at, body in self._db.execute(
                f"SELECT at, body FROM posts WHERE n IN ({marks}) AND body IS NOT NULL"
            ):
                yield _member(at, decode_brief(body))

    def _one(self, post_id: str) -> tuple[Member, str | None] | None:
        return next(self._members(self._numbers([post_id])), None)

    def _numbers(self, post_ids: Sequence[str]) -> list[int]:
        rows = select_in(
            self._db, "SELECT n FROM posts WHERE id IN ({marks})", filter(storable, post_ids)
        )
        return [int(row[0]) for row in rows]


def _member(at: int, brief: Brief) -> tuple[Member, str | None]:
    member = Member(
        id=brief.id,
        at=at,
        platform=brief.platform,
        account=f"{brief.platform}:{brief.author_id}",
        references=references(brief),
    )
    return member, brief.root


def _under(one: Member, above: Member | str | None) -> Relative:
    """A member on the way up; the root of a thread may lie beyond what it refers to."""
    target = None if above is None else above if isinstance(above, str) else above.id
    for kind, reference in one.references[:1]:
        if reference == target:
            return relative(one, target, kind)
    return relative(one, None, None)
