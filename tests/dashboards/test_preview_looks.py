"""Who had which preview shown: written down first, and never changed or deleted."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.desk import Desk
from dashboards.preview_looks import AGAIN_MS, PreviewLooks

ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "desk.db")
    yield made
    made.close()


def test_the_last_looks_at_a_picture_are_told_the_newest_first(desk: Desk):
    looks = PreviewLooks(desk.file)
    for number in range(4):
        looks.note(ONE, f"person{number}", 10 + number)
    looks.note(OTHER, "hana", 5)

    assert [one.who for one in looks.of(ONE, 3)] == ["person3", "person2", "person1"]
    assert [one.at for one in looks.of(OTHER)] == [5]
    assert looks.of("3" * 64) == []


def test_loading_a_page_again_is_one_look_and_coming_back_later_another(desk: Desk):
    looks = PreviewLooks(desk.file)
    for at in (0, 1, AGAIN_MS, AGAIN_MS + 1):
        looks.note(ONE, "hana", at)
    looks.note(ONE, "mina", 1)

    assert [(one.who, one.at) for one in looks.of(ONE)] == [
        ("mina", 1), ("hana", AGAIN_MS + 1), ("hana", 0),
    ]  # fmt: skip


def test_looks_outlive_a_restart(tmp_path: Path):
    desk = Desk(tmp_path / "desk.db")
    PreviewLooks(desk.file).note(ONE, "하나\u202e\n", 7)
    desk.close()

    desk = Desk(tmp_path / "desk.db")
    assert [(one.who, one.at) for one in PreviewLooks(desk.file).of(ONE)] == [("하나", 7)]
    desk.close()


@pytest.mark.parametrize("change", ["UPDATE looks SET who = 'x'", "DELETE FROM looks"])
def test_nobody_changes_or_deletes_who_looked(desk: Desk, change: str):
    looks = PreviewLooks(desk.file)
    looks.note(ONE, "hana", 7)

    with (
        pytest.raises(sqlite3.IntegrityError, match="who looked is never"),
        desk.file.transaction() as db,
    ):
        db.execute(change)

    assert [one.who for one in looks.of(ONE)] == ["hana"]


def test_many_who_look_at_once_are_all_written_down(desk: Desk):
    looks = PreviewLooks(desk.file)
    people = [
        threading.Thread(target=looks.note, args=(ONE, f"person{n}", 5)) for n in range(12)
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()

    assert {one.who for one in looks.of(ONE)} == {f"person{n}" for n in range(12)}
