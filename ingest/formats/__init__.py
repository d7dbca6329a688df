"""The file formats we read, and how a record's format is recognised.

A decoder is a pure function from the bytes of one record (or its parsed
object) to the items in it. It never raises on what a record holds: a record
that cannot be read is a Malformed with a reason in plain words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from ingest import clean
from ingest.clean import Context, Unreadable
from ingest.formats import jetstream, own, pushshift, x_v2
from ingest.records import Deletion, Malformed, Post

Decoded = list[Post | Deletion | Malformed]


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """A shape of records: its name, how to tell it, how to read it."""

    name: str
    recognises: Callable[[Mapping[str, object]], bool]
    decode: Callable[[bytes | Mapping[str, object], Context], Decoded]


OWN = Format(name="own", recognises=own.recognises, decode=own.decode)

FORMATS: dict[str, Format] = {
    found.name: found
    for found in (
        Format(name="jetstream", recognises=jetstream.recognises, decode=jetstream.decode),
        Format(name="pushshift", recognises=pushshift.recognises, decode=pushshift.decode),
        Format(name="x_v2", recognises=x_v2.recognises, decode=x_v2.decode),
        OWN,
    )
}
"""By name, the most particular first: the first that recognises a record reads its file."""

LIVE = frozenset({"jetstream"})


def recognise(record: Mapping[str, object]) -> Format | None:
    """The format that a parsed record is in, None if it is in none of ours."""
    for known in FORMATS.values():
        if known.recognises(record):
            return known
    return None


def read_again(raw: bytes, source: str, at: int) -> Decoded:
    """What a record says that could not be read at the time ``at`` (ms); perhaps now it can.

    A record in no format we know is a Malformed again, as is one that was cut off.
    """
    context = Context(source=source, now=at)
    try:
        record = clean.fields(raw)
    except Unreadable as error:
        return [clean.malformed(context, raw, str(error))]
    found = recognise(record)
    if found is None:
        return [clean.malformed(context, raw, "in none of the formats we read")]
    # What came live was observed then, whatever its author claims.
    live = found.name in LIVE
    return found.decode(raw, msgspec.structs.replace(context, live=live))
