"""The words of the pages: English in the templates, other languages from gettext catalogues."""

from __future__ import annotations

from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from math import isfinite
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

CATALOGUES = Path(__file__).parent / "catalogue"
LANGUAGES = {"en": "English", "ko": "한국어"}
DEFAULT = "en"
HUGE = 1e15
GROUPED = 1000
"""Counts from which digits are grouped; below, all languages here write the same."""


class Words:
    """Says a sentence in one language; unknown sentences stay English."""

    def __init__(self, lang: str, table: NullTranslations | None = None) -> None:
        self.lang = lang
        self.locale = Locale.parse(lang)
        self._table = table or NullTranslations()

    def __call__(self, text: str, /, **values: object) -> str:
        said = self._table.gettext(text)
        return said.format(**values) if values else said

    def many(self, one: str, more: str, n: int, /, **values: object) -> str:
        """The sentence for ``n`` things; ``{n}`` shows the number with separators."""
        return self._table.ngettext(one, more, n).format(n=self.number(n), **values)

    def number(self, n: float) -> str:
        """A count as the language writes it; at most two decimals; absurd ones short."""
        if isinstance(n, int) and 0 <= n < GROUPED:
            return str(n)  # Most counts of a page; formatting each took a tenth of its time.
        if not isfinite(n) or abs(n) >= HUGE:
            return f"{n:.1e}"
        return format_decimal(n, format="#,##0.##", locale=self.locale)


def gettext_noop(text: str) -> str:
    """Marks a sentence that is said later, so that catalogues hold it."""
    return text


def load() -> dict[str, Words]:
    """All languages of the pages, read from their catalogues."""
    return {lang: Words(lang, _table(lang)) for lang in LANGUAGES}


def choose(cookie: str, accepted: str) -> str:
    """The language to use: the person's choice, else the browser's first one."""
    if cookie in LANGUAGES:
        return cookie
    first = accepted.split(",", 1)[0].split(";", 1)[0].strip().split("-", 1)[0].casefold()
    return first if first in LANGUAGES else DEFAULT


def _table(lang: str) -> NullTranslations:
    file = CATALOGUES / f"{lang}.po"
    if not file.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=lang))
    compiled.seek(0)
    return GNUTranslations(compiled)
