"""What a query means, said once more and naively: the judge of every index."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

from detect.records import Judgement
from detect.text import fold
from stream.index import IndexedPost, PostFacet
from stream.search.tokens import Clause, clauses, tokens
from stream.search.tree import And, Node, Not, Or, Term

COMPARE = {
    "=": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip
SPELLINGS = {
    "likes": {"likes", "like_count", "favorite_count", "score"},
    "reposts": {"reposts", "repost_count", "retweet_count", "num_crossposts"},
    "replies": {"replies", "reply_count", "num_comments"},
    "views": {"views", "view_count", "impression_count"},
}


def matches(found: IndexedPost, node: Node | None) -> bool:
    """Whether a post is what the query asks for."""
    if node is None:
        return True
    if isinstance(node, Not):
        return not matches(found, node.part)
    if isinstance(node, And):
        return all(matches(found, part) for part in node.parts)
    if isinstance(node, Or):
        return any(matches(found, part) for part in node.parts)
    return holds(found, node)


def holds(found: IndexedPost, term: Term) -> bool:  # noqa: PLR0911, PLR0912 - a line a field
    post, value = found.post, term.value
    match term.field:
        case "text":
            return says(searchable(found), f'"{value}"' if term.phrase else value)
        case "language":
            return judged(found).language == value.casefold()
        case "target":
            return found.judgement is not None and judged(found).target == value
        case "harm" if term.number is None:
            return any(
                one.category == value and one.score >= 0.5 and not one.unsure
                for one in judged(found).harm
            )
        case "subject":
            return value in found.subjects
        case "platform":
            return post.platform == value.casefold()
        case "source":
            return post.source == value
        case "lang":
            lang = (post.lang or "und").casefold()
            return value.casefold() in {lang, lang.partition("-")[0]}
        case "author":
            return handle(value) in authors(found)
        case "tag":
            return fold(value.lstrip("#")) in tags(found)
        case "mention":
            return handle(value) in {handle(one) for one in post.mentions}
        case "link":
            return any(leads_to(url, value) for url in post.urls)
        case "id":
            return post.id == value
        case "cluster":
            return value in found.clusters
        case "is":
            return {"reply": post.reply_to, "repost": post.repost_of, "quote": post.quote_of}[
                value
            ] is not None
        case "has":
            return bool({"link": post.urls, "media": post.media, "tag": post.hashtags}[value])
        case "reason":
            return any(one.reason == value for one in found.mentions)
        case "since":
            return post.event_at >= term.number
        case "until":
            return post.event_at < term.number
        case "followers":
            known = post.author.followers if post.author else None
            return known is not None and COMPARE[term.op](known, term.number)
        case "likes" | "reposts" | "replies" | "views":
            known = [n for name, n in post.metrics.items() if name in SPELLINGS[term.field]]
            return bool(known) and COMPARE[term.op](known[0], term.number)
    if term.field.startswith("harm") and found.judgement is not None:
        wanted = term.field.partition(".")[2]
        scores = [one for one in found.judgement.harm if wanted in ("", one.category)]
        scores = [one.score for one in scores if wanted or one.category != "criticism"]
        return COMPARE[term.op](max(scores, default=0.0), term.number)
    return False


NOTHING_SAID = Judgement(language="", target="unknown", version="none")


def judged(found: IndexedPost) -> Judgement:
    said = found.judgement
    return NOTHING_SAID if said is None else said


def searchable(found: IndexedPost) -> str:
    post = found.post
    return "\n".join([post.text, *post.hashtags, *[m.alt for m in post.media if m.alt]])


def says(text: str, query: str) -> bool:
    """Whether a text holds every clause of a query."""
    found = tokens(text)
    line, singles = f" {' '.join(found.words.split())} ", set(found.singles.split())
    wanted = clauses(query)
    return bool(wanted) and all(_says_one(clause, line, singles) for clause in wanted)


def _says_one(clause: Clause, line: str, singles: set[str]) -> bool:
    if clause.single:
        return clause.single in singles
    return f" {' '.join(clause.words)}{'' if clause.prefix else ' '}" in line


def handle(value: str) -> str:
    return value.removeprefix("@").removeprefix("u/").casefold()


def account(found: IndexedPost) -> str:
    post = found.post
    name = post.author.handle if post.author and post.author.handle else post.author_id
    return f"{post.platform}:{name}".casefold()


def authors(found: IndexedPost) -> set[str]:
    post = found.post
    names = {handle(post.author_id), account(found)}
    if post.author and post.author.handle:
        names.add(handle(post.author.handle))
    return names


def tags(found: IndexedPost) -> set[str]:
    return {fold(tag.lstrip("#")) for tag in found.post.hashtags}


def host(url: str) -> str:
    """Empty for what is no address, like ``http://[broken``."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def leads_to(url: str, value: str) -> bool:
    if not host(url):
        return False
    there = urlsplit(value if "//" in value else f"//{value}")
    name = (there.hostname or "").removeprefix("www.")
    rest = there.path.rstrip("/") + (f"?{there.query}" if there.query else "")
    here = urlsplit(url)
    if rest:
        path = here.path.rstrip("/") + (f"?{here.query}" if here.query else "")
        return (host(url), path) == (name, rest)
    return host(url) == name or ("." in name and host(url).endswith(f".{name}"))


def values(found: IndexedPost, facet: PostFacet) -> set[str]:
    """Under what a post is counted."""
    post, said = found.post, found.judgement
    return {
        "subject": set(found.subjects),
        "platform": {post.platform},
        "language": {said.language} if said else set(),
        "target": {said.target} if said else set(),
        "harm": {one.category for one in said.harm if one.score >= 0.5 and not one.unsure}
        if said
        else set(),
        "lang": {(post.lang or "und").casefold()},
        "tag": tags(found),
        "link": {host(url) for url in post.urls} - {""},
        "author": {account(found)},
    }[facet]


def counted(hits: Iterable[IndexedPost], facet: PostFacet) -> dict[str, int]:
    """Posts by value."""
    return dict(Counter(value for hit in hits for value in values(hit, facet)))


def findings_of(held, query):
    """What a query for findings of pictures asks for, without any index."""
    found = [
        one
        for one in held
        if not one.gone
        and query.family in {None, one.family}
        and query.post_id in {None, one.post_id}
        and (query.post_ids is None or one.post_id in query.post_ids)
        and query.subject in {None, one.subject}
        and (one.severity or not query.grave)
    ]
    way = -1 if query.newest else 1
    return sorted(found, key=lambda one: (way * one.at, one.finding_id))[: query.limit]
