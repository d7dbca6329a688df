"""TextClusters: which posts of a subject say the same, from the first copy on.

A post's text is first looked up exactly (after links, disguises and white space
are taken away), then by MinHash bands; candidates are confirmed by the exact
Jaccard similarity of character 5-grams. Clusters are single linkage over
distinct texts, held against chaining: a text must also resemble the text its
cluster began with. Reposts without words of their own make no cluster: a text
needs ten characters. Digits are characters like any other, so "episode 12" and
"episode 13" of one template are one cluster: counting a number up must not
hide copies. That such copies differ only in digits is said by the burst.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from detect.neardup import (
    VALUES,
    Sketch,
    Text,
    estimate,
    prepare,
    restore,
    sketches,
)
from stream.clustering.membership import Limits, Members
from stream.clustering.state import AccountCache, GramCache, PostRow, Rows, TextRow
from stream.clustering.text_index import Loaded, TextIndex
from stream.hosting.overlay import Overlay
from stream.operator import Context, Effects, Item, State
from stream.records import PostGone, PostSeen

DAY_MS = 24 * 60 * 60 * 1000
MARGIN = 0.22
"""How far an estimate from 64 values may lie below the threshold (over 3 deviations)."""
CONFIRMED = 12
"""Candidates compared exactly for one text."""
ANCHOR_FLOOR = 0.35
"""Least estimated similarity with the text a cluster began with."""
LOAD_CHUNK = 2_000
JUDGED = frozenset({"new", "edit"})
"""Changes after which a text is looked at."""
SKETCHES_KEPT = 2_048
"""A member's post comes again for each group, in another segment or partition."""

Ready = dict[int, tuple[Text, Sketch | None]]


