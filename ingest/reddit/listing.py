"""Reads a listing of Reddit back to what is known: page by page, gaps told.

A listing gives a hundred things a page and about a thousand in all, newest
first. Only ``after`` is used, and only within one reading: the page behind a
thing that has vanished is empty, which looks like the end but is none.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ingest import clean
from ingest.formats import reddit
from ingest.reddit.cursor import Known, number_of
from ingest.source import Disconnected

DEEPEST_PAGES = 15
"""Pages asked for at most; Reddit ends a listing after about ten."""
ANCHORS = 3
"""Things tried as the place to go on from before an empty page counts as the end."""


class Page(msgspec.Struct, frozen=True):
    """Things newest first, and the full name behind which the next page begins."""

    things: list[object]
    after: str | None


class Thing(msgspec.Struct, frozen=True):
    """A thing with its number, id and time of posting in ms."""

    number: int
    native: str
    at: int | None
    content: object

    @property
    def name(self) -> str:
        """Its full name (``t3_abc``)."""
        return f"{reddit.kind_of(self.content)}_{self.native}"


class Fetched(msgspec.Struct, kw_only=True):
    """What a reading brought: ``things`` oldest first, what had no id in ``nameless``.

    ``met`` says that it reached what was known; ``oldest`` is the time of the
    oldest thing in ms; ``pages`` counts requests.
    """

    things: list[Thing]
    nameless: list[object]
    met: bool
    oldest: int | None
    pages: int


def page_of(answer: object) -> Page:
    """An answer as a page.

    Raises:
        Disconnected: it is no listing.
    """
    data = clean.mapping(clean.mapping(answer).get("data"))
    children = data.get("children")
    if reddit.kind_of(answer) != "Listing" or not clean.is_list(children):
        raise Disconnected("Reddit answered with something that is no listing")
    return Page(clean.sequence(children), clean.short(data.get("after"), 40))


def fetch(ask: Callable[[str | None], Page], known: Known, since: int | None = None) -> Fetched:
    """Read pages until what is known, or ``since`` (ms), or the end.

    Without either, one page is read: reading begins with what is there.
    """
    found: dict[int, Thing] = {}
    nameless: list[object] = []
    after: str | None = None
    met = False
    pages = 0
    while pages < DEEPEST_PAGES and not met:
        page = ask(after)
        pages += 1
        if after is not None and not page.things:
            page, more = _from_another_anchor(ask, found)
            pages += more
        last: Thing | None = None
        for content in page.things:
            thing = thing_of(content)
            if thing is None:
                nameless.append(content)
            elif found.setdefault(thing.number, thing) is thing:
                last = thing
        met = last is not None and _is_enough(last, known, since)
        if page.after is None or last is None:
            break
        after = page.after
    times = [thing.at for thing in found.values() if thing.at is not None]
    return Fetched(
        things=[found[number] for number in sorted(found)],
        nameless=nameless,
        met=met,
        oldest=min(times, default=None),
        pages=pages,
    )


def thing_of(content: object) -> Thing | None:
    """A submission or comment with its place in the order, None when it has no id."""
    data = clean.mapping(clean.mapping(content).get("data"))
    number = number_of(data.get("id"))
    if number is None:
        return None
    at = clean.optional_instant(data.get("created_utc"))
    return Thing(number, reddit.base36(number), at, content)


def _is_enough(last: Thing, known: Known, since: int | None) -> bool:
    if known.head:
        return last.number <= known.head
    if since is None:
        return True
    return last.at is not None and last.at < since


def _from_another_anchor(
    ask: Callable[[str | None], Page], found: dict[int, Thing]
) -> tuple[Page, int]:
    """The page behind an earlier thing, as the last one may have vanished meanwhile."""
    tried = 0
    page = Page([], None)
    for number in sorted(found)[1 : ANCHORS + 1]:
        page = ask(found[number].name)
        tried += 1
        if any(
            (thing := thing_of(content)) is not None and thing.number not in found
            for content in page.things
        ):
            break
    return page, tried
