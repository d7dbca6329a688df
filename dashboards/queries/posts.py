"""Searching posts: what a person typed becomes a query, its hits, facets and histogram."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from detect.watchlist import Watchlist
from stream.index import Bucket, Index, PostFacet, PostQuery
from stream.search.highlight import clauses_of
from stream.search.query import parse
from stream.search.tree import (
    Node,
    Term,
    all_of,
    bounds,
    conjuncts,
    terms,
    with_subjects,
)

MINUTE_MS = 60_000
LONGEST_MS = 20 * 366 * 24 * 60 * MINUTE_MS
"""A histogram shows at most these 20 years."""

NOTHING_TO_FIND = "in “{text}” there is nothing that can be looked for, so it matches nothing"
NOBODY = "nobody on the watchlist is called “{name}”"
NOBODY_BUT = "nobody on the watchlist is called “{name}”; did you mean {near}?"
SHOWN = 40
"""Code points that a note shows of a value."""

Note = tuple[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query as a person means it: ``node`` as typed, ``where`` with ids of subjects.

    ``notes`` are what should be known about the answer: sentences with their values.
    """

    node: Node | None
    where: Node | None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Hits over time; ``bucket_ms`` is the width of one bar."""

    since: int
    until: int
    bucket_ms: int
    buckets: Sequence[Bucket]


class SubjectNames:
    """Which subjects a name, an alias or an id means, whatever its case."""

    def __init__(self, watchlist: Watchlist) -> None:
        self._ids: dict[str, dict[str, None]] = {}
        self._shown: list[str] = []
        for subject in watchlist.subjects:
            names = [subject.id, subject.name, subject.hangul_name or ""]
            self._shown += dict.fromkeys(name for name in names if name)
            for spellings in (*subject.names.values(), *subject.aliases.values()):
                names += spellings
            for name in names:
                self._ids.setdefault(name.casefold(), {})[subject.id] = None

    def ids_of(self, name: str) -> Sequence[str]:
        """The subjects behind a name, none when it is unknown."""
        return tuple(self._ids.get(name.casefold(), ()))

    def near(self, name: str) -> str:
        """The name of a subject that was probably meant, empty when none is like it."""
        found = difflib.get_close_matches(name[:SHOWN], self._shown, n=1, cutoff=0.6)
        return found[0] if found else ""

    def shown(self) -> Sequence[str]:
        """What may be offered while a person types."""
        return self._shown


def ask(
    text: str, names: SubjectNames, *, now: int, tz: tzinfo = UTC, also: Node | None = None
) -> Asked:
    """Understand what was typed; ``also`` must hold as well.

    Raises:
        QueryError: it cannot be understood.
    """
    node = all_of(parse(text, now=now, tz=tz), also)
    if node is None:
        return Asked(node=None, where=None)
    return Asked(node=node, where=with_subjects(node, names.ids_of), notes=_notes(node, names))


def timeline(
    index: Index,
    query: PostQuery,
    *,
    widths: Callable[[int], int],
    offset_ms: int = 0,
) -> Timeline | None:
    """Hits over time; None without hits.

    The stretch is that of the query, where it names one, and else that of the hits.
    ``widths`` gives the width of a bar for a length of time. Bars begin ``offset_ms``
    before days and hours of UTC do, so that they are those of the reader.
    """
    since, until = bounds(query.where)
    hits = index.span(query)
    if hits is None:
        return None
    since = hits[0] if since is None else max(since, hits[0] - LONGEST_MS)
    until = hits[1] + MINUTE_MS if until is None else min(until, hits[1] + LONGEST_MS)
    since, until = max(since, until - LONGEST_MS, 0), max(until, 0)
    width = widths(max(until - since, MINUTE_MS))
    first = since - (since + offset_ms) % width
    last = max(until, first + width)
    buckets = index.timeline(query, since=max(first, 0), until=last, bucket_ms=width)
    return Timeline(since=since, until=until, bucket_ms=width, buckets=buckets)


def added(node: Node | None, term: Node) -> str:
    """The query with one more condition, as text."""
    return str(all_of(node, *(() if term in conjuncts(node) else (term,))))


def taken(node: Node | None, part: Node) -> str:
    """The query without one of the conditions that must all hold, as text."""
    left = all_of(*[one for one in conjuncts(node) if one != part])
    return "" if left is None else str(left)


def narrowed(node: Node | None, since: int, until: int, tz: tzinfo) -> str:
    """The query held to a stretch of time instead of the one it names, as text."""
    kept = [
        part
        for part in conjuncts(node)
        if not (isinstance(part, Term) and part.field in ("since", "until"))
    ]
    return str(all_of(*kept, _time("since", since, tz), _time("until", until, tz)))


def value_term(facet: PostFacet, value: str) -> Term:
    """The condition that holds for the posts counted under a value of a facet."""
    return Term(facet, value)


def same(held: Node, term: Term, names: SubjectNames) -> bool:
    """Whether a condition says what a value of a facet says, a subject by any name."""
    if not isinstance(held, Term) or held.field != term.field:
        return False
    if held.field == "subject":
        return held.value == term.value or tuple(names.ids_of(held.value)) == (term.value,)
    return held.value.lstrip("@#").casefold() == term.value.casefold()


def _time(field: str, at: int, tz: tzinfo) -> Term:
    moment = datetime.fromtimestamp(at / 1000, tz)
    # With its zone, so that the address means the same to every reader.
    value = moment.isoformat(timespec="minutes").replace("+00:00", "Z")
    return Term(field, value, number=float(at))


def _notes(node: Node, names: SubjectNames) -> tuple[Note, ...]:
    found: dict[str, Note] = {}
    for term in terms(node):
        value = term.value[:SHOWN]
        if term.field == "text" and not clauses_of(term):
            found[value] = (NOTHING_TO_FIND, {"text": value})
        elif term.field == "subject" and names.shown() and not names.ids_of(term.value):
            near = names.near(term.value)
            found[value] = (NOBODY_BUT if near else NOBODY, {"name": value, "near": near})
    return tuple(found.values())
