"""Finds sources, detectors and sinks by entry point; ours use the same way in."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

SOURCES = "jikimi.sources"
DETECTORS = "jikimi.detectors"
SINKS = "jikimi.sinks"


def names(group: str) -> list[str]:
    """Names registered in ``group``, sorted; no module is imported."""
    return sorted({point.name for point in entry_points(group=group)})


def load(group: str, name: str) -> Any:
    """Import what ``name`` is registered for in ``group``.

    Raises:
        KeyError: nothing of that name is registered.
    """
    for point in entry_points(group=group):
        if point.name == name:
            return _load(point)
    raise KeyError(name)


def _load(point: EntryPoint) -> Any:
    return point.load()
