"""One analysis: files in order through the embedded host, then the result files.

The working folder ``.work`` inside the output folder makes it resumable: after a
kill the same command goes on where it stopped and ends with the same files.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dashboards.batch.gather import Gathered, gather, logged_posts
from dashboards.batch.ordered import OrderedSource
from dashboards.batch.outputs import Writing
from dashboards.batch.pseudonyms import Pseudonyms
from dashboards.batch.rows import PostRow, iso, public_id
from dashboards.batch.tables import digest, put, putting
from dashboards.composing.compose import build_host
from ingest.source import SourceMisconfigured, Stop
from stream.records import LoggedPost

if TYPE_CHECKING:
    from detect.watchlist import Watchlist
    from stream.embedded import EmbeddedHost
    from stream.settings import Settings

WORK = ".work"
MANIFEST = "manifest.json"
POSTS = "posts.ndjson"
POSTS_TWIN = "posts.parquet"
SUFFIXES = (".ndjson", ".parquet", ".graphml", ".gexf", ".md")

Progress = Callable[[int, int], None]
"""Bytes done and bytes in all, of the compressed input."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """An input file as the manifest names it."""

    name: str
    bytes: int
    sha256: str


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was written."""

    name: str
    bytes: int
    sha256: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is written, and how.

    ``key`` makes pseudonyms of all names; which is which goes to ``pseudonyms``, a file
    outside of the results.
    """

    every_account: bool
    parquet: bool = False
    posts: bool = False
    key: bytes | None = None
    pseudonyms: Path | None = None


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
    pseudonyms: str | None
    files: tuple[Output, ...]


class OutputInUseError(SourceMisconfigured):
    """The output folder holds a started analysis of something else."""


def analyze(
    paths: Sequence[Path],
    out: Path,
    settings: Settings,
    watchlist: Watchlist | None,
    asked: Asked,
    *,
    stop: Stop | None = None,
    progress: Progress | None = None,
) -> Manifest | None:
    """Run the analysis to its end; None when ``stop`` was set before.

    Args:
        paths: files in any format the archive source reads.
        out: folder of the results, made if absent.
        watchlist: None takes every post as about one subject ``all``.
        asked: what is written, and how.

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
        source = ordered(paths, work, progress)
        collect(host, source, stop)
        if stop.is_set():
            return None
        lines, names = _write(host, out, asked)
        manifest = Manifest(
            jikimi=version("jikimi"),
            operators=host.processor.versions(),
            inputs=inputs,
            watchlist=_digest(watchlist),
            settings=_settings(settings),
            posts=dict(sorted(host.intake.counters().items())),
            # Reasons may quote what stood in a record.
            unreadable={} if names else host.dead.reasons(),
            lines=dict(sorted(lines.items())),
            scores="all" if asked.every_account else "members",
            pseudonyms=names.fingerprint if names else None,
            files=_outputs(out),
        )
        put(
            out / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        )
    finally:
        host.close()
    if names is not None and asked.pseudonyms is not None:
        _lead_back(names, asked.pseudonyms)
    shutil.rmtree(work)
    return manifest


def _write(
    host: EmbeddedHost, out: Path, asked: Asked
) -> tuple[dict[str, int], Pseudonyms | None]:
    """All files but the manifest; lines of each, and the pseudonyms that were given."""
    found = gather(host)
    names = _pseudonyms(asked, found)
    writing = Writing(
        found,
        out,
        every_account=asked.every_account,
        parquet=asked.parquet,
        names=names,
    )
    for left in (POSTS, POSTS_TWIN):
        (out / left).unlink(missing_ok=True)
    return writing.write(_post_rows(host, found) if asked.posts else None), names


def _pseudonyms(asked: Asked, found: Gathered) -> Pseudonyms | None:
    if asked.key is None:
        return None
    return Pseudonyms(asked.key, frozenset(author for _, author in found.accounts))


def _lead_back(names: Pseudonyms, path: Path) -> None:
    """The way back from pseudonyms, readable by its owner alone."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    with putting(path) as file:
        for entry in names.entries():
            file.write(msgspec.json.encode(entry) + b"\n")
    path.chmod(0o600)


def _post_rows(host: EmbeddedHost, found: Gathered) -> Iterator[PostRow]:
    """The posts that were kept, each as it was first."""
    told = bytearray(len(found.post_ids))
    for entry in logged_posts(host):
        if not isinstance(entry, LoggedPost):
            continue
        post = entry.post
        for number in found.numbers([post.id]).tolist():
            if told[number]:
                continue
            told[number] = 1
            yield PostRow(
                post_id=public_id(post.id),
                account=post.account,
                platform=post.platform,
                created_at=iso(post.event_at),
                text=post.text,
                lang=post.lang,
                reply_to=_reference(post.reply_to),
                repost_of=_reference(post.repost_of),
                quote_of=_reference(post.quote_of),
            )


def _reference(post_id: str | None) -> str | None:
    return None if post_id is None else public_id(post_id)


def _outputs(out: Path) -> tuple[Output, ...]:
    """The result files there are, but the manifest itself."""
    return tuple(
        Output(name=path.name, bytes=path.stat().st_size, sha256=digest(path))
        for path in sorted(out.iterdir())
        if path.is_file() and path.name != MANIFEST and path.suffix in SUFFIXES
    )


def collect(host: EmbeddedHost, source: OrderedSource, stop: Stop) -> None:
    """Put everything a source has through a host."""
    from ingest.collector import Collector

    cursors = {source.name: host.intake.cursor(source.name)}
    collector = Collector([source], cursors, batch=2000)
    host.run(collector, stop)
    for status in collector.statuses():
        if status.state == "failed":
            raise SourceMisconfigured(status.problem or "the files could not be read")


def ordered(paths: Sequence[Path], work: Path, progress: Progress | None) -> OrderedSource:
    """Files in order of event time, staged in ``work`` where they are not."""
    from ingest.archive import ArchiveSource

    def make() -> ArchiveSource:
        return ArchiveSource(paths, progress=progress)

    return OrderedSource(make, work / "ordered.db")


def _input(path: Path) -> Input:
    return Input(name=path.name, bytes=path.stat().st_size, sha256=digest(path))


def _digest(watchlist: Watchlist | None) -> str | None:
    from detect.watchlist import digest as of_watchlist

    return None if watchlist is None else of_watchlist(watchlist)


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
