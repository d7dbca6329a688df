"""Options of a Reddit source: read strictly, every mistake with its key and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import cast
from urllib.parse import urlsplit

import msgspec

from ingest.secret import MASK, Secret
from ingest.source import SourceMisconfigured

OAUTH_URL = "https://oauth.reddit.com"
SITE_URL = "https://www.reddit.com"
MOST_SUBREDDITS = 100
MOST_SEARCHES = 20
LONGEST_QUERY = 512
"""Reddit refuses longer ones."""
SHORTEST_AGENT = 7
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

OPTIONS: Mapping[str, str] = {
    "client_id": "id of the app (needed)",
    "client_secret": "secret of the app (needed; better by environment)",
    "user_agent": "names your program and a contact (needed)",
    "subreddits": f"names, at most {MOST_SUBREDDITS}; this or searches is needed",
    "searches": f"at most {MOST_SEARCHES} texts or {{ query, subreddit }}; find submissions",
    "live": "whether what is new is read (true)",
    "backfill": 'what is read of the past: "7d", "2026-11-01", or with live = false also '
    '"2026-11-01/2026-11-08" (off)',
    "poll_interval_s": "seconds between two polls of a quiet listing, 2 to 3600 (30)",
    "recheck": 'how long what was read is looked at again, "off" or to 30d ("48h")',
    "timeout_s": "seconds that Reddit may take to answer, 0.1 to 120 (16)",
    "oauth_url": f"the API ({OAUTH_URL})",
    "reddit_url": f"where to log in ({SITE_URL})",
}
"""What each option is, and its default."""

_SUBREDDIT = re.compile(r"(?:/?r/)?([A-Za-z0-9][A-Za-z0-9_]{1,23})/?", re.ASCII)
_SPAN = re.compile(r"(\d{1,4})\s*([hd])", re.ASCII)
_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Search(msgspec.Struct, frozen=True):
    """A search of Reddit for submissions, in one subreddit or everywhere."""

    query: str
    subreddit: str | None = None


class Backfill(msgspec.Struct, frozen=True):
    """What is read from the past: a span before the start, or dates (``until`` excluded)."""

    span_ms: int = 0
    since: int = 0
    until: int | None = None


class RedditOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a Reddit source is told; spans and intervals as their names say."""

    client_id: str
    client_secret: Secret
    user_agent: str
    subreddits: tuple[str, ...] = ()
    searches: tuple[Search, ...] = ()
    live: bool = True
    backfill: Backfill | None = None
    poll_interval_s: float = 30.0
    recheck_ms: int = 48 * HOUR_MS
    timeout_s: float = 16.0
    oauth_url: str = OAUTH_URL
    reddit_url: str = SITE_URL


