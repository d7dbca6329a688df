"""The chain of decisions: changes are noticed, people at the same time lose nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.desk import STATES, UNDO_MS, DecidedMeanwhile, Desk
from tests.dashboards.desk_world import NOW, acknowledge, resolve


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "desk.db")
    yield desk
    desk.close()


def edited(path: Path, *statements: str) -> None:
    """Change the file behind the desk's back, as somebody with access to it could."""
    with sqlite3.connect(path) as db:
        db.execute("DROP TRIGGER IF EXISTS decisions_stay")
        db.execute("DROP TRIGGER IF EXISTS decisions_are_kept")
        for statement in statements:
            assert db.execute(statement).rowcount == 1
    db.close()


# --- the chain ---------------------------------------------------------------------


def test_an_empty_desk_is_intact(desk):
    assert desk.verify().intact
    assert desk.verify().rows == 0


def test_an_untouched_history_is_intact_and_its_head_moves_with_each_decision(desk):
    acknowledge(desk)
    before = desk.verify()
    resolve(desk)
    after = desk.verify()

    assert before.intact
    assert after.intact
    assert (before.rows, after.rows) == (1, 2)
    assert before.head != after.head


@pytest.mark.parametrize(
    "change",
    [
        "state = 'open'",
        "reason = 'fan event'",
        "note = ''",
        "who = 'somebody else'",
        "at = at + 1",
        "alert_id = 'al_7'",
        "undoes = 'dc_1'",
        "decision_id = 'dc_1'",
        "digest = x'00'",
    ],
)
def test_a_changed_row_is_noticed(tmp_path, change):
    desk = Desk(tmp_path / "desk.db")
    for number in range(3):
        resolve(desk, f"al_{number}")
    desk.close()
    edited(tmp_path / "desk.db", f"UPDATE decisions SET {change} WHERE seq = 2")

    desk = Desk(tmp_path / "desk.db")
    assert desk.verify().broken_at == 2
    desk.close()


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_missing_row_is_noticed_also_at_the_end(tmp_path, missing):
    desk = Desk(tmp_path / "desk.db")
    for number in range(3):
        resolve(desk, f"al_{number}")
    desk.close()
    edited(tmp_path / "desk.db", f"DELETE FROM decisions WHERE seq = {missing}")

    desk = Desk(tmp_path / "desk.db")
    assert desk.verify().broken_at == missing
    desk.close()


def test_swapped_rows_are_noticed(tmp_path):
    desk = Desk(tmp_path / "desk.db")
    for number in range(2):
        resolve(desk, f"al_{number}")
    desk.close()
    edited(
        tmp_path / "desk.db",
        "UPDATE decisions SET seq = 9 WHERE seq = 1",
        "UPDATE decisions SET seq = 1 WHERE seq = 2",
        "UPDATE decisions SET seq = 2 WHERE seq = 9",
    )

    desk = Desk(tmp_path / "desk.db")
    assert desk.verify().broken_at == 1
    desk.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE decisions SET who = 'x'", "DELETE FROM decisions"]
)
def test_the_file_itself_refuses_changes(desk, statement):
    acknowledge(desk)

    with (
        pytest.raises(sqlite3.IntegrityError, match="decisions are never"),
        desk.file.transaction() as db,
    ):
        db.execute(statement)

    assert desk.verify().rows == 1


# --- many at once -------------------------------------------------------------------


