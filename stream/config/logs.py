"""Structured logs on standard error: for people or as JSON, without secrets or floods.

Modules log with ``structlog.get_logger()`` and keyword values; what other
libraries say through ``logging`` passes the same chain.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from stream.config.secrets import mask_value

_NOISY = (
    "httpx",
    "httpcore",
    "websockets",
    "uvicorn.access",
    "kafka",
    "elastic_transport",
    "asyncio",
)


def configure(*, level: str, form: str, stream: TextIO | None = None) -> None:
    """Set up logging for this process; calling it again replaces the set-up.

    Args:
        level: debug, info, warning or error.
        form: "console" for people, "json" for one JSON object a line.
        stream: where to write; standard error by default.
    """
    out = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        drop_colours,
        Limiter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    handler = _Handler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(form, out),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; a record of another library that is dropped ends here.

    ``DropEvent`` is no Exception: from here it would end the thread that logged.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record unless it is dropped."""
        with suppress(structlog.DropEvent):
            super().emit(record)


def _renderer(form: str, out: TextIO) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    colours = out.isatty() and not os.environ.get("NO_COLOR")
    return structlog.dev.ConsoleRenderer(
        colors=colours, exception_formatter=structlog.dev.plain_traceback
    )


def drop_colours(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Leave out the second, coloured form of its message that uvicorn adds."""
    del logger, method
    event.pop("color_message", None)
    return event


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Mask secrets by key, and passwords, tokens and URL queries inside any text."""
    del logger, method
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = mask_value(value, key)
    return event


class Limiter:
    """Drops repeats: at most ``burst`` of one event within ``seconds``, then a count.

    The first event after the pause carries ``suppressed``, the number dropped.
    Errors pass always. At most ``keys`` different events are remembered.
    """

    def __init__(
        self,
        *,
        burst: int = 10,
        seconds: float = 60.0,
        keys: int = 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = burst
        self._seconds = seconds
        self._keys = keys
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str, str], tuple[float, int]] = {}

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """Pass the event on or raise ``DropEvent``."""
        if method in ("error", "critical", "exception"):
            return event
        name = cast("Any", getattr(logger, "name", None)) or ""
        key = (str(name), method, str(event.get("event")))
        now = self._clock()
        with self._lock:
            since, count = self._seen.pop(key, (now, 0))
            dropped = max(0, count - self._burst) if now - since >= self._seconds else 0
            if now - since >= self._seconds:
                since, count = now, 0
            # Put back at the end, so that the longest silent one is forgotten first.
            self._seen[key] = (since, count + 1)
            if len(self._seen) > self._keys:
                del self._seen[next(iter(self._seen))]
        if count >= self._burst:
            raise structlog.DropEvent
        if dropped:
            event["suppressed"] = dropped
        return event
