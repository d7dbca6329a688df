"""The watchlist: whom we protect, how people name them, and what is official."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from ingest.records import Record


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


class Watchlist(Record, frozen=True, kw_only=True, tag="watchlist/1"):
    """All subjects of one installation."""

    subjects: tuple[Subject, ...] = ()

    def subject(self, subject_id: str) -> Subject | None:
        """The subject of that id, None when unknown."""
        return next((s for s in self.subjects if s.id == subject_id), None)

    def groups_of(self, subject_id: str) -> tuple[str, ...]:
        """Groups a member's posts also go to."""
        subject = self.subject(subject_id)
        return subject.groups if subject else ()
