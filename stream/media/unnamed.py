"""Looks at pictures of posts that name nobody, and keeps nothing of those that show nobody.

The host hands a few posts over and asks later what came of them; both only in memory. What
is said of a post that turns out to be about somebody is made when it comes back through the
subject logs, as of any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import msgspec
import structlog

from detect.media.whom import MOST_SUBJECTS, whom
from detect.records import Mention, Reason
from ingest.media.addresses import RefusedError
from ingest.media.fetching import FailedError, Fetched
from ingest.records import Post
from stream.banks import Snapshot
from stream.media.families import Families
from stream.media.looking import FORGERY, Looker
from stream.media.records import MOST_PICTURES
from stream.media.shelf import Shelf

AGAIN_MS = (60_000, 10 * 60_000)
"""Pauses between tries of what could not be fetched."""

log = structlog.get_logger(__name__)


class Unnamed(msgspec.Struct, frozen=True, kw_only=True):
    """A post that names nobody; ``seq`` tells this state of it from an edited one."""

    seq: int
    post: Post
    tries: int = 0


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one: whom it is about, or after how many ms to try again."""

    seq: int
    post_id: str
    mentions: tuple[Mention, ...] = ()
    again_ms: int | None = None


class Fetching(Protocol):
    """Brings the bytes behind URLs, side by side."""

    def fetch_all(
        self, urls: Sequence[str], /
    ) -> list[Fetched | RefusedError | FailedError]: ...


class Recogniser:
    """Two ends of a pair of queues: ``step`` is called by the stage's thread alone.

    Args:
        watched: subjects that somebody watches; references about others count for nothing.
        reasons_of: which of ``media`` and ``face`` count for posts of a source.
    """

    def __init__(
        self,
        *,
        looker: Looker,
        fetching: Fetching,
        shelf: Shelf,
        families: Families,
        watched: Collection[str],
        reasons_of: Callable[[str], Collection[Reason]],
    ) -> None:
        self._looker = looker
        self._fetching = fetching
        self._shelf = shelf
        self._families = families
        self._watched = frozenset(watched)
        self._reasons_of = reasons_of
        self._queue: deque[Unnamed] = deque()
        self._settled: deque[Settled] = deque()
        self._at_work = 0
        self._known: tuple[Snapshot, dict[str, str]] | None = None

    # --- called by the host's thread ----------------------------------------------

    def wants(self, post: Post) -> bool:
        """Whether a look at the pictures of a post could say that it is about somebody."""
        if post.repost_of is not None or not any(one.url for one in post.media):
            return False
        reasons = self._reasons_of(post.source)
        pictures = "media" in reasons and bool(self._about())
        return pictures or ("face" in reasons and self._looker.knows_faces)

    def consider(self, posts: Sequence[Unnamed]) -> None:
        """Queue posts to be looked at."""
        self._queue.extend(posts)

    @property
    def busy(self) -> bool:
        """Whether something that was handed over has not been fetched back."""
        return bool(self._queue or self._at_work or self._settled)

    def settled(self) -> list[Settled]:
        """What came of posts since this was asked last."""
        return [self._settled.popleft() for _ in range(len(self._settled))]

    # --- called by the stage's thread ---------------------------------------------

    def step(self, at_once: int, without: Collection[str]) -> bool:
        """Look at a few posts; False when none waits."""
        posts = [self._queue[n] for n in range(min(at_once, len(self._queue)))]
        if not posts:
            return False
        self._at_work = len(posts)
        for _ in posts:
            self._queue.popleft()
        try:
            urls = {one.seq: _urls(one.post) for one in posts}
            wanted = list(dict.fromkeys(url for some in urls.values() for url in some))
            fetched = dict(zip(wanted, self._fetching.fetch_all(wanted), strict=True))
            for one in posts:
                self._settled.append(
                    self._one(one, [fetched[url] for url in urls[one.seq]], without)
                )
        finally:
            self._at_work = 0
        return True

    def _one(
        self,
        one: Unnamed,
        outcomes: Sequence[Fetched | RefusedError | FailedError],
        without: Collection[str],
    ) -> Settled:
        found: dict[str, Mention] = {}
        reasons = self._reasons_of(one.post.source)
        for outcome in outcomes:
            if isinstance(outcome, Fetched):
                for mention in self._shown(outcome.data, reasons, without):
                    found.setdefault(mention.subject, mention)
        failed = [each for each in outcomes if isinstance(each, FailedError)]
        again = None
        if failed and not found and one.tries < len(AGAIN_MS):
            asked = int(max(each.retry_s for each in failed) * 1000)
            again = max(AGAIN_MS[one.tries], asked)
        mentions = tuple(found.values())[:MOST_SUBJECTS]
        return Settled(seq=one.seq, post_id=one.post.id, mentions=mentions, again_ms=again)

    def _shown(
        self, data: bytes, reasons: Collection[Reason], without: Collection[str]
    ) -> tuple[Mention, ...]:
        try:
            kept, look = self._looker.look(data, without={FORGERY, *without})
            verdict = kept.verdict
            about = self._about()
            named = whom(verdict.matches, verdict.faces or (), about, reasons=reasons)
            found = {one.subject: one for one in named if one.subject in self._watched}
            if "media" in reasons and about:
                for family in self._families.shown(verdict, look):
                    for subject in self._subjects_of(family, about):
                        told = Mention(subject=subject, reason="media", via=family)
                        found.setdefault(subject, told)
        except Exception:
            # One hostile picture must not keep the others from being looked at.
            log.exception("picture_not_looked_at")
            return ()
        return tuple(found.values())

    def _about(self) -> dict[str, str]:
        known = self._looker.known
        held = self._known
        if held is None or held[0] is not known:
            told = {n: who for n, who in known.about.items() if who in self._watched}
            held = self._known = (known, told)
        return held[1]

    def _subjects_of(self, family: str, about: dict[str, str]) -> list[str]:
        """Whom the known pictures are about that a family comes from."""
        held = self._shelf.family(family)
        names = (match.reference for one in held for match in one.matches)
        return list(dict.fromkeys(about[name] for name in names if name in about))


def _urls(post: Post) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.url for one in post.media if one.url))[:MOST_PICTURES]
