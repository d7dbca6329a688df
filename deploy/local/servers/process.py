"""Runs a server as a user without rights, watches it, and stops it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from plan import ServiceError

USER = "jikimi-services"
START_S = 240
STOP_S = 30


def spawn(
    command: list[str],
    folder: Path,
    environment: dict[str, str] | None = None,
    *,
    pid_file: bool = True,
) -> None:
    """Start a server in a session of its own, so that Ctrl-C does not reach it."""
    clean = {key: os.environ[key] for key in ("PATH", "LANG", "TZ") if key in os.environ}
    who = owner()
    with (folder / "output.log").open("ab") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=clean | {"HOME": str(folder)} | (environment or {}),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            user=who.uid,
            group=who.gid,
            extra_groups=who.groups,
        )  # fmt: skip
    if pid_file:
        (folder / "pid").write_text(str(process.pid), encoding="utf-8")


@dataclass(frozen=True)
class Owner:
    """Whose processes and files these are; nothing is changed where we are not root."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> tuple[int, ...] | None:
        """Further groups of the processes: none but their own."""
        return None if self.gid is None else ()


def owner() -> Owner:
    """The servers' own user, made when absent; ourselves when we are not root."""
    if os.geteuid():
        return Owner()
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        program = shutil.which("useradd") or "/usr/sbin/useradd"
        subprocess.run(
            [program, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER],
            check=True,
        )
        entry = pwd.getpwnam(USER)
    return Owner(entry.pw_uid, entry.pw_gid)


def run(command: list[str], folder: Path) -> str:
    """Run a program of the servers to its end; what it complained about, empty if well."""
    who = owner()
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        user=who.uid,
        group=who.gid,
        extra_groups=who.groups,
    )
    return (done.stderr or "failed").strip() if done.returncode else ""


def hand_over(folder: Path) -> None:
    """Make the servers' user the owner of its folder."""
    who = owner()
    if who.uid is None or who.gid is None:
        return
    for root, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            # Another server that runs in the folder writes and deletes files meanwhile; what
            # it has since made is its user's already. A link is handed over, not its target.
            with suppress(FileNotFoundError):
                os.chown(Path(root) / name, who.uid, who.gid, follow_symlinks=False)
    for parent in folder.parents:
        if not parent.stat().st_mode & 0o001:
            raise ServiceError(
                f"{parent} lets other users in nowhere, and servers do not run as root: "
                "name another folder with --data"
            )


def refuse_taken(port: int, option: str) -> None:
    """Raise when something else listens there."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise ServiceError(
                f"something else listens on port {port}: choose one with {option}"
            )


def wait(ready: Callable[[], bool], folder: Path, name: str) -> None:
    """Wait until a server takes requests; show the end of its output when it does not."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if ready():
            return
        time.sleep(0.3)
    output = folder / "output.log"
    tail = output.read_text(errors="replace")[-1500:] if output.is_file() else ""
    raise ServiceError(
        f"{name} did not take requests within {START_S} s; {output} ends:\n{tail}"
    )


def pid_of(file: Path) -> int:
    """The process that a pid file names, 0 when it is not running."""
    try:
        pid = int(file.read_text(encoding="utf-8").strip())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return 0
    # The number may have gone to another process since.
    return pid if b"java" in command and state != "Z" else 0


def stop(folder: Path) -> None:
    """Stop a server: first as asked, then by force."""
    pid = pid_of(folder / "pid")
    if not pid:
        return
    for number, patience in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
        os.kill(pid, number)
        os.kill(pid, signal.SIGCONT)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not pid_of(folder / "pid"):
                (folder / "pid").unlink(missing_ok=True)
                return
            time.sleep(0.1)
    raise ServiceError(f"process {pid} of {folder} cannot be stopped")
