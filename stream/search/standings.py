"""What the subject logs have said about a post so far, and how more of it is taken in.

A post concerns several subjects, and each subject's log speaks of it on its own, in any
order against the others. Of each subject the highest revision counts, so that repeats and
late arrivals change nothing. Pure functions that every index shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain

import msgspec

from detect.records import Judgement, Mention
from ingest.records import Post
from stream.index import IndexBatch, IndexedPost
from stream.records import PostGone, PostSeen

Standing = tuple[int, tuple[Mention, ...] | None]
"""Revision that last spoke of a subject, and its mentions; None when it is gone."""
Standings = dict[str, Standing]

encode_standings = msgspec.msgpack.Encoder().encode
decode_standings: Callable[[bytes], Standings] = msgspec.msgpack.Decoder(Standings).decode


@dataclass(slots=True)
class News:
    """What a batch says about one post: by subject, the highest revision seen and gone."""

    seen: dict[str, PostSeen] = field(default_factory=dict[str, PostSeen])
    gone: dict[str, int] = field(default_factory=dict[str, int])

    def best(self) -> PostSeen | None:
        """The sighting of the highest revision."""
        if len(self.seen) == 1:
            return next(iter(self.seen.values()))
        return max(self.seen.values(), key=lambda seen: seen.revision, default=None)


def news_of(batch: IndexBatch) -> dict[str, News]:
    """By post id, what the batch says; the order inside the batch does not matter."""
    news: dict[str, News] = {}
    for seen in chain(batch.posts, batch.sightings):
        said = news.get(seen.post.id)
        if said is None:
            said = news[seen.post.id] = News()
        held = said.seen.get(seen.subject)
        if held is None or seen.revision > held.revision:
            said.seen[seen.subject] = seen
    for gone in batch.gone:
        said = news.setdefault(gone.post_id, News())
        said.gone[gone.subject] = max(said.gone.get(gone.subject, 0), _revision(gone, said))
    return news


def _revision(gone: PostGone, said: News) -> int:
    """The revision from which a post is gone; 0 where neither it nor the batch says."""
    if gone.revision:
        return gone.revision
    seen = said.seen.get(gone.subject)
    return seen.revision if seen else 0


def merge(held: Standings, said: News) -> Standings:
    """What stands after the news; of one revision, gone holds against seen."""
    standings = dict(held)
    for subject, seen in said.seen.items():
        before = standings.get(subject)
        if before is None or seen.revision > before[0]:
            standings[subject] = (seen.revision, seen.mentions)
    for subject, revision in said.gone.items():
        before = standings.get(subject)
        if before is None:
            standings[subject] = (revision, None)
        elif revision == 0 or revision >= before[0]:
            standings[subject] = (max(revision, before[0]), None)
    return standings


def join(one: Standings, other: Standings) -> Standings:
    """What stands by both; of one revision, gone holds against seen."""
    joined = dict(one)
    for subject, (revision, mentions) in other.items():
        before = joined.get(subject)
        if before is None or (revision, mentions is None) > (before[0], before[1] is None):
            joined[subject] = (revision, mentions)
    return joined


def present_subjects(standings: Standings) -> tuple[str, ...]:
    """Subjects a post concerns at present."""
    return tuple(s for s, (_, mentions) in standings.items() if mentions is not None)


def reasons_of(standings: Standings) -> tuple[str, ...]:
    """Why the post is kept at present."""
    reasons = {m.reason for _, mentions in standings.values() for m in mentions or ()}
    return tuple(sorted(reasons))


def indexed(
    post: Post,
    revision: int,
    standings: Standings,
    clusters: Iterable[str],
    judgement: Judgement | None,
) -> IndexedPost:
    """The post as the index tells it; each of ``clusters`` is told once."""
    mentions: dict[Mention, None] = {}
    for _, found in standings.values():
        mentions.update(dict.fromkeys(found or ()))
    return IndexedPost(
        post=post,
        subjects=present_subjects(standings),
        mentions=tuple(mentions),
        revision=revision,
        clusters=tuple(dict.fromkeys(clusters)),
        judgement=judgement,
    )
