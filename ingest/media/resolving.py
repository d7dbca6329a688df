"""The addresses of a name, asked so that a silent name server holds nothing up."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence


async def addresses_of(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says; may be cancelled at any time.

    The resolver cannot be interrupted, so it is asked by a thread that the end of neither the
    loop nor the process waits for: those of a loop's own executor are waited for by both.

    Raises:
        OSError: the name has no address.
        UnicodeError: it cannot be the name of a host.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[str]] = loop.create_future()

    def tell(found: Sequence[str] | OSError | UnicodeError) -> None:
        if answer.done():
            return
        if isinstance(found, (OSError, UnicodeError)):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: Sequence[str] | OSError | UnicodeError
        try:
            told = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)
            found = [str(address[0]) for *_, address in told]
        except (OSError, UnicodeError) as error:
            found = error
        try:
            loop.call_soon_threadsafe(tell, found)
        except RuntimeError:
            # The loop was closed meanwhile: nobody waits any more.
            return

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    return await answer
