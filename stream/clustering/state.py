"""The rows that TextClusters keeps, and how they are read and written.

    p: subject, post      which text a post has, by whom, in which cluster
    t: subject, text      a distinct text: how many posts, which cluster
    x: subject, text      its words, written rarely
    c: cluster            the summary of a cluster
    a: cluster, account   posts of an account in a cluster
    m: cluster            the cluster it was merged into
    g: subject, post      the cluster whose sample it gave, as long as that lives

A post writes three to four small rows; nothing grows with a cluster except the
rows ``a``, and these are touched one at a time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import msgspec

from detect.neardup import Compared, Text, restore, similarity
from stream.hosting.overlay import Overlay

END = "\x1f"
CACHED_TEXTS = 1_024
CACHED_ACCOUNTS = 20_000
CACHED_LENGTH = 1_000
"""Longest text whose grams are worth keeping in memory."""


class PostRow(msgspec.Struct, array_like=True):
    """Where a post stands; ``edition`` is the revision that brought its text."""

    key: str
    account: str
    platform: str
    at: int
    expires: int
    edition: int = 1
    revision: int = 0
    cluster: str | None = None


class TextRow(msgspec.Struct, array_like=True, frozen=True):
    """A distinct text, added at ``offset`` of the log.

    ``first`` is its only post while it belongs to no cluster, empty afterwards.
    The words stay until ``kept``.
    """

    offset: int
    expires: int
    kept: int
    posts: int
    first: str
    cluster: str | None = None


class Words(msgspec.Struct, array_like=True, frozen=True):
    """What a text says: comparable, and as the post ``by`` wrote it (shortened)."""

    whole: str
    sample: str
    by: str = ""


class ClusterRow(msgspec.Struct, array_like=True):
    """The summary of a cluster; ``born`` is the offset of its founder.

    ``sample_by`` is the post whose words the sample has, empty where these are what all
    copies have in common. That it gave them is known until ``giver_kept``.
    """

    born: int
    founder: str
    revision: int
    first_at: int
    last_at: int
    expires: int
    posts: int
    accounts: int
    platforms: list[str]
    sample: str
    sample_key: str
    anchor: bytes
    sample_by: str = ""
    giver_kept: int = 0


_encode = msgspec.msgpack.Encoder().encode
_post = msgspec.msgpack.Decoder(PostRow).decode
_text = msgspec.msgpack.Decoder(TextRow).decode
_words = msgspec.msgpack.Decoder(Words).decode
_cluster = msgspec.msgpack.Decoder(ClusterRow).decode
_count = msgspec.msgpack.Decoder(int).decode
_name = msgspec.msgpack.Decoder(str).decode


Key = tuple[int, str]
"""Partition and cluster id."""


class AccountCache:
    """The accounts of clusters founded lately; only saves looking for rows not there.

    Most members of a young cluster are there for the first time. What is held of a
    cluster is complete: it is taken in when the cluster is founded, or not at all.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[Key, dict[str, tuple[int, int]]] = OrderedDict()
        self._count = 0

    def found(self, key: Key) -> None:
        """A cluster that has no accounts yet."""
        self.drop(key)
        self._held[key] = {}

    def get(self, key: Key, account: str, watermark: int) -> int | None:
        """Posts of an account, 0 when it surely has none, None when not known."""
        held = self._held.get(key)
        if held is None:
            return None
        self._held.move_to_end(key)
        posts, expires = held.get(account, (0, 0))
        return posts if expires > watermark else 0

    def put(self, key: Key, account: str, posts: int, expires: int) -> None:
        """Follow what is written."""
        held = self._held.get(key)
        if held is None:
            return
        self._count -= len(held)
        if posts > 0:
            held[account] = (posts, expires)
        else:
            held.pop(account, None)
        self._count += len(held)
        while self._count > CACHED_ACCOUNTS:
            self._count -= len(self._held.popitem(last=False)[1])

    def drop(self, key: Key) -> None:
        """Forget a cluster."""
        self._count -= len(self._held.pop(key, ()))

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
        self._count = 0


