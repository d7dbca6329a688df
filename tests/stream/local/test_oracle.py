"""Any history of writes, edits, deletions, repeats and crashes gives what a plain model gives."""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.records import Post
from stream.index import RELATION_KINDS, IndexBatch, PostQuery
from stream.local_index import LocalIndex
from stream.records import PostGone, PostSeen
from tests.stream import kinship
from tests.stream.index_world import HOUR, MINUTE, T0, mention, post

SUBJECTS = ("arin", "luna", "group")
WORDS = ("가수", "합성", "hello", "東京", "뷔")
LANGS = ("ko", "en", None)


@dataclass
class Model:
    """The truth: what stands of each post. ``logs`` are the subject logs, as the router writes them."""

    posts: dict[str, tuple[Post, tuple[str, ...], int]] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    logs: dict[str, list[PostSeen | PostGone]] = field(
        default_factory=lambda: {s: [] for s in SUBJECTS}
    )

    def publish(self, one: Post, subjects: tuple[str, ...]) -> None:
        """A new post or an edit; nothing once it was deleted."""
        if one.id in self.deleted or (one.id not in self.revisions and not subjects):
            return
        before = self.posts.get(one.id, (one, (), 0))[1]
        revision = self.revisions[one.id] = self.revisions.get(one.id, 0) + 1
        for subject in subjects:
            self.logs[subject].append(
                PostSeen(
                    subject=subject,
                    subjects=subjects,
                    post=one,
                    mentions=(mention(subject),),
                    revision=revision,
                )
            )
        for subject in set(before) - set(subjects):
            self.logs[subject].append(
                PostGone(subject=subject, post_id=one.id, deleted_at=T0, revision=revision)
            )
        self.posts[one.id] = (one, subjects, revision)

    def delete(self, post_id: str) -> None:
        """The platform takes a post away for good."""
        _, subjects, revision = self.posts.pop(post_id, (None, (), 0))
        if not revision:
            return
        self.deleted.add(post_id)
        for subject in subjects:
            self.logs[subject].append(
                PostGone(subject=subject, post_id=post_id, deleted_at=T0, revision=revision + 1)
            )

    def standing(self) -> dict[str, tuple[Post, tuple[str, ...], int]]:
        return {i: entry for i, entry in self.posts.items() if entry[1]}


