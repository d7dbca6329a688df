"""A server that speaks the part of Kibana's documented API of saved objects that we use.

Kibana itself was not run. As its documentation says: the header ``kbn-xsrf`` is asked for,
the file comes as the part ``file`` of a form and its name ends in ``.ndjson``, objects that
are there conflict unless ``overwrite`` is set, and references must lead somewhere.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PLACE = re.compile(r"(?:/s/(?P<space>[^/]+))?/api/saved_objects/_import")


class Kibana(ThreadingHTTPServer):
    """``held`` are its saved objects by space, type and id; ``key`` None asks for none."""

    daemon_threads = True

    def __init__(self, key: str | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.key = key
        self.held: dict[tuple[str, str, str], dict] = {}
        self.requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, space: str, objects: list[dict], overwrite: bool) -> dict:
        errors, done = [], []
        inside = {(one["type"], one["id"]) for one in objects}
        for one in objects:
            place = (space, one["type"], one["id"])
            wanted = {(r["type"], r["id"]) for r in one.get("references", [])}
            missing = {r for r in wanted if r not in inside and (space, *r) not in self.held}
            if missing:
                problem = {"type": "missing_references"}
            elif place in self.held and not overwrite:
                problem = {"type": "conflict"}
            else:
                self.held[place] = one
                done.append({"type": one["type"], "id": one["id"], "overwrite": overwrite})
                continue
            errors.append({"type": one["type"], "id": one["id"], "error": problem})
        told = {"successCount": len(done), "success": not errors, "warnings": []}
        return told | ({"errors": errors} if errors else {"successResults": done})


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Kibana

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.server.requests += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        address = urlsplit(self.path)
        match = PLACE.fullmatch(address.path)
        if match is None:
            self._say(404, {"statusCode": 404, "error": "Not Found", "message": "Not Found"})
        elif not self.headers.get("kbn-xsrf"):
            self._no("Request must contain a kbn-xsrf header.")
        elif (
            self.server.key and self.headers.get("Authorization") != f"ApiKey {self.server.key}"
        ):
            shown = self.headers.get("Authorization", "")
            self._say(401, {"statusCode": 401, "error": "Unauthorized", "message": shown})
        else:
            overwrite = parse_qs(address.query).get("overwrite") == ["true"]
            self._import(match["space"] or "default", body, overwrite)

    def _import(self, space: str, body: bytes, overwrite: bool) -> None:
        kind = self.headers["Content-Type"].encode()
        parts = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + kind + b"\r\n\r\n" + body
        )
        files = [
            p
            for p in parts.iter_parts()
            if p.get_param("name", header="content-disposition") == "file"
        ]
        if not files or not str(files[0].get_filename()).endswith(".ndjson"):
            self._no("Invalid file extension")
            return
        lines = files[0].get_payload(decode=True).splitlines()
        self._say(200, self.server.take(space, [json.loads(line) for line in lines], overwrite))

    def _no(self, message: str) -> None:
        self._say(400, {"statusCode": 400, "error": "Bad Request", "message": message})

    def _say(self, status: int, body: dict) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


@contextmanager
def kibana(key: str | None = None) -> Iterator[Kibana]:
    server = Kibana(key)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
