"""What one event changes in the clusters of its subject: joins, leavings, merges."""

from __future__ import annotations

from detect.neardup import Sketch, Text
from ingest.records import Post
from stream.clustering.state import ClusterRow, PostRow, Rows, TextRow, Words
from stream.clustering.text_index import TextIndex
from stream.ids import derive_id
from stream.operator import Effects, Item
from stream.records import Cluster, Membership

DAY_MS = 24 * 60 * 60 * 1000
SAMPLE = 280
"""Code points of a text that a cluster shows."""


class Limits:
    """What bounds the clusters: days kept, accounts told apart."""

    def __init__(self, version: str, keep_ms: int, accounts: int) -> None:
        self.version = version
        self.keep_ms = keep_ms
        self.accounts = accounts


class Members:
    """The clusters of one subject while one event is worked on.

    Changes are gathered; :meth:`finish` writes each touched cluster once and
    emits: clusters that were merged away, memberships, clusters that changed.
    """

    def __init__(
        self, rows: Rows, index: TextIndex, subject: str, item: Item, limits: Limits
    ) -> None:
        self.rows = rows
        self.index = index
        self.subject = subject
        self.watermark = item.watermark
        self._offset = item.offset
        self._limits = limits
        self._touched: dict[str, ClusterRow] = {}
        self._merged: list[Cluster] = []
        self._memberships: list[Membership] = []

    def at(self, event_at: int) -> int:
        """Time from which expiry counts: never behind event time, hardly ahead of it."""
        if not self.watermark:
            return event_at
        return min(max(event_at, self.watermark), self.watermark + DAY_MS)

    def cluster(self, cluster_id: str) -> ClusterRow:
        """The summary of a living cluster."""
        row = self._touched.get(cluster_id) or self.rows.cluster(cluster_id)
        if row is None:
            raise LookupError(f"cluster {cluster_id} has texts but no summary")
        return row

    def add_text(self, text: Text, sketch: Sketch, post: Post, at: int) -> int:
        """A text seen for the first time, with its first post; its row."""
        row = self.index.add(int(text.key, 16), sketch, self._offset, self.watermark)
        self.index.expires[row] = at + self._limits.keep_ms
        self.index.kept[row] = 0
        self._keep_words(row, text, post)
        self.index.posts[row] = 1
        self._write_text(row, text.key, post.id)
        return row

    def repeat_text(self, row: int, text: Text, post: Post, at: int) -> None:
        """One more post with a text that is known."""
        self.index.posts[row] += 1
        self.index.expires[row] = max(self.index.expires[row], at + self._limits.keep_ms)
        self._keep_words(row, text, post)
        self._write_text(row, text.key)

    def _keep_words(self, row: int, text: Text, post: Post) -> None:
        # Written with a day to spare, so that a text repeated all day is written once.
        if self.index.kept[row] < self.index.expires[row]:
            self.index.kept[row] = self.index.expires[row] + DAY_MS
            words = Words(text.whole, post.text[:SAMPLE], post.id)
            self.rows.put_words(self.subject, text.key, words, self.index.kept[row])

    def _write_text(self, row: int, key: str, first: str = "") -> None:
        index = self.index
        text = TextRow(
            index.offsets[row],
            index.expires[row],
            index.kept[row],
            index.posts[row],
            first,
            index.cluster_of(row),
        )
        self.rows.put_text(self.subject, key, text)

    def found(self, row: int) -> str:
        """Make the single post of a text the founder of a cluster."""
        key = f"{self.index.keys[row]:016x}"
        text = self.rows.text(self.subject, key)
        post = text and self.rows.post(self.subject, text.first)
        words = self.rows.words(self.subject, key)
        if not text or not post or not words:
            raise LookupError(f"text {key} lacks its post or its words")
        # A post that moved on by an edit may found a second cluster.
        edition = () if post.edition == 1 else (str(post.edition),)
        cluster_id = derive_id("cl", self.subject, text.first, *edition)
        self.rows.found(cluster_id)
        self._touched[cluster_id] = ClusterRow(
            born=text.offset,
            founder=text.first,
            revision=0,
            first_at=post.at,
            last_at=post.at,
            expires=0,
            posts=0,
            accounts=0,
            platforms=[],
            sample=words.sample,
            sample_key=key,
            anchor=self.index.sketch(row).tobytes(),
            sample_by=words.by,
        )
        self.absorb(row, cluster_id, 1.0)
        return cluster_id

    def absorb(self, row: int, cluster_id: str, similarity: float) -> None:
        """Take the single post of a text into a cluster."""
        key = f"{self.index.keys[row]:016x}"
        text = self.rows.text(self.subject, key)
        post = text and self.rows.post(self.subject, text.first)
        if not text or not post:
            raise LookupError(f"text {key} lacks its post")
        self.label(row, cluster_id, key)
        self.join(cluster_id, text.first, post, similarity)

    def label(self, row: int, cluster_id: str, key: str) -> None:
        """Put a text into a cluster."""
        self.index.clusters[row] = self.index.number(cluster_id)
        self._write_text(row, key)

    def join(self, cluster_id: str, post_id: str, post: PostRow, similarity: float) -> None:
        """A post becomes a member; its row is written."""
        cluster = self._touched[cluster_id] = self.cluster(cluster_id)
        cluster.posts += 1
        cluster.first_at = min(cluster.first_at, post.at)
        cluster.last_at = max(cluster.last_at, post.at)
        cluster.expires = max(cluster.expires, post.expires)
        if post.platform not in cluster.platforms:
            cluster.platforms.append(post.platform)
        self._count(cluster_id, cluster, post.account, 1, post.expires)
        post.cluster = cluster_id
        self._member(post_id, cluster_id, post, similarity)
        self.rows.put_post(self.subject, post_id, post)

    def _count(
        self, cluster_id: str, cluster: ClusterRow, account: str, posts: int, expires: int
    ) -> None:
        have = self.rows.account(cluster_id, account, self.watermark)
        if not have:
            if cluster.accounts >= self._limits.accounts:
                return
            cluster.accounts += 1
        self.rows.put_account(cluster_id, account, have + posts, expires)

    def _member(
        self, post_id: str, cluster_id: str | None, post: PostRow, similarity: float = 1.0
    ) -> None:
        post.revision += 1
        self._memberships.append(
            Membership(
                subject=self.subject,
                post_id=post_id,
                cluster_id=cluster_id,
                revision=post.revision,
                similarity=similarity,
            )
        )

    def outside(self, post_id: str, post: PostRow) -> None:
        """A post stands in no cluster; said aloud if it stood in one before."""
        if post.cluster is not None:
            post.cluster = None
            self._member(post_id, None, post)
        self.rows.put_post(self.subject, post_id, post)

    def leave(self, post_id: str) -> PostRow | None:
        """Take a post out of its text and cluster; its former row, None if unknown.

        A text that no post has any more is forgotten, words and all.
        """
        post = self.rows.post(self.subject, post_id)
        if post is None:
            return None
        self.rows.drop_post(self.subject, post_id)
        row = self.index.find(int(post.key, 16), self.watermark)
        gone = row >= 0 and self.index.posts[row] <= 1
        if gone:
            self.rows.drop_text(self.subject, post.key)
            self.index.remove(row)
        elif row >= 0:
            self.index.posts[row] -= 1
            self._write_text(row, post.key)
            self._neutral_words(row, post.key, post_id)
        cluster_id = self.rows.resolve(post.cluster)
        if cluster_id is not None:
            self._uncount(cluster_id, post)
            self._show_others(cluster_id, post_id)
        return post

    def _neutral_words(self, row: int, key: str, post_id: str) -> None:
        """What remains of a text whose writer left: only what its copies have in common."""
        words = self.rows.words(self.subject, key)
        if words is not None and words.by == post_id:
            words = Words(words.whole, words.whole[:SAMPLE])
            self.rows.put_words(self.subject, key, words, self.index.kept[row])

    def _show_others(self, cluster_id: str, post_id: str) -> None:
        """Let a cluster show other words than those of a post that left."""
        cluster = self._touched[cluster_id] = self.cluster(cluster_id)
        row = self.index.find(int(cluster.sample_key or "0", 16), self.watermark)
        if cluster.sample_by != post_id and (cluster.sample_by or row >= 0):
            return
        self.rows.drop_giver(self.subject, post_id)
        if row < 0:
            row = self.index.first_of(cluster_id, self.watermark)
        key = f"{self.index.keys[row]:016x}" if row >= 0 else ""
        if row >= 0:
            self._neutral_words(row, key, post_id)
        words = self.rows.words(self.subject, key) if key else None
        cluster.sample_key = key
        cluster.sample_by = words.by if words else ""
        cluster.sample = words.sample if words else ""
        cluster.giver_kept = 0

    def forget(self, row: int) -> None:
        """Drop a text at the cap; its posts stay where they are."""
        self.rows.drop_text(self.subject, f"{self.index.keys[row]:016x}")
        self.index.remove(row)

    def gone(self, post_id: str) -> None:
        """A post was deleted."""
        post = self.leave(post_id)
        if post is None:
            # A post that was forgotten may still lend its words to a cluster that lives on.
            cluster_id = self.rows.resolve(self.rows.given(self.subject, post_id))
            if cluster_id is not None and self._shows(cluster_id, post_id):
                self._show_others(cluster_id, post_id)
        elif post.cluster is not None:
            self._member(post_id, None, post)

    def _shows(self, cluster_id: str, post_id: str) -> bool:
        cluster = self._touched.get(cluster_id) or self.rows.cluster(cluster_id)
        return cluster is not None and cluster.sample_by == post_id

    def _uncount(self, cluster_id: str, post: PostRow) -> None:
        cluster = self._touched[cluster_id] = self.cluster(cluster_id)
        cluster.posts -= 1
        have = self.rows.account(cluster_id, post.account, self.watermark)
        if have:
            self.rows.put_account(cluster_id, post.account, have - 1, cluster.expires)
            cluster.accounts -= have == 1

    def merge(self, old_id: str, new_id: str) -> None:
        """Let the older cluster take in the younger; the old id leads to it."""
        old, new = self.cluster(old_id), self.cluster(new_id)
        self._touched[new_id] = new
        self._touched.pop(old_id, None)
        new.posts += old.posts
        new.first_at = min(new.first_at, old.first_at)
        new.last_at = max(new.last_at, old.last_at)
        new.expires = max(new.expires, old.expires)
        new.platforms.extend(p for p in old.platforms if p not in new.platforms)
        for account, posts in self.rows.accounts(old_id):
            self.rows.put_account(old_id, account, 0, 0)
            self._count(new_id, new, account, posts, new.expires)
        self.rows.drop_cluster(old_id)
        self.rows.merge(old_id, new_id, old.expires)
        self.index.relabel(old_id, new_id)
        old.revision += 1
        # Nobody reads the words of a merged cluster, and no deletion would reach them.
        old.sample = ""
        self._merged.append(self._cluster(old_id, old, new_id))

    def finish(self, effects: Effects) -> None:
        """Write and emit what changed."""
        emit = effects.emit
        for cluster in self._merged:
            emit.append((self._offset, cluster))
        for membership in self._memberships:
            emit.append((self._offset, membership))
        for cluster_id, row in self._touched.items():
            row.revision += 1
            if row.posts > 0:
                self._keep_giver(cluster_id, row)
                self.rows.put_cluster(cluster_id, row)
            else:
                self.rows.drop_cluster(cluster_id)
            emit.append((self._offset, self._cluster(cluster_id, row, None)))

    def _keep_giver(self, cluster_id: str, row: ClusterRow) -> None:
        # Written with time to spare, so that a long-lived cluster writes it rarely.
        if row.sample_by and row.giver_kept < row.expires:
            row.giver_kept = row.expires + self._limits.keep_ms
            self.rows.put_giver(self.subject, row.sample_by, cluster_id, row.giver_kept)

    def _cluster(self, cluster_id: str, row: ClusterRow, merged_into: str | None) -> Cluster:
        return Cluster(
            cluster_id=cluster_id,
            subject=self.subject,
            revision=row.revision,
            operator_version=self._limits.version,
            founder=row.founder,
            first_at=row.first_at,
            last_at=row.last_at,
            posts=row.posts,
            accounts=row.accounts,
            platforms=tuple(row.platforms),
            sample=row.sample,
            merged_into=merged_into,
        )
