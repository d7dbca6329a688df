"""A TCP proxy of our own, to cut, halve, slow or reset what goes between us and a broker."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

PIECE = 65_536


class Proxy:
    """Listens on ``port`` and passes everything on to ``target``, until told otherwise.

    What is held back by a cut goes on when it is healed, as TCP would send it again.
    """

    def __init__(self, target: int, port: int = 0) -> None:
        self.target = target
        self._loop = asyncio.new_event_loop()
        self._asked = asyncio.Event()
        self._answers = asyncio.Event()
        self._delay = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, sock=self._listener), self._loop
        ).result(5)
        self.heal()

    def cut(self) -> None:
        """Nothing passes in either direction; connections stay as they are."""
        self._do(self._asked.clear)
        self._do(self._answers.clear)

    def cut_answers(self) -> None:
        """Half open: the broker hears us, we do not hear it."""
        self._do(self._answers.clear)

    def slow(self, seconds: float) -> None:
        """Every piece takes so long in each direction."""
        self._delay = seconds

    def reset(self) -> None:
        """Break every connection at once, as a firewall that forgot them."""
        self._do(self._abort)

    def heal(self) -> None:
        """Let everything pass again."""
        self._delay = 0.0
        self._do(self._asked.set)
        self._do(self._answers.set)

    def close(self) -> None:
        """Stop listening and break what is open."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _do(self, call: Callable[[], object]) -> None:
        done = threading.Event()

        def now() -> None:
            call()
            done.set()

        self._loop.call_soon_threadsafe(now)
        assert done.wait(5)

    async def _end(self) -> None:
        self._server.close()
        self._abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _abort(self) -> None:
        for writer in self._writers:
            raw = writer.get_extra_info("socket")
            if raw is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        ends = [writer]
        try:
            with suppress(OSError):
                there, back = await asyncio.open_connection("127.0.0.1", self.target)
                self._writers.add(back)
                ends.append(back)
                pumps = [
                    asyncio.create_task(self._pump(reader, back, self._asked)),
                    asyncio.create_task(self._pump(there, writer, self._answers)),
                ]
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            for end in ends:
                end.close()
            self._writers.difference_update(ends)
            self._tasks.discard(task)

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, gate: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await source.read(PIECE):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await gate.wait()
                target.write(data)
                await target.drain()
