"""Banks as files to exchange: lists of PDQ hashes, CSV, and JSON in ThreatExchange's shape.

A list has one hash a line, optionally with its quality after a comma, as ThreatExchange's
tools write them. JSON has one object a hash with ``indicator``, ``type`` (``HASH_PDQ``),
``description`` and ``tags``; StopNCII's lists (``hashValue``, ``signalType``) are read as well.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from dashboards.export import to_csv
from stream.banks import BankKind, BankRefusedError, Reference, checked_hash

ExchangeForm = Literal["pdq", "csv", "json"]
FORMS: tuple[ExchangeForm, ...] = ("pdq", "csv", "json")

_HEADER = ("hash", "quality", "bank", "kind", "label", "note", "enabled", "subject")
_PLAIN = ("hash", "quality")
_PDQ_TYPES = frozenset({"HASH_PDQ", "ImagePDQ", "pdq"})
_HASHES = ("indicator", "hashValue", "pdq", "hash", "signal_value")
_TYPES = ("type", "signalType", "signal_type")
_LABELS = ("description", "label", "caseNumber")
_LISTS = ("data", "hashRecords", "records")


def written(references: Iterable[Reference], form: ExchangeForm) -> str:
    """References as the text of a file."""
    if form == "pdq":
        return "".join(f"{one.pdq},{one.quality}\n" for one in references)
    if form == "csv":
        rows = [
            (
                one.pdq,
                one.quality,
                one.bank,
                one.kind,
                one.label,
                one.note,
                one.enabled,
                one.subject,
            )
            for one in references
        ]
        return to_csv(_HEADER, rows).decode()
    return msgspec.json.format(
        msgspec.json.encode([_as_indicator(one) for one in references]).decode(), indent=2
    )


def read(text: str, *, bank: str, kind: BankKind) -> Iterator[Reference]:
    """References of a file in any of the forms, for one bank.

    Raises:
        BankRefusedError: a line or an object holds no PDQ hash; it says which.
    """
    rows: Iterator[tuple[int, dict[str, Any]]]
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped[:1] in {"[", "{"}:
        rows = iter(enumerate(_objects(stripped), 1))
        unit = "object"
    else:
        rows = _lines(stripped)
        unit = "line"
    for number, row in rows:
        try:
            yield _reference(row, bank, kind)
        except BankRefusedError as error:
            raise BankRefusedError(f"{unit} {number}: {error}") from None


def _as_indicator(one: Reference) -> dict[str, Any]:
    return {
        "indicator": one.pdq,
        "type": "HASH_PDQ",
        "description": one.label,
        "tags": [one.kind, one.bank],
        "quality": one.quality,
        "note": one.note,
        "enabled": one.enabled,
        "subject": one.subject,
    }


def _objects(text: str) -> list[dict[str, Any]]:
    raw = text.encode("utf-8", "replace")
    try:
        held: Any = msgspec.json.decode(raw)
        if isinstance(held, dict):
            page = msgspec.convert(held, dict[str, Any])
            held = next((page[name] for name in _LISTS if name in page), [page])
        rows = msgspec.convert(held, list[dict[str, Any]])
    except msgspec.ValidationError:
        raise BankRefusedError("there is no list of objects inside") from None
    except msgspec.DecodeError as error:
        raise BankRefusedError(f"this is not JSON: {error}") from None
    return [row for row in rows if str(_first(row, _TYPES) or "HASH_PDQ") in _PDQ_TYPES]


def _lines(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = csv.reader(io.StringIO(text))
    names: list[str] | None = None
    for number, row in enumerate(rows, 1):
        if not row or row[0].lstrip().startswith("#"):
            continue
        if number == 1 and row[0].strip().lower() in {"hash", "pdq"}:
            names = [name.strip().lower() for name in row]
            continue
        yield number, dict(zip(names or _PLAIN, row, strict=False))


def _reference(row: dict[str, Any], bank: str, kind: BankKind) -> Reference:
    return Reference(
        reference_id="",
        bank=bank,
        kind=kind,
        pdq=checked_hash(str(_first(row, _HASHES) or "")),
        quality=_quality(row.get("quality")),
        label=str(_first(row, _LABELS) or ""),
        note=str(row.get("note") or ""),
        enabled=str(row.get("enabled", 1)).lower() not in {"0", "false", "no"},
        subject=str(row.get("subject") or ""),
    )


def _quality(value: object) -> int:
    if value is None or value == "":
        return 100
    text = str(value).strip()
    if not text.isascii() or not text.isdigit() or int(text[:4]) > 100:  # noqa: PLR2004
        raise BankRefusedError(f"{text[:20]!r} is no quality from 0 to 100")
    return int(text)


def _first(row: dict[str, Any], names: tuple[str, ...]) -> object:
    return next((row[name] for name in names if row.get(name)), None)
