"""Dead letters: bounded, numbered for good, and found by the ids that stand in them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream.care import dead_letters
from stream.care.dead_letters import DeadLetters
from stream.records import DeadLetter
from stream.storage.store import Store


def letter(raw: bytes, at: int = 1) -> DeadLetter:
    return DeadLetter(stage="source", source="bluesky", reason="not JSON", raw=raw, at=at)


def event(did: str, rkey: str, text: str = "words") -> bytes:
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": rkey}
    body = {"did": did, "time_us": 1, "kind": "commit", "commit": commit | {"record": text}}
    return json.dumps(body).encode()


@pytest.fixture
def store(tmp_path: Path):
    made = Store(tmp_path)
    yield made
    made.close()


def seqs(store: Store) -> list[int]:
    return [row[0] for row in store.db.execute("SELECT seq FROM dead_letters ORDER BY seq")]


def test_a_deletion_finds_the_letter_although_the_id_stands_in_pieces(store):
    dead = DeadLetters(store)
    dead.bury([letter(event("did:plc:one", "3k2a")), letter(event("did:plc:two", "3k2a"))])

    assert dead.forget(["at://did:plc:one/app.bsky.feed.post/3k2a"]) == 1

    assert seqs(store) == [2]
    assert store.meta("purge") is not None


def test_the_deletion_of_an_account_takes_every_letter_that_names_it(store):
    dead = DeadLetters(store)
    dead.bury([letter(event("did:plc:one", f"r{i}")) for i in range(3)])
    dead.bury([letter(event("did:plc:two", "r1"))])

    assert dead.forget(["did:plc:one"]) == 3

    assert seqs(store) == [4]


def test_a_cut_off_record_is_found_too(store):
    dead = DeadLetters(store)
    dead.bury([letter(event("did:plc:one", "3k2a", "한국어 " * 50)[:160])])

    assert dead.forget(["at://did:plc:one/app.bsky.feed.post/3k2a"]) == 1


def test_reasons_are_counted_the_most_frequent_first(store):
    dead = DeadLetters(store)
    odd = DeadLetter(stage="source", source="bluesky", reason="no text", raw=b"{}", at=1)
    dead.bury([letter(b"a"), odd, letter(b"b")])

    assert list(dead.reasons().items()) == [("not JSON", 2), ("no text", 1)]
    assert dead.reasons(most=1) == {"not JSON": 2}


def test_an_id_that_stands_nowhere_changes_nothing(store):
    dead = DeadLetters(store)
    dead.bury([letter(event("did:plc:one", "r1"))])

    assert dead.forget(["at://did:plc:one/app.bsky.feed.post/r2", "", "/", "☃"]) == 0
    assert store.meta("purge") is None


def test_beyond_the_cap_the_oldest_go_with_their_names(store, monkeypatch):
    monkeypatch.setattr(dead_letters, "KEPT", 100)
    dead = DeadLetters(store)

    for i in range(250):
        dead.bury([letter(event("did:plc:one", f"key{i}"))])

    kept = seqs(store)
    assert 50 <= len(kept) <= 100
    assert kept[-1] == 250
    named = {row[0] for row in store.db.execute("SELECT DISTINCT seq FROM dead_names")}
    assert named == set(kept)


def test_bytes_are_bounded_too(store, monkeypatch):
    monkeypatch.setattr(dead_letters, "KEPT_BYTES", 50_000)
    dead = DeadLetters(store)

    dead.bury([letter(b"x" * 9_000, at=i) for i in range(20)])

    held = store.db.execute("SELECT sum(size), max(seq) FROM dead_letters").fetchone()
    assert held[0] <= 50_000
    assert held[1] == 20


def test_a_number_is_never_given_out_again(store):
    dead = DeadLetters(store)
    dead.bury([letter(b"a"), letter(b"b")])
    dead.remove([2])
    dead.bury([letter(b"c")])

    assert seqs(store) == [1, 3]


def test_names_of_a_hostile_record_are_bounded_in_number_and_time(store):
    dead = DeadLetters(store)
    hostile = [
        b" ".join(b"%x" % i for i in range(9_000))[:65_536],
        b"-" * 65_536,
        b"a" * 65_536,
    ]

    begun = time.process_time()
    dead.bury([letter(raw) for raw in hostile])

    assert time.process_time() - begun < 1.0
    most = store.db.execute(
        "SELECT max(n) FROM (SELECT count(*) n FROM dead_names GROUP BY seq)"
    )
    assert most.fetchone()[0] <= dead_letters.NAMES


@given(st.lists(st.binary(max_size=300), max_size=8), st.text(max_size=40))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_and_any_id_are_taken(store, raws, id_):
    dead = DeadLetters(store)
    with store.transaction():
        dead.bury([letter(raw) for raw in raws])
        gone = dead.forget([id_])
        assert len(seqs(store)) == len(raws) - gone
        dead.remove(seqs(store))
    assert store.db.execute("SELECT count(*) FROM dead_names").fetchone() == (0,)
