"""Certificates of an authority of our own, and a proxy that speaks TLS and checks a key."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

KEY = "amlraW1pOnRlc3Qta2V5LW9mLXRoZS1wcm94eQ=="
LOOPBACK = "IP:127.0.0.1,DNS:localhost"
DROPPED = {"host", "connection", "transfer-encoding", "content-length"}


class Pair(NamedTuple):
    """A certificate and its key, PEM."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates with openssl; its own one is what clients trust."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._name = name
        self.own = Pair(folder / f"{name}.pem", folder / f"{name}.key")
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-days", "2", "-out", self.own.certificate, "-keyout",
            self.own.key,
        )  # fmt: skip

    def signed(self, name: str, names: str = LOOPBACK, days: int = 2) -> Pair:
        """A certificate for these names; with ``days`` below 0 it has expired."""
        made = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        asked = self._folder / f"{name}.csr"
        openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            f"/CN={name}", "-out", asked, "-keyout", made.key,
        )  # fmt: skip
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        openssl(
            "x509", "-req", "-in", asked, "-CA", self.own.certificate, "-CAkey", self.own.key,
            "-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out",
            made.certificate,
        )  # fmt: skip
        return made


def openssl(*arguments: object) -> None:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


class Proxy(ThreadingHTTPServer):
    """Passes requests with the right key on to a server without security."""

    daemon_threads = True

    def __init__(self, target: str, pair: Pair, key: str = KEY) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = urlsplit(target)
        self.key = key
        self.seen: list[str] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pair.certificate, pair.key)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_port}"

    def finish_request(self, request, client_address) -> None:
        # In the thread of the connection, so that a bad handshake disturbs nobody else.
        try:
            with self.context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)
        except (ssl.SSLError, OSError):
            return


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def do_PUT(self) -> None:
        self._pass_on()

    def do_DELETE(self) -> None:
        self._pass_on()

    def do_HEAD(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        shown = self.headers.get("Authorization", "")
        self.server.seen.append(shown)
        if shown != f"ApiKey {self.server.key}":
            self._refuse(shown)
            return
        kept = {k: v for k, v in self.headers.items() if k.lower() not in DROPPED}
        target = self.server.target
        onward = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
        try:
            onward.request(self.command, self.path, body=body or None, headers=kept)
            answer = onward.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
        finally:
            onward.close()

    def _refuse(self, shown: str) -> None:
        """As Elasticsearch does it, but for an echo of what was shown, which is worse."""
        reason = f"unable to authenticate with provided credentials [{shown}]"
        body = {
            "error": {"type": "security_exception", "reason": reason, "root_cause": []},
            "status": 401,
        }
        headers = [("Content-Type", "application/json"), ("X-Elastic-Product", "Elasticsearch")]
        self._answer(401, headers, json.dumps(body).encode())

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def proxy(target: str, pair: Pair) -> Iterator[Proxy]:
    server = Proxy(target, pair)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
