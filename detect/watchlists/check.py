"""Finds what is wrong with a watchlist, and what will match badly."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from detect.names.spellings import spellings, why_ambiguous
from detect.text import fold
from detect.watchlist import FanProject, Official, Subject, Watchlist
from detect.watchlists.file import KeyPath, Problem, suggest

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ACCOUNT = re.compile(r"[a-z0-9_-]+:@?[^\s@]+")
_CONTAINER = re.compile(r"[a-z0-9_-]+:\S+")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?:/[^\s?#]*)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]+)*")
_EARLIEST_YEAR = 1900


def check(watchlist: Watchlist) -> list[Problem]:
    """Mistakes and warnings about a watchlist, in the order of its subjects."""
    problems: list[Problem] = []
    known = {subject.id: subject for subject in watchlist.subjects}
    seen: set[str] = set()
    for number, subject in enumerate(watchlist.subjects):
        at: KeyPath = ("subjects", number)
        problems.extend(_identity(subject, at, seen))
        problems.extend(_groups(subject, at, known))
        problems.extend(_texts(subject, at))
        problems.extend(_official(subject.official, (*at, "official")))
        for index, project in enumerate(subject.fan_projects):
            problems.extend(_project(project, (*at, "fan_projects", index)))
        problems.extend(_ambiguous(subject, at))
        seen.add(subject.id)
    problems.extend(_cycles(watchlist, known))
    problems.extend(_shared(watchlist))
    return problems


def _error(path: KeyPath, message: str) -> Problem:
    return Problem(level="error", path=path, message=message)


def _warning(path: KeyPath, message: str) -> Problem:
    return Problem(level="warning", path=path, message=message)


def _identity(subject: Subject, at: KeyPath, seen: set[str]) -> Iterator[Problem]:
    if not _ID.fullmatch(subject.id):
        allowed = "1 to 64 of a-z, 0-9, dot, hyphen, underscore, a letter or digit first"
        yield _error((*at, "id"), f"found {subject.id!r}, allowed: {allowed}")
    if subject.id in seen:
        yield _error((*at, "id"), f"{subject.id!r} is used by an earlier subject too")
    if subject.birth_date is not None and not _is_date(subject.birth_date):
        found = f"found {subject.birth_date!r}, allowed: a date like 2004-05-17"
        yield _error((*at, "birth_date"), found)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).year >= _EARLIEST_YEAR and text[4:5] == "-"
    except ValueError:
        return False


def _groups(subject: Subject, at: KeyPath, known: dict[str, Subject]) -> Iterator[Problem]:
    for group in subject.groups:
        if group not in known:
            meant = suggest(group, tuple(known))
            message = f"found {group!r}, which is no subject of this watchlist{meant}"
            yield _error((*at, "groups"), message)
        elif known[group].kind == "idol":
            yield _error((*at, "groups"), f"{group!r} is an idol, and idols have no members")


def _texts(subject: Subject, at: KeyPath) -> Iterator[Problem]:
    if not fold(subject.name).strip():
        yield _error((*at, "name"), "is empty")
    tables = (("names", subject.names), ("aliases", subject.aliases))
    for key, table in tables:
        for language in table:
            if not _LANGUAGE.fullmatch(language):
                message = (
                    f"found language {language!r}, allowed: ko, en, ja, zh or another code"
                )
                yield _error((*at, key), message)
        if any(not fold(text).strip() for listed in table.values() for text in listed):
            yield _error((*at, key), "holds an empty spelling")
    for key in ("romanisations", "hashtags", "ambiguous", "context", "exclude"):
        if any(not fold(text).strip("# ") for text in getattr(subject, key)):
            yield _error((*at, key), "holds an empty text")
    own = {fold(text) for text in spellings(subject)}
    for phrase in subject.exclude:
        if fold(phrase).strip() and not any(name and name in fold(phrase) for name in own):
            yield _warning(
                (*at, "exclude"),
                f"{phrase!r} holds none of the spellings, so it excludes nothing",
            )


def _official(official: Official, at: KeyPath) -> Iterator[Problem]:
    yield from _forms(official.accounts, _ACCOUNT, (*at, "accounts"), _ACCOUNT_FORM)
    yield from _forms(official.containers, _CONTAINER, (*at, "containers"), "platform:name")
    yield from _forms(official.domains, _DOMAIN, (*at, "domains"), _DOMAIN_FORM)


_ACCOUNT_FORM = "platform:author_id or platform:@handle"
_DOMAIN_FORM = "a host like lumina.example, perhaps with a path, without https://"


def _project(project: FanProject, at: KeyPath) -> Iterator[Problem]:
    yield from _forms(project.accounts, _ACCOUNT, (*at, "accounts"), _ACCOUNT_FORM)
    yield from _forms(project.domains, _DOMAIN, (*at, "domains"), _DOMAIN_FORM)


def _forms(
    values: tuple[str, ...], form: re.Pattern[str], at: KeyPath, allowed: str
) -> Iterator[Problem]:
    for value in values:
        if not form.fullmatch(value):
            yield _error(at, f"found {value!r}, allowed: {allowed}")


def _ambiguous(subject: Subject, at: KeyPath) -> Iterator[Problem]:
    marked = {fold(text) for text in subject.ambiguous}
    told: set[str] = set()
    for spelling in spellings(subject):
        plain = fold(spelling)
        why = why_ambiguous(spelling)
        if why and plain not in marked and plain not in told:
            told.add(plain)
            message = f"{spelling!r} {why} and is not listed here: it will match strangers"
            yield _warning((*at, "ambiguous"), message)
    if marked and not (subject.context or subject.groups) and _only_ambiguous(subject, marked):
        message = "every spelling is ambiguous, so without context words none ever counts"
        yield _warning((*at, "context"), message)


def _only_ambiguous(subject: Subject, marked: set[str]) -> bool:
    return all(fold(spelling) in marked for spelling in spellings(subject))


def _cycles(watchlist: Watchlist, known: dict[str, Subject]) -> Iterator[Problem]:
    for number, subject in enumerate(watchlist.subjects):
        reached: set[str] = set()
        waiting = list(subject.groups)
        while waiting:
            group = waiting.pop()
            if group in reached or group not in known:
                continue
            reached.add(group)
            waiting.extend(known[group].groups)
        if subject.id in reached:
            message = f"{subject.id!r} belongs to itself through its groups"
            yield _error(("subjects", number, "groups"), message)


def _shared(watchlist: Watchlist) -> Iterator[Problem]:
    owners: dict[str, dict[str, str]] = defaultdict(dict)
    for subject in watchlist.subjects:
        for spelling in spellings(subject):
            owners[fold(spelling)].setdefault(subject.id, spelling)
    for number, subject in enumerate(watchlist.subjects):
        for plain in dict.fromkeys(fold(text) for text in spellings(subject)):
            others = sorted(set(owners[plain]) - {subject.id})
            if others and subject.id < others[0]:
                message = (
                    f"{owners[plain][subject.id]!r} is also a spelling of "
                    f"{', '.join(others[:5])}{' …' if len(others) > 5 else ''}: "  # noqa: PLR2004
                    "it counts only where the context decides"
                )
                yield _warning(("subjects", number), message)
