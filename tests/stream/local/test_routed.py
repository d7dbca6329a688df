"""What the router writes reaches the index whole, whatever order the logs are read in."""

from __future__ import annotations

import itertools

import pytest

from detect.records import Mention
from ingest.records import Deletion
from stream.index import IndexBatch
from stream.local_index import LocalIndex
from stream.log import Seen
from stream.records import LoggedDeletion, LoggedPost, PostGone, PostSeen
from stream.router import Router, RouterClock
from tests.stream.index_world import post


def logged(text: str, *subjects: str) -> LoggedPost:
    mentions = tuple(Mention(subject=subject, reason="alias") for subject in subjects)
    return LoggedPost(post=post("1", text), mentions=mentions)


def routed(*entries: LoggedPost | LoggedDeletion) -> list[PostSeen | PostGone]:
    """Events of the subject logs for a history of one post."""
    router, clock = Router(lambda _: ()), RouterClock()
    known: dict[str, Seen] = {}
    events: list[PostSeen | PostGone] = []
    for offset, entry in enumerate(entries, 1):
        routing = router.route([(offset, entry)], known, clock, lambda _: [])
        clock = routing.clock
        known |= {post_id: seen for post_id, (_, seen) in routing.known.items()}
        events += [r.event for r in routing.events if isinstance(r.event, PostSeen | PostGone)]
    return events


def read_back(
    index: LocalIndex, events: list[PostSeen | PostGone], piece: int
) -> tuple[str, set[str]] | None:
    for i in range(0, len(events), piece):
        part = events[i : i + piece]
        sightings = [e for e in part if isinstance(e, PostSeen)]
        index.write(
            IndexBatch(
                checkpoint=f"{id(events)}-{i}",
                posts=[s for s in sightings if s.subject == s.subjects[0]],
                sightings=sightings,
                gone=[e for e in part if isinstance(e, PostGone)],
            )
        )
    found = index.post("archive:1")
    return None if found is None else (found.post.text, set(found.subjects))


AWAY_AND_BACK = (logged("one", "arin"), logged("two", "dara"), logged("three", "arin"))
GONE = LoggedDeletion(deletion=Deletion(id="archive:1", source="archive", deleted_at=1))


@pytest.mark.parametrize("piece", [1, 2, 99])
@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (AWAY_AND_BACK, ("three", {"arin"})),
        ((*AWAY_AND_BACK, GONE), None),
        ((*AWAY_AND_BACK, GONE, logged("four", "arin")), None),
        ((logged("one", "arin", "dara"), logged("two", "dara")), ("two", {"dara"})),
    ],
)
def test_every_order_of_the_events_ends_in_the_same_post(tmp_path, history, expected, piece):
    events = routed(*history)
    assert len(events) > 1
    for n, order in enumerate(itertools.islice(itertools.permutations(events), 24)):
        index = LocalIndex(tmp_path / str(n))
        assert read_back(index, list(order), piece) == expected
        index.close()
