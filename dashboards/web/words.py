"""The words of the pages: English in the templates, other languages from a catalogue."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

CATALOGUES = Path(__file__).parent / "catalogue"
LANGUAGES = {"en": "English", "ko": "한국어"}
DEFAULT = "en"
HUGE = 1e15


class Words:
    """Translates a sentence; unknown sentences stay English."""

    def __init__(self, lang: str, table: Mapping[str, str]) -> None:
        self.lang = lang
        self._table = table

    def __call__(self, text: str, /, **values: object) -> str:
        said = self._table.get(text, text)
        return said.format(**values) if values else said

    def many(self, one: str, more: str, n: int, /, **values: object) -> str:
        """The sentence for ``n`` things; ``{n}`` shows the number with separators.

        The catalogue is asked for ``more``, as Korean has one form only.
        """
        text = self._table.get(more, one if n == 1 else more)
        return text.format(n=number(n), **values)


def number(n: float) -> str:
    """A count with separators; fractions with at most two digits; absurd ones short."""
    if abs(n) >= HUGE:
        return f"{n:.1e}"
    if float(n).is_integer():
        return f"{int(n):,}"
    return f"{n:,.2f}".rstrip("0").rstrip(".")


def load() -> dict[str, Words]:
    """All languages of the pages."""
    return {lang: Words(lang, _table(lang)) for lang in LANGUAGES}


def choose(cookie: str, accepted: str) -> str:
    """The language to use: the person's choice, else the browser's first one."""
    if cookie in LANGUAGES:
        return cookie
    first = accepted.split(",", 1)[0].split(";", 1)[0].strip().split("-", 1)[0].casefold()
    return first if first in LANGUAGES else DEFAULT


def _table(lang: str) -> dict[str, str]:
    file = CATALOGUES / f"{lang}.toml"
    if not file.is_file():
        return {}
    return cast("dict[str, str]", tomllib.loads(file.read_text("utf-8"))["words"])
