"""The web process beside the pipeline: started as a child, ends with its parent."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from dashboards.composing.parts import jikimi

READY = "ready "
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 2.0


class WebFailedError(OSError):
    """The web process did not come up; its own message is on standard error."""


class WebProcess:
    """A running ``jikimi web``; ``url`` is where its pages are."""

    def __init__(self, child: subprocess.Popen[str], url: str) -> None:
        self._child = child
        self.url = url

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None


@contextmanager
def web_process(
    folder: Path,
    *,
    config: Path | None,
    options: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    local: bool = True,
) -> Generator[WebProcess]:
    """Start the pages for a data folder in a process of their own.

    A page that takes long never holds the pipeline up, and the other way round.
    The child sees the end of this process by its closed standard input.

    Args:
        local: read the folder's own index, whatever the settings say.

    Raises:
        WebFailedError: it ended or stayed silent before it was ready.
    """
    given = ["--local-index", *options] if local else options
    command = jikimi(config, "web", "--data", str(folder), "--with-parent", *given)
    child = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**environ, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )
    try:
        yield WebProcess(child, _wait_ready(child))
    finally:
        _end(child)


def _wait_ready(child: subprocess.Popen[str]) -> str:
    found: list[str] = []

    def listen() -> None:
        for line in child.stdout or ():
            if line.startswith(READY):
                found.append(line.removeprefix(READY).strip())
                return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    listener.join(START_TIMEOUT_S)
    if not found:
        raise WebFailedError("the web process did not start; see its message above")
    return found[0]


def _end(child: subprocess.Popen[str]) -> None:
    if child.stdin:
        child.stdin.close()
    child.terminate()
    try:
        child.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout:
        child.stdout.close()
