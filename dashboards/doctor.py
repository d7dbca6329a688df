"""What ``jikimi doctor`` looks at: each check says what it found and how to put it right."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import shutil
import sqlite3
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from detect.language.grams import has_table
from stream.settings import ConfigError, Settings, SourceSettings

Outcome = Literal["OK", "WARN", "FAIL"]

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 37, 0)
RELEASED_AT = 1_767_225_600
"""2026-01-01: a clock before it is wrong."""
LITTLE_SPACE = 5 * 2**30
NO_SPACE = 200 * 2**20

PACKAGES = {
    "kafka-python": "kafka",
    "faust-streaming": "faust",
    "onnxruntime": "onnxruntime",
    "opencv-python-headless": "cv2",
    "elasticsearch": "elasticsearch",
    "praw": "praw",
}
"""Distribution -> module of the libraries that talk to the outside."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report; ``fix`` is empty when nothing has to be done."""

    name: str
    outcome: Outcome
    found: str
    fix: str = ""


def examine(load: Callable[[], Settings], *, online: bool = False) -> Iterator[Check]:
    """Run every check; ``load`` reads the settings and may raise ConfigError.

    ``online`` also asks each source once whether it could be read.
    """
    yield check_python(sys.version_info[:3])
    yield from map(check_package, PACKAGES)
    yield check_sqlite(sqlite3.sqlite_version_info)
    yield check_tantivy()
    yield check_clock(time.time())
    yield check_program("node", "chart scripts of the pages are built with it; without it SVG")
    yield check_languages(built=has_table())
    yield check_program("chromium", "the browser tests and screenshots use it")
    try:
        settings = load()
    except ConfigError as error:
        found = str(error).replace("\n", " | ")
        yield Check(name="settings", outcome="FAIL", found=found, fix="correct these lines")
        return
    yield Check(name="settings", outcome="OK", found="valid")
    yield check_folder(settings.data.folder)
    yield check_space(
        settings.data.folder, shutil.disk_usage(_existing(settings.data.folder)).free
    )
    yield check_age(settings.data.folder, time.time())
    yield check_watchlist(settings.watchlist.file)
    for name, source in settings.sources.items():
        yield check_source(name, source, online=online)
    yield from (
        check_plugin("sink", name, sink.kind or name) for name, sink in settings.notify.items()
    )
    from dashboards.doctor_media import check_gate

    yield check_gate(settings.media)
    yield check_address(settings.web.host, has_password=bool(settings.web.password))
    from dashboards.doctor_scale import check_servers

    yield from check_servers(settings)


def check_python(version: tuple[int, int, int]) -> Check:
    """Python must be recent enough."""
    found = ".".join(map(str, version))
    if version[:2] < OLDEST_PYTHON:
        fix = "install Python 3.11 or newer and run `make setup` again"
        return Check(name="python", outcome="FAIL", found=found, fix=fix)
    return Check(name="python", outcome="OK", found=found)


