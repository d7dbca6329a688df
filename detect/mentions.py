"""Finds whom a post is about: names in the text, official places, threads.

The text is brought to its plain form (``detect.text``) and searched for all sure
spellings and context words at once (Aho and Corasick, 1975). Only where something
speaks for a subject is it searched again for doubtful spellings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from detect.names.judging import Found, Judge
from detect.names.lexicon import build
from detect.names.places import Page
from detect.records import Mention
from detect.text import fold, reveal
from detect.watchlist import Watchlist
from detect.watchlists.official import Officials
from ingest.records import Post

REASONS: frozenset[str] = frozenset({"alias", "copy", "thread", "container", "official"})
SPANS_PER_SUBJECT = 10
"""Most mentions kept for one subject in one post."""
SUBJECTS_PER_POST = 50
"""Most subjects one post counts for; a list of every idol is about none of them."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A spelling found in a text: why it counts, or why it does not.

    ``start`` and ``end`` are code points of the text. ``because`` tells what speaks
    for a spelling that needs context.
    """

    subject: str
    start: int
    end: int
    surface: str
    spelling: str
    why_not: str | None = None
    because: str | None = None


class MentionMatcher:
    """Finds the subjects of a watchlist in posts; may be shared between threads."""

    def __init__(self, watchlist: Watchlist, *, reasons: Iterable[str] = REASONS) -> None:
        """Build the search; about a second for 20,000 spellings.

        Args:
            watchlist: whom to find.
            reasons: which of ``alias``, ``container`` and ``official`` count
                and whether :meth:`doubtful` tells anything for ``copy``
                (``thread`` is :func:`thread_mentions`).
        """
        wanted = frozenset(reasons)
        lexicon = build(watchlist)
        self._aliases = "alias" in wanted
        self._copies = "copy" in wanted
        self._officials = Officials(watchlist, wanted)
        self._judge = Judge(lexicon)
        self._tags = {name.plain: name.certain for name in lexicon.names}
        self._last = ("", "")

    def match(self, post: Post) -> tuple[Mention, ...]:
        """Mentions of a post by its text, hashtags, container and official accounts.

        At most :data:`SPANS_PER_SUBJECT` for a subject and :data:`SUBJECTS_PER_POST`
        subjects; those outside the text first, the others in its order.
        """
        text = post.text
        found: list[Mention] = []
        if self._officials.any:
            found.extend(self._officials.of_post(post))
            found.extend(self._officials.of_text(text, post.platform))
        if self._aliases:
            plain = self._plain(text)
            hits = self._judge.search(plain)
            if hits or found:
                found.extend(self._by_name(text, plain, hits, found))
            if post.hashtags:
                found.extend(self._by_tag(post.hashtags, found))
        return limited(found) if found else ()

    def doubtful(self, post: Post) -> tuple[Mention, ...]:
        """Ambiguous spellings that stand as a name may, whatever speaks for them or not.

        Each is a mention by the reason ``copy`` without ``via``, which is to be filled in
        where another post tells who is meant.
        """
        if not self._copies:
            return ()
        plain = self._plain(post.text)
        found = self._judge.search_open(plain)
        if not found:
            return ()
        page = Page(post.text, plain, self._judge.is_name)
        named: list[Mention] = []
        for hit in self._judge.doubtful(page, found):
            start, end = page.span(hit.start, hit.end)
            surface = post.text[start:end]
            named.extend(
                Mention(subject=subject, reason="copy", surface=surface, start=start, end=end)
                for subject in hit.subjects
            )
        return limited(named)

    def match_text(self, text: str) -> tuple[Mention, ...]:
        """Mentions in a text that stands alone; handles count on any platform."""
        found: list[Mention] = []
        if self._officials.any:
            found.extend(self._officials.of_text(text, None))
        if self._aliases:
            plain = reveal(text)
            found.extend(self._by_name(text, plain, self._judge.search(plain), found))
        return limited(found)

    def explain(self, text: str) -> tuple[Candidate, ...]:
        """Every spelling found in a text, counted or not, in order."""
        found = [
            Candidate(
                subject=mention.subject,
                start=mention.start or 0,
                end=mention.end or 0,
                surface=mention.surface,
                spelling=mention.via or "",
                because="official account or domain",
            )
            for mention in self._officials.of_text(text, None)
        ]
        page = Page(text, reveal(text), self._judge.is_name)
        for hit in self._judge.all(page):
            start, end = page.span(hit.start, hit.end)
            found.extend(
                Candidate(
                    subject=subject,
                    start=start,
                    end=end,
                    surface=text[start:end],
                    spelling=hit.name.plain,
                    why_not=hit.why_not,
                    because=hit.because,
                )
                for subject in hit.subjects
            )
        return tuple(sorted(found, key=lambda c: (c.start, -c.end, c.subject)))

    def _plain(self, text: str) -> str:
        """The plain form, which a post is asked for twice; one assignment, for threads."""
        known, plain = self._last
        if known != text:
            plain = reveal(text)
            self._last = (text, plain)
        return plain

    def _by_name(
        self, text: str, plain: str, hits: Found, found: list[Mention]
    ) -> list[Mention]:
        page = Page(text, plain, self._judge.is_name)
        named: list[Mention] = []
        for hit in self._judge.counted(page, hits, {m.subject for m in found}):
            start, end = page.span(hit.start, hit.end)
            named.extend(
                Mention(
                    subject=subject,
                    reason="alias",
                    surface=text[start:end],
                    start=start,
                    end=end,
                )
                for subject in hit.subjects
            )
        return named

    def _by_tag(self, hashtags: tuple[str, ...], found: list[Mention]) -> Iterator[Mention]:
        """Sure names among the hashtags that a platform lists beside the text."""
        seen = {mention.subject for mention in found if mention.reason == "alias"}
        for tag in hashtags:
            plain = fold(tag).lstrip("#")
            for subject in (*self._tags.get(plain, ()), *self._tags.get(f"#{plain}", ())):
                if subject not in seen:
                    seen.add(subject)
                    yield Mention(subject=subject, reason="alias", surface=f"#{tag}")


def limited(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """Mentions without repetition, and no more of them than a record should hold."""
    counts: dict[str, int] = {}
    kept: dict[Mention, None] = {}
    for mention in mentions:
        if mention in kept:
            continue
        count = counts.get(mention.subject, 0)
        if count == SPANS_PER_SUBJECT or (not count and len(counts) == SUBJECTS_PER_POST):
            continue
        counts[mention.subject] = count + 1
        kept[mention] = None
    return tuple(kept)


def thread_mentions(
    post: Post, known: Mapping[str, tuple[str, ...]], *, enabled: bool = True
) -> tuple[Mention, ...]:
    """Mentions of a post that answers, quotes or repeats a post about subjects.

    Args:
        post: the post.
        known: subjects of posts seen before, by post id.
        enabled: whether the reason ``thread`` counts.
    """
    if not enabled:
        return ()
    found: dict[str, Mention] = {}
    for related in (post.reply_to, post.quote_of, post.repost_of, post.root):
        for subject in known.get(related, ()) if related else ():
            found.setdefault(subject, Mention(subject=subject, reason="thread", via=related))
    return tuple(found.values())
