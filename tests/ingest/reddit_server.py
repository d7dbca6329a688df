"""A local Reddit: OAuth, listings, searches, threads and /api/info over real HTTP, with moods.

A test adds submissions and comments while it runs, deletes and edits them, and says how
the next answers go wrong. Listings behave as Reddit's do: newest first, at most a hundred
a page and ``depth`` in all, nothing behind an anchor that has vanished.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ingest.formats.reddit import base36

CLIENT_ID = "app-of-the-test"
CLIENT_SECRET = "sentinel-secret-5f1c"
START_S = 1_795_000_000

Answer = tuple[int, dict[str, str], bytes]


def json_answer(status: int, value: Any, headers: dict[str, str] | None = None) -> Answer:
    body = json.dumps(value).encode("utf-8", "surrogatepass")
    return status, {"Content-Type": "application/json; charset=UTF-8"} | (headers or {}), body


def listing(children: list[Any], after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"after": after, "before": None, "children": children}}


def _posted(thing: Any) -> tuple[float, int]:
    at = thing["data"]["created_utc"]
    return (at if isinstance(at, float) else START_S, int(thing["data"]["id"], 36))


class RedditWorld:
    """What there is on Reddit, and how the server behaves.

    ``moods`` are taken one an API request: an :data:`Answer`, or ``"reset"``, ``"hang"``,
    ``"truncate"``; ``login_moods`` likewise for logins. ``refusals`` maps a
    subreddit to an answer. ``before_answer`` runs before each API answer.
    """

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        self.gone_from_info: set[str] = set()
        self.moods: list[Any] = []
        self.login_moods: list[Any] = []
        self.refusals: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.agents: set[str] = set()
        self.logins: list[dict[str, str]] = []
        self.tokens: set[str] = set()
        self.headers: dict[str, str] = {}
        self.depth = 1000
        self.more_at: int | None = None
        self.before_answer: Any = None
        self.ended = threading.Event()
        self.lock = threading.RLock()
        self._next = int("1abc000", 36)

    def submit(self, title: str = "a title", *, subreddit: str = "kpop", **data: Any) -> str:
        native = self._number(data)
        return self._add("t3", native, {
            "title": title, "selftext": "", "subreddit": subreddit, "is_self": True,
            "permalink": f"/r/{subreddit}/comments/{native}/_/", "num_comments": 0,
        } | data)  # fmt: skip

    def comment(
        self, body: str = "a comment", *, on: str = "t3_1", to: str | None = None, **data: Any
    ) -> str:
        native = self._number(data)
        return self._add("t1", native, {
            "body": body, "subreddit": "kpop", "link_id": on, "parent_id": to or on,
            "permalink": f"/r/kpop/comments/{on[3:]}/_/{native}/",
        } | data)  # fmt: skip

    def _number(self, data: dict[str, Any]) -> str:
        with self.lock:
            self._next += 1
            return data.pop("id", None) or base36(self._next)

    def _add(self, kind: str, native: str, data: dict[str, Any]) -> str:
        name = f"{kind}_{native}"
        defaults = {
            "id": native, "name": name, "author": "somebody", "author_fullname": "t2_some",
            "created_utc": float(START_S + len(self.things)), "edited": False, "score": 1,
        }  # fmt: skip
        with self.lock:
            self.things[name] = {"kind": kind, "data": defaults | data}
        return name

    def change(self, name: str, **data: Any) -> None:
        with self.lock:
            self.things[name]["data"] |= data

    def vanish(self, *names: str) -> None:
        """Gone from listings, as what a moderator or the author took away."""
        self.hidden |= set(names)

    def answer(self, path: str, query: dict[str, str]) -> Answer:
        found: Any
        match [part for part in path.split("/") if part]:
            case ["r", places, ("new" | "comments") as kind]:
                for place in places.split("+"):
                    if place in self.refusals:
                        return self.refusals[place]
                wanted = {place.lower() for place in places.split("+")}
                found = self._list("t3" if kind == "new" else "t1", query, wanted)
            case ["search"]:
                found = self._list("t3", query, None)
            case ["r", place, "search"]:
                if place in self.refusals:
                    return self.refusals[place]
                found = self._list("t3", query, {place.lower()})
            case ["api", "info"]:
                shown = self.things.keys() - self.gone_from_info
                names = [name for name in query["id"].split(",") if name in shown]
                found = listing([self.things[name] for name in names])
            case ["comments", native]:
                found = self._thread(f"t3_{native}")
            case ["api", "morechildren"]:
                names = [f"t1_{native}" for native in query["children"].split(",")]
                things = [self.things[name] for name in names if name in self.things]
                found = {"json": {"errors": [], "data": {"things": things}}}
            case _:
                return json_answer(404, {"message": "Not Found", "error": 404})
        return json_answer(200, found)

    def _list(
        self, kind: str, query: dict[str, str], wanted: set[str] | None
    ) -> dict[str, Any]:
        term = query.get("q", "").lower()
        shown = [
            thing
            for name, thing in self.things.items()
            if thing["kind"] == kind
            and name not in self.hidden
            and (
                wanted is None
                or thing["data"]["subreddit"].lower() in wanted
                or "all" in wanted
            )
            and term in f"{thing['data'].get('title', '')}".lower()
        ]
        shown.sort(key=_posted, reverse=True)
        shown = shown[: self.depth]
        names = [f"{thing['kind']}_{thing['data']['id']}" for thing in shown]
        start = 0
        if (after := query.get("after")) is not None:
            if after not in names:
                return listing([])
            start = names.index(after) + 1
        limit = min(int(query.get("limit", "25")), 100)
        page = shown[start : start + limit]
        more = start + limit < len(shown)
        return listing(page, names[start + len(page) - 1] if more and page else None)

    def _thread(self, submission: str) -> list[Any]:
        comments = [
            thing
            for thing in self.things.values()
            if thing["kind"] == "t1" and thing["data"]["link_id"] == submission
        ]

        def under(parent: str) -> Any:
            found = []
            for thing in comments:
                if thing["data"]["parent_id"] == parent:
                    replies = under(f"t1_{thing['data']['id']}")
                    data = thing["data"] | {"replies": listing(replies) if replies else ""}
                    found.append({"kind": "t1", "data": data})
            return found

        top = under(submission)
        if self.more_at is not None and len(top) > self.more_at:
            rest = [thing["data"]["id"] for thing in top[self.more_at :]]
            more = {
                "kind": "more",
                "data": {"children": rest, "count": len(rest), "id": rest[0]},
            }
            top = [*top[: self.more_at], more]
        top_thing = self.things.get(submission)
        return [listing([top_thing] if top_thing else []), listing(top)]

    def log_in(self, authorization: str) -> Answer:
        good = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {good}":
            return json_answer(401, {"message": "Unauthorized", "error": 401})
        token = f"sentinel-token-{len(self.logins)}"
        self.tokens = {token}
        body = {"access_token": token, "token_type": "bearer", "expires_in": 3600, "scope": "*"}
        return json_answer(200, body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self._serve({key: values[0] for key, values in parse_qs(body).items()})

    def log_message(self, *args: object) -> None:
        """Nothing is written to the terminal."""

    def _serve(self, form: dict[str, str]) -> None:
        world = self.server.world
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()} | form
        world.agents.add(self.headers.get("User-Agent", ""))
        authorization = self.headers.get("Authorization", "")
        mood: Any = None
        with world.lock:
            if parts.path == "/api/v1/access_token":
                world.logins.append(query)
                mood = world.login_moods.pop(0) if world.login_moods else None
                answer = world.log_in(authorization)
            elif authorization.removeprefix("bearer ") not in world.tokens:
                challenge = 'Bearer realm="reddit", error="invalid_token"'
                answer = 401, {"WWW-Authenticate": challenge}, b""
            else:
                world.asked.append((parts.path, query))
                if world.before_answer is not None:
                    world.before_answer(parts.path, query)
                mood = world.moods.pop(0) if world.moods else None
                if isinstance(mood, tuple):
                    answer = mood
                else:
                    status, headers, body = world.answer(parts.path, query)
                    answer = status, headers | world.headers, body
        if isinstance(mood, tuple):
            answer = mood
        self._send(answer, mood if isinstance(mood, str) else "well")

    def _send(self, answer: Answer, mood: str) -> None:
        status, headers, body = answer
        if mood == "hang":
            self.server.world.ended.wait(30)
        if mood in ("hang", "reset"):
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if mood == "truncate":
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    world: RedditWorld

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class RunningReddit(RedditWorld):
    url: str


@contextmanager
def reddit() -> Iterator[RunningReddit]:
    world = RunningReddit()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.world = world
    world.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield world
    finally:
        world.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
