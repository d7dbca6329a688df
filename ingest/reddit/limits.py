"""How often Reddit may be asked: its own headers, and never more than 100 times a minute."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

A_MINUTE = 100
"""Requests a minute that Reddit allows a free app; kept also where no header tells."""
RESERVE = 60
"""Requests left in Reddit's window from which on they are spread evenly."""
LONGEST_S = 3600.0
UNTOLD_S = 60.0


class Limits:
    """What is left of the quota.

    Args:
        clock: monotonic seconds.
        wall: seconds since 1970, for dates in answers.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._sent: deque[float] = deque(maxlen=A_MINUTE)
        self._next = -math.inf
        self._scarce_until = -math.inf

    def pause(self) -> float:
        """Seconds to wait before the next request."""
        now = self._clock()
        ready = self._next
        if len(self._sent) == A_MINUTE:
            ready = max(ready, self._sent[0] + 60.0)
        return max(0.0, ready - now)

    def spare_in(self) -> float:
        """Seconds until there is more quota than live reading needs."""
        now = self._clock()
        ready = self._scarce_until
        if len(self._sent) >= A_MINUTE // 2:
            ready = max(ready, self._sent[-A_MINUTE // 2] + 60.0)
        return max(0.0, ready - now)

    def sent(self) -> None:
        """A request goes out now."""
        self._sent.append(self._clock())

    def heard(self, headers: Mapping[str, str]) -> None:
        """Take note of ``X-Ratelimit-*``; what is no number is ignored."""
        left = _number(headers.get("x-ratelimit-remaining"))
        reset = _number(headers.get("x-ratelimit-reset"))
        if left is None or reset is None:
            return
        now = self._clock()
        reset = min(reset, LONGEST_S)
        self._scarce_until = now + reset if left < RESERVE else now
        if left < 1:
            self._next = now + max(1.0, reset)
        elif left < RESERVE:
            self._next = now + reset / left
        else:
            self._next = now

    def asked_to_wait(self, headers: Mapping[str, str]) -> float:
        """Seconds a 429 asks for: ``Retry-After``, else the window's end, else a minute."""
        told = headers.get("retry-after")
        seconds = _number(told)
        if seconds is None and told:
            try:
                seconds = parsedate_to_datetime(told).timestamp() - self._wall()
            except (ValueError, OverflowError):
                seconds = None
        if seconds is None:
            seconds = _number(headers.get("x-ratelimit-reset"))
        return min(max(1.0, UNTOLD_S if seconds is None else seconds), LONGEST_S)


def _number(text: str | None) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if math.isfinite(found) and found >= 0 else None
