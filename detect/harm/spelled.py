"""A text in the views in which words of harm are looked for: those of disguises, and one more.

``even`` is the joined view with one space where there were several, and without spaces
between letters of scripts that use none between words (换 脸, デ ィ ー プ).
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Literal

from detect.wording.evasion import Disguised, View, form

Look = View | Literal["even"]

_SOLID = "\u0e01-\u0e4f\u3041-\u30ff\u3400-\u9fff"
_GAP = re.compile(f"(?<=[{_SOLID}])\\s{{1,8}}(?=[{_SOLID}])|(?<=\\s)\\s+")


class Spelled:
    """A text under search; each view is made when it is first asked for."""

    def __init__(self, text: Disguised) -> None:
        self._text = text
        self.original = text.original

    def text(self, look: Look) -> str:
        """The text of a view."""
        return self.even if look == "even" else self._text.text(look)

    def span(self, look: Look, start: int, end: int) -> tuple[int, int]:
        """The code points of the original behind a part of a view (not empty)."""
        if look != "even":
            return self._text.span(look, start, end)
        return self._text.span("joined", self._kept[start], self._kept[end - 1] + 1)

    @property
    def spelt(self) -> str:
        """What the view of first consonants was made of; of the same length."""
        return self._text.spelt

    @cached_property
    def even(self) -> str:
        """The joined view with even spaces."""
        return _GAP.sub("", self._text.joined)

    @cached_property
    def _kept(self) -> list[int]:
        """Where each character of the even view stands in the joined one."""
        kept: list[int] = []
        at = 0
        for match in _GAP.finditer(self._text.joined):
            kept.extend(range(at, match.start()))
            at = match.end()
        kept.extend(range(at, len(self._text.joined)))
        return kept


def spelling(term: str, look: Look) -> str:
    """How a term is written in a view."""
    return term if look == "even" else form(term, look)
