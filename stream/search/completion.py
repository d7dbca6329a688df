"""What may be typed next in the search box: fields, and known values of a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from detect.records import HARM_CATEGORIES
from stream.search.query import MAX_LENGTH
from stream.search.tree import FIELD, FIELDS, FIXED, NUMBERS, VALUE

MAX_SUGGESTIONS = 20


class Suggestion(msgspec.Struct, frozen=True):
    """What may replace ``text[start:end]`` of a query."""

    insert: str
    start: int
    end: int


def complete(text: str, cursor: int, values: Mapping[str, Sequence[str]]) -> list[Suggestion]:
    """Fields, and known values of a field, that go on from what stands before the cursor.

    ``values`` are known values by field, for example subjects and platforms.
    """
    before = text[: max(0, min(cursor, len(text), MAX_LENGTH))]
    start = _word_start(before)
    word = before[start:]
    match = FIELD.match(word)
    if match is None:
        found = [f"{name}:" for name in FIELDS if name not in NUMBERS or name == "harm"]
        found += [f"{name}>" for name in NUMBERS]
    else:
        field = match[1].lower()
        known = FIXED.get(field) or values.get(field, ())
        if field == "harm" and match[2] in (":", "="):
            known = HARM_CATEGORIES
        found = [f"{field}{match[2]}{_written(value)}" for value in known]
    wanted = word.replace('"', "").casefold()
    hits = [one for one in found if one.replace('"', "").casefold().startswith(wanted)]
    return [Suggestion(one, start, len(before)) for one in hits[:MAX_SUGGESTIONS]]


def _word_start(before: str) -> int:
    """Where the word begins at whose end the cursor stands; quoted spaces belong to it."""
    quotes = [i for i, char in enumerate(before) if char == '"']
    end = quotes[-1] if len(quotes) % 2 else len(before)
    start = max(before.rfind(mark, 0, end) for mark in " \t\n(") + 1
    return start + before[start:].startswith("-")


def _written(value: str) -> str:
    return value if VALUE.fullmatch(value) else '"' + value.replace('"', "") + '"'
