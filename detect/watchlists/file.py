"""Reads and writes watchlists as TOML; every mistake with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard, cast

import msgspec

from detect.watchlist import FanProject, Official, Subject, Watchlist, WatchlistError

KeyPath = tuple[str | int, ...]
"""Where a value stands: ``("subjects", 3, "groups")``."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]\]?\s*(#.*)?$")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_.\-\"' ]+?)\s*=")
_AT = re.compile(r" - at `\$(.*)`$")
_TABLES: dict[str, type[msgspec.Struct]] = {"official": Official, "fan_projects": FanProject}
_TOP = ("schema", "subjects")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A mistake (the watchlist cannot be used) or a warning (it will match badly)."""

    level: str
    path: KeyPath
    message: str


class Lines:
    """Lines of keys in a TOML text; the nearest table for what is nested deeper."""

    def __init__(self, text: str) -> None:
        self._lines: dict[KeyPath, int] = {}
        counts: dict[KeyPath, int] = {}
        table: KeyPath = ()
        for number, line in enumerate(text.splitlines(), 1):
            if header := _HEADER.match(line):
                table = self._table(header[2], counts, many=header[1] == "[[")
                self._lines.setdefault(table, number)
            elif assignment := _ASSIGNMENT.match(line):
                self._lines.setdefault((*table, *_split(assignment[1])), number)

    def _table(self, name: str, counts: dict[KeyPath, int], *, many: bool) -> KeyPath:
        path: KeyPath = ()
        parts = _split(name)
        for part in parts[:-1]:
            path = (*path, part)
            if path in counts:
                path = (*path, counts[path])
        path = (*path, parts[-1])
        if many:
            counts[path] = counts.get(path, -1) + 1
            return (*path, counts[path])
        return path

    def line(self, path: KeyPath) -> int | None:
        """Line of the key or of what holds it."""
        for length in range(len(path), 0, -1):
            if (found := self._lines.get(path[:length])) is not None:
                return found
        return None


def _split(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in name.split(".")]


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        WatchlistError: it is not UTF-8.
        OSError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise WatchlistError(
            f"{path}: byte {error.start}: found bytes that are not UTF-8; save it as UTF-8"
        ) from None


def parse(text: str, name: str) -> Watchlist:
    """The watchlist of a TOML text; ``name`` stands for the file in messages.

    Raises:
        WatchlistError: it holds mistakes.
    """
    watchlist, problems = examine(text, name)
    mistakes = [problem for problem in problems if problem.level == "error"]
    if watchlist is None or mistakes:
        raise WatchlistError("\n".join(report(mistakes, text, name, watchlist)))
    return watchlist


def examine(text: str, name: str) -> tuple[Watchlist | None, list[Problem]]:
    """The watchlist as far as it can be read, and everything wrong with it.

    Raises:
        WatchlistError: the text is not TOML.
    """
    from detect.watchlists.check import check  # noqa: PLC0415 - it needs Problem

    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = f":{place[1]}" if place else ""
        said = re.sub(r" \(at .*\)$", "", str(error))
        raise WatchlistError(f"{name}{line}: not valid TOML: {said}") from None
    problems = [*_unknown(tree, (), _TOP)]
    if tree.get("schema", "watchlist/1") != "watchlist/1":
        found = f"found {tree['schema']!r}, allowed: 'watchlist/1'"
        problems.append(Problem(level="error", path=("schema",), message=found))
    listed: object = tree.get("subjects", [])
    if not _is_list_of_tables(listed):
        message = f"found {_kind(listed)}, allowed: tables headed [[subjects]]"
        return None, [*problems, Problem(level="error", path=("subjects",), message=message)]
    subjects: list[Subject] = []
    for number, raw in enumerate(listed):
        subject = _subject(raw, ("subjects", number), problems)
        if subject is not None:
            subjects.append(subject)
    if any(problem.level == "error" for problem in problems):
        return None, problems
    watchlist = Watchlist(subjects=tuple(subjects))
    return watchlist, [*problems, *check(watchlist)]


def report(
    problems: list[Problem], text: str, name: str, watchlist: Watchlist | None
) -> list[str]:
    """Problems as lines ``file:line: key: what``, in the order of the file."""
    lines = Lines(text)
    placed = sorted(
        ((lines.line(problem.path) or 0, problem) for problem in problems),
        key=lambda pair: (pair[0], str(pair[1].path), pair[1].message),
    )
    return [
        f"{name}{f':{line}' if line else ''}: {_key(problem.path, watchlist)}: "
        f"{'warning: ' if problem.level == 'warning' else ''}{problem.message}"
        for line, problem in placed
    ]


def _key(path: KeyPath, watchlist: Watchlist | None) -> str:
    parts = list(path)
    if watchlist and len(parts) > 1 and isinstance(parts[1], int):
        return ".".join(str(part) for part in (watchlist.subjects[parts[1]].id, *parts[2:]))
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in parts)


def _subject(raw: dict[str, Any], path: KeyPath, problems: list[Problem]) -> Subject | None:
    before = len(problems)
    problems.extend(_problems(raw, Subject, path))
    if len(problems) > before:
        return None
    return msgspec.convert({key: raw[key] for key in raw if key != "schema"}, Subject)


def _problems(raw: object, kind: type[msgspec.Struct], path: KeyPath) -> Iterator[Problem]:
    if not isinstance(raw, dict):
        message = f"found {_kind(raw)}, allowed: a table"
        yield Problem(level="error", path=path, message=message)
        return
    table = cast("dict[str, Any]", raw)
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    yield from _unknown(table, path, ("schema", *fields))
    for name, field in fields.items():
        if name not in table:
            if field.required:
                message = "is missing, and every entry needs it"
                yield Problem(level="error", path=(*path, name), message=message)
            continue
        value = table[name]
        if name in _TABLES and name == "fan_projects" and isinstance(value, list):
            for number, item in enumerate(cast("list[object]", value)):
                yield from _problems(item, _TABLES[name], (*path, name, number))
        elif name in _TABLES:
            yield from _problems(value, _TABLES[name], (*path, name))
        else:
            yield from _misfit(value, field.type, (*path, name))


def _misfit(value: object, kind: Any, path: KeyPath) -> Iterator[Problem]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        said = str(error)
        inner = _AT.search(said)
        said = _AT.sub("", said).replace("`", "")
        where = f" (at {inner[1]})" if inner and inner[1] else ""
        meant = ""
        allowed = getattr(kind, "__args__", ())
        if isinstance(value, str) and allowed and all(isinstance(x, str) for x in allowed):
            said = f"found {value!r}, allowed: {', '.join(allowed)}"
            meant = suggest(value, allowed)
        yield Problem(level="error", path=path, message=f"{said}{where}{meant}")


def _unknown(
    table: Mapping[str, object], path: KeyPath, known: tuple[str, ...]
) -> Iterator[Problem]:
    for key in table:
        if key not in known:
            message = f"is not known here, allowed: {', '.join(known)}{suggest(key, known)}"
            yield Problem(level="error", path=(*path, key), message=message)


def suggest(found: str, allowed: tuple[str, ...]) -> str:
    """``; did you mean …?`` or nothing."""
    near = difflib.get_close_matches(found, allowed, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def _is_list_of_tables(value: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and all(
        isinstance(item, dict) for item in cast("list[object]", value)
    )


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else repr(value)


def dump(watchlist: Watchlist) -> str:
    """The watchlist as TOML; ``parse(dump(w), "")`` equals ``w``."""
    parts = ['schema = "watchlist/1"\n']
    for subject in watchlist.subjects:
        parts.append("\n[[subjects]]\n")
        tables: list[str] = []
        for name in Subject.__struct_fields__:
            value = getattr(subject, name)
            if name == "official":
                if lines := _lines(value):
                    tables.append(f"\n[subjects.official]\n{lines}")
            elif name == "fan_projects":
                tables.extend(
                    f"\n[[subjects.fan_projects]]\n{_lines(project)}" for project in value
                )
            elif value:
                parts.append(f"{name} = {_toml(value)}\n")
        parts.extend(tables)
    return "".join(parts)


def _lines(record: msgspec.Struct) -> str:
    pairs = ((name, getattr(record, name)) for name in record.__struct_fields__)
    return "".join(f"{name} = {_toml(value)}\n" for name, value in pairs if value)


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        pairs = (f"{_text(key)} = {_toml(item)}" for key, item in table.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in cast("tuple[object, ...]", value)) + "]"
    return _text(str(value))


def _text(value: str) -> str:
    """A TOML basic string."""
    escaped = "".join(
        f"\\u{ord(ch):04x}" if ord(ch) < 0x20 or ord(ch) == 0x7F else ch  # noqa: PLR2004
        for ch in value.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{escaped}"'
