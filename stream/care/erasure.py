"""What a deletion reaches in the store: the post, its mentions, samples of its clusters.

All in the transaction of the deletion. The bytes are wiped after it (``wiping.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

from ingest.records import Deletion
from stream.clustering.membership import SAMPLE
from stream.records import Cluster, LoggedPost, Membership
from stream.storage.sqlite_log import SqlitePostsLog, SqliteSubjectLog
from stream.storage.store import Store

_membership = msgspec.msgpack.Decoder(Membership).decode
_cluster = msgspec.msgpack.Decoder(Cluster).decode


class Eraser:
    """Erases deleted posts from everything in the store, as part of its transactions."""

    def __init__(
        self,
        store: Store,
        posts: SqlitePostsLog,
        subjects: SqliteSubjectLog,
        subjects_of: Callable[[LoggedPost], Iterable[str]],
    ) -> None:
        self._store = store
        self._posts = posts
        self._subjects = subjects
        self._subjects_of = subjects_of

    def erase(self, deletion: Deletion, offsets: Collection[int]) -> None:
        """Overwrite one post wherever its words stand."""
        held = [e for e in self._posts.at(offsets) if isinstance(e, LoggedPost)]
        subjects = {subject for entry in held for subject in self._subjects_of(entry)}
        texts = {entry.post.text[:SAMPLE] for entry in held}
        self._posts.erase(deletion, offsets)
        self._subjects.erase(subjects, offsets)
        for subject in subjects:
            self._blank(subject, deletion.id, texts)
        self._store.wipe_later()

    def _blank(self, subject: str, post_id: str, texts: Collection[str]) -> None:
        """Take the words of a post out of the samples of its cluster."""
        db = self._store.db
        row = db.execute(
            "SELECT body FROM results WHERE kind = 'membership' AND id = ?",
            (f"{subject}\x1f{post_id}",),
        ).fetchone()
        cluster_id = None if row is None else _membership(row[0]).cluster_id
        known: set[str] = set()
        while cluster_id is not None and cluster_id not in known:
            known.add(cluster_id)
            row = db.execute(
                "SELECT body FROM results WHERE kind = 'cluster' AND id = ?", (cluster_id,)
            ).fetchone()
            if row is None:
                return
            cluster = _cluster(row[0])
            if cluster.sample in texts:
                bare = msgspec.msgpack.encode(msgspec.structs.replace(cluster, sample=""))
                db.execute(
                    "UPDATE results SET body = ? WHERE kind = 'cluster' AND id = ?",
                    (bare, cluster_id),
                )
            cluster_id = cluster.merged_into
