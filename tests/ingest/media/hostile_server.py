"""A server on 127.0.0.1 that does what no honest one does; each path is one trick."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(200)
REDIRECTS = {
    "/to-loopback": "http://127.0.0.1/secret",
    "/to-metadata": "http://169.254.169.254/latest/meta-data/",
    "/to-mapped": "http://[::ffff:10.0.0.1]/",
    "/to-file": "file:///etc/passwd",
    "/round": "/round",
    "/to-picture": "/picture",
}


def head(status: str, **fields: str) -> bytes:
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\nconnection: close\r\n{named}\r\n".encode()


class Hostile:
    """What was asked, and how often the server is still broken."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sent = 0
        self.port = 0
        self.failures = 2
        self.at_once = 0
        self.most_at_once = 0

    def url(self, path: str) -> str:
        return f"http://media.example:{self.port}{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            path = request.split(b" ", 2)[1].decode()
            self.asked.append(path)
            await self._trick(path, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.at_once -= 1
            writer.close()

    async def _trick(self, path: str, writer: asyncio.StreamWriter) -> None:  # noqa: PLR0912 - one trick a branch
        if path in REDIRECTS:
            writer.write(head("302 Found", location=REDIRECTS[path], content_length="0"))
        elif path == "/endless":
            writer.write(head("200 OK", content_type="image/jpeg"))
            while True:
                writer.write(bytes(65536))
                self.sent += 65536
                await writer.drain()
        elif path == "/slow":
            writer.write(head("200 OK", content_type="image/jpeg", content_length="100000"))
            for _ in range(1000):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        elif path == "/page":
            writer.write(head("200 OK", content_type="text/html", content_length="4") + b"<p>h")
        elif path == "/says-huge":
            writer.write(head("200 OK", content_type="image/png", content_length="9" * 15))
        elif path == "/says-more":
            writer.write(head("200 OK", content_type="image/png", content_length="999") + b"x")
        elif path == "/bomb":
            body = gzip.compress(bytes(10_000_000))
            fields = {"content_type": "image/png", "content_encoding": "gzip"}
            writer.write(head("200 OK", **fields, content_length=str(len(body))) + body)
        elif path == "/garbage":
            writer.write(b"\x00\xff no http at all\r\n\r\n")
        elif path == "/broken-for-a-while" and self.failures:
            self.failures -= 1
            writer.write(head("503 Busy", content_length="0"))
        elif path == "/come-back-tomorrow":
            writer.write(head("429 Slow", retry_after="86400", content_length="0"))
        elif path == "/gone":
            writer.write(head("404 Not Found", content_length="0"))
        else:
            if path.startswith("/busy"):
                await asyncio.sleep(0.05)
            length = str(len(PICTURE))
            writer.write(head("200 OK", content_type="image/png", content_length=length))
            writer.write(PICTURE)
        await writer.drain()


@asynccontextmanager
async def hostile_server() -> AsyncGenerator[Hostile]:
    hostile = Hostile()
    server = await asyncio.start_server(hostile.answer, "127.0.0.1", 0)
    hostile.port = server.sockets[0].getsockname()[1]
    async with server:
        yield hostile
