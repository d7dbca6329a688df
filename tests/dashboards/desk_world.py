"""Decisions that tests of the desk make."""

from __future__ import annotations

from dashboards.desk import Decision, Desk

NOW = 1_790_000_000_000


def acknowledge(
    desk: Desk, alert_id: str = "al_1", *, at: int = NOW, who: str = "minji"
) -> Decision:
    return desk.decide(alert_id, "acknowledged", reason="", who=who, at_ms=at)


def resolve(
    desk: Desk, alert_id: str = "al_1", *, at: int = NOW + 1, who: str = "minji"
) -> Decision:
    return desk.decide(alert_id, "resolved", reason="handled", who=who, at_ms=at, note="메모")
