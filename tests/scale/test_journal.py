"""Changes of state as bytes: what was written is restored, anything else is told apart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.log import Seen
from stream.operator import Put
from stream.scale.journal import Change, ChangeJournal, restore
from stream.store import Store

TABLES = ("state", "timers", "seen", "counters", "meta")
KEYS = st.one_of(
    st.binary(max_size=30),
    st.builds(
        lambda table, *parts: "\x1f".join([table, *parts]).encode(),
        st.sampled_from("stpcmz"),
        st.text(max_size=10, alphabet=st.characters(codec="utf-8")),
        st.integers(-(2**70), 2**70).map(str),
        st.text(max_size=10, alphabet=st.characters(codec="utf-8")),
    ),
)
VALUES = st.one_of(st.none(), st.binary(max_size=60), st.binary(max_size=60).map(b"\0".__add__))


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        made = Store(Path(folder))
        yield made
        made.close()


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    return {t: sorted(store.db.execute(f"SELECT * FROM {t}")) for t in TABLES}


def journal() -> ChangeJournal:
    made = ChangeJournal()
    made.state("clusters", {"k": Put(b"v" * 5000, 99), "gone": None})
    made.timers("clusters", [("k", 5), ("k\x1f2", -1)])
    made.known({"x:1": ("x:a", Seen(revision=2, older=(2**64 - 1,)))})
    made.counter("x", "indexed", 7)
    made.meta("applied", b"\x80")
    return made


def test_a_store_becomes_what_the_changes_say(tmp_path):
    store = Store(tmp_path)
    broken: dict[bytes, str] = {}
    with store.transaction():
        restore(store, 3, journal().take(), broken)

    assert broken == {}
    found = rows(store)
    assert [row[:4] for row in found["state"]] == [("clusters", 3, "k", 99)]
    assert len(found["timers"]) == 2
    assert [row[:2] for row in found["seen"]] == [("x:1", "x:a")]
    assert ("x", "indexed", 7) in found["counters"]
    store.close()


@given(changes=st.lists(st.builds(Change, KEYS, VALUES), max_size=20))
def test_any_bytes_are_restored_or_named_as_broken(store, changes):
    broken: dict[bytes, str] = {}
    with store.transaction():
        restore(store, 0, changes, broken)

    last = {change.key: change.value for change in changes}
    assert set(broken) <= {key for key, value in last.items() if value is not None}
    assert all(broken.values())


@given(changes=st.lists(st.builds(Change, KEYS, VALUES), max_size=20))
def test_a_removal_of_the_same_key_heals_what_was_broken(store, changes):
    broken: dict[bytes, str] = {}
    with store.transaction():
        restore(store, 0, changes, broken)
        restore(store, 0, [Change(key, None) for key in list(broken)], broken)

    assert broken == {}
