"""The media stage: takes posts from the subject logs, looks at their pictures, tells the log.

It stands beside the text path and never holds it up: posts wait in a bounded queue by how far
they reach, how fast they spread and how grave their words are. When too many wait, the dearest
steps are left out, which is said, and made good later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from detect.media.gate import judge
from detect.records import PictureFinding, Reason
from ingest.media.addresses import RefusedError, url_key
from ingest.media.fetching import FailedError, Fetched
from stream.banks import BANKS_FILE, Banks
from stream.media.families import Families, Place
from stream.media.kin import united
from stream.media.later import Later, is_bad
from stream.media.looking import DEAREST, Looker
from stream.media.records import Errand, Verdict
from stream.media.shelf import Shelf
from stream.media.telling import errand_of, finding, not_looked_at, priority, said
from stream.media.unnamed import Recogniser
from stream.records import LoggedMedia, PostGone, PostSeen, SubjectEvent

Outcome = Fetched | RefusedError | FailedError
PICTURES: tuple[Reason, ...] = ("media",)
"""What says whom a post is about that names nobody, unless the settings want faces too."""
AT_ONCE = 8
"""Posts that are worked on together: their pictures are fetched side by side."""
AGAIN_MS = (60_000, 10 * 60_000, 60 * 60_000, 6 * 60 * 60_000)
"""Pauses between tries of what could not be fetched."""
POSITION = "position"

log = structlog.get_logger(__name__)


class Fetching(Protocol):
    """Brings the bytes behind URLs, side by side."""

    def fetch_all(self, urls: Sequence[str], /) -> list[Outcome]: ...


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """When there is too much to do.

    ``most`` posts may wait, the least urgent beyond are told to be left out. From ``hurry``
    on the dearest step is left out, from twice as many the two dearest, from four times as
    many all of them.
    """

    most: int = 20_000
    hurry: int = 200

    def without(self, waiting: int) -> tuple[str, ...]:
        """The steps that are left out while so many wait."""
        times = waiting // max(1, self.hurry)
        return DEAREST[: min(times.bit_length(), len(DEAREST))]


class MediaStage:
    """One owner of the pictures of an installation; ``step`` is called by one thread.

    Args:
        folder: of ``media.db`` and ``banks.db``.
        may_be_minor: whether a subject may be under age at a time (ms).
        watched: subjects that pictures may be about in posts that name nobody.
        reasons_of: which of ``media`` and ``face`` count for posts of a source.
        now: wall clock in ms; decides only when what failed is tried again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        looker: Looker,
        fetching: Fetching,
        now: Callable[[], int],
        may_be_minor: Callable[[str, int], bool] = lambda _subject, _at: False,
        load: Load | None = None,
        watched: Collection[str] = (),
        reasons_of: Callable[[str], Collection[Reason]] = lambda _source: PICTURES,
    ) -> None:
        self.shelf = Shelf(folder)
        self._looker = looker
        self._fetching = fetching
        self._now = now
        self._may_be_minor = may_be_minor
        self._load = load or Load()
        self._banks = Banks(folder / BANKS_FILE)
        self._families = Families(self.shelf)
        self._later = Later(self.shelf, looker, self._banks)
        self.recogniser = Recogniser(
            looker=looker,
            fetching=fetching,
            shelf=self.shelf,
            families=self._families,
            watched=watched,
            reasons_of=reasons_of,
        )
        self._later.refresh()

    def close(self) -> None:
        """End the decoding process and let the files go."""
        self._looker.close()
        self._banks.__exit__(None, None, None)
        self.shelf.close()

    # --- what the host calls ------------------------------------------------------

    def take(self, events: Iterable[SubjectEvent], position: bytes) -> None:
        """Queue what events bring, and remember up to where they were read.

        Raises:
            StorageFullError: no space; nothing was taken.
        """
        gone = False
        with self.shelf.change():
            for event in events:
                if isinstance(event, PostGone):
                    self.shelf.forget(event.post_id)
                    gone = True
                elif isinstance(event, PostSeen):
                    self._queue(event)
            over = self.shelf.waiting() - self._load.most
            if over > 0:
                for errand in self.shelf.least_urgent(over):
                    why = "left out: too many pictures were waiting"
                    self._tell(errand, [not_looked_at(errand, u, why) for u in errand.urls])
            self.shelf.set_meta(POSITION, position)
        if gone:
            self.shelf.wipe()

    def position(self) -> bytes | None:
        """Up to where events were taken."""
        return self.shelf.meta(POSITION)

    def found(self, limit: int = 200) -> list[tuple[int, LoggedMedia]]:
        """What the log does not hold yet."""
        return self.shelf.outbox(limit)

    def logged(self, through: int) -> None:
        """The log holds what was found up to here."""
        self.shelf.logged(through)

    def idle(self) -> bool:
        """Whether nothing is left to do at this moment."""
        waiting = self._later.busy or self.recogniser.busy
        return not waiting and not self.shelf.next(self._now(), 1)

    # --- work ---------------------------------------------------------------------

    def step(self) -> bool:
        """Look at a few posts; False when there was nothing to do.

        Raises:
            StorageFullError: no space; the same is done again.
        """
        self._later.refresh()
        self.shelf.tidy()
        errands = self.shelf.next(self._now(), AT_ONCE)
        if errands:
            without = self._load.without(self.shelf.waiting())
            self._work(errands, without)
            return True
        if self._later.step():
            return True
        return self.recogniser.step(AT_ONCE, self._load.without(self.shelf.waiting()))

    def _queue(self, event: PostSeen) -> None:
        if event.subjects and event.subject != event.subjects[0]:
            return
        minor = any(self._may_be_minor(one, event.post.event_at) for one in event.subjects)
        errand = errand_of(event, minor=minor)
        if errand is not None:
            shown = max(self.shelf.posts_at(url_key(url)) for url in errand.urls)
            self.shelf.put(errand, priority(event, shown))

    def _work(self, errands: list[tuple[Errand, int, bool]], without: tuple[str, ...]) -> None:
        wanted = [
            url
            for errand, _, again in errands
            for url in errand.urls
            if again or self._at_hand(url, without) is None
        ]
        fetched = dict(zip(wanted, self._fetching.fetch_all(wanted), strict=True))
        for errand, tries, again in errands:
            self._one(errand, tries, fetched, without, again=again)

    def _at_hand(self, url: str, without: Sequence[str]) -> Verdict | None:
        """What is known of a URL already, unless it was looked at by another version."""
        held = self.shelf.at_url(url_key(url))
        return held if held is not None and self._serves(held, without) else None

    def _serves(self, held: Verdict, without: Sequence[str]) -> bool:
        return held.version == self._looker.version and set(held.partial) <= set(without)

    def _one(
        self,
        errand: Errand,
        tries: int,
        fetched: dict[str, Outcome],
        without: tuple[str, ...],
        *,
        again: bool,
    ) -> None:
        outcomes = [fetched.get(url) for url in errand.urls]
        failed = [one for one in outcomes if isinstance(one, FailedError)]
        if failed and tries < len(AGAIN_MS):
            asked = int(max(one.retry_s for one in failed) * 1000)
            self.shelf.later(errand.post_id, self._now() + max(AGAIN_MS[tries], asked))
            return
        if again and any(isinstance(one, RefusedError | FailedError) for one in outcomes):
            # What was said of it stands, with what is missing.
            self.shelf.settled(errand.post_id, partial=False)
            return
        # Looking takes long and is done outside of any transaction.
        seen = [
            (url, outcome if isinstance(outcome, RefusedError | FailedError)
             else self._verdict(errand, url, outcome, without))
            for url, outcome in zip(errand.urls, outcomes, strict=True)
        ]  # fmt: skip
        with self.shelf.change():
            findings: list[PictureFinding] = []
            for url, one in seen:
                if isinstance(one, Verdict):
                    self.shelf.shown(one.sha256, errand.post_id, url_key(url))
                    findings.append(self._finding(errand, url, one))
                else:
                    findings.append(not_looked_at(errand, url, str(one)))
            self._tell(errand, findings)
            self.shelf.drop_unshown([one.sha256 for _, one in seen if isinstance(one, Verdict)])

    def _verdict(
        self, errand: Errand, url: str, outcome: Fetched | None, without: tuple[str, ...]
    ) -> Verdict:
        if outcome is None:
            held = self._at_hand(url, without)
            if held is None:
                raise LookupError("a picture that was at hand is gone")
            return held
        held = self.shelf.picture(hashlib.sha256(outcome.data).hexdigest())
        if held is not None and self._serves(held, without):
            return held
        kept, look = self._looker.look(outcome.data, minor=errand.minor, without=without)
        verdict = kept.verdict
        if held is not None:
            place = Place(held.family, held.found_by)
        else:
            place = self._families.of(verdict, look)
        with self.shelf.change():
            family, moved = united(self.shelf, [place.family, *place.also])
            verdict = msgspec.structs.replace(verdict, family=family, found_by=place.found_by)
            self.shelf.keep(msgspec.structs.replace(kept, verdict=verdict))
            if moved or (held is None and is_bad(verdict)):
                self._later.say_again([family], but=verdict.sha256)
        if held is None:
            self._families.add(verdict, look if kept.features is not None else None)
        return verdict

    def _finding(self, errand: Errand, url: str, verdict: Verdict) -> PictureFinding:
        bad = any(is_bad(one) for one in self.shelf.family(verdict.family))
        return finding(
            errand, url, verdict, sexual_from=self._looker.sexual_from, family_bad=bad
        )

    def _tell(self, errand: Errand, findings: Sequence[PictureFinding]) -> None:
        if errand.minor:
            findings = [self._shut(one) for one in findings]
        told = said(errand, findings, self.shelf.told(errand.post_id))
        partial = any(one.partial for one in findings)
        if told is not None:
            self.shelf.tell(told, partial=partial)
        else:
            self.shelf.settled(errand.post_id, partial=partial)

    def _shut(self, one: PictureFinding) -> PictureFinding:
        """A picture that may show a minor, which passed while nobody knew that."""
        held = self.shelf.picture(one.sha256) if one.gate == "passed" else None
        if held is None:
            return one
        passage = judge(held.score, sexual_from=self._looker.sexual_from, minor=True)
        if passage.open:
            return one
        self.shelf.shut(msgspec.structs.replace(held, gate=passage.verdict))
        return msgspec.structs.replace(one, gate=passage.verdict)