def read_options(name: str, options: Mapping[str, object]) -> RedditOptions:
    """The options of the source ``name``; text, as from the environment, counts everywhere.

    Raises:
        SourceMisconfigured: a missing, wrong or unknown option.
    """
    where = f"sources.{name}.options"
    for key in options:
        if key not in OPTIONS:
            near = get_close_matches(key, OPTIONS, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise SourceMisconfigured(
                f"{where}.{key}: unknown, allowed: {', '.join(OPTIONS)}{meant}"
            )
    given = _Given(where, options)
    found = RedditOptions(
        client_id=given.text("client_id", "the id of an app of Reddit", _ID.fullmatch),
        client_secret=given.secret("client_secret"),
        user_agent=given.text("user_agent", _AGENT, _is_agent),
        subreddits=given.subreddits(),
        searches=given.searches(),
        live=given.flag("live", default=True),
        backfill=given.backfill(),
        poll_interval_s=given.number("poll_interval_s", 30.0, least=2, most=3600),
        recheck_ms=given.span("recheck", 48 * HOUR_MS, most_days=30),
        timeout_s=given.number("timeout_s", 16.0, least=0.1, most=120),
        oauth_url=given.address("oauth_url", OAUTH_URL),
        reddit_url=given.address("reddit_url", SITE_URL),
    )
    if not found.subreddits and not found.searches:
        raise SourceMisconfigured(
            f"{where}.subreddits is not set, allowed: names of subreddits; or give searches"
        )
    if found.backfill is None and not found.live:
        raise SourceMisconfigured(f"{where}.backfill is not set, needed when live is false")
    if found.backfill is not None and found.backfill.until is not None and found.live:
        raise SourceMisconfigured(
            f"{where}.backfill: an end is allowed only together with live = false"
        )
    return found


_AGENT = (
    "what names your program and a contact, such as "
    '"linux:org.example.watch:1.0 (by u/your_account)"'
)


def _is_agent(text: str) -> bool:
    return SHORTEST_AGENT <= len(text) <= 256 and text.isascii() and text.isprintable()  # noqa: PLR2004


class _Given:
    """The options as they were given."""

    def __init__(self, where: str, options: Mapping[str, object]) -> None:
        self._where = where
        self._options = options

    def wrong(self, key: str, allowed: str) -> SourceMisconfigured:
        found = self._options.get(key)
        place = f"{self._where}.{key}"
        # No colon behind a secret's key: what follows it is masked in messages.
        if found is None:
            return SourceMisconfigured(f"{place} is not set, allowed: {allowed}")
        if isinstance(found, Secret) or "secret" in key:
            return SourceMisconfigured(f"{place} is none ({MASK}), allowed: {allowed}")
        return SourceMisconfigured(f"{place}: found {repr(found)[:200]}, allowed: {allowed}")

    def text(self, key: str, allowed: str, fine: Callable[[str], object]) -> str:
        value = self._options.get(key)
        if not isinstance(value, str) or not fine(value.strip()):
            raise self.wrong(key, allowed)
        return value.strip()

    def secret(self, key: str) -> Secret:
        value = self._options.get(key)
        text = value.reveal() if isinstance(value, Secret) else value
        if not isinstance(text, str) or not _ID.fullmatch(text.strip()):
            raise self.wrong(
                key, "the secret of the app, better by environment in a variable or a file"
            )
        return Secret(text.strip())

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._options.get(key, default)
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value.lower())
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def number(self, key: str, default: float, *, least: float, most: float) -> float:
        value = self._options.get(key, default)
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(key, f"{least:g} to {most:g} seconds")
        if not least <= value <= most:
            raise self.wrong(key, f"{least:g} to {most:g} seconds")
        return float(value)

    def span(self, key: str, default: int, *, most_days: int) -> int:
        """Milliseconds of ``"48h"`` or ``"7d"``; ``"off"`` is 0."""
        value = self._options.get(key)
        if value is None:
            return default
        if value in ("off", False):
            return 0
        found = _span(value)
        if found is None or not 0 < found <= most_days * DAY_MS:
            raise self.wrong(key, f'"off", hours or days as in "48h" or "7d", to {most_days}d')
        return found

    def address(self, key: str, default: str) -> str:
        value = self._options.get(key, default)
        if isinstance(value, str):
            try:
                parts = urlsplit(value)
                host, _ = parts.hostname, parts.port
            except ValueError:
                host, parts = None, urlsplit("")
            safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
            if host and safe and not (parts.username or parts.query or parts.fragment):
                return value.rstrip("/")
        allowed = "an https address, or http to this machine"
        if isinstance(value, str) and {"@", "?", "#"} & set(value):
            # It may hold a password or a token.
            raise SourceMisconfigured(
                f"{self._where}.{key}: found more than a host and a path, allowed: {allowed}"
            )
        raise self.wrong(key, allowed)

    def subreddits(self) -> tuple[str, ...]:
        allowed = f"at most {MOST_SUBREDDITS} names of subreddits, without r/"
        found: dict[str, str] = {}
        for entry in self._list("subreddits", allowed):
            matched = _SUBREDDIT.fullmatch(entry.strip()) if isinstance(entry, str) else None
            if matched is None:
                raise self.wrong("subreddits", allowed)
            found.setdefault(matched[1].lower(), matched[1])
        if len(found) > MOST_SUBREDDITS:
            raise self.wrong("subreddits", allowed)
        return tuple(found.values())

    def searches(self) -> tuple[Search, ...]:
        allowed = (
            f"at most {MOST_SEARCHES} texts or {{query, subreddit}}, "
            f"each query of 1 to {LONGEST_QUERY} characters"
        )
        found: dict[Search, None] = {}
        for entry in self._list("searches", allowed):
            given = {"query": entry} if isinstance(entry, str) else entry
            try:
                search = msgspec.convert(given, type=_SearchTable)
            except msgspec.ValidationError:
                raise self.wrong("searches", allowed) from None
            query, place = search.query.strip(), search.subreddit
            matched = _SUBREDDIT.fullmatch(place) if place is not None else None
            if not 0 < len(query) <= LONGEST_QUERY or (place is not None and matched is None):
                raise self.wrong("searches", allowed)
            found[Search(query, matched[1] if matched else None)] = None
        if len(found) > MOST_SEARCHES:
            raise self.wrong("searches", allowed)
        return tuple(found)

    def backfill(self) -> Backfill | None:
        value = self._options.get("backfill")
        if value is None or value == "off":
            return None
        if (span := _span(value)) is not None:
            if span > 0:
                return Backfill(span_ms=span)
        elif isinstance(value, (str, date)):
            first, _, last = str(value).partition("/")
            since, until = _day(first), _day(last)
            if since is not None and (not last or (until is not None and until >= since)):
                return Backfill(since=since, until=until and until + DAY_MS)
        raise self.wrong(
            "backfill", 'a span as in "7d", a date, or two as in "2026-11-01/2026-11-08"'
        )

    def _list(self, key: str, allowed: str) -> list[object]:
        value = self._options.get(key, ())
        if isinstance(value, str):
            return [part for part in value.split(",") if part.strip()]
        if not isinstance(value, (list, tuple)):
            raise self.wrong(key, allowed)
        return list(cast("list[object]", value))


class _SearchTable(msgspec.Struct, forbid_unknown_fields=True):
    query: str
    subreddit: str | None = None


def _span(value: object) -> int | None:
    matched = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if matched is None:
        return None
    return int(matched[1]) * (HOUR_MS if matched[2] == "h" else DAY_MS)


def _day(text: str) -> int | None:
    """The beginning of a day in UTC, in ms."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
