"""Writes the settings out for people: example file, effective values, JSON Schema, table."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, cast, get_args, get_origin

import msgspec
from msgspec import Meta, structs

from ingest.secret import MASK, Secret
from stream.config.decode import Options, allowed
from stream.config.secrets import is_secret_key, mask_text, mask_value
from stream.settings import Settings, SinkSettings, SourceSettings


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as documented."""

    key: str
    default: str
    allowed: str
    text: str


_NAMED: dict[str, type[msgspec.Struct]] = {
    "sources.NAME": SourceSettings,
    "notify.NAME": SinkSettings,
}

_EXAMPLES = {
    "sources": """\
# Sources; if any is named here, only those named here are read.
# [sources.bluesky]
# enabled = true
# reasons = ["alias", "thread"]
""",
    "notify": """\
# Where alerts are delivered.
# [notify.file]
# kind = "log"
# options = { path = "alerts.ndjson" }
#
# [notify.team]
# kind = "webhook"
# options = { url = "https://hooks.example.org/jikimi" }
# and in the environment: JIKIMI__NOTIFY__TEAM__OPTIONS__SECRET_FILE=/run/secrets/hook
""",
}

_HEAD = """\
# Settings of jikimi. Every line that begins with "# " and a key shows the default.
# Environment variables go before this file: JIKIMI__WEB__PORT=9000; a secret may be
# kept in a file of its own: JIKIMI__WEB__PASSWORD_FILE=/run/secrets/jikimi.
# Relative paths start at the folder in which jikimi is started.
"""


def rows() -> list[Row]:
    """Every setting with default, allowed values and description."""
    return [
        Row(
            key=f"{section}.{field.name}",
            default=_literal(_default(field)),
            allowed=allowed(field.type),
            text=_description(field.type),
        )
        for section, kind in _sections()
        for field in structs.fields(kind)
    ]


def default_toml() -> str:
    """A commented settings file in which every key stands with its default."""
    parts = [_HEAD]
    for section in structs.fields(Settings):
        if section.name in _EXAMPLES:
            parts.append(_EXAMPLES[section.name])
            continue
        kind = section.type
        lines = [f"[{section.name}]  # {_purpose(kind)}"]
        for field in structs.fields(kind):
            default = _default(field)
            shown = '""' if default is None else _literal(default)
            text = f"{_description(field.type)} Allowed: {allowed(field.type)}."
            lines += [f"#   {line}" for line in textwrap.wrap(text, 86)]
            lines.append(f"# {field.name} = {shown}")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def effective_toml(settings: Settings) -> str:
    """The settings in force as TOML, secrets masked."""
    lines: list[str] = []
    for path, table in _tables(settings):
        lines.append(f"[{path}]")
        lines += [
            f"{key} = {_literal(value)}" for key, value in table.items() if value is not None
        ]
        lines.append("")
    return "\n".join(lines)


def effective(settings: Settings) -> dict[str, Any]:
    """The settings in force as plain values, secrets masked."""
    return {path: mask_value(_plain(table)) for path, table in _tables(settings)}


def schema() -> dict[str, Any]:
    """JSON Schema of the settings file."""
    return msgspec.json.schema(Settings, schema_hook=_schema_of)


def _schema_of(kind: type) -> dict[str, Any]:
    if kind is Options:
        return {"type": "object"}
    return {"type": "string", "minLength": 1}


def _sections() -> Iterator[tuple[str, type[msgspec.Struct]]]:
    for field in structs.fields(Settings):
        named = f"{field.name}.NAME"
        yield (named, _NAMED[named]) if named in _NAMED else (field.name, field.type)


def _tables(settings: Settings) -> Iterator[tuple[str, dict[str, object]]]:
    for name, value in structs.asdict(settings).items():
        if isinstance(value, Mapping):
            for key, table in cast("Mapping[str, msgspec.Struct]", value).items():
                yield f"{name}.{key}", structs.asdict(table)
        else:
            yield name, structs.asdict(value)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[str, object]", value).items()}
    return str(value) if isinstance(value, Path) else value


def _default(field: structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return cast("object", field.default_factory())
    return None if field.default is msgspec.NODEFAULT else field.default


def _description(kind: Any) -> str:
    notes = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return " ".join(
        note.description for note in notes if isinstance(note, Meta) and note.description
    )


def _purpose(kind: type) -> str:
    return (kind.__doc__ or "").strip().rstrip(".")


def _literal(value: object, key: str = "") -> str:
    """``value`` as TOML; what must not be seen is masked."""
    if isinstance(value, Secret) or (key and is_secret_key(key)):
        return json.dumps(MASK)
    if value is None:
        return "unset"
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        inner = ", ".join(f"{name} = {_literal(item, name)}" for name, item in table.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_literal(item) for item in cast('tuple[object, ...]', value))}]"
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return json.dumps(mask_text(str(value)), ensure_ascii=False)
