"""Turns a query into conditions of tantivy: the tree of the language and the simple filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tantivy import FieldType, Occur, Query

from stream.index import PostQuery
from stream.local.documents import NUMBERED, SCHEMA, column_of, number_of
from stream.search.highlight import clauses_of
from stream.search.judgement_terms import SCALE, WORST, score_bounds, score_name
from stream.search.minutes import LATEST_MS, TIE_BITS, held
from stream.search.terms import author_key, link_key, plain_key, tag_key, whole_bounds
from stream.search.tokens import Clause, clauses
from stream.search.tree import METRICS, NUMBERS, And, Node, Not, Or, Term

Rows = Callable[[Term], Sequence[int]]
"""The rows behind ``id:`` and ``cluster:``, which the tables know."""

_KEYS: dict[str, tuple[str, Callable[[str], str]]] = {
    "subject": ("subject", str),
    "platform": ("platform", plain_key),
    "source": ("source", str),
    "tag": ("tag", tag_key),
    "link": ("link", link_key),
    "mention": ("mention", author_key),
    "language": ("language", plain_key),
    "target": ("target", str),
}


def compiled(query: PostQuery, rows: Rows) -> Query:
    """The conditions of a query."""
    must: list[Query] = []
    if query.text.strip():
        must.append(_clauses(clauses(query.text) or ()))
    filters = (
        ("subject", query.subject),
        ("platform", query.platform and plain_key(query.platform)),
        ("lang", query.lang and plain_key(query.lang)),
    )
    must += [_is(field, value) for field, value in filters if value is not None]
    if query.author is not None:
        # An account id names its platform, which the filter may name as well.
        account = query.author.removeprefix(f"{query.platform}:")
        must.append(_author(account))
    if query.since is not None or query.until is not None:
        must.append(_between(query.since, query.until))
    if query.where is not None:
        must.append(_node(query.where, rows))
    return _all(must)


def _node(node: Node, rows: Rows) -> Query:
    if isinstance(node, Not):
        return Query.boolean_query(
            [(Occur.Must, Query.all_query()), (Occur.MustNot, _node(node.part, rows))]
        )
    if isinstance(node, Or):
        return _any([_node(part, rows) for part in dict.fromkeys(node.parts)])
    if isinstance(node, And):
        return _both(node, rows)
    return _term(node, rows)


def _both(node: And, rows: Rows) -> Query:
    """All parts; those that must not hold are taken away from the others."""
    parts = dict.fromkeys(node.parts)
    wanted = [(Occur.Must, _node(p, rows)) for p in parts if not isinstance(p, Not)]
    unwanted = [(Occur.MustNot, _node(p.part, rows)) for p in parts if isinstance(p, Not)]
    return Query.boolean_query([*(wanted or [(Occur.Must, Query.all_query())]), *unwanted])


def _term(term: Term, rows: Rows) -> Query:
    """One condition of the language."""
    field, value = term.field, term.value
    if field == "text":
        return _clauses(clauses_of(term))
    if field in _KEYS:
        name, key = _KEYS[field]
        found = _is(name, key(value))
    elif field == "lang":
        key_ = plain_key(value)
        found = _any([_is("lang", key_), _is("mark", f"lang:{key_}")])
    elif field == "author":
        found = _author(value)
    elif field in ("is", "has", "reason"):
        found = _is("mark", f"{field}:{value}")
    elif field == "since":
        found = _between(int(term.number or 0), None)
    elif field == "until":
        found = _between(None, int(term.number or 0))
    elif field in NUMBERS:
        found = _number(term) if field in METRICS else _score(term)
    elif field in ("id", "cluster"):
        found = Query.term_set_query(SCHEMA, "n", list(rows(term)))
    else:
        found = Query.empty_query()
    return found


def _clauses(wanted: Iterable[Clause]) -> Query:
    """Words that all occur, quoted ones side by side; no words match nothing."""
    found: list[Query] = []
    for clause in wanted:
        if clause.single:
            found.append(_is("singles", clause.single))
        elif clause.prefix:
            # Words are letters, digits and marks: nothing in them means anything to a regex.
            found.append(Query.regex_query(SCHEMA, "words", f"{clause.words[0]}.*"))
        elif len(clause.words) == 1:
            found.append(_is("words", clause.words[0]))
        else:
            found.append(Query.phrase_query(SCHEMA, "words", list(clause.words)))
    return _all(found) if found else Query.empty_query()


def _author(value: str) -> Query:
    key = author_key(value)
    return _any([_is("author", key), _is("account", key)])


def _number(term: Term) -> Query:
    bounds = whole_bounds(term)
    if bounds is None:
        return Query.empty_query()
    least, most = bounds
    return Query.range_query(
        SCHEMA, term.field, FieldType.Integer, lower_bound=least, upper_bound=most
    )


def _score(term: Term) -> Query:
    """A category said for sure, or a score in bounds; of a judged post none counts as 0."""
    if term.number is None:
        return _is("found", term.value)
    bounds = score_bounds(term)
    if bounds is None:
        return Query.empty_query()
    name = score_name(term)
    if name == WORST or bounds[0] > 0:
        return _of_score(name, *bounds)
    within = [(Occur.Must, _of_score(WORST, 0, SCALE))]
    if bounds[1] < SCALE:
        within.append((Occur.MustNot, _of_score(name, bounds[1] + 1, SCALE)))
    return Query.boolean_query(within)


def _of_score(name: str, least: int, most: int) -> Query:
    return Query.range_query(
        SCHEMA, column_of(name), FieldType.Integer, lower_bound=least, upper_bound=most
    )


def _between(since: int | None, until: int | None) -> Query:
    """Event times from ``since`` on and before ``until``."""
    upper = LATEST_MS + 1 if until is None else held(until)
    return Query.range_query(
        SCHEMA,
        "place",
        FieldType.Unsigned,
        lower_bound=held(since or 0) << TIE_BITS,
        upper_bound=upper << TIE_BITS,
        include_upper=False,
    )


def _is(name: str, value: str) -> Query:
    if name in NUMBERED:
        return Query.term_query(SCHEMA, name, number_of(value), index_option="basic")
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return Query.term_query(SCHEMA, name, clean, index_option="basic")


def _all(parts: Sequence[Query]) -> Query:
    if not parts:
        return Query.all_query()
    return parts[0] if len(parts) == 1 else _joined(Occur.Must, parts)


def _any(parts: Sequence[Query]) -> Query:
    return parts[0] if len(parts) == 1 else _joined(Occur.Should, parts)


def _joined(occur: Occur, parts: Iterable[Query]) -> Query:
    return Query.boolean_query([(occur, part) for part in parts])
