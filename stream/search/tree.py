"""The tree of conditions that a query is: what an index compiles, and its plain text.

The fields stand here, the nodes, and what is done with trees: join them, list their
conditions, put subject ids for names. ``str`` gives a text that ``stream.search.query.parse``
reads back as the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from detect.records import HARM_CATEGORIES, TARGETS

METRICS = ("likes", "reposts", "replies", "views", "followers")
SCORES = ("harm", *(f"harm.{category}" for category in HARM_CATEGORIES))
"""Scores from 0 to 1; ``harm`` is the worst of those that may alarm."""
NUMBERS = (*METRICS, *SCORES)
TIMES = ("since", "until")
FIXED: dict[str, tuple[str, ...]] = {
    "is": ("reply", "repost", "quote"),
    "has": ("link", "media", "tag"),
    "target": TARGETS,
    "reason": ("alias", "copy", "thread", "container", "official", "media", "face", "dataset"),
}
"""Fields that take one of a few values."""
WORDS = (
    "text", "subject", "platform", "source", "lang", "language", "author", "tag", "link",
    "mention", "cluster", "id",
)  # fmt: skip
FIELDS = (*WORDS, *FIXED, *TIMES, *NUMBERS)


FIELD = re.compile(r"([Hh][Aa][Rr][Mm]\.[A-Za-z_]{1,40}|[A-Za-z_]{1,40})(>=|<=|:|=|>|<)")
VALUE = re.compile(r'[^\s()"]+')
IDLE = re.compile(r"[!-/:-@\[-`{-~–—…·]+")
OPERATORS = ("AND", "OR", "NOT")


class Term(msgspec.Struct, frozen=True):
    """One condition. ``number`` is set for numbers and, as milliseconds, for times.

    ``op`` is one of ``: = > >= < <=``; words always have ``:`` and plain numbers ``=``.
    ``phrase`` stands for a quoted text.
    """

    field: str
    value: str
    op: str = ":"
    phrase: bool = False
    number: float | None = None

    def __str__(self) -> str:
        quoted = '"' + self.value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if self.field == "text":
            if self.phrase:
                return quoted
            return self.value if _is_bare(self.value) else f"text:{self.value}"
        plain = VALUE.fullmatch(self.value)
        return f"{self.field}{self.op}{self.value if plain else quoted}"


class Not(msgspec.Struct, frozen=True):
    """Holds where ``part`` does not."""

    part: Node

    def __str__(self) -> str:
        return f"-({self.part})" if isinstance(self.part, And | Or) else f"-{self.part}"


class And(msgspec.Struct, frozen=True):
    """Holds where all parts do."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(
            f"({part})" if isinstance(part, Or) else str(part) for part in self.parts
        )


class Or(msgspec.Struct, frozen=True):
    """Holds where any part does."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


Node = Term | Not | And | Or


def all_of(*parts: Node | None) -> Node | None:
    """The conjunction of those parts that there are."""
    kept = [part for part in parts if part is not None]
    return joined(And, kept) if kept else None


def conjuncts(node: Node | None) -> tuple[Node, ...]:
    """What must all hold: the parts of an AND, or the one condition."""
    if node is None:
        return ()
    return node.parts if isinstance(node, And) else (node,)


def bounds(node: Node | None) -> tuple[int | None, int | None]:
    """The stretch of time, in milliseconds, outside of which nothing can match.

    Only times that must hold count, not those inside OR or NOT.
    """
    found: dict[str, list[int]] = {"since": [], "until": []}
    for part in conjuncts(node):
        if isinstance(part, Term) and part.field in found and part.number is not None:
            found[part.field].append(int(part.number))
    return max(found["since"], default=None), min(found["until"], default=None)


def terms(node: Node | None) -> list[Term]:
    """All conditions of a tree, from left to right."""
    if node is None:
        return []
    if isinstance(node, Term):
        return [node]
    if isinstance(node, Not):
        return terms(node.part)
    return [term for part in node.parts for term in terms(part)]


def with_subjects(node: Node, ids_of: Callable[[str], Sequence[str]]) -> Node:
    """The tree with names and aliases of subjects turned into their ids.

    ``ids_of`` gives the ids behind a name; a name without any stays and matches nothing.
    """
    if isinstance(node, Not):
        return Not(with_subjects(node.part, ids_of))
    if isinstance(node, And | Or):
        kind = type(node)
        return joined(kind, [with_subjects(part, ids_of) for part in node.parts])
    if node.field != "subject":
        return node
    ids = ids_of(node.value) or (node.value,)
    return joined(Or, [Term("subject", one) for one in ids])


def joined(kind: type[And | Or], parts: Sequence[Node]) -> Node:
    """One node for several of a kind, without nodes of that kind directly inside."""
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else (part,)
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def _is_bare(value: str) -> bool:
    """Whether a word of text is read back as such without its field."""
    if value in OPERATORS or value.startswith("-") or IDLE.fullmatch(value):
        return False
    match = FIELD.match(value)
    return match is None or value.startswith("//", match.end())
