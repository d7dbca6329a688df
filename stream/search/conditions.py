"""What a query means, said once for every index: the tree of the language, simple filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from stream.index import PostQuery
from stream.search.highlight import clauses_of
from stream.search.judgement_terms import SCALE, WORST, score_bounds, score_name
from stream.search.terms import author_key, link_key, plain_key, tag_key, whole_bounds
from stream.search.tokens import Clause, clauses
from stream.search.tree import METRICS, NUMBERS, And, Node, Not, Or, Term

C = TypeVar("C")
_KEYS: dict[str, Callable[[str], str]] = {
    "subject": str,
    "platform": plain_key,
    "source": str,
    "tag": tag_key,
    "link": link_key,
    "mention": author_key,
    "language": plain_key,
    "target": str,
}


class Conditions(Protocol[C]):
    """Conditions as one index states them."""

    def is_(self, field: str, value: str, /) -> C:
        """A field holds this value. Fields: those of the language, ``account``, ``found``
        (categories of harm said for sure), ``mark`` and ``singles``."""
        ...

    def words(self, clause: Clause, /) -> C:
        """Words side by side, or the beginning of one."""
        ...

    def between(self, since: int | None, until: int | None, /) -> C:
        """Event times from ``since`` on and before ``until``, milliseconds."""
        ...

    def number(self, field: str, least: int, most: int, /) -> C:
        """A count within bounds, both included."""
        ...

    def score(self, name: str, least: int, most: int, /) -> C:
        """A score within bounds, in parts of ``SCALE``; posts without judgement have none."""
        ...

    def named(self, term: Term, /) -> C:
        """The post of ``id:`` or the posts of ``cluster:``."""
        ...

    def nothing(self) -> C:
        """No post."""
        ...

    def all_of(self, parts: Sequence[C], /) -> C:
        """Where all parts hold; no parts hold everywhere."""
        ...

    def any_of(self, parts: Sequence[C], /) -> C:
        """Where one of the parts holds, of which there is one at least."""
        ...

    def without(self, wanted: Sequence[C], unwanted: Sequence[C], /) -> C:
        """Where all of the wanted hold and none of the unwanted."""
        ...


def stated(query: PostQuery, by: Conditions[C]) -> C:
    """The conditions of a query."""
    must: list[C] = []
    if query.text.strip():
        must.append(_words(clauses(query.text) or (), by))
    filters = (
        ("subject", query.subject),
        ("platform", query.platform and plain_key(query.platform)),
        ("lang", query.lang and plain_key(query.lang)),
    )
    must += [by.is_(field, value) for field, value in filters if value is not None]
    if query.author is not None:
        # An account id names its platform, which the filter may name as well.
        must.append(_author(query.author.removeprefix(f"{query.platform}:"), by))
    if query.since is not None or query.until is not None:
        must.append(by.between(query.since, query.until))
    if query.where is not None:
        must.append(_node(query.where, by))
    return by.all_of(must)


def _node(node: Node, by: Conditions[C]) -> C:
    if isinstance(node, Not):
        return by.without([], [_node(node.part, by)])
    if isinstance(node, Or):
        return by.any_of([_node(part, by) for part in dict.fromkeys(node.parts)])
    if isinstance(node, And):
        parts = dict.fromkeys(node.parts)
        return by.without(
            [_node(part, by) for part in parts if not isinstance(part, Not)],
            [_node(part.part, by) for part in parts if isinstance(part, Not)],
        )
    return _term(node, by)


def _term(term: Term, by: Conditions[C]) -> C:
    """One condition of the language."""
    field, value = term.field, term.value
    if field == "text":
        return _words(clauses_of(term), by)
    if field in _KEYS:
        found = by.is_(field, _KEYS[field](value))
    elif field == "lang":
        key = plain_key(value)
        found = by.any_of([by.is_("lang", key), by.is_("mark", f"lang:{key}")])
    elif field == "author":
        found = _author(value, by)
    elif field in ("is", "has", "reason"):
        found = by.is_("mark", f"{field}:{value}")
    elif field == "since":
        found = by.between(int(term.number or 0), None)
    elif field == "until":
        found = by.between(None, int(term.number or 0))
    elif field in NUMBERS:
        found = _number(term, by) if field in METRICS else _score(term, by)
    elif field in ("id", "cluster"):
        found = by.named(term)
    else:
        found = by.nothing()
    return found


def _words(wanted: Iterable[Clause], by: Conditions[C]) -> C:
    """Words that all occur, quoted ones side by side; no words match nothing."""
    found = [by.is_("singles", c.single) if c.single else by.words(c) for c in wanted]
    return by.all_of(found) if found else by.nothing()


def _author(value: str, by: Conditions[C]) -> C:
    key = author_key(value)
    return by.any_of([by.is_("author", key), by.is_("account", key)])


def _number(term: Term, by: Conditions[C]) -> C:
    bounds = whole_bounds(term)
    return by.nothing() if bounds is None else by.number(term.field, *bounds)


def _score(term: Term, by: Conditions[C]) -> C:
    """A category said for sure, or a score in bounds; of a judged post none counts as 0."""
    if term.number is None:
        return by.is_("found", term.value)
    bounds = score_bounds(term)
    if bounds is None:
        return by.nothing()
    name = score_name(term)
    least, most = bounds
    if name == WORST or least > 0:
        return by.score(name, least, most)
    above = [by.score(name, most + 1, SCALE)] if most < SCALE else []
    return by.without([by.score(WORST, 0, SCALE)], above)
