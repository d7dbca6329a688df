"""One analysis: files in order through the embedded host, then the result files.

The working folder ``.work`` inside the output folder makes it resumable: after a
kill the same command goes on where it stopped and ends with the same files.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dashboards.batch.gather import gather
from dashboards.batch.ordered import OrderedSource
from dashboards.batch.outputs import put, write_all
from dashboards.composing.compose import build_host
from ingest.source import SourceMisconfigured, Stop

if TYPE_CHECKING:
    from detect.watchlist import Watchlist
    from stream.embedded import EmbeddedHost
    from stream.settings import Settings

WORK = ".work"
MANIFEST = "manifest.json"

Progress = Callable[[int, int], None]
"""Bytes done and bytes in all, of the compressed input."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """An input file as the manifest names it."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What went in, what made it, what came out; no time of day, so re-runs are equal."""

    schema: str = "manifest/1"
    jikimi: str
    operators: dict[str, str]
    inputs: tuple[Input, ...]
    watchlist: str | None
    settings: dict[str, dict[str, float]]
    posts: dict[str, int]
    unreadable: dict[str, int]
    """Why records could not be read: the most frequent reasons."""
    lines: dict[str, int]
    scores: str


class OutputInUseError(SourceMisconfigured):
    """The output folder holds a started analysis of something else."""


def analyze(
    paths: Sequence[Path],
    out: Path,
    settings: Settings,
    watchlist: Watchlist | None,
    *,
    every_account: bool,
    stop: Stop | None = None,
    progress: Progress | None = None,
) -> Manifest | None:
    """Run the analysis to its end; None when ``stop`` was set before.

    Args:
        paths: files in any format the archive source reads.
        out: folder of the results, made if absent.
        watchlist: None takes every post as about one subject ``all``.
        every_account: list all scored accounts, not only members of what is reported.

    Raises:
        OutputInUseError: ``out`` holds a started analysis of other input.
    """
    stop = stop or threading.Event()
    out.mkdir(parents=True, exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)
    inputs = tuple(_input(path) for path in paths)
    work = out / WORK
    _claim(work, inputs, settings, watchlist)
    host = build_host(work / "data", settings, watchlist, None)
    try:
        source = _source(paths, work, progress)
        _collect(host, source, stop)
        if stop.is_set():
            return None
        found = gather(host)
        lines = write_all(found, out, every_account=every_account)
        manifest = Manifest(
            jikimi=version("jikimi"),
            operators=host.processor.versions(),
            inputs=inputs,
            watchlist=_digest(watchlist),
            settings=_settings(settings),
            posts=dict(sorted(host.intake.counters().items())),
            unreadable=host.dead.reasons(),
            lines=dict(sorted(lines.items())),
            scores="all" if every_account else "members",
        )
        put(
            out / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        )
    finally:
        host.close()
    shutil.rmtree(work)
    return manifest


def _collect(host: EmbeddedHost, source: OrderedSource, stop: Stop) -> None:
    from ingest.collector import Collector

    cursors = {source.name: host.intake.cursor(source.name)}
    collector = Collector([source], cursors, batch=2000)
    host.run(collector, stop)
    for status in collector.statuses():
        if status.state == "failed":
            raise SourceMisconfigured(status.problem or "the files could not be read")


def _source(paths: Sequence[Path], work: Path, progress: Progress | None) -> OrderedSource:
    from ingest.archive import ArchiveSource

    def make() -> ArchiveSource:
        return ArchiveSource(paths, progress=progress)

    return OrderedSource(make, work / "ordered.db")


def _input(path: Path) -> Input:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Input(name=path.name, bytes=path.stat().st_size, sha256=digest)


def _digest(watchlist: Watchlist | None) -> str | None:
    from detect.watchlist import digest

    return None if watchlist is None else digest(watchlist)


def _settings(settings: Settings) -> dict[str, dict[str, float]]:
    """The settings that results depend on."""
    return {
        "clusters": msgspec.to_builtins(settings.clusters),
        "bursts": msgspec.to_builtins(settings.bursts),
        "alerts": msgspec.to_builtins(settings.alerts),
    }


def _claim(
    work: Path, inputs: Sequence[Input], settings: Settings, watchlist: Watchlist | None
) -> None:
    """Begin, or go on with what was begun for the same input and settings."""
    claim = msgspec.json.encode(
        [list(inputs), _settings(settings), _digest(watchlist), version("jikimi")]
    )
    marker = work / "claim.json"
    if marker.exists():
        if marker.read_bytes() != claim:
            raise OutputInUseError(
                f"{work.parent} holds a started analysis of other files or settings; "
                f"choose another --out, or remove {work} to begin anew"
            )
        return
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    put(marker, claim)
