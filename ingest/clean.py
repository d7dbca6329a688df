"""Hygiene for bytes from outside: text, ids, lists, times and counts made safe to keep.

Every function takes what a payload holds, whatever its type, and returns what
a record may hold, or raises :class:`Unreadable` with a reason in plain words
that names the field. Reasons quote at most a few characters of the payload.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import msgspec

from ingest.records import TEXT_LIMIT, Malformed

ID_LIMIT = 1024
"""Longest identifier in code points; a longer one is refused, as cutting could collide."""
LIST_LIMIT = 100
"""Most hashtags, links, mentions or pictures kept of one post."""
ENTRY_LIMIT = 2000
"""Longest hashtag, link or mention in code points; the rest is cut."""
RAW_LIMIT = 65_536
"""Most bytes kept of a record that could not be read."""
METRICS_LIMIT = 50
COUNT_LIMIT = 2**53
EARLIEST_MS = 631_152_000_000
"""1990-01-01: no platform we read is older, so an earlier time is a mistake."""
DAY_MS = 86_400_000
_SECONDS_BELOW = 1e11
_MICROSECONDS_FROM = 1e14

_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"-?\d{9,17}(?:\.\d+)?", re.ASCII)


class Unreadable(Exception):
    """A record that cannot become one of ours; the message is the reason.

    ``raw`` holds its bytes where whoever reports it is not the one who has them.
    """

    def __init__(self, reason: str, raw: bytes = b"") -> None:
        super().__init__(reason)
        self.raw = raw


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a decoder is told about where a record came from.

    ``source`` is the name of the configured source. ``now`` is the clock in ms,
    None to believe any time. ``live`` records are never refused for their times,
    because :attr:`ingest.records.Post.event_at` corrects them by observation.
    """

    source: str
    now: int | None = None
    live: bool = False


def malformed(context: Context, raw: bytes | Mapping[str, object], reason: str) -> Malformed:
    """The dead letter of ``raw``: at most 64 KiB of it, and why."""
    if not isinstance(raw, bytes):
        raw = json.dumps(raw, default=str).encode()
    return Malformed(source=context.source, raw=raw[:RAW_LIMIT], reason=scrub(reason)[:500])


def loads(raw: bytes) -> object:
    """Any JSON value, read as leniently as is safe: lone surrogates pass, bad UTF-8 not.

    Raises:
        Unreadable: not UTF-8, not JSON, or nested too deeply.
    """
    try:
        return msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        found = raw[error.start]
        raise Unreadable(f"not UTF-8: byte 0x{found:02x} at {error.start}") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error.msg} at character {error.pos}") from None
    except ValueError:
        raise Unreadable("not JSON: a number of too many digits") from None
    except RecursionError:
        raise Unreadable("not JSON: nested too deeply") from None


def fields(raw: bytes | Mapping[str, object]) -> Mapping[str, object]:
    """The JSON object in ``raw``.

    Raises:
        Unreadable: no JSON, or something else than an object.
    """
    value = raw if isinstance(raw, Mapping) else loads(raw)
    if not isinstance(value, Mapping):
        raise Unreadable(f"expected an object, found {kind(value)}")
    return cast("Mapping[str, object]", value)


