"""Posts: a search over everything kept, and one post with the reasons it was kept."""

from __future__ import annotations

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from dashboards.web.site import Refused, TheSite, with_query
from dashboards.web.text import highlight
from dashboards.web.triage import page_number
from dashboards.web.words import gettext_noop
from stream.index import PostQuery

router = APIRouter()
PAGE = 30
LAST_PAGE = 300
MAX_QUERY = 300


@router.get("/posts")
def search(
    request: Request,
    site: TheSite,
    q: str = "",
    subject: str = "",
    platform: str = "",
    lang: str = "",
    page: str = "",
) -> Response:
    """Posts that hold all words, newest first."""
    number = min(page_number(page), LAST_PAGE)
    found = site.index.search(
        PostQuery(
            text=q.strip()[:MAX_QUERY],
            subject=subject or None,
            platform=platform or None,
            lang=lang or None,
            offset=(number - 1) * PAGE,
            limit=PAGE,
        )
    )
    pages = max(1, min(-(-found.total // PAGE), LAST_PAGE))

    def path(to: int) -> str:
        shown = to if to > 1 else ""
        return with_query(
            "/posts", q=q, subject=subject, platform=platform, lang=lang, page=shown
        )

    return site.render(
        request,
        "posts.html",
        q=q[:MAX_QUERY],
        subject=subject,
        platform=platform,
        post_lang=lang,
        found=found,
        page=number,
        pages=pages,
        page_path=path,
        subjects=sorted(site.watchlist.subjects, key=lambda one: one.name.casefold()),
    )


@router.get("/posts/{post_id:path}")
def post(request: Request, site: TheSite, post_id: str) -> Response:
    """One post. Its id may hold slashes and colons, so it takes the rest of the path."""
    found = site.index.post(post_id)
    if found is None:
        raise Refused(404, "There is no such post. It may have been deleted where it stood.")
    said = site.words_for(request)
    clusters = [site.index.cluster(one) for one in found.clusters]
    marked: Markup = highlight(found.post.text, found.mentions, site.name_of)
    return site.render(
        request,
        "post.html",
        found=found,
        post=found.post,
        text=marked,
        clusters=[one for one in clusters if one is not None],
        replies=site.index.reply_counts(post_id),
        above=site.index.ancestors(post_id),
        reason_words={reason: said(text) for reason, text in REASON_WORDS.items()},
    )


REASON_WORDS = {
    "alias": gettext_noop("named in the text"),
    "thread": gettext_noop("answers, quotes or reposts a post about them"),
    "container": gettext_noop("in a community or channel of theirs"),
    "official": gettext_noop("at or from an official account"),
    "media": gettext_noop("carries a known picture of them"),
    "face": gettext_noop("a face in the picture looks like them"),
    "dataset": gettext_noop("part of the data set"),
}
