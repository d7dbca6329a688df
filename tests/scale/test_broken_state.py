"""Changes of state that nobody of ours wrote: restored or named, never another error."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.scale.journal import Change, restore
from stream.storage.store import Store

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