def kind(value: object) -> str:
    """What a value is, in plain words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "a list"
        case _:
            return "an object"


def mapping(value: object) -> Mapping[str, object]:
    """``value`` where it is an object, else an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def sequence(value: object) -> list[object]:
    """``value`` where it is a list, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def is_list(value: object) -> bool:
    """Whether ``value`` is a list; the type stays unnarrowed on purpose."""
    return isinstance(value, list)


def is_object(value: object) -> bool:
    """Whether ``value`` is an object; the type stays unnarrowed on purpose."""
    return isinstance(value, Mapping)


def scrub(value: str) -> str:
    """Text without NUL and lone surrogates, which no store or topic can hold."""
    if "\0" not in value:
        try:
            value.encode()
        except UnicodeEncodeError:
            pass
        else:
            return value
    return _UNSAFE.sub("\ufffd", value)


def text(value: object, field: str = "text") -> tuple[str, bool]:
    """A post's text, and whether it had to be cut at ``TEXT_LIMIT``.

    Raises:
        Unreadable: it is no text.
    """
    if not isinstance(value, str):
        raise Unreadable(f"{field}: expected text, found {kind(value)}")
    if len(value) > TEXT_LIMIT:
        return scrub(value[:TEXT_LIMIT]), True
    return scrub(value), False


def identifier(value: object, field: str) -> str:
    """An identifier: text or a whole number, not empty, not endless.

    Raises:
        Unreadable: it is missing, empty, too long or of another kind.
    """
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        value = str(value)
    if value is None:
        raise Unreadable(f"{field}: missing")
    if not isinstance(value, str):
        raise Unreadable(f"{field}: expected text, found {kind(value)}")
    value = value.strip()
    if not value:
        raise Unreadable(f"{field}: empty")
    if len(value) > ID_LIMIT:
        raise Unreadable(f"{field}: {len(value):,} characters, at most {ID_LIMIT:,}")
    return scrub(value)


def optional_identifier(value: object, field: str) -> str | None:
    """As :func:`identifier`, but nothing and empty text mean None."""
    if value is None or value == "":
        return None
    return identifier(value, field)


def short(value: object, limit: int = ENTRY_LIMIT) -> str | None:
    """A side detail such as a handle or a language: cut, or None if it is no text."""
    if not isinstance(value, str):
        return None
    return scrub(value.strip()[:limit]) or None


def strings(value: object, field: str, strip: str = "") -> tuple[str, ...]:
    """A list of short texts in order, without repeats; ``strip`` goes from the front.

    Raises:
        Unreadable: it is no list, or holds something else than text.
    """
    if not value:
        return ()
    if not isinstance(value, (list, tuple)):
        raise Unreadable(f"{field}: expected a list, found {kind(value)}")
    found: dict[str, None] = {}
    for entry in cast("list[object]", value)[:LIST_LIMIT]:
        if not isinstance(entry, str):
            raise Unreadable(f"{field}: expected texts, found {kind(entry)} among them")
        kept = scrub(entry.strip().lstrip(strip)[:ENTRY_LIMIT])
        if kept:
            found[kept] = None
    return tuple(found)


def web_address(value: object) -> str | None:
    """A link where it is one of the web and not endless, else None."""
    if not isinstance(value, str) or len(value) > ENTRY_LIMIT:
        return None
    value = scrub(value.strip())
    return value if value.startswith(("https://", "http://")) else None


def metrics(value: object) -> dict[str, int]:
    """Counts by name; what is no whole number is left out.

    Raises:
        Unreadable: it is no object.
    """
    if not value:
        return {}
    if not isinstance(value, Mapping):
        raise Unreadable(f"metrics: expected an object, found {kind(value)}")
    found: dict[str, int] = {}
    for name, number in cast("Mapping[object, object]", value).items():
        counted = count(number)
        if isinstance(name, str) and counted is not None and len(found) < METRICS_LIMIT:
            found[scrub(name[:ID_LIMIT])] = counted
    return found


def count(value: object) -> int | None:
    """A whole number that every store can hold, else None."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= COUNT_LIMIT:
        return value
    return None


def instant(value: object, field: str, now: int | None = None) -> int:
    """A point in time in ms: ISO 8601 (UTC if it names no zone) or an epoch number.

    Epoch numbers may be seconds, milliseconds or microseconds; which is seen
    from their size, as 1990 in the finer unit is later than 5000 in the coarser.

    Raises:
        Unreadable: it is no time, before 1990, or over a day ahead of ``now``.
    """
    if isinstance(value, str):
        at = _from_text(value.strip(), field)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        at = _from_number(value, field)
    elif value is None:
        raise Unreadable(f"{field}: missing")
    else:
        raise Unreadable(f"{field}: expected a time, found {kind(value)}")
    if at < EARLIEST_MS:
        raise Unreadable(f"{field}: before 1990")
    if now is not None and at > now + DAY_MS:
        raise Unreadable(f"{field}: far future, more than a day ahead")
    return at


def optional_instant(value: object) -> int | None:
    """As :func:`instant`, but None for what is no time."""
    try:
        return None if value is None else instant(value, "")
    except Unreadable:
        return None


def _from_text(value: str, field: str) -> int:
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        if _NUMBER.fullmatch(value):
            return _from_number(float(value) if "." in value else int(value), field)
        raise Unreadable(f"{field}: {scrub(value)[:40]!r} is no time of ISO 8601") from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    since = parsed - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def _from_number(value: float, field: str) -> int:
    if not math.isfinite(value):
        raise Unreadable(f"{field}: no finite number")
    if abs(value) < _SECONDS_BELOW:
        value *= 1000
    elif abs(value) >= _MICROSECONDS_FROM:
        value = value // 1000
    if abs(value) >= _MICROSECONDS_FROM:
        raise Unreadable(f"{field}: no time of our age")
    return int(value)
