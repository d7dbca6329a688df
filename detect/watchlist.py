"""The watchlist: whom we protect, how people name them, and what is official."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import msgspec

from ingest.records import Record


class WatchlistError(ValueError):
    """A watchlist that cannot be used; every mistake on a line of the message."""


class Official(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to the subject or its agency."""

    accounts: tuple[str, ...] = ()
    """``platform:author_id`` or ``platform:@handle``."""
    containers: tuple[str, ...] = ()
    """``platform:name`` of subreddits, channels, videos."""
    domains: tuple[str, ...] = ()


class FanProject(msgspec.Struct, frozen=True, kw_only=True):
    """A fan action a user declared legitimate: votes, birthdays, streaming parties."""

    name: str
    hashtags: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


class Subject(Record, frozen=True, kw_only=True, tag="subject/1"):
    """An idol, group or brand.

    ``names`` and ``aliases`` map a language (ko, en, ja, zh) to spellings.
    ``ambiguous`` spellings (V, IU, 비 ...) count only near a ``context`` word.
    ``exclude`` lists phrases in which a spelling is somebody or something else.
    ``birth_date`` (YYYY-MM-DD) serves the protection of minors.
    """

    id: str
    kind: Literal["idol", "group", "brand"]
    name: str
    agency: str | None = None
    groups: tuple[str, ...] = ()
    legal_name: str | None = None
    hangul_name: str | None = None
    birth_date: str | None = None
    names: Mapping[str, tuple[str, ...]] = {}
    aliases: Mapping[str, tuple[str, ...]] = {}
    romanisations: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    official: Official = Official()
    fan_projects: tuple[FanProject, ...] = ()


class Watchlist(Record, frozen=True, kw_only=True, tag="watchlist/1", gc=True, dict=True):
    """All subjects of one installation."""

    subjects: tuple[Subject, ...] = ()

    @cached_property
    def _by_id(self) -> dict[str, Subject]:
        return {subject.id: subject for subject in reversed(self.subjects)}

    def subject(self, subject_id: str) -> Subject | None:
        """The subject of that id, None when unknown."""
        return self._by_id.get(subject_id)

    def groups_of(self, subject_id: str) -> tuple[str, ...]:
        """Groups a member's posts also go to: those named, not the groups of groups."""
        subject = self._by_id.get(subject_id)
        return subject.groups if subject else ()


def load_watchlist(path: Path) -> Watchlist:
    """Read and check a watchlist written in TOML.

    Raises:
        WatchlistError: it holds mistakes; each is a line ``file:line: key: what``.
        OSError: the file cannot be read.
    """
    from detect.watchlists.file import parse, read_text  # noqa: PLC0415 - they need Watchlist

    return parse(read_text(path), str(path))


def digest(watchlist: Watchlist) -> str:
    """Version of a watchlist: 20 hex digits of what it says, whatever the order of subjects."""
    ordered = sorted(watchlist.subjects, key=lambda subject: subject.id)
    raw = msgspec.json.encode(ordered, order="deterministic")
    return blake2b(raw, digest_size=10).hexdigest()