class Reader:
    """Takes the logs to the index like the feed: a piece of each, at different speeds."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.at = dict.fromkeys(SUBJECTS, 0)

    def piece(self, sizes: dict[str, int]) -> IndexBatch:
        """The next piece, under a checkpoint that names the position after it."""
        events: list[PostSeen | PostGone] = []
        for subject, size in sizes.items():
            events += self.model.logs[subject][self.at[subject] : self.at[subject] + size]
            self.at[subject] = min(self.at[subject] + size, len(self.model.logs[subject]))
        return as_batch(events, "/".join(str(n) for n in self.at.values()))


def as_batch(events: list[PostSeen | PostGone], checkpoint: str) -> IndexBatch:
    sightings = [e for e in events if isinstance(e, PostSeen)]
    return IndexBatch(
        checkpoint=checkpoint,
        posts=[s for s in sightings if s.subject == s.subjects[0]],
        sightings=sightings,
        gone=[e for e in events if isinstance(e, PostGone)],
    )


def crash(index: LocalIndex) -> None:
    """Drop the index as a killed process does: what search had not committed is lost."""
    feeder = index._feeder
    feeder._search.close()
    feeder.db.close()
    os.close(index._lock)


def assert_same(index: LocalIndex, model: Model) -> None:
    index.refresh()
    standing = model.standing()
    for post_id in set(model.revisions):
        read = index.post(post_id)
        if post_id not in standing:
            assert read is None
            continue
        one, subjects, revision = standing[post_id]
        assert (read.post, set(read.subjects), read.revision) == (one, set(subjects), revision)
    for word in WORDS:
        expected = {i for i, (one, _, _) in standing.items() if word in one.text}
        page = index.search(PostQuery(text=word, limit=500))
        assert {hit.post.id for hit in page.posts} == expected
        assert page.total == len(expected)
    times = [hit.post.created_at for hit in index.search(PostQuery(limit=500)).posts]
    assert times == sorted((one.created_at for one, _, _ in standing.values()), reverse=True)
    window = {"since": T0, "until": T0 + 6 * HOUR}
    for subject in (None, *SUBJECTS):
        expected = Counter(
            (one.created_at - T0) // MINUTE
            for one, subjects, _ in standing.values()
            if subject is None or subject in subjects
        )
        for width in (MINUTE, HOUR):
            buckets = index.histogram(subject=subject, bucket_ms=width, **window)
            wide = Counter(minute * MINUTE // width for minute in expected.elements())
            assert {i: b.posts for i, b in enumerate(buckets) if b.posts} == wide
    by_subject = Counter(s for _, subjects, _ in standing.values() for s in subjects)
    by_lang = Counter(one.lang or "und" for one, _, _ in standing.values())
    assert index.facet("subject", **window) == by_subject
    assert index.facet("lang", **window) == by_lang
    assert index.counts()["posts"] == len(standing)
    assert_same_relations(index, model)


def assert_same_relations(index: LocalIndex, model: Model) -> None:
    posts = {i: one for i, (one, _, _) in model.standing().items()}
    buried = set(model.revisions) - set(posts)
    mentioned = {i for one in posts.values() for i in kinship.names(one)}
    for post_id in {*model.revisions, *mentioned}:
        expected = {
            kind: {one.id for one in kinship.referring(posts, post_id, kind)}
            for kind in RELATION_KINDS
        }
        assert index.reply_counts(post_id) == {k: len(ids) for k, ids in expected.items()}
        for kind, ids in expected.items():
            found = [p.post for p in index.replies(post_id, kinds=(kind,))]
            assert {p.id for p in found} == ids
            assert [p.event_at for p in found] == sorted(p.event_at for p in found)
        kinship.assert_tree(index.tree(post_id), posts, buried, post_id)
        kinship.assert_ancestors(index.ancestors(post_id), posts, buried, post_id)


def some_subjects(draw: random.Random) -> tuple[str, ...]:
    return tuple(draw.sample(SUBJECTS, draw.choice((0, 1, 1, 1, 2, 3))))


def some_references(draw: random.Random) -> dict[str, str]:
    """What a post refers to: others, itself, posts that never come; also in circles."""
    fields = [f for f in ("reply_to", "repost_of", "quote_of", "root") if draw.random() < 0.3]
    return {field: f"archive:{draw.randrange(15)}" for field in fields}


def act(model: Model, draw: random.Random) -> None:
    name = str(draw.randrange(12))
    if draw.random() < 0.15:
        model.delete(f"archive:{name}")
        return
    held = model.posts.get(f"archive:{name}")
    if held is not None and draw.random() < 0.3:
        # New metrics: the same time and the same references.
        model.publish(msgspec.structs.replace(held[0], metrics={"likes": 1}), held[1])
        return
    one = post(
        name,
        " ".join(draw.sample(WORDS, 2)),
        created_at=T0 + draw.randrange(6 * 60) * MINUTE,
        lang=draw.choice(LANGS),
        **some_references(draw),
    )
    model.publish(one, some_subjects(draw))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(5, 80))
def test_the_index_tells_what_the_model_tells(draw, steps):
    model = Model()
    reader = Reader(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        index = LocalIndex(path)
        sent: list[IndexBatch] = []
        for _ in range(steps):
            act(model, draw)
            if draw.random() < 0.4:
                sent.append(reader.piece({s: draw.randrange(4) for s in SUBJECTS}))
                index.write(sent[-1])
            chance = draw.random()
            if chance < 0.1 and sent:
                index.write(sent[-1])
            elif chance < 0.17:
                crash(index)
                index = LocalIndex(path)
            elif chance < 0.2:
                index.refresh()
            elif chance < 0.23:
                index.close()
                index = LocalIndex(path)
            assert not sent or index.checkpoint() == sent[-1].checkpoint
        index.write(reader.piece(dict.fromkeys(SUBJECTS, 1000)))
        assert_same(index, model)

        everything = [e for log in model.logs.values() for e in log]
        index.write(as_batch(draw.sample(everything, len(everything)), "all again"))
        assert_same(index, model)
        for n, event in enumerate(draw.sample(everything, min(10, len(everything)))):
            index.write(as_batch([event], f"one again {n}"))
        assert_same(index, model)
        index.close()

        LocalIndex.rebuild(path, [as_batch(everything, "rebuilt")])
        index = LocalIndex(path)
        assert index.checkpoint() == "rebuilt"
        assert_same(index, model)
        index.close()
