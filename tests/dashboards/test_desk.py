"""People's decisions: what holds, who decided, undo, and a history nobody can quietly change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.desk import LIMITS, UNDO_MS, Desk
from tests.dashboards.desk_world import NOW, acknowledge, resolve


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "desk.db")
    yield desk
    desk.close()


def test_an_alert_nobody_decided_about_has_no_decision(desk):
    assert desk.decisions(["al_1"]) == {}
    assert desk.history("al_1") == []


def test_the_last_decision_is_in_force(desk):
    acknowledge(desk)
    last = resolve(desk)

    assert desk.decisions(["al_1", "al_2"]) == {"al_1": last}
    assert (last.state, last.reason, last.note, last.who, last.at) == (
        "resolved",
        "handled",
        "메모",
        "minji",
        NOW + 1,
    )


def test_history_holds_everything_the_last_first(desk):
    first, second = acknowledge(desk), resolve(desk)
    acknowledge(desk, "al_2")

    assert desk.history("al_1") == [second, first]


def test_decisions_outlive_the_process(tmp_path):
    desk = Desk(tmp_path / "desk.db")
    made = resolve(desk)
    desk.close()

    again = Desk(tmp_path / "desk.db")
    assert again.decisions(["al_1"]) == {"al_1": made}
    again.close()


def test_deciding_the_same_twice_is_one_decision(desk):
    made = acknowledge(desk)

    assert acknowledge(desk, at=NOW + 500) == made
    assert len(desk.history("al_1")) == 1


def test_another_persons_same_decision_is_recorded_too(desk):
    acknowledge(desk)
    acknowledge(desk, who="haru", at=NOW + 1)

    assert [one.who for one in desk.history("al_1")] == ["haru", "minji"]


def test_a_resolved_alert_can_be_opened_again(desk):
    resolve(desk)
    desk.decide("al_1", "open", reason="it goes on", who="haru", at_ms=NOW + 2)

    assert desk.decisions(["al_1"])["al_1"].state == "open"


def test_counts_take_undecided_alerts_as_open_and_each_alert_once(desk):
    acknowledge(desk, "al_1")
    resolve(desk, "al_2")
    resolve(desk, "al_9")

    counts = desk.count_by_state(["al_1", "al_2", "al_3", "al_3"])

    assert counts == {"open": 1, "acknowledged": 1, "resolved": 1}


def test_thousands_of_alerts_can_be_asked_for_at_once(desk):
    acknowledge(desk, "al_39999")

    assert set(desk.decisions([f"al_{n}" for n in range(40_000)])) == {"al_39999"}


# --- undo -----------------------------------------------------------------------


def test_undo_restores_what_held_before(desk):
    before = acknowledge(desk)
    decided = resolve(desk)

    undone = desk.undo(decided.decision_id, who="haru", at_ms=NOW + 10)

    assert undone is not None
    assert (undone.state, undone.reason, undone.note) == (
        "acknowledged",
        before.reason,
        before.note,
    )
    assert (undone.who, undone.undoes) == ("haru", decided.decision_id)
    assert desk.decisions(["al_1"])["al_1"] == undone


def test_undoing_the_first_decision_opens_the_alert(desk):
    decided = resolve(desk)

    undone = desk.undo(decided.decision_id, who="minji", at_ms=NOW + 10)

    assert undone is not None
    assert (undone.state, undone.reason, undone.note) == ("open", "", "")


def test_an_undo_is_recorded_and_deletes_nothing(desk):
    decided = resolve(desk)
    undone = desk.undo(decided.decision_id, who="minji", at_ms=NOW + 10)

    assert desk.history("al_1") == [undone, decided]


def test_undo_holds_for_ten_minutes_and_no_longer(desk):
    one, two = resolve(desk, "al_1", at=NOW), resolve(desk, "al_2", at=NOW)

    assert desk.undo(one.decision_id, who="minji", at_ms=NOW + UNDO_MS) is not None
    assert desk.undo(two.decision_id, who="minji", at_ms=NOW + UNDO_MS + 1) is None
    assert desk.decisions(["al_2"])["al_2"] == two


def test_only_the_last_decision_can_be_undone(desk):
    first, second = acknowledge(desk), resolve(desk)

    assert desk.undo(first.decision_id, who="minji", at_ms=NOW + 10) is None
    assert desk.decisions(["al_1"])["al_1"] == second


def test_a_second_click_on_undo_does_nothing(desk):
    decided = resolve(desk)
    desk.undo(decided.decision_id, who="minji", at_ms=NOW + 10)

    assert desk.undo(decided.decision_id, who="minji", at_ms=NOW + 11) is None
    assert len(desk.history("al_1")) == 2


def test_an_undo_can_be_undone(desk):
    decided = resolve(desk)
    undone = desk.undo(decided.decision_id, who="minji", at_ms=NOW + 10)
    assert undone is not None

    again = desk.undo(undone.decision_id, who="minji", at_ms=NOW + 20)

    assert again is not None
    assert (again.state, again.reason, again.note) == ("resolved", "handled", "메모")


def test_an_unknown_decision_cannot_be_undone(desk):
    assert desk.undo("dc_nothing", who="minji", at_ms=NOW) is None
    assert desk.undo("\ud800", who="minji", at_ms=NOW) is None


# --- what comes in ---------------------------------------------------------------


def test_an_unknown_state_is_refused_with_what_is_allowed(desk):
    with pytest.raises(
        ValueError, match="found 'closed', allowed: open, acknowledged, resolved"
    ):
        desk.decide("al_1", "closed", reason="", who="minji", at_ms=NOW)


@pytest.mark.parametrize("field", ["alert_id", "who"])
@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_alert_and_a_person_are_needed(desk, field, text):
    given_text = {"alert_id": "al_1", "who": "minji"} | {field: text}

    with pytest.raises(ValueError, match=f"{field}: found nothing"):
        desk.decide(given_text["alert_id"], "open", reason="", who=given_text["who"], at_ms=NOW)


@pytest.mark.parametrize("field", sorted(LIMITS))
def test_too_long_a_text_is_refused_and_the_longest_kept(desk, field):
    texts = {"alert_id": "al_1", "reason": "r", "note": "n", "who": "w"}
    longest = texts | {field: "가" * LIMITS[field]}
    longer = texts | {field: "가" * (LIMITS[field] + 1)}

    made = desk.decide(longest.pop("alert_id"), "open", at_ms=NOW, **longest)
    with pytest.raises(ValueError, match=f"{field}: {LIMITS[field] + 1} characters"):
        desk.decide(longer.pop("alert_id"), "open", at_ms=NOW, **longer)

    assert getattr(made, field) == "가" * LIMITS[field]


def test_lone_surrogates_and_control_characters_do_no_harm(desk):
    made = desk.decide("al_1", "open", reason="a\ud800b", who="\x00x", note="'; --", at_ms=NOW)

    assert made.reason == "a?b"
    assert desk.history("al_1") == [made]
    assert desk.verify().intact
