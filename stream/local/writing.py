"""Applies batches to the tables of the local index, so that repeats change nothing.

Every thing has a revision and the highest wins, whatever the order of arrival. A
post's share in the rollups is taken from its row before and after a change, so
that the counts stay exact through edits, deletions and repeats; its relations to
other posts likewise.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import msgspec

from detect.records import Judgement
from ingest.records import Post
from stream.index import IndexBatch
from stream.local.documents import SearchRow
from stream.local.relations import RelationWriter
from stream.local.results import ResultWriter
from stream.local.tables import EVERY_SUBJECT, select_in
from stream.search.minutes import MINUTE_MS, held
from stream.search.standings import (
    News,
    Standings,
    decode_standings,
    merge,
    news_of,
    present_subjects,
    reasons_of,
)
from stream.search.terms import UNKNOWN_LANG

_encode = msgspec.msgpack.Encoder().encode
_decode_post = msgspec.msgpack.Decoder(Post).decode
_decode_judgement = msgspec.msgpack.Decoder(Judgement).decode

INSERT_POST = "INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
UPDATE_POST = (
    "UPDATE posts SET revision = ?, at = ?, source = ?, lang = ?, subjects = ?, body = ?, "
    "judgement = ? WHERE n = ?"
)
UPDATE_STANDINGS = "UPDATE posts SET subjects = ? WHERE n = ?"
COUNT = (
    "INSERT INTO {table} VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n"
)


@dataclass(slots=True)
class Row:
    """A row of ``posts`` as far as counting needs it."""

    n: int
    revision: int
    at: int
    source: int
    lang: int
    standings: Standings
    present: bool


@dataclass(slots=True)
class Changes:
    """What a batch changed for search: new posts, changed ones, removed ones (by n)."""

    added: list[SearchRow] = field(default_factory=list[SearchRow])
    changed: list[int] = field(default_factory=list[int])
    removed: list[int] = field(default_factory=list[int])
    erased: bool = False


class TableWriter:
    """Writes batches inside the caller's transaction; ``load`` after a rollback."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._results = ResultWriter(db)
        self._relations = RelationWriter(db)
        self._names: dict[str, int] = {}
        self._tally: dict[tuple[int, int, int, int], int] = {}
        self._posts = 0
        self._deleted = 0
        self._next = 1
        self.load()

    def load(self) -> None:
        """Take what is held in memory from the tables anew."""
        rows = self._db.execute("SELECT name, id FROM names")
        self._names = {name: int(id_) for name, id_ in rows}
        self._next = 1 + int(self._db.execute("SELECT max(n) FROM posts").fetchone()[0] or 0)
        self._tally = {}
        self._posts = self._deleted = 0
        self._relations.forget()

    @property
    def last(self) -> int:
        """Number of the newest post row."""
        return self._next - 1

    def apply(self, batch: IndexBatch) -> Changes:
        """Write everything but the checkpoint; returns what search has to follow."""
        changes = Changes()
        self._tally = {}
        self._posts = self._deleted = 0
        self._write_posts(news_of(batch), changes)
        self._count()
        self._results.write(batch.results)
        self._db.executemany(
            "INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?)",
            [
                (g.gap.source, held(g.gap.since), held(g.gap.until), g.gap.reason)
                for g in batch.gaps
            ],
        )
        self.write_statuses(batch)
        return changes

    def write_statuses(self, batch: IndexBatch) -> None:
        """Keep the latest status of each source."""
        self._db.executemany(
            "INSERT OR REPLACE INTO statuses VALUES (?, ?)",
            [(status.source, _encode(status)) for status in batch.statuses],
        )

    def _write_posts(self, news: dict[str, News], changes: Changes) -> None:
        held = self._rows(news)
        inserts: list[tuple[object, ...]] = []
        for post_id, said in news.items():
            row = held.get(post_id)
            if row is not None:
                self._change(post_id, row, said, changes)
            else:
                inserts.append(self._fresh(post_id, said, changes))
        self._db.executemany(INSERT_POST, inserts)
        self._relations.write()
        self._db.executemany(
            "INSERT INTO touched (n) VALUES (?)",
            [(n,) for n in chain(changes.changed, changes.removed)],
        )

    def _rows(self, ids: Iterable[str]) -> dict[str, Row]:
        rows = select_in(
            self._db,
            "SELECT id, n, revision, at, source, lang, subjects, body IS NOT NULL FROM posts "
            "WHERE id IN ({marks})",
            ids,
        )
        return {
            id_: Row(
                n=n,
                revision=revision,
                at=at,
                source=source,
                lang=lang,
                standings=decode_standings(subjects),
                present=bool(present),
            )
            for id_, n, revision, at, source, lang, subjects, present in rows
        }

    def _fresh(self, post_id: str, said: News, changes: Changes) -> tuple[object, ...]:
        """The row of a post that was never heard of."""
        standings = merge({}, said)
        n = self._next
        self._next += 1
        best = said.best()
        subjects = present_subjects(standings)
        if best is None or not subjects:
            self._deleted += 1
            return (n, post_id, 0, 0, 0, 0, _encode(standings), None, None)
        at, source, lang = self._place(best.post)
        self._add(subjects, at // MINUTE_MS, source, lang, 1)
        self._posts += 1
        self._relations.add(n, at, best.post)
        changes.added.append(search_row(n, best.post, standings, best.judgement))
        bodies = (_encode(standings), _encode(best.post), packed(best.judgement))
        return (n, post_id, best.revision, at, source, lang, *bodies)

    def _change(self, post_id: str, row: Row, said: News, changes: Changes) -> None:
        """Bring the row of a known post up to what was said about it."""
        standings = merge(row.standings, said)
        best = said.best()
        newer = best is not None and (best.revision > row.revision or not row.present)
        before = present_subjects(row.standings) if row.present else ()
        after = present_subjects(standings)
        if standings == row.standings and not (newer and after):
            return
        if before:
            self._add(before, row.at // MINUTE_MS, row.source, row.lang, -1)
        if not after:
            self._bury(post_id, row, standings, changes)
            return
        self._clear_memberships(post_id, set(before) - set(after))
        if best is None or not newer:
            self._add(after, row.at // MINUTE_MS, row.source, row.lang, 1)
            self._db.execute(UPDATE_STANDINGS, (_encode(standings), row.n))
        else:
            at, source, lang = self._place(best.post)
            self._add(after, at // MINUTE_MS, source, lang, 1)
            if row.present:
                self._relations.drop(row.n, row.at)
            self._relations.add(row.n, at, best.post)
            bodies = (_encode(standings), _encode(best.post), packed(best.judgement))
            values = (best.revision, at, source, lang, *bodies)
            self._db.execute(UPDATE_POST, (*values, row.n))
            if not row.present:
                self._posts += 1
                self._deleted -= 1
        changes.changed.append(row.n)
        changes.erased = True

    def _bury(self, post_id: str, row: Row, standings: Standings, changes: Changes) -> None:
        """Keep the row without content: nothing of the post remains but that it is gone."""
        if row.present:
            self._relations.drop(row.n, row.at)
        self._results.forget_post(post_id, self._text(row.n))
        values = (row.revision, 0, 0, 0, _encode(standings), None, None)
        self._db.execute(UPDATE_POST, (*values, row.n))
        if row.present:
            self._posts -= 1
            self._deleted += 1
            changes.removed.append(row.n)
            changes.erased = True

    def _text(self, n: int) -> str:
        (body,) = self._db.execute("SELECT body FROM posts WHERE n = ?", (n,)).fetchone()
        return "" if body is None else _decode_post(body).text

    def _clear_memberships(self, post_id: str, subjects: Iterable[str]) -> None:
        self._db.executemany(
            "UPDATE memberships SET cluster_id = NULL WHERE post_id = ? AND subject = ?",
            [(post_id, subject) for subject in subjects],
        )

    def _place(self, post: Post) -> tuple[int, int, int]:
        return (
            held(post.event_at),
            self._name(post.source),
            self._name(post.lang or UNKNOWN_LANG),
        )

    def _name(self, name: str) -> int:
        known = self._names.get(name)
        if known is None:
            # 0 is EVERY_SUBJECT, which no name may take.
            known = len(self._names) + 1
            self._db.execute("INSERT INTO names VALUES (?, ?)", (known, name))
            self._names[name] = known
        return known

    def _add(
        self, subjects: Sequence[str], minute: int, source: int, lang: int, by: int
    ) -> None:
        tally = self._tally
        key = (EVERY_SUBJECT, minute, source, lang)
        tally[key] = tally.get(key, 0) + by
        for subject in subjects:
            key = (self._name(subject), minute, source, lang)
            tally[key] = tally.get(key, 0) + by

    def _count(self) -> None:
        hours: dict[tuple[int, int, int, int], int] = {}
        for (subject, minute, source, lang), by in self._tally.items():
            key = (subject, minute // 60, source, lang)
            hours[key] = hours.get(key, 0) + by
        for table, counts in (("minutes", self._tally), ("hours", hours)):
            rows = [(*key, by) for key, by in counts.items() if by]
            self._db.executemany(COUNT.format(table=table), rows)
            falling = [key for key, by in counts.items() if by < 0]
            self._db.executemany(
                f"DELETE FROM {table} WHERE subject = ? AND at = ? AND source = ? "
                "AND lang = ? AND n = 0",
                falling,
            )
        for name, by in (("posts", self._posts), ("deleted", self._deleted)):
            if by:
                self._db.execute("UPDATE meta SET value = value + ? WHERE key = ?", (by, name))


def search_row(
    n: int, post: Post, standings: Standings, judgement: Judgement | None
) -> SearchRow:
    """What search needs of a post."""
    return SearchRow(n, post, present_subjects(standings), reasons_of(standings), judgement)


def packed(judgement: Judgement | None) -> bytes | None:
    """What a column holds of a judgement."""
    return None if judgement is None else _encode(judgement)


def unpacked(held: bytes | None) -> Judgement | None:
    """The judgement that a column holds."""
    return None if held is None else _decode_judgement(held)
