"""Files that are not in order of time are put in order, and can be resumed anywhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dashboards.batch.ordered import OrderedSource, is_ordered
from ingest.records import Malformed, Post
from ingest.source import Sighting, Stop, Terms
from stream.router import LATENESS_MS


def post(native: int, at: int) -> Post:
    return Post(
        id=f"archive:{native}",
        source="archive",
        platform="x",
        author_id="a",
        created_at=at,
        text="t",
    )


class Listed:
    """A source over a list; its cursor is the position."""

    name = "archive"
    terms = Terms(access="file", rate="none", retention="none", deletion="none")

    def __init__(self, items: list[object]) -> None:
        self._items = items

    def read(self, after: str | None, stop: Stop, /) -> Iterator[Sighting]:
        for n in range(int(after or 0), len(self._items)):
            if stop.is_set():
                return
            yield Sighting(self._items[n], cursor=str(n + 1))


def read(source: OrderedSource, after: str | None = None) -> list[Sighting]:
    return list(source.read(after, threading.Event()))


def test_a_sorted_file_passes_through_with_its_own_cursors(tmp_path: Path) -> None:
    items = [post(n, n * LATENESS_MS) for n in range(5)]
    source = OrderedSource(lambda: Listed(items), tmp_path / "ordered.db")

    assert read(source) == list(Listed(items).read(None, threading.Event()))
    assert not (tmp_path / "ordered.db").exists()


def test_a_file_with_the_newest_first_comes_out_oldest_first(tmp_path: Path) -> None:
    items = [post(n, (10 - n) * LATENESS_MS * 2) for n in range(10)]
    source = OrderedSource(lambda: Listed(items), tmp_path / "ordered.db")

    assert [s.item for s in read(source)] == items[::-1]


def test_an_unreadable_line_keeps_its_neighbourhood(tmp_path: Path) -> None:
    broken = Malformed(source="archive", raw=b"{", reason="not JSON")
    items = [post(0, 9 * LATENESS_MS), broken, post(1, LATENESS_MS)]
    source = OrderedSource(lambda: Listed(items), tmp_path / "ordered.db")

    assert [s.item for s in read(source)] == [items[2], items[0], broken]


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(0, 29))
def test_reading_on_from_any_cursor_gives_the_rest(times: list[int], cut: int) -> None:
    import tempfile

    items: list[object] = [post(n, t * LATENESS_MS) for n, t in enumerate(times)]
    with tempfile.TemporaryDirectory() as folder:
        source = OrderedSource(lambda: Listed(items), Path(folder) / "ordered.db")
        whole = read(source)
        assert sorted(s.item.id for s in whole) == sorted(p.id for p in items)
        ordered = [s.item for s in whole]
        assert is_ordered(Listed(ordered), threading.Event())
        if whole:
            cut %= len(whole)
            again = OrderedSource(lambda: Listed(items), Path(folder) / "ordered.db")
            assert read(again, whole[cut].cursor) == whole[cut + 1 :]


def test_a_stop_while_sorting_leaves_nothing_half_done(tmp_path: Path) -> None:
    items = [post(n, (10 - n) * LATENESS_MS * 2) for n in range(10)]
    stop = threading.Event()
    stop.set()
    source = OrderedSource(lambda: Listed(items), tmp_path / "ordered.db")

    assert list(source.read(None, stop)) == []
    assert not (tmp_path / "ordered.db").exists()
    assert len(read(source)) == 10
