"""The local index: SQLite tables and a tantivy folder, one writer and any readers.

A folder holds numbered generations (``generation-1/index.db`` and
``generation-1/search/``) and a file ``current`` that names the one in use: a
rebuild fills the next generation and moves the name in one step.
"""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from detect.records import PictureFinding
from ingest.records import Gap, SourceStatus
from stream.index import (
    RELATION_KINDS,
    AlertPage,
    AlertQuery,
    Bucket,
    Facet,
    FindingQuery,
    Forest,
    GapPage,
    IndexBatch,
    IndexedPost,
    RelationKind,
    Relative,
    Tree,
)
from stream.local.asking import LOOK_EVERY_S, PostSearch
from stream.local.feeding import Feeder
from stream.local.folder import (
    IndexInUseError,
    current,
    generation,
    identity,
    name_current,
    remove_others,
    take_lock,
)
from stream.local.reading import TableReader
from stream.local.search import FOLDER
from stream.local.tables import IndexDamagedError, connect_reader, empty
from stream.records import Alert, Burst, Campaign, CampaignKind, Cluster, Membership, Severity
from stream.search.minutes import MINUTE_MS, check_buckets

__all__ = ["IndexDamagedError", "IndexInUseError", "LocalIndex"]


class LocalIndex(PostSearch):
    """``stream.index.Index`` in a folder; safe to call from several threads.

    Args:
        folder: made if absent, unless ``read_only``.
        read_only: read beside a writer in another process, seeing what it wrote
            at most a second ago; a folder without an index reads as empty until
            there is one.

    Raises:
        IndexInUseError: another process writes it.
        IndexDamagedError: it must be rebuilt from the log.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        super().__init__()
        self._feeder: Feeder | None = None
        self._db: sqlite3.Connection | None = None
        self._closed = False
        self._looked_at = -math.inf
        self._number = 0
        self._seen: tuple[int, int] | None = None
        self._lock: int | None = None
        if read_only:
            self._tables = TableReader(self._connect())
            return
        self._lock = take_lock(folder)
        try:
            self._number = current(folder) or 1
            self._feeder = Feeder(generation(folder, self._number), clock=time.monotonic)
            name_current(folder, self._number)
            remove_others(folder, self._number)
        except BaseException:
            self._release()
            raise
        self._tables = TableReader(self._feeder.db)

    @staticmethod
    def rebuild(folder: Path, batches: Iterable[IndexBatch]) -> None:
        """Fill a new generation from ``batches`` and put it in the old one's place.

        Readers keep the old one until the new one is whole.

        Raises:
            IndexInUseError: a process writes the index.
        """
        lock = take_lock(folder)
        try:
            number = (current(folder) or 0) + 1
            target = generation(folder, number)
            shutil.rmtree(target, ignore_errors=True)
            try:
                _fill(target, batches)
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
            name_current(folder, number)
            remove_others(folder, number)
        finally:
            os.close(lock)

    # --- writing ---------------------------------------------------------------

    def checkpoint(self) -> str | None:
        """Checkpoint of the last batch written, None when empty."""
        with self._turn:
            found = self._look().meta("checkpoint")
            return None if found is None else str(found)

    def write(self, batch: IndexBatch, /) -> None:
        """Write a batch with its checkpoint, all or nothing; repeats change nothing.

        Raises:
            OSError: no space left for search; the batch itself stands.
            sqlite3.OperationalError: no space left, nothing was written.
        """
        with self._turn:
            self._writer().write(batch)

    def refresh(self) -> None:
        """Make everything written visible to search."""
        with self._turn:
            if self._feeder is not None:
                self._feeder.flush()
            self._looked_at = -math.inf
            self._search.look_again()

    def close(self) -> None:
        """Let go of the folder; calling again does nothing."""
        with self._turn:
            self._closed = True
            self._search.forget()
            if self._feeder is not None:
                self._feeder.close()
                self._feeder = None
            if self._db is not None:
                self._db.close()
                self._db = None
            self._release()

    # --- posts -----------------------------------------------------------------

    def post(self, post_id: str, /) -> IndexedPost | None:
        """A post by id, None when unknown or deleted."""
        with self._turn:
            return next(iter(self._look().posts([post_id])), None)

    def posts(self, post_ids: Sequence[str], /) -> list[IndexedPost]:
        """In the order asked for; unknown and deleted ids are left out."""
        with self._turn:
            return self._look().posts(post_ids)

    def histogram(
        self, *, subject: str | None, since: int, until: int, bucket_ms: int
    ) -> list[Bucket]:
        """Every bucket from ``since`` to ``until``, empty ones too.

        Times and widths are rounded outwards to whole minutes. Fastest when all
        are whole hours.

        Raises:
            ValueError: more than 20,000 buckets.
        """
        check_buckets((until - since) / max(bucket_ms, MINUTE_MS))
        with self._turn:
            return self._look().histogram(
                subject=subject, since=since, until=until, bucket_ms=bucket_ms
            )

    def facet(self, facet: Facet, *, since: int, until: int) -> Mapping[str, int]:
        """Posts by subject, source or language, most first; ``und`` is no language."""
        with self._turn:
            return self._look().facet(facet, since=since, until=until)

    def sources(self, *, subject: str | None, since: int, until: int) -> Mapping[str, int]:
        """Posts about a subject by source; edges are rounded outwards to whole minutes."""
        with self._turn:
            return self._look().sources(subject=subject, since=since, until=until)

    def latest(self) -> int | None:
        """Event time up to which there are posts, in whole minutes; None when empty."""
        with self._turn:
            return self._look().latest()

    def gaps(self, *, since: int, until: int) -> list[Gap]:
        """Stretches in which a source may have missed posts."""
        with self._turn:
            return self._look().gaps(since=since, until=until)

    def gap_ledger(self, *, offset: int = 0, limit: int = 100) -> GapPage:
        """All gaps, the newest first."""
        with self._turn:
            return self._look().gap_ledger(offset, limit)

    # --- relations ---------------------------------------------------------------

    def replies(
        self,
        post_id: str,
        /,
        *,
        kinds: Sequence[RelationKind] = RELATION_KINDS,
        offset: int = 0,
        limit: int = 50,
    ) -> list[IndexedPost]:
        """Posts that directly answer, repost or quote a post, held or not; oldest first."""
        with self._turn:
            tables = self._look()
            return tables.posts_by_row(tables.relations.replies(post_id, kinds, offset, limit))

    def reply_counts(self, post_id: str, /) -> Mapping[RelationKind, int]:
        """How many posts directly answer, repost and quote a post."""
        with self._turn:
            return self._look().relations.counts(post_id)

    def ancestors(self, post_id: str, /, *, limit: int = 100) -> list[Relative]:
        """What a post refers to, what that refers to, and so on; nearest first."""
        with self._turn:
            return self._look().relations.ancestors(post_id, limit)

    def tree(self, post_id: str, /, *, limit: int = 10_000) -> Tree:
        """Everything below a post, held or not, in at most ``limit`` held posts."""
        with self._turn:
            return self._look().relations.tree(post_id, limit)

    def forest(self, post_ids: Sequence[str], /, *, limit: int = 10_000) -> Forest:
        """The cascades of posts, with everything held below them up to ``limit`` posts."""
        with self._turn:
            return self._look().relations.forest(post_ids, limit)

    # --- results ---------------------------------------------------------------

    def cluster(self, cluster_id: str, /) -> Cluster | None:
        """The cluster, following ``merged_into``."""
        with self._turn:
            return self._look().cluster(cluster_id)

    def clusters(
        self, *, subject: str | None = None, since: int | None = None, limit: int = 50
    ) -> list[Cluster]:
        """Largest first; merged ones left out."""
        with self._turn:
            return self._look().clusters(subject=subject, since=since, limit=limit)

    def members(self, cluster_id: str, /, *, limit: int = 1000) -> list[Membership]:
        """Posts of the cluster and of those merged into it, oldest first."""
        with self._turn:
            return self._look().members(cluster_id, limit)

    def bursts(self, *, cluster_id: str) -> list[Burst]:
        """Bursts of the cluster and of those merged into it, oldest first."""
        with self._turn:
            return self._look().bursts(cluster_id)

    def findings(self, query: FindingQuery, /) -> list[PictureFinding]:
        """What was found in pictures, oldest first; of deleted posts nothing."""
        with self._turn:
            return self._look().findings(query)

    def campaign(self, campaign_id: str, /) -> Campaign | None:
        """The campaign, following ``merged_into``."""
        with self._turn:
            return self._look().campaign(campaign_id)

    def campaigns(
        self,
        *,
        subject: str | None = None,
        kinds: Sequence[CampaignKind] = (),
        since: int | None = None,
        limit: int = 50,
    ) -> list[Campaign]:
        """Those with the newest posts first; merged ones left out."""
        with self._turn:
            found = self._look()
            return found.campaigns(subject=subject, kinds=kinds, since=since, limit=limit)

    def alert(self, alert_id: str, /) -> Alert | None:
        """An alert by id."""
        with self._turn:
            return self._look().alert(alert_id)

    def alerts(self, query: AlertQuery, /) -> AlertPage:
        """Newest first."""
        with self._turn:
            return self._look().alerts(query)

    def alerts_after(self, seq: int, /, *, limit: int = 100) -> list[tuple[int, Alert]]:
        """Alerts in the order they were first written or last changed, for delivery.

        The sequence also goes up from an index to the one that replaces it.
        """
        with self._turn:
            return self._look().alerts_after(seq, limit)

    def alert_seq(self) -> int:
        """Place in the order of ``alerts_after`` beyond which there is none (yet)."""
        with self._turn:
            return self._look().alert_seq()

    def alert_totals(self) -> Mapping[tuple[str, Severity], int]:
        """How many alerts there are of each kind and severity."""
        with self._turn:
            return self._look().alert_totals()

    def statuses(self) -> list[SourceStatus]:
        """How the sources do, by name."""
        with self._turn:
            return self._look().statuses()

    def counts(self) -> Mapping[str, int]:
        """Totals: posts, deleted, clusters, alerts."""
        with self._turn:
            return self._look().counts()

    # --- inside ----------------------------------------------------------------

    def _writer(self) -> Feeder:
        if self._feeder is None:
            raise ValueError("this index was opened for reading, or closed")
        return self._feeder

    def _look(self) -> TableReader:
        """The tables; in a reader those of the generation in use."""
        if self._closed:
            raise ValueError("this index was closed")
        moment = time.monotonic()
        if self._feeder is None and moment - self._looked_at >= LOOK_EVERY_S:
            found = identity(self.folder)
            if found is None and self._seen is not None:
                # Empty lists would look as if nothing had ever happened.
                raise IndexDamagedError(f"{self.folder}: the index is gone; rebuild it")
            if found is None or found != self._seen:
                old = self._db
                self._search.forget()
                self._tables = TableReader(self._connect())
                if old is not None:
                    old.close()
            self._looked_at = moment
        return self._tables

    def _connect(self) -> sqlite3.Connection:
        self._seen = identity(self.folder)
        self._number = self._seen[0] if self._seen else 0
        found = None
        if self._number:
            found = connect_reader(generation(self.folder, self._number))
        if found is None:
            self._number, self._seen = 0, None
        self._db = found or empty()
        return self._db

    def _folder_in_use(self) -> Path | None:
        return generation(self.folder, self._number) / FOLDER if self._number else None

    def _mend(self) -> Callable[[], None] | None:
        return None if self._feeder is None else self._feeder.remake

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _fill(target: Path, batches: Iterable[IndexBatch]) -> None:
    feeder = Feeder(target, clock=time.monotonic, commit_every_s=math.inf)
    try:
        for batch in batches:
            feeder.write(batch)
        feeder.flush()
    finally:
        feeder.close()
