"""Tables as CSV that spreadsheets open safely: one helper for every export."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

Cell = str | int | float | bool | None
BOM = "\ufeff"
# What Excel, LibreOffice and Google Sheets take for a formula, also after blanks.
_FORMULA = re.compile(r"^[\s\x00]*[=+\-@|＝＋－＠\t\r\n]")
_TRICKS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_NOT_IN_NAMES = re.compile(r"[^\w.-]+", re.ASCII)
LONGEST_NAME = 80
LONGEST_CELL = 32_767
"""Beyond this spreadsheets tear a cell apart."""


def to_csv(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], *, bom: bool = False
) -> bytes:
    """UTF-8 lines after RFC 4180; text that would be run as a formula gets a quote before it.

    ``bom`` puts the mark first by which Excel knows UTF-8.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(one) for one in row])
    return ((BOM if bom else "") + out.getvalue()).encode("utf-8", "replace")


def iso(at: int) -> str:
    """A time in milliseconds as ISO 8601 in UTC; empty when no calendar holds it."""
    try:
        return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return ""


def file_name(*parts: str) -> str:
    """A name every file system takes; nothing of it can end a header or leave a folder."""
    joined = unicodedata.normalize("NFKD", "-".join(parts))
    safe = _NOT_IN_NAMES.sub("-", joined).strip("-.")[:LONGEST_NAME].strip("-.")
    return f"{safe or 'jikimi'}.csv"


def _cell(value: Cell) -> Cell:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return value
    text = _TRICKS.sub("\ufffd", value)
    text = f"'{text}" if _FORMULA.match(text) else text
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"
