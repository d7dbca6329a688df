"""A local Jetstream: Bluesky's stream over a real WebSocket, with moods.

It speaks the public protocol: ``/subscribe?wantedCollections=…&cursor=…``, one JSON
event a message, from the first event at or after the cursor, then live. A test adds
events while it runs and tells it how to behave on the next connections.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve


def time_us(line: bytes) -> int:
    found = json.loads(line).get("time_us")
    return found if isinstance(found, int) else 0


def post_event(
    rkey: str,
    text: str,
    at_us: int,
    *,
    did: str = "did:plc:seo",
    operation: str = "create",
    **record: Any,
) -> bytes:
    """A line about one post, as the network sends it."""
    commit: dict[str, Any] = {
        "rev": f"rev-{operation}-{rkey}-{at_us}",
        "operation": operation,
        "collection": "app.bsky.feed.post",
        "rkey": rkey,
    }
    if operation != "delete":
        commit["record"] = {
            "$type": "app.bsky.feed.post",
            "createdAt": "2026-11-20T10:00:00.000Z",
            "text": text,
        } | record
    event = {"did": did, "time_us": at_us, "kind": "commit", "commit": commit}
    return json.dumps(event, ensure_ascii=False).encode()


class Jetstream:
    """Events in order of time; ``moods`` are taken one a connection, then all is well.

    Moods: ``("close", n)`` says goodbye after n events, ``("reset", n)`` breaks the
    connection without a word, ``("hang", n)`` goes silent, ``("refuse", status)``
    answers the handshake with an HTTP status and the headers of ``refusal``.
    """

    def __init__(self, lines: Sequence[bytes] = ()) -> None:
        self.lines = list(lines)
        self.moods: list[tuple[str, int]] = []
        self.asked: list[dict[str, list[str]]] = []
        self.kept_from_us = 0
        self.refusal: dict[str, str] = {}
        self._news = threading.Condition()
        self._ended = False
        self._server: Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.socket.getsockname()[1]
        return f"ws://127.0.0.1:{port}/subscribe"

    def add(self, *lines: bytes) -> None:
        with self._news:
            self.lines += lines
            self._news.notify_all()

    def start(self) -> None:
        self._server = serve(
            self._serve, "127.0.0.1", 0, process_request=self._refuse, max_size=None
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        with self._news:
            self._ended = True
            self._news.notify_all()
        if self._server is not None:
            self._server.shutdown()

    def _refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.moods and self.moods[0][0] == "refuse":
            _, status = self.moods.pop(0)
            response = connection.respond(status, "not now\n")
            response.headers.update(self.refusal)
            return response
        del request
        return None

    def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        self.asked.append(query)
        mood, left = self.moods.pop(0) if self.moods else ("well", 0)
        wanted = set(query.get("wantedCollections", ()))
        cursor = max(int(query.get("cursor", ["0"])[0]), self.kept_from_us)
        place = 0
        while True:
            with self._news:
                while place >= len(self.lines) and not self._ended:
                    self._news.wait(0.5)
                if self._ended:
                    return
                line = self.lines[place]
            place += 1
            if time_us(line) < cursor or not _is_wanted(line, wanted):
                continue
            if mood != "well" and not left:
                self._misbehave(connection, mood)
                return
            left -= 1
            try:
                connection.send(line.decode("utf-8", "surrogatepass"))
            except (ConnectionClosed, UnicodeEncodeError):
                return

    def _misbehave(self, connection: ServerConnection, mood: str) -> None:
        if mood == "close":
            connection.close(1001, "going away")
        elif mood == "reset":
            linger = struct.pack("ii", 1, 0)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.socket.close()
        else:
            with self._news:
                while not self._ended:
                    self._news.wait(0.5)


def _is_wanted(line: bytes, wanted: set[str]) -> bool:
    commit = json.loads(line).get("commit")
    # Identity and account events come whatever was asked for.
    return not wanted or not isinstance(commit, dict) or commit.get("collection") in wanted


@contextmanager
def jetstream(lines: Sequence[bytes] = ()) -> Iterator[Jetstream]:
    server = Jetstream(lines)
    server.start()
    try:
        yield server
    finally:
        server.stop()
