"""Turns a query into conditions of tantivy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tantivy import FieldType, Occur, Query

from stream.index import PostQuery
from stream.local.documents import NUMBERED, SCHEMA, column_of, number_of
from stream.search.conditions import stated
from stream.search.minutes import LATEST_MS, TIE_BITS, held
from stream.search.tokens import Clause
from stream.search.tree import Term

Rows = Callable[[Term], Sequence[int]]
"""The rows behind ``id:`` and ``cluster:``, which the tables know."""


def compiled(query: PostQuery, rows: Rows) -> Query:
    """The conditions of a query."""
    return stated(query, _Tantivy(rows))


class _Tantivy:
    """See ``stream.search.conditions.Conditions``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def is_(self, field: str, value: str, /) -> Query:
        if field in NUMBERED:
            return Query.term_query(SCHEMA, field, number_of(value), index_option="basic")
        clean = value.encode("utf-8", "replace").decode("utf-8")
        return Query.term_query(SCHEMA, field, clean, index_option="basic")

    def words(self, clause: Clause, /) -> Query:
        if clause.prefix:
            # Words are letters, digits and marks: nothing in them means anything to a regex.
            return Query.regex_query(SCHEMA, "words", f"{clause.words[0]}.*")
        if len(clause.words) == 1:
            return self.is_("words", clause.words[0])
        return Query.phrase_query(SCHEMA, "words", list(clause.words))

    def between(self, since: int | None, until: int | None, /) -> Query:
        upper = LATEST_MS + 1 if until is None else held(until)
        return Query.range_query(
            SCHEMA,
            "place",
            FieldType.Unsigned,
            lower_bound=held(since or 0) << TIE_BITS,
            upper_bound=upper << TIE_BITS,
            include_upper=False,
        )

    def number(self, field: str, least: int, most: int, /) -> Query:
        return Query.range_query(
            SCHEMA, field, FieldType.Integer, lower_bound=least, upper_bound=most
        )

    def score(self, name: str, least: int, most: int, /) -> Query:
        return self.number(column_of(name), least, most)

    def named(self, term: Term, /) -> Query:
        return Query.term_set_query(SCHEMA, "n", list(self._rows(term)))

    def nothing(self) -> Query:
        return Query.empty_query()

    def all_of(self, parts: Sequence[Query], /) -> Query:
        return parts[0] if len(parts) == 1 else self.without(parts, ())

    def any_of(self, parts: Sequence[Query], /) -> Query:
        if len(parts) == 1:
            return parts[0]
        return Query.boolean_query([(Occur.Should, part) for part in parts])

    def without(self, wanted: Sequence[Query], unwanted: Sequence[Query], /) -> Query:
        must = [(Occur.Must, part) for part in wanted or [Query.all_query()]]
        if not unwanted and len(must) == 1:
            return must[0][1]
        return Query.boolean_query([*must, *((Occur.MustNot, part) for part in unwanted)])
