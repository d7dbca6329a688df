"""What the page of a search shows: marked hits, chosen conditions, facets, bars over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from markupsafe import Markup

from dashboards.queries import posts as queries
from dashboards.queries.posts import Asked, SubjectNames
from dashboards.web import charts
from dashboards.web.site import with_query
from dashboards.web.text import PREVIEW, marked
from dashboards.web.times import DAY, Moment
from dashboards.web.words import gettext_noop
from stream.index import POST_FACETS, FacetCounts, Index, IndexedPost, PostFacet, PostQuery
from stream.search.highlight import excerpt, highlight, wanted
from stream.search.query import QueryError
from stream.search.tree import Node, conjuncts

BARS = 60
VALUES = 8
SHOWN = 400
"""Code points that are shown of a query that was not understood."""
FACET_NAMES: Mapping[PostFacet, str] = {
    "subject": gettext_noop("Subject"),
    "platform": gettext_noop("Platform"),
    "language": gettext_noop("Language"),
    "lang": gettext_noop("Language the platform states"),
    "harm": gettext_noop("Harm"),
    "target": gettext_noop("Aimed at"),
    "tag": gettext_noop("Hashtag"),
    "link": gettext_noop("Link"),
    "author": gettext_noop("Account"),
}
SENTENCES = (
    gettext_noop("the query has {length} characters, at most {limit} are allowed"),
    gettext_noop("the query has more than {limit} conditions"),
    gettext_noop("“{field}” is no field (to look for it as text, put it in quotes)"),
    gettext_noop("at least {limit} letters must stand before *"),
    gettext_noop("{field} needs a value, as in {example}"),
    gettext_noop("{field} takes a number, as in {example}"),
    gettext_noop("{field} cannot be compared with {op}, write {example}"),
    gettext_noop("{field} takes {allowed}"),
    gettext_noop(
        "{field} takes a time, as in {field}:7d, {field}:24h, {field}:2026-11-01 "
        "or {field}:2026-11-01T10:00"
    ),
    gettext_noop("more than {limit} parentheses or negations inside each other"),
    gettext_noop("this quotation mark is never closed"),
    gettext_noop("this parenthesis is never closed"),
    gettext_noop("this parenthesis was never opened"),
    gettext_noop("there is nothing between these"),
    gettext_noop("something is missing after this"),
    gettext_noop("a word or a condition is missing before this"),
    gettext_noop("in “{text}” there is nothing that can be looked for, so it matches nothing"),
    gettext_noop("nobody on the watchlist is called “{name}”"),
    gettext_noop("nobody on the watchlist is called “{name}”; did you mean {near}?"),
)
"""What the query language says (stream/search/query.py), for the catalogues."""

Say = Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A query that was not understood: why, and the query with its place marked."""

    sentence: str
    meant: str
    query: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A post and its text, cut and marked."""

    found: IndexedPost
    text: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A condition that a link adds, or takes away where it is ``on``."""

    label: str
    href: str
    posts: int = 0
    on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetList:
    """Values of a facet; ``error``: by how much a count may be too low.

    ``sample``: one post in so many was counted; above 1 the counts are estimates.
    """

    name: str
    choices: tuple[Choice, ...]
    others: int
    error: int
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A bar, its time, and the address that narrows the search to it."""

    column: charts.Column
    label: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Hits over time, for a chart and a table; ``most``: what the full height stands for."""

    steps: tuple[Step, ...]
    first: str
    last: str
    most: int
    masked: bool


def fault(error: QueryError, query: str, said: Say) -> Fault:
    """The error in the reader's language."""
    start, end = error.start, min(error.end, SHOWN)
    return Fault(
        sentence=said(error.template, **error.values),
        meant=error.meant,
        query=marked(query[:SHOWN], [(start, end)] if start < end else []),
    )


def address(query: str, *, oldest: bool, page: int = 1) -> str:
    """The address of a search."""
    return with_query(
        "/posts",
        q=query,
        sort="oldest" if oldest else "",
        page=page if page > 1 else "",
    )


def hits(posts: Sequence[IndexedPost], where: Node | None) -> list[Hit]:
    """Posts with what the query found in their texts marked."""
    clauses = wanted(where)
    found: list[Hit] = []
    for one in posts:
        part = excerpt(one.post.text, highlight(one.post.text, clauses), PREVIEW)
        found.append(Hit(found=one, text=marked(part.text, part.spans)))
    return found


def chosen(asked: Asked, *, oldest: bool) -> list[Choice]:
    """The conditions that must all hold, each with the way back."""
    return [
        Choice(
            label=str(part),
            href=address(queries.taken(asked.node, part), oldest=oldest),
            on=True,
        )
        for part in conjuncts(asked.node)
    ]


def facet_lists(
    counts: Mapping[PostFacet, FacetCounts],
    asked: Asked,
    names: SubjectNames,
    label_of: Callable[[PostFacet, str], str],
    *,
    oldest: bool,
) -> list[FacetList]:
    """Facets that have a value, with links that add or take away its condition."""
    lists: list[FacetList] = []
    for facet in POST_FACETS:
        found = counts[facet]
        choices: list[Choice] = []
        for value, posts in found.values.items():
            term = queries.value_term(facet, value)
            held = next(
                (one for one in conjuncts(asked.node) if queries.same(one, term, names)), None
            )
            query = (
                queries.added(asked.node, term)
                if held is None
                else queries.taken(asked.node, held)
            )
            label = label_of(facet, value)
            choices.append(
                Choice(
                    label=label,
                    posts=posts,
                    href=address(query, oldest=oldest),
                    on=held is not None,
                )
            )
        if choices:
            lists.append(
                FacetList(
                    name=FACET_NAMES[facet],
                    choices=tuple(choices),
                    others=found.others,
                    error=found.error,
                    sample=found.sample,
                )
            )
    return lists


def histogram(
    index: Index,
    query: PostQuery,
    asked: Asked,
    *,
    oldest: bool,
    tz: tzinfo,
    moment: Callable[[int], Moment],
) -> Histogram | None:
    """Hits over time, each bar a narrower search; None without hits."""
    offset = tz.utcoffset(None)
    assert offset is not None  # noqa: S101 - a zone of fixed offset
    found = queries.timeline(
        index,
        query,
        widths=lambda length: charts.bucket_for(length, about=BARS),
        offset_ms=int(offset.total_seconds() * 1000),
    )
    if found is None:
        return None
    steps = tuple(
        Step(
            column=column,
            label=_label(moment(column.bucket.at).at, found.bucket_ms),
            href=address(
                queries.narrowed(
                    asked.node, column.bucket.at, column.bucket.at + found.bucket_ms, tz
                ),
                oldest=oldest,
            ),
        )
        for column in charts.columns(found.buckets)
    )
    return Histogram(
        steps=steps,
        first=steps[0].label,
        last=steps[-1].label,
        most=charts.ceiling(max(b.posts for b in found.buckets)),
        masked=any(b.masked for b in found.buckets),
    )


def _label(moment: str, bucket_ms: int) -> str:
    return moment.partition(" ")[0] if bucket_ms % DAY == 0 else moment