def test_people_deciding_at_the_same_time_lose_nothing(desk):
    problems: list[BaseException] = []

    def work(who: str) -> None:
        try:
            for number in range(40):
                alert_id = f"al_{number % 5}"
                made = desk.decide(
                    alert_id, STATES[number % 3], reason=str(number), who=who, at_ms=NOW
                )
                if number % 7 == 0:
                    desk.undo(made.decision_id, who=who, at_ms=NOW)
                desk.decisions([alert_id])
                desk.count_by_state([alert_id])
        except BaseException as error:  # noqa: BLE001 - the main thread reports it
            problems.append(error)

    threads = [threading.Thread(target=work, args=(who,)) for who in ("minji", "haru", "sol")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert problems == []
    check = desk.verify()
    assert check.intact
    history = [one for n in range(5) for one in desk.history(f"al_{n}")]
    assert len(history) == check.rows
    assert sum(not one.undoes for one in history) == 3 * 40


Step = st.tuples(
    st.sampled_from(["decide", "undo"]),
    st.sampled_from(["al_1", "al_2"]),
    st.sampled_from(STATES),
    st.text(max_size=5),
    st.integers(0, 6 * 60 * 1000),
)


@settings(deadline=None)  # every step waits for the disk
@given(steps=st.lists(Step, max_size=25))
def test_any_series_of_decisions_agrees_with_a_simple_model(tmp_path_factory, steps):
    desk = Desk(tmp_path_factory.mktemp("desk") / "desk.db")
    desk.file.rows("PRAGMA synchronous=OFF")
    model: dict[str, list[tuple[str, str]]] = {"al_1": [("open", "")], "al_2": [("open", "")]}
    now = NOW
    for what, alert_id, state, reason, later in steps:
        now += later
        past = model[alert_id]
        if what == "decide":
            made = desk.decide(alert_id, state, reason=reason, who="minji", at_ms=now)
            if made.at == now and len(desk.history(alert_id)) == len(past):
                past.append((state, made.reason))
        elif history := desk.history(alert_id):
            undone = desk.undo(history[0].decision_id, who="minji", at_ms=now)
            assert (undone is None) == (now - history[0].at > UNDO_MS)
            if undone is not None:
                past.append(past[-2])

    for alert_id, past in model.items():
        current = desk.decisions([alert_id]).get(alert_id)
        assert past[-1] == ((current.state, current.reason) if current else ("open", ""))
        assert len(desk.history(alert_id)) == len(past) - 1
    assert desk.verify().intact
    desk.close()


def test_a_decision_about_another_state_than_seen_is_refused_with_the_current_one(desk):
    first = acknowledge(desk)

    with pytest.raises(DecidedMeanwhile) as refused:
        desk.decide("al_1", "resolved", reason="handled", who="jun", at_ms=NOW + 1, after="")

    assert refused.value.current == first
    assert desk.history("al_1") == [first]
    last = desk.decide(
        "al_1", "resolved", reason="handled", who="jun", at_ms=NOW + 1, after=first.decision_id
    )
    assert desk.decisions(["al_1"]) == {"al_1": last}


def test_a_decision_sent_twice_is_recorded_once_although_it_names_what_was_before(desk):
    first = desk.decide("al_1", "acknowledged", reason="", who="minji", at_ms=NOW, after="")

    again = desk.decide("al_1", "acknowledged", reason="", who="minji", at_ms=NOW + 1, after="")

    assert again == first
    assert desk.history("al_1") == [first]


def test_decisions_are_read_in_the_order_in_which_they_were_made(desk):
    assert desk.newest() == 0
    made = [acknowledge(desk), resolve(desk), acknowledge(desk, "al_2")]

    found = desk.decisions_after(0)

    assert [one for _, one in found] == made
    assert found[-1][0] == desk.newest()
    assert desk.decisions_after(found[0][0], limit=1) == [found[1]]
    assert desk.totals() == {"open": 0, "acknowledged": 2, "resolved": 1}


def test_a_step_decides_what_nobody_touched_and_leaves_the_rest(desk: Desk):
    desk.decide("b", "acknowledged", reason="", who="mina", at_ms=1)

    made = desk.decide_all(
        {"a": "", "b": "", "c": ""}, "resolved", reason="fan event", who="hana", at_ms=5
    )

    assert [one.alert_id for one in made] == ["a", "c"]
    assert desk.decisions(["b"])["b"].who == "mina"
    assert desk.made_at("hana", 5) == made[::-1]
    assert desk.made_at("hana", 6) == desk.made_at("mina", 5) == []
    assert desk.verify().intact


def test_a_step_is_recorded_whole_or_not_at_all(desk: Desk):
    with pytest.raises(ValueError, match="alert_id"):
        desk.decide_all({"a": "", "": ""}, "resolved", reason="", who="hana", at_ms=5)

    assert desk.history("a") == []