class Rows:
    """Typed access to the rows of one ``apply``.

    Args:
        overlay: the state with what this ``apply`` changed.
        known: accounts held in memory; follows every change made here.
        partition: whose state it is; ``known`` serves all partitions.
    """

    def __init__(self, overlay: Overlay, known: AccountCache, partition: int) -> None:
        self._overlay = overlay
        self._known = known
        self._partition = partition

    def post(self, subject: str, post_id: str) -> PostRow | None:
        """The row of a post."""
        raw = self._overlay.get(f"p:{subject}{END}{post_id}")
        return None if raw is None else _post(raw)

    def put_post(self, subject: str, post_id: str, row: PostRow) -> None:
        """Write the row of a post."""
        self._overlay.put(f"p:{subject}{END}{post_id}", _encode(row), row.expires)

    def drop_post(self, subject: str, post_id: str) -> None:
        """Remove the row of a post."""
        self._overlay.delete(f"p:{subject}{END}{post_id}")

    def text(self, subject: str, key: str) -> TextRow | None:
        """The row of a text."""
        raw = self._overlay.get(f"t:{subject}{END}{key}")
        return None if raw is None else _text(raw)

    def put_text(self, subject: str, key: str, row: TextRow) -> None:
        """Write the row of a text."""
        self._overlay.put(f"t:{subject}{END}{key}", _encode(row), row.expires)

    def drop_text(self, subject: str, key: str) -> None:
        """Remove a text and its words."""
        self._overlay.delete(f"t:{subject}{END}{key}")
        self._overlay.delete(f"x:{subject}{END}{key}")

    def words(self, subject: str, key: str) -> Words | None:
        """What a text says."""
        raw = self._overlay.get(f"x:{subject}{END}{key}")
        return None if raw is None else _words(raw)

    def put_words(self, subject: str, key: str, words: Words, expires: int) -> None:
        """Keep what a text says."""
        self._overlay.put(f"x:{subject}{END}{key}", _encode(words), expires)

    def texts(self, subject: str) -> Iterator[tuple[str, TextRow]]:
        """All texts of a subject by key."""
        prefix = f"t:{subject}{END}"
        for key, raw in self._overlay.scan(prefix):
            yield key.removeprefix(prefix), _text(raw)

    def all_words(self, subject: str) -> Iterator[tuple[str, Words]]:
        """The words of all texts of a subject by key."""
        prefix = f"x:{subject}{END}"
        for key, raw in self._overlay.scan(prefix):
            yield key.removeprefix(prefix), _words(raw)

    def cluster(self, cluster_id: str) -> ClusterRow | None:
        """The summary of a cluster."""
        raw = self._overlay.get(f"c:{cluster_id}")
        return None if raw is None else _cluster(raw)

    def found(self, cluster_id: str) -> None:
        """A cluster is founded; it has no accounts."""
        self._known.found((self._partition, cluster_id))

    def put_cluster(self, cluster_id: str, row: ClusterRow) -> None:
        """Write the summary of a cluster."""
        self._overlay.put(f"c:{cluster_id}", _encode(row), row.expires)

    def drop_cluster(self, cluster_id: str) -> None:
        """Remove a cluster."""
        self._known.drop((self._partition, cluster_id))
        self._overlay.delete(f"c:{cluster_id}")

    def account(self, cluster_id: str, account: str, watermark: int) -> int:
        """Posts of an account in a cluster."""
        known = self._known.get((self._partition, cluster_id), account, watermark)
        if known is not None:
            return known
        raw = self._overlay.get(f"a:{cluster_id}{END}{account}")
        return 0 if raw is None else _count(raw)

    def put_account(self, cluster_id: str, account: str, posts: int, expires: int) -> None:
        """Write the posts of an account in a cluster; none removes the row."""
        self._known.put((self._partition, cluster_id), account, posts, expires)
        key = f"a:{cluster_id}{END}{account}"
        if posts > 0:
            self._overlay.put(key, _encode(posts), expires)
        else:
            self._overlay.delete(key)

    def accounts(self, cluster_id: str) -> list[tuple[str, int]]:
        """All accounts of a cluster with their posts."""
        prefix = f"a:{cluster_id}{END}"
        found = self._overlay.scan(prefix)
        return [(key.removeprefix(prefix), _count(raw)) for key, raw in found]

    def put_giver(self, subject: str, post_id: str, cluster_id: str, expires: int) -> None:
        """Note that a cluster shows the words of a post."""
        self._overlay.put(f"g:{subject}{END}{post_id}", _encode(cluster_id), expires)

    def given(self, subject: str, post_id: str) -> str | None:
        """The cluster that shows, or once showed, the words of a post."""
        raw = self._overlay.get(f"g:{subject}{END}{post_id}")
        return None if raw is None else _name(raw)

    def drop_giver(self, subject: str, post_id: str) -> None:
        """Forget that a post gave its words."""
        self._overlay.delete(f"g:{subject}{END}{post_id}")

    def merge(self, old: str, new: str, expires: int) -> None:
        """Let an old cluster id lead to the one that took it in."""
        self._overlay.put(f"m:{old}", _encode(new), expires)

    def resolve(self, cluster_id: str | None) -> str | None:
        """The living cluster behind an id that may have been merged."""
        while cluster_id is not None:
            raw = self._overlay.get(f"m:{cluster_id}")
            if raw is None:
                break
            cluster_id = _name(raw)
        return cluster_id


class GramCache:
    """Texts compared lately with their grams, and how alike they were; only saves time."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Compared] = OrderedDict()
        self._alike: dict[tuple[str, str], float] = {}

    def similarity(
        self, text: Text, key: str, rows: Rows, subject: str, enough: float
    ) -> float:
        """How alike a text and a known one are (:func:`detect.neardup.similarity`).

        A member's post comes again for each group and is compared with the same texts.
        """
        pair = (text.key, key)
        alike = self._alike.get(pair)
        if alike is None:
            alike = similarity(self.of(text), self.of_key(key, rows, subject), enough)
            if len(self._alike) >= CACHED_TEXTS:
                self._alike.clear()
            self._alike[pair] = alike
        return alike

    def of(self, text: Text) -> Compared:
        """The text, ready to be compared."""
        held = self._held.get(text.key)
        if held is not None:
            self._held.move_to_end(text.key)
            return held
        made = Compared(text)
        if len(text.whole) <= CACHED_LENGTH:
            self._held[text.key] = made
            if len(self._held) > CACHED_TEXTS:
                self._held.popitem(last=False)
        return made

    def of_key(self, key: str, rows: Rows, subject: str) -> Compared:
        """A known text, ready to be compared."""
        held = self._held.get(key)
        if held is not None:
            self._held.move_to_end(key)
            return held
        words = rows.words(subject, key)
        if words is None:
            raise LookupError(f"text {key} lacks its words")
        return self.of(restore(words.whole))

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
        self._alike.clear()
