"""Commands of jikimi as processes beside this one: they end with it, however it ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from stream.config.secrets import mask_text

WATCH_EVERY_S = 0.3
STOP_S = 30.0
LAST_WORDS = 1500


class PartEndedError(Exception):
    """A process that should go on has ended; the message holds its last words."""


def jikimi(config: Path | None, *arguments: str) -> list[str]:
    """The command line of one of our own commands."""
    given = [] if config is None else ["--config", str(config)]
    return [sys.executable, "-m", "dashboards", *given, *arguments]


class Part:
    """One process, with what it says in a file.

    It must take ``--with-parent``: its standard input closes when this process ends.

    Args:
        name: what people call it.
        command: the whole command line.
        environ: its environment.
        log: where standard output and standard error go.
    """

    def __init__(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self._log = log
        self._ending = False
        with log.open("wb") as output:
            self._child = subprocess.Popen(  # noqa: S603 - our own program and arguments
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=dict(environ),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.pid

    def problem(self) -> str | None:
        """Why it ended although nobody asked it to; None while it runs."""
        code = self._child.poll()
        if code is None or self._ending:
            return None
        how = f"with exit code {code}" if code >= 0 else f"by signal {-code}"
        words = self._log.read_text(encoding="utf-8", errors="replace")[-LAST_WORDS:].strip()
        return f"{self.name} ended {how}" + (f":\n{mask_text(words)}" if words else "")

    def ask_to_end(self) -> None:
        """Begin to end it; others can be asked meanwhile."""
        self._ending = True
        if self._child.stdin:
            self._child.stdin.close()
        self._child.terminate()

    def end(self) -> None:
        """Wait until it has ended; by force when it takes too long."""
        try:
            self._child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Parts:
    """All processes of one run; ``stop`` is set when one of them ends by itself."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._parts: list[Part] = []
        self._done = threading.Event()
        self.failure: str | None = None

    def add(self, part: Part) -> None:
        """Watch one more."""
        self._parts.append(part)

    def check(self) -> None:
        """Go on only while all run.

        Raises:
            PartEndedError: one has ended.
        """
        if self.failure is not None:
            raise PartEndedError(self.failure)

    def watch(self) -> None:
        """Look after them until all are asked to end."""
        while not self._done.wait(WATCH_EVERY_S):
            for part in list(self._parts):
                problem = part.problem()
                if problem is not None:
                    self.failure = problem
                    self._stop.set()
                    return

    def end(self) -> None:
        """End them all, side by side."""
        self._done.set()
        for part in self._parts:
            part.ask_to_end()
        for part in self._parts:
            part.end()


@contextmanager
def parts(stop: threading.Event) -> Generator[Parts]:
    """Processes that end with the block; each is watched meanwhile."""
    made = Parts(stop)
    watcher = threading.Thread(target=made.watch, name="parts", daemon=True)
    watcher.start()
    try:
        yield made
    finally:
        made.end()
        watcher.join()


def call(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """Run one of our commands to its end; what it said.

    Raises:
        PartEndedError: it failed.
    """
    done = subprocess.run(  # noqa: S603 - our own program and arguments
        command, env=dict(environ), capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = mask_text((done.stderr or done.stdout).strip()[-LAST_WORDS:])
        raise PartEndedError(f"{' '.join(command[3:])} failed: {words}")
    return done.stdout