def check_package(distribution: str) -> Check:
    """A library must be installed and importable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(PACKAGES.get(distribution, distribution))
        version = importlib.metadata.version(distribution)
    except Exception as error:  # noqa: BLE001 - a broken native library raises anything
        found = f"cannot be imported: {type(error).__name__}: {error}"
        fix = "run `make setup`; on a slim image also `apt-get install libglib2.0-0`"
        return Check(name=distribution, outcome="FAIL", found=found, fix=fix)
    return Check(name=distribution, outcome="OK", found=version)


def check_languages(*, built: bool) -> Check:
    """The table by which languages of one script are told apart is built from npm."""
    if built:
        return Check(name="languages", outcome="OK", found="told apart also within a script")
    return Check(
        name="languages",
        outcome="WARN",
        found="told by script alone, and by what platforms say",
        fix="install Node 18 or newer and run `make setup` again",
    )


def check_sqlite(version: tuple[int, int, int]) -> Check:
    """SQLite must know what the store uses; full-text search is not needed."""
    found = ".".join(map(str, version))
    if version < OLDEST_SQLITE:
        fix = "use a Python that is linked with SQLite 3.37 or newer"
        return Check(name="sqlite", outcome="FAIL", found=found, fix=fix)
    return Check(name="sqlite", outcome="OK", found=found)


def check_tantivy() -> Check:
    """The search library must index and find a Korean word."""
    try:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("text", stored=True)
        index = tantivy.Index(builder.build())
        writer = index.writer(15_000_000, 1)
        writer.add_document(tantivy.Document(text="지킴이 guards"))
        writer.commit()
        index.reload()
        hits = index.searcher().search(index.parse_query("지킴이", ["text"]), 1).hits
        version = importlib.metadata.version("tantivy")
    except Exception as error:  # noqa: BLE001 - a native library raises anything
        found = f"does not work: {type(error).__name__}: {error}"
        return Check(name="tantivy", outcome="FAIL", found=found, fix="run `make setup`")
    if not hits:
        return Check(
            name="tantivy",
            outcome="FAIL",
            found=f"{version}, but a word that was indexed is not found",
            fix="run `make setup`",
        )
    return Check(name="tantivy", outcome="OK", found=f"{version}, indexes and finds")


def check_clock(now: float, synchronised: Path | None = None) -> Check:
    """Posts are judged by time: the clock must be plausible and should be synchronised."""
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < RELEASED_AT:
        fix = "set the clock: `timedatectl set-ntp true`"
        return Check(name="clock", outcome="FAIL", found=f"{shown} is in the past", fix=fix)
    mark = synchronised or Path("/run/systemd/timesync/synchronized")
    how = "synchronised" if mark.exists() or Path("/run/chrony").exists() else "not verified"
    return Check(name="clock", outcome="OK", found=f"{shown}, {how}")


def check_program(name: str, use: str) -> Check:
    """An optional program."""
    path = shutil.which(name)
    if path is None:
        return Check(
            name=name, outcome="WARN", found=f"not found; {use}", fix=f"apt-get install {name}"
        )
    return Check(name=name, outcome="OK", found=path)


def check_folder(folder: Path) -> Check:
    """The data folder, or the place where it will be made, must be writable."""
    place = _existing(folder)
    if not place.is_dir():
        found, fix = f"{place} is not a folder", "choose another [data] folder"
        return Check(name="data folder", outcome="FAIL", found=found, fix=fix)
    if not os.access(place, os.W_OK | os.X_OK):
        return Check(
            name="data folder",
            outcome="FAIL",
            found=f"{place} cannot be written",
            fix=f"chown it to this user, or choose another [data] folder than {folder}",
        )
    state = "writable" if place == folder else "will be made"
    return Check(name="data folder", outcome="OK", found=f"{folder}: {state}")


def check_space(folder: Path, free: int) -> Check:
    """There must be room; a full disk stops the pipeline (it loses nothing)."""
    found = f"{free / 2**30:.1f} GiB free"
    fix = f"free space on the disk of {folder}, or choose another [data] folder"
    if free < NO_SPACE:
        return Check(name="disk", outcome="FAIL", found=found, fix=fix)
    if free < LITTLE_SPACE:
        return Check(name="disk", outcome="WARN", found=found, fix=fix)
    return Check(name="disk", outcome="OK", found=found)


def check_age(folder: Path, now: float) -> Check:
    """Data from the future means that the clock was, or is, wrong."""
    file = folder / "jikimi.db"
    if not file.exists():
        return Check(name="data", outcome="OK", found="none yet")
    ahead = file.stat().st_mtime - now
    if ahead > 300:  # noqa: PLR2004 - five minutes, as Post.event_at tolerates
        return Check(
            name="data",
            outcome="WARN",
            found=f"last written {ahead / 60:.0f} minutes in the future",
            fix="check the clock of this machine",
        )
    return Check(name="data", outcome="OK", found=f"last written {-ahead / 60:.0f} minutes ago")


def check_watchlist(file: Path) -> Check:
    """The watchlist, when there is one, must be valid."""
    if not file.exists():
        return Check(
            name="watchlist",
            outcome="WARN",
            found=f"{file} does not exist; `jikimi demo` needs none",
            fix=f"write one, or `jikimi watchlist import … --out {file}`",
        )
    from detect.watchlist import load_watchlist

    try:
        subjects = load_watchlist(file).subjects
    except (ValueError, OSError) as error:
        first = str(error).partition("\n")[0]
        fix = f"jikimi watchlist check {file}"
        return Check(name="watchlist", outcome="FAIL", found=first, fix=fix)
    return Check(name="watchlist", outcome="OK", found=f"{file}: {len(subjects)} subjects")


def check_plugin(what: Literal["source", "sink"], name: str, kind: str) -> Check:
    """A configured source or sink must be registered."""
    from ingest.plugins import names

    known = names(f"jikimi.{what}s")
    if kind in known:
        return Check(name=f"{what} {name}", outcome="OK", found=kind)
    return Check(
        name=f"{what} {name}",
        outcome="FAIL",
        found=f"no {what} of kind {kind!r} is installed",
        fix=f"use one of {', '.join(known) or 'none installed'}",
    )


def check_source(name: str, source: SourceSettings, *, online: bool = False) -> Check:
    """A source must be registered and accept its options; online it must also answer."""
    from ingest import plugins
    from ingest.source import Probing, SourceError, SourceMisconfigured

    kind = source.kind or name
    check = check_plugin("source", name, kind)
    if check.outcome != "OK":
        return check
    if not source.enabled:
        return msgspec.structs.replace(check, found=f"{kind}, switched off")
    outcome: Outcome = "OK"
    fix = ""
    try:
        made = plugins.load(plugins.SOURCES, kind).from_settings(name, dict(source.options))
        found = f"{kind}, options are sound"
        if online and isinstance(made, Probing):
            probed = made.probe(threading.Event())
            found = "; ".join((f"{kind}, {probed.found}", *probed.problems))
            if probed.problems:
                outcome = "WARN"
                fix = f"correct [sources.{name}.options]; the rest is read all the same"
    except SourceMisconfigured as error:
        outcome, found = "FAIL", str(error)
        fix = f"correct [sources.{name}.options]; docs/reference/sources.md lists them"
    except SourceError as error:
        outcome, found = "FAIL", str(error)
        fix = "check the network of this machine, then try again"
    return Check(name=check.name, outcome=outcome, found=found, fix=fix)


def check_address(host: str, *, has_password: bool) -> Check:
    """Pages beyond this machine need a password."""
    if host in ("127.0.0.1", "::1", "localhost") or has_password:
        return Check(name="web", outcome="OK", found=f"listens on {host}")
    return Check(
        name="web",
        outcome="FAIL",
        found=f"would listen on {host} without a password",
        fix='set JIKIMI__WEB__PASSWORD_FILE, or [web] host = "127.0.0.1"',
    )


def _existing(path: Path) -> Path:
    """The path or its nearest parent that exists."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if place.exists())
