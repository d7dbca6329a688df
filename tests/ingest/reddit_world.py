"""What goes wrong at Reddit, for tests through PRAW itself."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ingest.source import (
    SourceError,
    SourceMisconfigured,
)
from tests.ingest.reddit_server import (
    CLIENT_SECRET,
    RunningReddit,
    json_answer,
)
from tests.ingest.test_reddit import source

HTML = b"<!doctype html><title>Blocked</title>" + CLIENT_SECRET.encode()
HTML_HEADERS = {"Content-Type": "text/html"}


def failure(server: RunningReddit, mood: Any, **more: object) -> Exception:
    """What reading raises when every answer is like that."""
    server.moods = [mood] * 40
    with pytest.raises((SourceError, SourceMisconfigured)) as raised:
        list(source(server, **more).read(None, threading.Event()))
    return raised.value


TROUBLE: dict[str, Any] = {
    **{f"status {status}": (status, HTML_HEADERS, HTML) for status in (408, 500, 502, 503, 504, 520, 522, 525)},
    "HTML instead of JSON": (200, HTML_HEADERS, HTML),
    "JSON that breaks off": (200, {}, b'{"kind": "Listing", "data": {"children": ['),
    "nothing": (200, {}, b""),
    "no content": (204, {}, b""),
    "a list": json_answer(200, []),
    "null": json_answer(200, None),
    "another object": json_answer(200, {"error": "x"}),
    "a listing without children": json_answer(200, {"kind": "Listing", "data": {}}),
    "children that are none": json_answer(200, {"kind": "Listing", "data": {"children": "x"}}),
    "JSON without end": (200, {}, b"[" * 100_000),
    "not UTF-8": (200, {}, b"\xff\xfe\xfa"),
    "gzip that is none": (200, {"Content-Encoding": "gzip"}, b"no gzip"),
    "an unknown status": (599, {}, b"x"),
    "a status of success that is none": (299, {}, b"{}"),
    "a redirect to nowhere": (302, {}, b""),
    "a body shorter than announced": "truncate",
    "a connection that is reset": "reset",
    "a special error without JSON": (415, {}, b"x"),
    "a bad request of an odd shape": (400, {}, b"[1]"),
    "an unauthorised answer that says nothing": (401, {}, b""),
    "an unauthorised answer in riddles": (401, {"WWW-Authenticate": "Basic x"}, b""),
    "insufficient scope": (403, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}, b""),
}  # fmt: skip
