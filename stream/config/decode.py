"""Decodes settings strictly and reports every mistake with its place and a suggestion.

``msgspec.convert`` stops at the first mistake and knows no line numbers, so the
tree is walked here and only single values are handed to it.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeGuard, TypeVar, cast, get_args, get_origin

import msgspec
from msgspec import Meta, structs

from ingest.secret import MASK, Secret
from stream.config.secrets import is_secret_key, mask_text, mask_value

PREFIX = "JIKIMI__"
KeyPath = tuple[str, ...]
T = TypeVar("T", bound=msgspec.Struct)
HTTP_ADDRESS = "^https?://"
INDEX_PREFIX = "^[a-z][a-z0-9_-]{0,59}$"
TOPIC_PREFIX = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HEADER = re.compile(r"\s*\[\[?\s*(?P<key>[^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"""\s*(?P<key>(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w"'-]+)*)\s*=""")
_WORDS: dict[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}
_FENCES = ('"""', "'''")


class Options(Mapping[str, object]):
    """Options of a plug-in; secrets among them are wrapped until ``plain`` is called."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = {
            key: Secret(value) if isinstance(value, str) and is_secret_key(key) else value
            for key, value in values.items()
        }

    def plain(self) -> dict[str, object]:
        """The options as the plug-in needs them, secrets in the clear."""
        return {
            key: value.reveal() if isinstance(value, Secret) else value
            for key, value in self._values.items()
        }

    def __getitem__(self, key: str) -> object:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Options({mask_value(self._values)!r})"


class EnvText(str):
    """A value from the environment: text that still has to become what is wanted."""

    __slots__ = ()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake: where, what was found, what is allowed, what may have been meant."""

    path: KeyPath
    found: str
    allowed: str = ""
    meant: str | None = None


class TomlLines:
    """Finds the line of a key in a TOML text; the nearest table when it is nested deeper."""

    def __init__(self, text: str) -> None:
        self._lines: dict[KeyPath, int] = {}
        table: KeyPath = ()
        fence = ""
        for number, line in enumerate(text.splitlines(), 1):
            if fence:
                fence = "" if fence in line else fence
                continue
            if header := _HEADER.match(line):
                table = _split_key(header["key"])
                self._lines.setdefault(table, number)
            elif assignment := _ASSIGNMENT.match(line):
                self._lines.setdefault((*table, *_split_key(assignment["key"])), number)
            fence = next((mark for mark in _FENCES if line.count(mark) % 2), "")

    def line(self, path: KeyPath) -> int | None:
        """Line of the key or of what holds it, None when the text holds neither."""
        for length in range(len(path), 0, -1):
            if (found := self._lines.get(path[:length])) is not None:
                return found
        return None


class Origins(msgspec.Struct, kw_only=True):
    """Where values came from, for messages."""

    file: str
    lines: TomlLines
    variables: dict[KeyPath, str] = {}

    def place(self, path: KeyPath) -> str:
        """``file:line`` or the name of the environment variable."""
        for length in range(len(path), 0, -1):
            if variable := self.variables.get(path[:length]):
                return f"environment {variable}"
        line = self.lines.line(path)
        return self.file if line is None else f"{self.file}:{line}"


def report(problem: Problem, origins: Origins) -> str:
    """The problem as one line for people."""
    text = f"{origins.place(problem.path)}: {'.'.join(problem.path)}: {problem.found}"
    if problem.allowed:
        text += f"; allowed: {problem.allowed}"
    if problem.meant:
        text += f"; did you mean {problem.meant}?"
    return text


def merge_environment(
    tree: dict[str, Any], environ: Mapping[str, str], origins: Origins
) -> list[Problem]:
    """Lay ``JIKIMI__SECTION__KEY`` over the tree; ``..._FILE`` reads a secret from a file."""
    problems: list[Problem] = []
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            continue
        path = tuple(part.lower() for part in variable.removeprefix(PREFIX).split("__"))
        value = environ[variable]
        key = path[-1].removesuffix("_file")
        if key != path[-1] and is_secret_key(key):
            path = (*path[:-1], key)
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                origins.variables[path] = variable
                why = getattr(error, "strerror", None) or "not UTF-8 text"
                problems.append(Problem(path=path, found=f"the file cannot be read ({why})"))
                continue
        path = _place(tree, path, EnvText(value))
        origins.variables[path] = variable
    return problems


def _place(tree: dict[str, Any], path: KeyPath, value: EnvText) -> KeyPath:
    table = tree
    taken: list[str] = []
    for part in path[:-1]:
        dashed = part.replace("_", "-")
        name = dashed if dashed in table and part not in table else part
        inner = table.get(name)
        if not isinstance(inner, dict):
            inner = table[name] = {}
        table = cast("dict[str, Any]", inner)
        taken.append(name)
    table[path[-1]] = value
    return (*taken, path[-1])


def decode(tree: Mapping[str, Any], kind: type[T]) -> tuple[T | None, list[Problem]]:
    """Decode a tree of tables into ``kind``; None when there are problems."""
    problems: list[Problem] = []
    made = _struct(tree, kind, (), problems)
    return (None if problems else made), problems


def _struct(value: object, kind: type[T], path: KeyPath, problems: list[Problem]) -> T | None:
    if not isinstance(value, Mapping):
        problems.append(Problem(path=path, found=_found(value, path), allowed="a table"))
        return None
    table = cast("Mapping[str, object]", value)
    fields = {field.name: field for field in structs.fields(kind)}
    before = len(problems)
    problems.extend(_unknown(key, path, list(fields)) for key in table if key not in fields)
    made: dict[str, object] = {}
    for name, field in fields.items():
        if name in table:
            made[name] = _value(table[name], field.type, (*path, name), problems)
        elif field.required:
            problems.append(Problem(path=(*path, name), found="missing"))
    return None if len(problems) > before else kind(**made)


def _value(value: object, kind: Any, path: KeyPath, problems: list[Problem]) -> object:
    if _is_struct(kind):
        return _struct(value, kind, path, problems)
    if get_origin(kind) is dict:
        return _tables(value, get_args(kind)[1], path, problems)
    if isinstance(value, EnvText):
        value = _from_text(value, kind)
    try:
        return cast("object", msgspec.convert(value, kind, dec_hook=_hook))
    except msgspec.ValidationError:
        choices = [str(choice) for choice in _choices(kind)]
        meant = _closest(value, choices) if isinstance(value, str) else None
        problems.append(
            Problem(path=path, found=_found(value, path), allowed=allowed(kind), meant=meant)
        )
        return None


def _is_struct(kind: Any) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _tables(
    value: object, kind: type[T], path: KeyPath, problems: list[Problem]
) -> dict[str, T]:
    if not isinstance(value, Mapping):
        wanted = f"tables like [{'.'.join(path)}.NAME]"
        problems.append(Problem(path=path, found=_found(value, path), allowed=wanted))
        return {}
    made: dict[str, T] = {}
    for name, table in cast("Mapping[str, object]", value).items():
        if not _NAME.fullmatch(name):
            problems.append(
                Problem(
                    path=(*path, name),
                    found="not a name",
                    allowed="1 to 40 small letters, digits and hyphens",
                )
            )
        elif (one := _struct(table, kind, (*path, name), problems)) is not None:
            made[name] = one
    return made


def _from_text(text: EnvText, kind: Any) -> object:
    """What a variable's text stands for; text that does not fit is left to fail later."""
    bare = _bare(kind)
    plain = str(text)
    if bare is str or bare is Path or bare is Secret or _choices(kind):
        if get_origin(bare) is not tuple:
            return plain
        return [part.strip() for part in plain.split(",") if part.strip()]
    try:
        return tomllib.loads(f"x = {plain}")["x"]
    except tomllib.TOMLDecodeError:
        return plain


def _hook(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str) and value:
        return Path(value).expanduser()
    if kind is Secret and isinstance(value, str) and value:
        return Secret(value)
    if kind is Options and isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        return Options({key: _option(key, item) for key, item in table.items()})
    raise ValueError


def _option(key: str, value: object) -> object:
    if isinstance(value, EnvText) and not is_secret_key(key):
        return _from_text(value, int)
    return str(value) if isinstance(value, EnvText) else value


def _unknown(key: str, path: KeyPath, known: list[str]) -> Problem:
    where = f"[{'.'.join(path)}]" if path else "the top level"
    return Problem(
        path=(*path, key),
        found=f"unknown in {where}",
        allowed=", ".join(known),
        meant=_closest(key, known),
    )


def _closest(text: str, choices: list[str]) -> str | None:
    near = difflib.get_close_matches(text.lower(), choices, n=1, cutoff=0.6)
    return near[0] if near else None


def _found(value: object, path: KeyPath) -> str:
    if any(is_secret_key(part) for part in path):
        return f"found {MASK}"
    if isinstance(value, Mapping):
        return "found a table"
    return f"found {mask_text(json.dumps(value, ensure_ascii=False, default=str))[:80]}"


def allowed(kind: Any) -> str:
    """What ``kind`` allows, in words."""
    if get_origin(kind) is Annotated:
        base, *notes = get_args(kind)
        return _bounded(allowed(base), [note for note in notes if isinstance(note, Meta)])
    if choices := _choices(kind):
        quoted = ", ".join(json.dumps(choice) for choice in choices)
        return f"a list of {quoted}" if get_origin(_bare(kind)) is tuple else quoted
    if inner := _optional(kind):
        return allowed(inner)
    if kind in (Options, Path):
        return "a table" if kind is Options else "a path"
    return _WORDS.get(kind, "text that is not empty")


def _bounded(text: str, notes: list[Meta]) -> str:
    for note in notes:
        if note.ge is not None and note.le is not None:
            text += f" from {note.ge:,} to {note.le:,}".replace(",", "_")
        if note.pattern == HTTP_ADDRESS:
            text = "an address that begins with http:// or https://"
        if note.pattern == INDEX_PREFIX:
            text = "up to 60 small letters, digits, hyphens and underscores"
        if note.pattern == TOPIC_PREFIX:
            text = "up to 100 letters, digits, dots, hyphens and underscores"
    return text


def _optional(kind: Any) -> Any:
    """The other half of ``X | None``, None for any other type."""
    parts = get_args(kind)
    if get_origin(kind) in (Annotated, tuple, Literal) or type(None) not in parts:
        return None
    return next(part for part in parts if part is not type(None))


def _bare(kind: Any) -> Any:
    """``kind`` without Annotated and without ``| None``."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    inner = _optional(kind)
    return kind if inner is None else _bare(inner)


def _choices(kind: Any) -> tuple[object, ...]:
    bare = _bare(kind)
    if get_origin(bare) is tuple:
        return _choices(get_args(bare)[0])
    return get_args(bare) if get_origin(bare) is Literal else ()


def _split_key(key: str) -> KeyPath:
    try:
        table: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return (key,)
    parts: list[str] = []
    while isinstance(table, dict):
        name, table = next(iter(cast("dict[str, Any]", table).items()))
        parts.append(name)
    return tuple(parts)
