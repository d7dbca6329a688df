"""Where in a text the words of a query stand, in code points of the original text.

The same tokens decide as in search (``stream/search/tokens.py``), so that what was found is
what is marked, also through disguises: a zero-width character inside a word is marked with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import msgspec

from detect.text import normalise
from stream.search.tokens import Clause, clauses, pieces
from stream.search.tree import And, Node, Not, Or, Term

MAX_SPANS = 200
MAX_PLACES = 1000
"""Places of one phrase that are looked at."""

Span = tuple[int, int]


class Excerpt(msgspec.Struct, frozen=True):
    """A part of a text, and the marked stretches inside it."""

    text: str
    spans: tuple[Span, ...]


def wanted(node: Node | None) -> list[Clause]:
    """What a query asks of the text, without what it forbids."""
    if isinstance(node, And | Or):
        return list(dict.fromkeys(clause for part in node.parts for clause in wanted(part)))
    if node is None or isinstance(node, Not) or node.field != "text":
        return []
    return list(clauses_of(node))


def clauses_of(term: Term) -> list[Clause]:
    """The conditions of one ``text:`` term; none when nothing in it can be searched."""
    text = term.value.replace('"', " ")
    return clauses(f'"{text}"' if term.phrase else text) or []


def highlight(text: str, wanted: Sequence[Clause]) -> list[Span]:
    """Stretches that a clause finds, in order and apart; at most 200."""
    if not wanted:
        return []
    plain = normalise(text)
    found = pieces(plain.text)
    words = [piece for piece in found if not piece.single]
    line = f" {' '.join(word.token for word in words)} "
    begins = [0, *accumulate(len(word.token) + 1 for word in words)]
    spans: list[Span] = []
    for clause in dict.fromkeys(wanted):
        if clause.single:
            spans += [(p.start, p.end) for p in found if p.single and p.token == clause.single]
            continue
        end = "" if clause.prefix else " "
        for at in _places(line, f" {' '.join(clause.words)}{end}"):
            i = bisect_left(begins, at)
            spans.append((words[i].start, words[i + len(clause.words) - 1].end))
    return [plain.span(*span) for span in _apart(spans)[:MAX_SPANS]]


def excerpt(text: str, spans: Sequence[Span], limit: int) -> Excerpt:
    """About ``limit`` code points of a text, from its beginning or around the first span."""
    if len(text) <= limit:
        return Excerpt(text, tuple(spans))
    start = 0
    if spans and spans[0][1] > limit - limit // 8:
        start = max(0, spans[0][0] - limit // 3)
        space = text.find(" ", start, min(start + limit // 8, spans[0][0]))
        start = space + 1 if space >= 0 else start
    end = min(len(text), start + limit)
    if end < len(text):
        space = text.rfind(" ", end - limit // 8, end)
        end = space if space > start else end
    before, after = "…" if start else "", "…" if end < len(text) else ""
    shift = len(before) - start
    inside = [
        (max(a, start) + shift, min(b, end) + shift) for a, b in spans if b > start and a < end
    ]
    return Excerpt(f"{before}{text[start:end]}{after}", tuple(inside))


def _places(line: str, wanted: str) -> Iterator[int]:
    """Where the tokens begin; bounded, as every place costs the length of what is wanted."""
    at = line.find(wanted)
    for _ in range(MAX_PLACES):
        if at < 0:
            return
        yield at
        at = line.find(wanted, at + 1)


def _apart(spans: Iterable[Span]) -> list[Span]:
    """The stretches in order, those that touch or overlap made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