class TextClusters:
    """Near-duplicate clusters per subject.

    Expects what the router promises: each revision of a post once a subject.
    After a merge the posts of the younger cluster keep their Membership; its
    last Cluster record leads to the older one by ``merged_into``. A cluster
    that lost its last post is emitted once more with no posts.

    Args:
        threshold: similarity from which two texts are one, 0 to 1.
        days: event time after which a text that nobody repeats is forgotten.
        max_texts: distinct texts remembered a subject; beyond, those last seen
            longest ago are forgotten, a sixteenth at a time.
        max_accounts: accounts of one cluster that are told apart; ``accounts``
            of a cluster stops there.
    """

    def __init__(
        self,
        *,
        threshold: float = 0.7,
        days: int = 30,
        max_texts: int = 300_000,
        max_accounts: int = 5_000,
    ) -> None:
        self._threshold = threshold
        self._keep_ms = days * DAY_MS
        self._max_texts = max_texts
        self._limits = Limits(self.version, self._keep_ms, max_accounts)
        self._indices: dict[tuple[int, str], TextIndex] = {}
        self._grams = GramCache()
        self._accounts = AccountCache()
        self._sketches: dict[str, Sketch] = {}

    @property
    def name(self) -> str:
        """Namespace of its state."""
        return "clusters"

    @property
    def version(self) -> str:
        """Stamped on every cluster."""
        return "clusters/1"

    def reset(self) -> None:
        """Forget what is held in memory; it is read from the state again when needed."""
        self._indices.clear()
        self._grams.clear()
        self._accounts.clear()
        self._sketches.clear()

    def texts(self, partition: int, subject: str) -> int:
        """Distinct texts of a subject held in memory."""
        index = self._indices.get((partition, subject))
        return 0 if index is None else len(index)

    def memory(self) -> int:
        """Bytes held by the indices of all subjects."""
        return sum(index.memory() for index in self._indices.values())

    def apply(self, state: State, batch: Sequence[Item], ctx: Context, /) -> Effects:
        """Cluster the posts of a batch in order."""
        effects = Effects()
        rows = Rows(Overlay(state, effects), self._accounts, ctx.partition)
        ready = self._prepare(batch, rows, ctx.partition)
        for item in batch:
            event = item.event
            if not isinstance(event, PostSeen | PostGone):
                continue
            index = self._index(ctx.partition, event.subject, rows)
            work = Members(rows, index, event.subject, item, self._limits)
            if isinstance(event, PostGone):
                work.gone(event.post_id)
            elif event.change in JUDGED:
                self._seen(work, event, ready.get(item.offset))
            work.finish(effects)
        return effects

    def _prepare(self, batch: Sequence[Item], rows: Rows, partition: int) -> Ready:
        """The texts by offset, with sketches of those not known yet, made together."""
        ready: Ready = {}
        unknown: dict[str, Text] = {}
        for item in batch:
            event = item.event
            if not isinstance(event, PostSeen) or event.change not in JUDGED:
                continue
            text = prepare(event.post.text)
            if text is None:
                continue
            ready[item.offset] = (text, None)
            index = self._index(partition, event.subject, rows)
            if index.find(int(text.key, 16), item.watermark) < 0:
                unknown[text.key] = text
        drawn = self._sketches
        new = [text for key, text in unknown.items() if key not in drawn]
        for text, sketch in zip(new, sketches(new), strict=True):
            drawn[text.key] = sketch
        for offset, (text, _) in ready.items():
            if text.key in unknown:
                ready[offset] = (text, drawn[text.key])
        for key in list(islice(drawn, max(0, len(drawn) - SKETCHES_KEPT))):
            del drawn[key]
        return ready

    def _seen(
        self, work: Members, event: PostSeen, ready: tuple[Text, Sketch | None] | None
    ) -> None:
        post = event.post
        old = work.rows.post(work.subject, post.id) if event.revision > 1 else None
        if old is not None:
            if ready is not None and old.key == ready[0].key:
                return
            if ready is None:
                work.gone(post.id)
                return
            work.leave(post.id)
        if ready is None:
            return
        text, sketch = ready
        at = work.at(post.event_at)
        expires = at + self._keep_ms
        mine = PostRow(text.key, post.account, post.platform, at, expires, event.revision)
        if old is not None:
            mine.revision, mine.cluster = old.revision, old.cluster
        row = work.index.find(int(text.key, 16), work.watermark)
        if row >= 0:
            cluster_id = work.index.cluster_of(row) or work.found(row)
            work.repeat_text(row, text, post, at)
            work.join(cluster_id, post.id, mine, 1.0)
            return
        if sketch is None:
            sketch = sketches([text])[0]
        linked = self._link(work, text, sketch)
        self._evict(work)
        row = work.add_text(text, sketch, post, at)
        if linked is None:
            work.outside(post.id, mine)
        else:
            work.label(row, linked[0], text.key)
            work.join(linked[0], post.id, mine, linked[1])

    def _link(self, work: Members, text: Text, sketch: Sketch) -> tuple[str, float] | None:
        """The cluster a new text belongs to and its similarity there; joins what it links."""
        groups: list[tuple[int, Sketch, str | None, int, float]] = []
        for row, alike in self._confirmed(work, text, sketch):
            cluster_id = work.index.cluster_of(row)
            if cluster_id is None:
                anchor = work.index.sketch(row)
                groups.append((work.index.offsets[row], anchor, None, row, alike))
                continue
            cluster = work.cluster(cluster_id)
            anchor = np.frombuffer(cluster.anchor, dtype=np.uint8)
            if estimate(sketch, anchor) >= ANCHOR_FLOOR:
                groups.append((cluster.born, anchor, cluster_id, row, alike))
        if not groups:
            return None
        groups.sort(key=lambda group: group[0])
        _, anchor, survivor, row, best = groups[0]
        if survivor is None:
            survivor = work.found(row)
        for _, other_anchor, cluster_id, row, alike in groups[1:]:
            if estimate(other_anchor, anchor) < ANCHOR_FLOOR:
                continue
            best = max(best, alike)
            if cluster_id is None:
                work.absorb(row, survivor, alike)
            else:
                work.merge(cluster_id, survivor)
        return survivor, best

    def _confirmed(self, work: Members, text: Text, sketch: Sketch) -> list[tuple[int, float]]:
        """Rows truly similar to a text, at most one a cluster, with their similarity."""
        found: list[tuple[int, float]] = []
        known: set[str] = set()
        compared = 0
        for row in work.index.candidates(sketch, work.watermark, self._threshold - MARGIN):
            cluster_id = work.index.cluster_of(row)
            if cluster_id in known:
                continue
            key = f"{work.index.keys[row]:016x}"
            alike = self._grams.similarity(text, key, work.rows, work.subject, self._threshold)
            if alike >= self._threshold:
                found.append((row, alike))
                if cluster_id is not None:
                    known.add(cluster_id)
            compared += 1
            if compared == CONFIRMED:
                break
        return found

    def _evict(self, work: Members) -> None:
        """Make room for one text at the cap."""
        index = work.index
        if len(index) < self._max_texts:
            return
        index.sweep(work.watermark)
        if len(index) < self._max_texts:
            return
        for row in index.oldest(max(1, self._max_texts // 16)):
            work.forget(row)

    def _index(self, partition: int, subject: str, rows: Rows) -> TextIndex:
        """The texts of a subject, read from the state when they are not in memory."""
        index = self._indices.get((partition, subject))
        if index is None:
            index = self._indices[partition, subject] = TextIndex()
            held = sorted(rows.texts(subject), key=lambda pair: pair[1].offset)
            if held:
                self._load(index, held, rows, subject)
        return index

    def _load(
        self, index: TextIndex, held: list[tuple[str, TextRow]], rows: Rows, subject: str
    ) -> None:
        numbers = {key: number for number, (key, _) in enumerate(held)}
        drawn = np.zeros((len(held), VALUES), dtype=np.uint8)
        chunk: list[Text] = []
        for key, words in rows.all_words(subject):
            # Words outlive their text by up to a day.
            if key in numbers:
                chunk.append(restore(words.whole))
            if len(chunk) == LOAD_CHUNK:
                drawn[[numbers[text.key] for text in chunk]] = sketches(chunk)
                chunk = []
        if chunk:
            drawn[[numbers[text.key] for text in chunk]] = sketches(chunk)
        resolved: dict[str | None, str | None] = {}
        table: list[Loaded] = []
        for key, text in held:
            if text.cluster not in resolved:
                resolved[text.cluster] = rows.resolve(text.cluster)
            cluster = resolved[text.cluster]
            table.append(
                (int(key, 16), text.offset, text.expires, text.kept, text.posts, cluster)
            )
        index.load(table, drawn)
