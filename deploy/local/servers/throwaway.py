"""Servers for one command: started on free ports before it, gone with it, whatever ends it.

A guard in a session of its own holds one end of a pipe. However the process that started
it ends, also when it is killed, the pipe closes; the guard then ends the command, stops
the servers and deletes their folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from plan import ELASTICSEARCH, ES_VERSION, KAFKA, KAFKA_VERSION, Plan
from ports import BROKERS, NODE, free_port
from process import stop

COMMAND_S = 60
"""Seconds that a command gets to end by itself once this process is gone."""
VERSIONS = {
    KAFKA: f"Apache Kafka {KAFKA_VERSION}",
    ELASTICSEARCH: f"Elasticsearch {ES_VERSION}",
}


def throwaway_plan(cache: Path) -> Plan:
    """A new folder that the servers' own user can reach, and ports nobody listens on."""
    folder = Path(tempfile.mkdtemp(prefix="jikimi-throwaway-"))
    folder.chmod(0o755)
    return Plan(folder, cache, free_port(BROKERS), 1, free_port(NODE))


def run_with(
    plan: Plan,
    services: dict[str, Callable[[Plan], None]],
    folders: Callable[[], list[Path]],
    command: list[str],
) -> int:
    """Start the servers, run the command, take everything away; the command's exit code."""
    guard = Guard(plan.data, folders)
    try:
        for service, start in services.items():
            said(f"starting {VERSIONS[service]} (the first time it is downloaded)")
            begun = time.monotonic()
            start(plan)
            said(f"{VERSIONS[service]} is ready after {time.monotonic() - begun:.0f} s")
        return run(command, environment(plan, services), guard)
    finally:
        said("stopping the servers")
        guard.dismiss()


def environment(plan: Plan, services: dict[str, Callable[[Plan], None]]) -> dict[str, str]:
    """Where the servers are, as settings of jikimi."""
    told = dict(os.environ)
    if KAFKA in services:
        told["JIKIMI__KAFKA__BOOTSTRAP"] = plan.bootstrap()
    if ELASTICSEARCH in services:
        told["JIKIMI__ELASTICSEARCH__URL"] = f"http://127.0.0.1:{plan.es_port}"
    return told


def run(command: list[str], environ: dict[str, str], guard: Guard) -> int:
    """Run the command to its end; Ctrl-C and SIGTERM are for it, and we wait."""
    child = subprocess.Popen(command, env=environ, start_new_session=True)
    guard.watch(child.pid)

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        child.send_signal(number)

    before = {
        number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    guard.watch(0)
    return code if code >= 0 else 128 - code


def said(text: str) -> None:
    """Tell the person in front of it."""
    print(f"services: {text}", file=sys.stderr, flush=True)


class Guard:
    """The process that cleans up; forked before there is anything to clean up."""

    def __init__(self, data: Path, folders: Callable[[], list[Path]]) -> None:
        reading, self._writing = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._writing)
            code = 1
            try:
                os.setsid()
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
                end_command(last_line(reading))
                clean(data, folders())
                code = 0
            finally:
                os._exit(code)
        os.close(reading)

    def watch(self, pid: int) -> None:
        """A command to end when we are gone; 0 when it has ended."""
        os.write(self._writing, b"%d\n" % pid)

    def dismiss(self) -> None:
        """Let it clean up now; returns when all is gone."""
        os.close(self._writing)
        # A second Ctrl-C must not leave while it works.
        before = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)}
        os.waitpid(self._pid, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def last_line(reading: int) -> int:
    """The last number that came through a pipe, read to its end; 0 when none came."""
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().split()
    return int(lines[-1]) if lines else 0


def end_command(pid: int) -> None:
    """End a command whose parent is gone."""
    if not pid:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + COMMAND_S
        while alive(pid) and time.monotonic() < until:
            time.sleep(0.2)
        os.killpg(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be noticed does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def clean(data: Path, folders: list[Path]) -> None:
    """Stop the servers, end whatever else works in their folder, delete it."""
    for folder in folders:
        with suppress(Exception):
            stop(folder)
    for pid in at_work_in(data):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(data, ignore_errors=True)


def at_work_in(data: Path) -> list[int]:
    """Processes whose current folder is that one or below it."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink().is_relative_to(data):
                found.append(int(entry.name))
    return found
