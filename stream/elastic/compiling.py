"""Turns a query into conditions of Elasticsearch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stream.elastic.names import key_of
from stream.index import PostQuery, SearchUnavailableError
from stream.search.conditions import stated
from stream.search.judgement_terms import SCALE, WORST
from stream.search.minutes import LATEST_MS, held
from stream.search.tokens import Clause
from stream.search.tree import Term

Condition = dict[str, Any]
Members = Callable[[str], Sequence[str]]
"""Document ids of the posts of a cluster."""

EVERYTHING: Condition = {"match_all": {}}
NOTHING: Condition = {"match_none": {}}
DEEPEST = 28
"""Elasticsearch refuses conditions that nest deeper than 30."""

_PLACES = {
    "author": "authors",
    "link": "links",
    "mark": "marks",
    "mention": "mentions",
    "subject": "subjects",
    "tag": "tags",
}
"""Fields of the language that documents call by another name."""


def compiled(query: PostQuery, members: Members) -> Condition:
    """The conditions of a query.

    Raises:
        SearchUnavailableError: they nest deeper than Elasticsearch takes.
    """
    made = stated(query, _Elastic(members))
    if _depth(made) > DEEPEST:
        raise SearchUnavailableError(
            "the query has more conditions inside each other than Elasticsearch takes: "
            "use fewer parentheses"
        )
    return made


def between(since: int | None, until: int | None) -> Condition:
    """Event times from ``since`` on and before ``until``."""
    upper = LATEST_MS + 1 if until is None else held(until)
    stretch = {"gte": held(since or 0), "lt": upper, "format": "epoch_millis"}
    return {"range": {"@timestamp": stretch}}


def all_of(parts: Sequence[Condition]) -> Condition:
    """Where all parts hold."""
    if not parts:
        return EVERYTHING
    return parts[0] if len(parts) == 1 else {"bool": {"filter": list(parts)}}


def any_of(parts: Sequence[Condition]) -> Condition:
    """Where any part holds."""
    if len(parts) == 1:
        return parts[0]
    return {"bool": {"should": list(parts), "minimum_should_match": 1}}


class _Elastic:
    """See ``stream.search.conditions.Conditions``."""

    between = staticmethod(between)
    all_of = staticmethod(all_of)
    any_of = staticmethod(any_of)

    def __init__(self, members: Members) -> None:
        self._members = members

    def is_(self, field: str, value: str, /) -> Condition:
        clean = value.encode("utf-8", "replace").decode("utf-8")
        return {"term": {f"jikimi.{_PLACES.get(field, field)}": clean}}

    def words(self, clause: Clause, /) -> Condition:
        if clause.prefix:
            return {"prefix": {"jikimi.words": {"value": clause.words[0]}}}
        # Cut as in the document: a token of more than 255 characters is several there.
        return {"match_phrase": {"jikimi.words": " ".join(clause.words)}}

    def number(self, field: str, least: int, most: int, /) -> Condition:
        return {"range": {f"jikimi.{field}": {"gte": least, "lte": most}}}

    def score(self, name: str, least: int, most: int, /) -> Condition:
        field = "jikimi.harm" if name == WORST else f"jikimi.scores.{name}"
        return {"range": {field: {"gte": least / SCALE, "lte": most / SCALE}}}

    def named(self, term: Term, /) -> Condition:
        if term.field == "id":
            return self.is_("id", key_of(term.value))
        return {"terms": {"jikimi.id": list(self._members(term.value))}}

    def nothing(self) -> Condition:
        return NOTHING

    def without(
        self, wanted: Sequence[Condition], unwanted: Sequence[Condition], /
    ) -> Condition:
        made: Condition = {}
        if wanted:
            made["filter"] = list(wanted)
        if unwanted:
            made["must_not"] = list(unwanted)
        return {"bool": made}


def _depth(condition: Condition) -> int:
    inner = condition.get("bool")
    if inner is None:
        return 1
    parts = [part for name in ("filter", "must_not", "should") for part in inner.get(name, ())]
    return 1 + max(map(_depth, parts), default=0)
