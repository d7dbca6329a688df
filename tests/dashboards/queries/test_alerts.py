"""The board of alerts says the same as asking index and desk about every single one."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.desk import OPEN, STATES, Desk
from dashboards.queries.alerts import AlertBoard, bodies, in_state
from stream.index import AlertQuery
from stream.local_index import LocalIndex
from tests.dashboards.alert_world import NOW, alert, graver, write

SUBJECTS = ("haneul", "sol", "minji")
LEVELS = ("low", "medium", "high", "critical")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LocalIndex]:
    made = LocalIndex(tmp_path / "index")
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "desk.db")
    yield made
    made.close()


def decide(desk: Desk, number: int, state: str = "resolved") -> None:
    reason = "handled" if state == "resolved" else ""
    desk.decide(f"al_{number:04d}", state, reason=reason, who="Mina", at_ms=NOW)


def one_by_one(index: LocalIndex, desk: Desk, state: str, **wanted: object) -> set[str]:
    """Ids of a state the slow way."""
    found = index.alerts(AlertQuery(limit=10_000, **wanted)).alerts  # type: ignore[arg-type]
    decisions = desk.decisions([one.alert_id for one in found])
    return {
        one.alert_id
        for one in found
        if state == "all"
        or state == (decisions[one.alert_id].state if one.alert_id in decisions else OPEN)
    }


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_index_and_desk_after_any_history(index, desk, seed):
    chance = random.Random(seed)
    board = AlertBoard(index, desk)
    for step in range(40):
        n = chance.randrange(30)
        what = chance.randrange(4)
        if what == 0:
            level, subject = chance.choice(LEVELS), chance.choice(SUBJECTS)
            write(index, [alert(n, level, subject=subject, revision=step + 1)])
        elif what == 1 and (known := index.alert(f"al_{n:04d}")):
            write(index, [graver(known, "critical")])
        else:
            decide(desk, n, chance.choice(STATES))
        state = chance.choice((*STATES, "all"))
        wanted = chance.choice(
            ({}, {"subject": "sol"}, {"severities": ("critical", "low")}, {"since": NOW + 15})
        )

        chosen = {one.alert_id for one in board.choose(state, **wanted).entries}

        assert chosen == one_by_one(index, desk, state, **wanted)
        assert board.totals() == {one: len(one_by_one(index, desk, one)) for one in STATES}


def test_the_gravest_come_first_and_then_the_newest(index, desk):
    write(
        index, [alert(1, "low"), alert(2, "critical"), alert(3, "critical"), alert(4, "high")]
    )

    entries, severities, subjects = AlertBoard(index, desk).choose("open")

    assert [one.alert_id[-1] for one in entries] == ["3", "2", "4", "1"]
    assert severities == {"critical": 2, "high": 1, "low": 1}
    assert subjects == {"seo-haneul": 4}
    assert [one.alert_id for one in bodies(index, entries)] == [one.alert_id for one in entries]


def test_who_asks_for_a_group_gets_the_alerts_of_its_members_too(index, desk):
    write(index, [alert(1, subject="sol"), alert(2, subject="nabi"), alert(3, subject="other")])
    board = AlertBoard(index, desk, lambda one: {"sol": ("nabi",)}.get(one, ()))

    chosen = {
        who: board.choose("open", subject=who).entries for who in ("nabi", "sol", "other")
    }

    assert {who: {one.subject for one in found} for who, found in chosen.items()} == {
        "nabi": {"sol", "nabi"},
        "sol": {"sol"},
        "other": {"other"},
    }


def test_a_page_is_cut_from_the_newest_with_its_total(index, desk):
    write(index, [alert(n) for n in range(9)])
    decide(desk, 8)

    page = in_state(index, AlertBoard(index, desk), "open", offset=2, limit=3)

    assert page.total == 8
    assert [one.alert_id for one in page.alerts] == ["al_0005", "al_0004", "al_0003"]


def test_a_decision_about_an_alert_that_comes_later_holds_when_it_comes(index, desk):
    board = AlertBoard(index, desk)
    decide(desk, 7)
    assert board.totals() == {"open": 0, "acknowledged": 0, "resolved": 0}

    write(index, [alert(7)])

    assert board.totals()["resolved"] == 1


def test_an_index_made_anew_with_fewer_alerts_leaves_no_ghosts(tmp_path, desk):
    first = LocalIndex(tmp_path / "first")
    write(first, [alert(n) for n in range(5)])
    second = LocalIndex(tmp_path / "second")
    write(second, [alert(n) for n in range(3, 5)])
    decide(desk, 4)
    board = AlertBoard(first, desk)
    assert board.totals()["open"] == 4

    board._index = second  # what an index folder that is exchanged looks like

    assert board.totals() == {"open": 1, "acknowledged": 0, "resolved": 1}
    first.close()
    second.close()


def test_many_may_ask_while_people_decide(index, desk):
    write(index, [alert(n) for n in range(50)])
    board = AlertBoard(index, desk)
    wrong: list[object] = []

    def look() -> None:
        try:
            for _ in range(60):
                if sum(board.totals().values()) != 50:
                    wrong.append(board.totals())
                board.choose("open", subject="seo-haneul")
        except Exception as error:  # noqa: BLE001 - the main thread reports it
            wrong.append(error)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(50):
        decide(desk, n)
    for thread in threads:
        thread.join()

    assert wrong == []
    assert board.totals() == {"open": 0, "acknowledged": 0, "resolved": 50}
