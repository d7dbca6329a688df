"""What is held in memory of an operator's state is bounded, by number and by bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.operator import Effects, Put
from stream.storage.state import CACHE_BYTES, CACHE_ENTRIES, NEVER, SqliteState
from stream.storage.store import Store


def staged(state: SqliteState, rows: dict[str, int]) -> None:
    effects = Effects()
    effects.put.update({key: Put(b"x" * size, NEVER) for key, size in rows.items()})
    state.stage(effects)


def test_large_values_are_held_by_bytes_and_small_ones_by_number(tmp_path: Path) -> None:
    store = Store(tmp_path)
    state = SqliteState(store, "one", 0)
    for block in range(300):
        staged(state, {f"b{block}": 100_000})
        assert state.cached() <= CACHE_BYTES
    for row in range(2 * CACHE_ENTRIES):
        staged(state, {f"r{row}": 10})
    assert state.cached() <= 10 * CACHE_ENTRIES + CACHE_BYTES
    state.flush()
    assert len(state.get("b0") or b"") == 100_000
    assert state.get(f"r{2 * CACHE_ENTRIES - 1}") == b"x" * 10
    store.close()


def test_one_value_larger_than_all_room_is_kept_on_disk_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    state = SqliteState(store, "one", 0)
    staged(state, {"small": 10, "huge": CACHE_BYTES + 1})
    state.flush()
    assert state.cached() <= CACHE_BYTES
    assert len(state.get("huge") or b"") == CACHE_BYTES + 1
    assert len(state.get("small") or b"") == 10
    store.close()


@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("pppdgf"), st.integers(0, 9), st.integers(0, 1_500_000)),
        max_size=40,
    )
)
def test_reading_gives_what_was_written_last(
    steps: list[tuple[str, int, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        state = SqliteState(store, "one", 0)
        known: dict[str, int] = {}
        for what, number, size in steps:
            key = f"k{number}"
            if what == "p":
                staged(state, {key: size})
                known[key] = size
            elif what == "d":
                effects = Effects()
                effects.delete.add(key)
                state.stage(effects)
                known.pop(key, None)
            elif what == "f":
                state.flush()
            found = state.get(key)
            assert (None if found is None else len(found)) == known.get(key)
            assert state.cached() <= CACHE_BYTES
        store.close()
