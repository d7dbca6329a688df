"""Turns a query into conditions of Elasticsearch: the tree of the language, simple filters.

The same meaning as ``stream/local/compiling.py`` gives to tantivy; `tests/contracts` holds
both against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from stream.elastic.names import key_of
from stream.index import PostQuery, SearchUnavailableError
from stream.search.highlight import clauses_of
from stream.search.judgement_terms import SCALE, WORST, score_bounds, score_name
from stream.search.minutes import LATEST_MS, held
from stream.search.terms import author_key, link_key, plain_key, tag_key, whole_bounds
from stream.search.tokens import Clause, clauses
from stream.search.tree import METRICS, NUMBERS, And, Node, Not, Or, Term

Condition = dict[str, Any]
Members = Callable[[str], Sequence[str]]
"""Document ids of the posts of a cluster."""

EVERYTHING: Condition = {"match_all": {}}
NOTHING: Condition = {"match_none": {}}
DEEPEST = 28
"""Elasticsearch refuses conditions that nest deeper than 30."""

_KEYS: dict[str, tuple[str, Callable[[str], str]]] = {
    "subject": ("subjects", str),
    "platform": ("platform", plain_key),
    "source": ("source", str),
    "tag": ("tags", tag_key),
    "link": ("links", link_key),
    "mention": ("mentions", author_key),
    "language": ("language", plain_key),
    "target": ("target", str),
}


def compiled(query: PostQuery, members: Members) -> Condition:
    """The conditions of a query.

    Raises:
        SearchUnavailableError: they nest deeper than Elasticsearch takes.
    """
    must: list[Condition] = []
    if query.text.strip():
        must.append(_clauses(clauses(query.text) or ()))
    filters = (
        ("subjects", query.subject),
        ("platform", query.platform and plain_key(query.platform)),
        ("lang", query.lang and plain_key(query.lang)),
    )
    must += [_is(field, value) for field, value in filters if value is not None]
    if query.author is not None:
        # An account id names its platform, which the filter may name as well.
        must.append(_author(query.author.removeprefix(f"{query.platform}:")))
    if query.since is not None or query.until is not None:
        must.append(between(query.since, query.until))
    if query.where is not None:
        must.append(_node(query.where, members))
    made = all_of(must)
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


def _node(node: Node, members: Members) -> Condition:
    if isinstance(node, Not):
        return {"bool": {"must_not": [_node(node.part, members)]}}
    if isinstance(node, Or):
        return any_of([_node(part, members) for part in dict.fromkeys(node.parts)])
    if isinstance(node, And):
        return _both(node, members)
    return _term(node, members)


def _both(node: And, members: Members) -> Condition:
    parts = dict.fromkeys(node.parts)
    wanted = [_node(part, members) for part in parts if not isinstance(part, Not)]
    unwanted = [_node(part.part, members) for part in parts if isinstance(part, Not)]
    made: Condition = {}
    if wanted:
        made["filter"] = wanted
    if unwanted:
        made["must_not"] = unwanted
    return {"bool": made}


def _term(term: Term, members: Members) -> Condition:
    """One condition of the language."""
    field, value = term.field, term.value
    if field == "text":
        return _clauses(clauses_of(term))
    if field in _KEYS:
        name, key = _KEYS[field]
        found = _is(name, key(value))
    elif field == "lang":
        key_ = plain_key(value)
        found = any_of([_is("lang", key_), _is("marks", f"lang:{key_}")])
    elif field == "author":
        found = _author(value)
    elif field in ("is", "has", "reason"):
        found = _is("marks", f"{field}:{value}")
    elif field == "since":
        found = between(int(term.number or 0), None)
    elif field == "until":
        found = between(None, int(term.number or 0))
    elif field in NUMBERS:
        found = _number(term) if field in METRICS else _score(term)
    elif field == "id":
        found = _is("id", key_of(value))
    elif field == "cluster":
        found = {"terms": {"jikimi.id": list(members(value))}}
    else:
        found = NOTHING
    return found


def _clauses(wanted: Iterable[Clause]) -> Condition:
    """Words that all occur, quoted ones side by side; no words match nothing."""
    found: list[Condition] = []
    for clause in wanted:
        if clause.single:
            found.append(_is("singles", clause.single))
        elif clause.prefix:
            found.append({"prefix": {"jikimi.words": {"value": clause.words[0]}}})
        else:
            # Cut as in the document: a token of more than 255 characters is several there.
            found.append({"match_phrase": {"jikimi.words": " ".join(clause.words)}})
    return all_of(found) if found else NOTHING


def _author(value: str) -> Condition:
    key = author_key(value)
    return any_of([_is("authors", key), _is("account", key)])


def _number(term: Term) -> Condition:
    bounds = whole_bounds(term)
    if bounds is None:
        return NOTHING
    least, most = bounds
    return {"range": {f"jikimi.{term.field}": {"gte": least, "lte": most}}}


def _score(term: Term) -> Condition:
    """A category said for sure, or a score in bounds; of a judged post none counts as 0."""
    if term.number is None:
        return _is("found", term.value)
    bounds = score_bounds(term)
    if bounds is None:
        return NOTHING
    name = score_name(term)
    if name == WORST or bounds[0] > 0:
        return _of_score(name, *bounds)
    made: Condition = {"filter": [_of_score(WORST, 0, SCALE)]}
    if bounds[1] < SCALE:
        made["must_not"] = [_of_score(name, bounds[1] + 1, SCALE)]
    return {"bool": made}


def _of_score(name: str, least: int, most: int) -> Condition:
    field = "jikimi.harm" if name == WORST else f"jikimi.scores.{name}"
    return {"range": {field: {"gte": least / SCALE, "lte": most / SCALE}}}


def _is(field: str, value: str) -> Condition:
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return {"term": {f"jikimi.{field}": clean}}


def _depth(condition: Condition) -> int:
    inner = condition.get("bool")
    if inner is None:
        return 1
    parts = [part for name in ("filter", "must_not", "should") for part in inner.get(name, ())]
    return 1 + max(map(_depth, parts), default=0)
