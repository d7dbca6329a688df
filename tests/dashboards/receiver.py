"""A real HTTP receiver of webhooks that can be slow, fail, and drop the connection."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Request:
    """What arrived; header names in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Honours the delivery id: ``taken`` counts an alert once however often it is sent.

    ``moods`` say what happens to the next requests: a status, ``"slow"``,
    ``"drop unread"`` (closes at once), ``"drop unanswered"`` (takes it, then closes),
    ``"endless"`` (answers 200 with a body that never ends). After them all is well.
    """

    url: str = ""
    moods: list[int | str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    taken: dict[str, Request] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    slow_s: float = 1.0
    on_request: Callable[[Request], None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


def is_signed(request: Request, secret: str) -> bool:
    """Written from the documentation alone, without a line of the product."""
    parts = [part.split("=", 1) for part in request.headers["jikimi-signature"].split(",")]
    (at,) = [value for name, value in parts if name == "t"]
    mac = hmac.new(secret.encode("utf-8"), digestmod=hashlib.sha256)
    mac.update(at.encode("ascii") + b".")
    mac.update(request.body)
    return mac.hexdigest() in [value for name, value in parts if name == "v1"]


@contextmanager
def receiving(receiver: Receiver | None = None) -> Generator[Receiver]:
    """Run a receiver on a free port of this machine."""
    receiver = receiver or Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, receiver)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that was killed is what these tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    with receiver.lock:
        mood = receiver.moods.pop(0) if receiver.moods else 200
    handler.close_connection = True
    if mood == "drop unread":
        return
    body = handler.rfile.read(int(handler.headers["Content-Length"]))
    request = Request(
        handler.path, {name.lower(): value for name, value in handler.headers.items()}, body
    )
    if len(body) < int(handler.headers["Content-Length"]):
        return
    with receiver.lock:
        receiver.requests.append(request)
        if mood in (200, 204, "drop unanswered", "endless"):
            receiver.taken.setdefault(request.headers["jikimi-delivery"], request)
    if receiver.on_request:
        receiver.on_request(request)
    if mood == "drop unanswered":
        return
    if mood == "slow":
        time.sleep(receiver.slow_s)
    handler.send_response(mood if isinstance(mood, int) else 200)
    for name, value in receiver.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    while mood == "endless":
        handler.wfile.write(b"x" * 65536)
