"""Posts: a search over everything kept, and one post with the reasons it was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import Response

from dashboards.queries.clusters import harmful
from dashboards.queries.posts import Asked, SubjectNames, ask
from dashboards.web import found, harm, times
from dashboards.web.site import Refused, Site, TheSite
from dashboards.web.text import highlight
from dashboards.web.triage import MAX_DIGITS, page_number
from dashboards.web.words import Words, gettext_noop
from stream.index import PostFacet, PostQuery
from stream.search.completion import complete
from stream.search.query import QueryError
from stream.search.tree import Node, Term, all_of

router = APIRouter()
PAGE = 30
LAST_PAGE = 300
OFFERED = 50
"""Most frequent values of a field that completion knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search as its address says it; the simple fields are those of older addresses."""

    q: str = ""
    subject: str = ""
    platform: str = ""
    lang: str = ""
    sort: str = ""
    page: str = ""

    @property
    def oldest(self) -> bool:
        """Whether the oldest posts come first."""
        return self.sort == "oldest"

    def fields(self) -> Node | None:
        """The simple fields as conditions."""
        said = (("subject", self.subject), ("platform", self.platform), ("lang", self.lang))
        return all_of(*[Term(name, value) for name, value in said if value.strip()])

    def asked(self, site: Site, zone: tzinfo) -> Asked:
        """What it asks for; ``zone`` is where days begin.

        Raises:
            QueryError: it cannot be understood.
        """
        names = SubjectNames(site.watchlist)
        return ask(self.q, names, now=site.now(), tz=zone, also=self.fields())


@router.get("/posts")
def search(
    request: Request, site: TheSite, asked_for: Annotated[Search, Depends()]
) -> Response:
    """Posts that a query finds, what they have in common, and when they were written."""
    names = SubjectNames(site.watchlist)
    try:
        asked = asked_for.asked(site, times.ZONES[site.zone_for(request)])
    except QueryError as error:
        return site.render(
            request,
            "posts.html",
            status=400,
            q=asked_for.q,
            oldest=asked_for.oldest,
            fault=found.fault(error, asked_for.q, site.words_for(request)),
            subject_names=names.shown(),
        )
    return _results(request, site, asked_for, asked, names)


def _results(
    request: Request, site: Site, asked_for: Search, asked: Asked, names: SubjectNames
) -> Response:
    oldest = asked_for.oldest
    number = min(page_number(asked_for.page), LAST_PAGE)
    query = PostQuery(
        where=asked.where,
        order="oldest" if oldest else "newest",
        offset=(number - 1) * PAGE,
        limit=PAGE,
    )
    hits = site.index.search(query)
    said = site.words_for(request)
    zone = times.ZONES[site.zone_for(request)]
    text = asked_for.q if asked_for.fields() is None else str(asked.node)
    counts = site.index.facets(query, limit=found.VALUES, quick=True)
    return site.render(
        request,
        "posts.html",
        fault=None,
        q=text,
        oldest=oldest,
        total=hits.total,
        hits=found.hits(hits.posts, asked.where),
        notes=[said(note, **values) for note, values in asked.notes],
        chosen=found.chosen(asked, oldest=oldest),
        facets=found.facet_lists(
            counts, asked, names, partial(_label, site, said), oldest=oldest
        ),
        histogram=found.histogram(
            site.index,
            query,
            asked,
            oldest=oldest,
            tz=zone,
            moment=partial(times.moment, now=site.now(), words=said, zone=zone),
        ),
        page=number,
        pages=max(1, min(-(-hits.total // PAGE), LAST_PAGE)),
        address=partial(found.address, text),
        pager_path=partial(_page_path, text, oldest),
        subject_names=names.shown(),
    )


@router.get("/posts/complete")
def completions(site: TheSite, q: str = "", at: str = "") -> Response:
    """What may be typed next, for the script of the search box."""
    fine = at.isascii() and at.isdigit() and len(at) <= MAX_DIGITS
    offered = complete(q, int(at) if fine else len(q), _known(site))
    return Response(msgspec.json.encode(offered), media_type="application/json")


def _label(site: Site, said: Words, facet: PostFacet, value: str) -> str:
    """What a value of a facet is called in the reader's language."""
    if facet == "subject":
        return site.name_of(value)
    if facet == "tag" and (hidden := harm.label_harm(value)) is not None:
        # A link cannot be unfolded; the search that it leads to names the hashtag.
        named = ", ".join(
            said(harm.CATEGORY_WORDS[h.category]) for h in harm.shown_harm(hidden)
        )
        return f"{said('Hidden')}: {named}"
    words = {"harm": harm.CATEGORY_WORDS, "target": harm.TARGET_WORDS}.get(facet, {})
    return said(words[value]) if value in words else value


def _page_path(query: str, oldest: bool, page: int) -> str:
    return found.address(query, oldest=oldest, page=page)


def _known(site: Site) -> dict[str, Sequence[str]]:
    """Values of fields that may be offered: of the watchlist, and the frequent ones here."""
    counts = site.index.facets(
        PostQuery(),
        names=("platform", "lang", "language", "tag", "link"),
        limit=OFFERED,
        quick=True,
    )
    known: dict[str, Sequence[str]] = {name: list(one.values) for name, one in counts.items()}
    known["tag"] = [tag for tag in known["tag"] if harm.label_harm(tag) is None]
    known["subject"] = SubjectNames(site.watchlist).shown()
    known["source"] = [status.source for status in site.index.statuses()]
    known["since"] = known["until"] = ("24h", "7d", "4w")
    return known


@router.get("/posts/{post_id:path}")
def post(request: Request, site: TheSite, post_id: str) -> Response:
    """One post. Its id may hold slashes and colons, so it takes the rest of the path."""
    held = site.index.post(post_id)
    if held is None:
        raise Refused(404, "There is no such post. It may have been deleted where it stood.")
    said = site.words_for(request)
    clusters = [c for one in held.clusters if (c := site.index.cluster(one)) is not None]
    marked: Markup = highlight(held.post.text, held.mentions, site.name_of)
    return site.render(
        request,
        "post.html",
        found=held,
        post=held.post,
        text=marked,
        clusters=clusters,
        judged=harmful(site.index, clusters),
        replies=site.index.reply_counts(post_id),
        above=site.index.ancestors(post_id),
        reason_words={reason: said(text) for reason, text in REASON_WORDS.items()},
    )


REASON_WORDS = {
    "alias": gettext_noop("named in the text"),
    "copy": gettext_noop("says nearly what a post about them says, or links or shows the same"),
    "thread": gettext_noop("answers, quotes or reposts a post about them"),
    "container": gettext_noop("in a community or channel of theirs"),
    "official": gettext_noop("at or from an official account"),
    "media": gettext_noop("carries a known picture of them"),
    "face": gettext_noop("a face in the picture looks like them"),
    "dataset": gettext_noop("part of the data set"),
}
