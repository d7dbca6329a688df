"""The changelog of a partition: what was noted is what is restored, from any thread."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.log import Seen
from stream.operator import Put
from stream.scale.journal import COMPRESS_FROM, ChangeJournal, restore
from stream.storage.store import Store

AT = 1_790_000_000_000
KEYS = st.text(max_size=20).filter(lambda key: "\x1f" not in key)
PUTS = st.builds(Put, st.binary(max_size=3000), st.integers(0, 2**62))


def rows(store: Store, table: str) -> list[tuple[object, ...]]:
    return sorted(store.db.execute(f"SELECT * FROM {table}"))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dictionaries(KEYS, st.one_of(st.none(), PUTS), max_size=8), max_size=4))
def test_a_store_that_hears_every_change_is_as_the_last_of_them(
    tmp_path_factory, written: list[dict[str, Put | None]]
):
    store = Store(tmp_path_factory.mktemp("restored"))
    last: dict[str, Put | None] = {}
    journal = ChangeJournal()
    for changes in written:
        journal.state("op", changes)
        last |= changes
        with store.transaction():
            restore(store, 3, journal.take(), {})

    expected = [("op", 3, k, p.expires_at, p.value) for k, p in last.items() if p is not None]
    assert rows(store, "state") == sorted(expected)
    assert journal.take() == []
    store.close()


def test_everything_a_partition_keeps_is_restored(tmp_path):
    journal = ChangeJournal()
    seen = Seen(revision=2, digest=9, subjects=("s",))
    journal.known({"x:1\x1f2": ("x:a", seen)})
    journal.timers("op", [("k", AT), ("late", AT + 1)])
    journal.counter("x", "logged", 7)
    journal.meta("clock", b"\x0c")
    store = Store(tmp_path)
    with store.transaction():
        restore(store, 0, journal.take(), {})
    journal.timers_gone("op", [("k", AT)])
    with store.transaction():
        restore(store, 0, journal.take(), {})

    assert [row[:2] for row in rows(store, "seen")] == [("x:1\x1f2", "x:a")]
    assert rows(store, "timers") == [("op", 0, AT + 1, "late")]
    assert rows(store, "counters") == [("x", "logged", 7)]
    assert store.meta("clock") == b"\x0c"
    store.close()


def test_threads_pack_and_restore_side_by_side(tmp_path):
    large = {f"k{n}": Put(bytes([n % 251]) * (COMPRESS_FROM + n), AT) for n in range(300)}
    barrier = threading.Barrier(4)

    def one(number: int) -> list[tuple[object, ...]]:
        journal, store = ChangeJournal(), Store(tmp_path / str(number))
        journal.state("op", large)
        barrier.wait()
        with store.transaction():
            restore(store, 0, journal.take(), {})
        found = rows(store, "state")
        store.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(one, range(4)))

    expected = sorted(("op", 0, key, AT, put.value) for key, put in large.items())
    assert results == [expected] * 4
