"""Real Kafka and Elasticsearch for tests, started once a run and shared by its processes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.servers.ports import BROKERS, NODE, free_port

SERVICES = Path(__file__).resolve().parents[2] / "deploy" / "local" / "services"
"""The command a person types."""
FOR_A_TEST = range(1, 25)
"""Beside the first port of a test's own brokers: theirs, and listeners that the test adds."""
ELASTICSEARCH = "elasticsearch"
_kept: list[str] = []
"""What this process keeps running between its tests."""
in_chaos = pytest.mark.skipif(
    "JIKIMI_CHAOS_ROUNDS" not in os.environ, reason="too long for make test; see make chaos"
)


class Servers:
    """The servers of one data folder; ``call`` is the command, ``status`` what it says."""

    def __init__(
        self, data: Path, kafka_port: int, es_port: int, nodes: int = 1, *more: str
    ) -> None:
        self.data = data
        self.bootstrap = ",".join(f"127.0.0.1:{kafka_port + 2 * n}" for n in range(nodes))
        self.url = f"http://127.0.0.1:{es_port}"
        self._options = [
            "--data", str(data), "--kafka-port", str(kafka_port),
            "--elasticsearch-port", str(es_port), "--kafka-nodes", str(nodes), *more,
        ]  # fmt: skip

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SERVICES), *arguments, *self._options],
            capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip

    def up(self, *services: str) -> None:
        """Start them; the test is skipped, loudly, where the machine cannot run them."""
        done = self.call("up", *services)
        if done.returncode:
            pytest.skip(f"real {' and '.join(services)} cannot run here: {done.stderr.strip()}")

    def status(self) -> dict[str, dict[str, object]]:
        return json.loads(self.call("status", "--json").stdout)

    def pids(self, service: str) -> dict[str, int]:
        found = self.status()[service]["pids"]
        assert isinstance(found, dict)
        return found


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that the servers' own user can reach; those of pytest are private."""
    folder = Path(tempfile.mkdtemp(prefix="jikimi-servers-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def shared(*services: str) -> Iterator[Servers]:
    """The servers of this test run: the first process starts them, the last stops them.

    Elasticsearch, which starts slowly, stays until every process that used it has ended.
    """
    wanted = list(services)
    if ELASTICSEARCH in services and not _kept:
        _kept.append(ELASTICSEARCH)
        wanted += _kept
    servers = _join(wanted)
    try:
        with _locked(servers.data):
            servers.up(*services)
        yield servers
    finally:
        _leave(services)


def let_go() -> None:
    """This process uses no servers any more."""
    if _kept:
        _leave(_kept)
        _kept.clear()


def _join(services: Sequence[str]) -> Servers:
    """Count this process among the users of servers, which have a folder and ports then."""
    folder = _folder()
    users = folder / "users"
    with _locked(folder):
        # Inside the lock: the last user of an earlier round may be removing it.
        folder.mkdir(mode=0o755, exist_ok=True)
        if not users.exists():
            users.write_text(json.dumps([{}, free_port(BROKERS), free_port(NODE)]))
        counts, kafka_port, es_port = json.loads(users.read_text())
        for one in services:
            counts[one] = counts.get(one, 0) + 1
        users.write_text(json.dumps([counts, kafka_port, es_port]))
    return Servers(folder, kafka_port, es_port)


def _leave(services: Sequence[str]) -> None:
    """Stop what nobody uses any more; its data goes with it."""
    folder = _folder()
    users = folder / "users"
    with _locked(folder):
        counts, kafka_port, es_port = json.loads(users.read_text())
        for one in services:
            counts[one] -= 1
        users.write_text(json.dumps([counts, kafka_port, es_port]))
        for one in {*services}:
            if not counts[one]:
                Servers(folder, kafka_port, es_port).call("down", one)
                shutil.rmtree(folder / one, ignore_errors=True)
        if not any(counts.values()):
            shutil.rmtree(folder, ignore_errors=True)
            _lock_of(folder).unlink()


def _folder() -> Path:
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    return Path(tempfile.gettempdir()) / f"jikimi-servers-{run}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    while True:
        with _lock_of(folder).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # The last user removes the file: who waited for it then holds no lock at all.
            if _is_at(file.fileno(), _lock_of(folder)):
                yield
                return


def _lock_of(folder: Path) -> Path:
    return folder.with_suffix(".lock")


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def own_kafka(
    nodes: int = 1, heap: int = 256, settings: Callable[[int], str] | None = None
) -> Iterator[Servers]:
    """Brokers of one test alone, which may kill, cut and reconfigure them.

    ``settings`` makes broker settings out of the port of the first broker.
    """
    with public_folder() as folder:
        kafka_port = free_port(FOR_A_TEST)
        more = ["--kafka-heap", str(heap)]
        if settings is not None:
            file = folder / "more.properties"
            file.write_text(settings(kafka_port))
            more += ["--kafka-settings", str(file)]
        servers = Servers(folder, kafka_port, free_port(NODE), nodes, *more)
        servers.up("kafka")
        try:
            yield servers
        finally:
            # Their data goes with them; the last of three would wait for the others.
            for pid in filter(None, servers.pids("kafka").values()):
                os.kill(pid, signal.SIGKILL)
            servers.call("down", "kafka")
