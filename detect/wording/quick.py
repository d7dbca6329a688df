"""Regular expressions that are asked of every text and rarely found: a quick look comes first.

Of each alternative the longest piece that every match must hold is taken, and all
pieces are looked for at once (Aho and Corasick, 1975). Only a text that holds one
is searched with the expression itself, so the answer is always the expression's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import ahocorasick_rs as aho

_parser: Any = getattr(re, "_parser", None)
"""The parser behind ``re``. It is no public part: without it every text is searched."""


class Quick:
    """Says whether an expression is found in a text.

    Args:
        expression: without flags.
    """

    def __init__(self, expression: str) -> None:
        self._search = re.compile(expression).search
        self.pieces = frozenset(_pieces(expression))
        self._held = aho.AhoCorasick(sorted(self.pieces)) if self.pieces else None

    def found(self, text: str) -> bool:
        """Whether the expression matches anywhere."""
        try:
            if self._held is not None and not self._held.find_matches_as_indexes(text):
                return False
        except UnicodeEncodeError:
            # Half a character: the quick look knows whole ones only.
            pass
        return self._search(text) is not None


def _pieces(expression: str) -> Iterable[str]:
    if _parser is None:
        return ()
    return _best(_parser.parse(expression)) or ()


def _best(sequence: Iterable[tuple[Any, Any]]) -> set[str] | None:
    """Strings one of which every match holds, the longest there are; None: there are none."""
    found: list[set[str]] = []
    run = ""
    for kind, what in sequence:
        name = str(kind)
        if name == "LITERAL":
            run += chr(what)
            continue
        if run:
            found.append({run})
            run = ""
        inner = _inner(name, what)
        if inner:
            found.append(inner)
    if run:
        found.append({run})
    return max(found, key=lambda one: min(map(len, one)), default=None)


def _inner(name: str, what: Any) -> set[str] | None:
    """The same of what stands inside of one part of an expression."""
    if name == "SUBPATTERN":
        return _best(what[-1])
    if name in ("MAX_REPEAT", "MIN_REPEAT") and what[0] > 0:
        return _best(what[2])
    if name == "BRANCH":
        every = [_best(one) for one in what[1]]
        if all(every):
            return {piece for one in every if one for piece in one}
    return None
