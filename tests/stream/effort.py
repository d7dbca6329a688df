"""How much work something is: lines of this project's Python that run, the same everywhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

_OURS = tuple(
    str(Path(__file__).resolve().parents[2] / room) for room in ("detect", "ingest", "stream")
)


def lines_run(act: Callable[[], object]) -> int:
    """Lines that run in this project's rooms while something is done, each time it runs.

    Loops inside of libraries are not counted: what is vectorised is told by its size.
    """
    count = 0

    def within(_: FrameType, event: str, __: Any) -> Any:
        nonlocal count
        count += event == "line"
        return within

    def entering(frame: FrameType, _: str, __: Any) -> Any:
        return within if frame.f_code.co_filename.startswith(_OURS) else None

    before = sys.gettrace()
    sys.settrace(entering)
    try:
        act()
    finally:
        sys.settrace(before)
    return count
