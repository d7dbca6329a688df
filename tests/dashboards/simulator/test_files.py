"""What the simulator writes is what ``jikimi analyze`` reads, and gives nothing away."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
from collections import Counter
from pathlib import Path

import pytest

from dashboards.simulator import files
from dashboards.simulator.files import read_labels, read_oracle, write_stream
from dashboards.simulator.scene import SOURCE
from dashboards.simulator.world import World
from detect.watchlist import load_watchlist
from ingest.archive import ArchiveSource
from ingest.records import Post

GOLDEN = Path(__file__).parents[2] / "golden" / "simulator" / "streams.json"
FIELDS = {
    "id", "platform", "author_id", "created_at", "text", "lang", "urls", "hashtags",
    "mentions", "reply_to", "repost_of", "quote_of", "container", "media", "author",
}  # fmt: skip


def world(grammar="first", **changes) -> World:
    return World(**{"grammar": grammar, "posts": 2000, "days": 14, "seed": 3, **changes})


@pytest.fixture(scope="module", params=["first", "second"])
def stream(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    write_stream(world(request.param), folder)
    return folder


def lines(folder: Path) -> list[dict]:
    with gzip.open(folder / files.POSTS, "rt", encoding="utf-8") as body:
        return [json.loads(line) for line in body]


def test_the_frozen_streams_are_what_they_were(stream):
    digest = hashlib.sha256(gzip.decompress((stream / files.POSTS).read_bytes())).hexdigest()
    grammar = read_oracle(stream).world.grammar

    assert digest == json.loads(GOLDEN.read_text(encoding="utf-8"))[grammar]


def test_a_second_run_writes_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_stream(world(posts=800, days=3), tmp_path / name)

    for file in (files.POSTS, files.LABELS, files.ORACLE, files.WATCHLIST):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


class Forever:
    """A stop that never comes."""

    def is_set(self) -> bool:
        return False

    def wait(self, seconds: float, /) -> bool:
        return False


def test_every_line_is_read_as_a_post(stream):
    read = [s.item for s in ArchiveSource([stream / files.POSTS]).read(None, Forever())]
    posts = [item for item in read if isinstance(item, Post)]

    assert len(posts) == len(read) == read_oracle(stream).posts
    assert any(post.media and post.media[0].pdq for post in posts)
    assert any(post.repost_of for post in posts)
    assert any(post.container for post in posts)


def test_the_watchlist_beside_it_is_sound(stream):
    subjects = {subject.id for subject in load_watchlist(stream / files.WATCHLIST).subjects}

    assert {campaign.subject for campaign in read_oracle(stream).campaigns} <= subjects


def test_the_oracle_agrees_with_the_posts(stream):
    by_id = {line["id"]: line for line in lines(stream)}
    labels = read_labels(stream)
    for campaign in read_oracle(stream).campaigns:
        assert campaign.post_ids <= by_id.keys()
        for post_id in campaign.post_ids:
            assert labels[post_id].startswith(f"campaign:{campaign.id}:")
            line = by_id[post_id]
            assert f"{line['platform']}:{line['author_id']}" in campaign.accounts
        first = min(campaign.post_ids, key=lambda post: by_id[post]["created_at"])
        assert by_id[campaign.first_hostile_post]["created_at"] == by_id[first]["created_at"]
        assert files.iso(campaign.first_hostile_at) == by_id[first]["created_at"]


def test_events_of_the_oracle_count_their_posts(stream):
    counts = Counter(label for label in read_labels(stream).values())
    for event in read_oracle(stream).events:
        assert counts[f"event:{event.id}"] == event.posts
        assert event.first_at <= event.last_at


def test_no_field_gives_the_truth_away(stream):
    labels = read_labels(stream)
    pairs: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for line in lines(stream):
        assert set(line) <= FIELDS
        assert SOURCE not in json.dumps(line)
        hostile = labels.get(line["id"], "").startswith("campaign")
        pairs[hostile].update(itertools.combinations(sorted(line), 2))
    # No field, and no two fields together, stand in hostile posts alone.
    assert pairs[True] - pairs[False] == set()


def test_accounts_of_rings_look_like_other_accounts(stream):
    ringed = {key for c in read_oracle(stream).campaigns for key in c.accounts}
    young: dict[bool, list[bool]] = {True: [], False: []}
    seen: set[str] = set()
    for line in lines(stream):
        key = f"{line['platform']}:{line['author_id']}"
        if key in seen:
            continue
        seen.add(key)
        young[key in ringed].append(line["author"]["created_at"] > "2026-01-15")

    # New accounts are commoner in rings, but there are both kinds on both sides.
    assert 0 < sum(young[False]) < len(young[False])
    assert 0 < sum(young[True]) < len(young[True])
    lengths = {len(key.partition(":")[2]) for key in seen}
    assert {len(key.partition(":")[2]) for key in ringed} <= lengths
