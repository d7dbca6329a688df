"""Pictures behind made-up URLs, a scorer that is told what to say, and a stage over them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from detect.media.examined import Raster
from detect.records import Mention
from ingest.media.addresses import RefusedError, url_key
from ingest.media.fetching import FailedError, Fetched
from ingest.records import Author, Media, Post
from stream.media.looking import Looker
from stream.media.stage import Load, MediaStage, Outcome
from stream.records import LoggedMedia, PostGone, PostSeen

START = 1_790_000_000_000


class Web:
    """What stands behind URLs; None: the server is broken, absent: it is not there."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | None] = {}
        self.asked: list[str] = []

    def fetch_all(self, urls: Sequence[str], /) -> list[Outcome]:
        self.asked += urls
        return [self._one(url) for url in urls]

    def _one(self, url: str) -> Outcome:
        if url not in self.pages:
            return RefusedError("the server answers 404")
        data = self.pages[url]
        return FailedError("no answer") if data is None else Fetched(url_key(url), data)


class Told:
    """Says of every picture what it was told to say."""

    version = "told/1"

    def __init__(self, score: float = 0.0) -> None:
        self.value = score
        self.asked = 0

    def score(self, raster: Raster, /) -> float:
        assert len(raster.data) == raster.width * raster.height * 3
        self.asked += 1
        return self.value


class World:
    """A stage in a folder that can be killed and begun again."""

    def __init__(self, folder: Path, *, scorer: Told | None = None, **options: object) -> None:
        self.folder = folder
        self.web = Web()
        self.scorer = Told() if scorer is None else scorer
        self.options = options
        self.now = START
        self.log: list[LoggedMedia] = []
        self.stage = self._begin()

    def _begin(self) -> MediaStage:
        options = dict(self.options)
        load = options.pop("load", Load())
        minor = options.pop("may_be_minor", lambda _subject, _at: False)
        scorer = None if options.pop("blind", False) else self.scorer
        return MediaStage(
            self.folder,
            looker=Looker(scorer=scorer, **options),
            fetching=self.web,
            now=lambda: self.now,
            load=load,
            may_be_minor=minor,
        )

    def restart(self) -> None:
        self.stage.close()
        self.stage = self._begin()

    def take(self, *events: PostSeen | PostGone) -> None:
        self.stage.take(events, b"here")

    def work(self) -> list[LoggedMedia]:
        """Do everything that can be done, and log it."""
        fresh: list[LoggedMedia] = []
        while self.stage.step():
            pass
        while found := self.stage.found():
            fresh += [one for _, one in found]
            self.stage.logged(found[-1][0])
        self.log += fresh
        return fresh

    def post(self, number: int, *urls: str, **changes: object) -> PostSeen:
        return seen(number, *urls, **changes)

    def newest(self) -> dict[str, LoggedMedia]:
        return {one.post_id: one for one in self.log}

    def family(self, number: int) -> str:
        return self.newest()[f"x:{number}"].findings[0].family


def seen(number: int, *urls: str, followers: int = 0, subject: str = "arin") -> PostSeen:
    post = Post(
        id=f"x:{number}", source="x", platform="x", author_id=f"a{number}",
        created_at=START + number * 60_000, text="look", author=Author(followers=followers),
        media=tuple(Media(url=url) for url in urls),
    )  # fmt: skip
    mention = Mention(subject=subject, reason="alias", surface="x", start=0, end=1)
    return PostSeen(subject=subject, subjects=(subject,), post=post, mentions=(mention,))


def gone(number: int, subject: str = "arin") -> PostGone:
    return PostGone(subject=subject, post_id=f"x:{number}", deleted_at=START, revision=2)


def bare(found: LoggedMedia) -> LoggedMedia:
    """Without revisions, to compare what is said."""
    findings = tuple(msgspec.structs.replace(one, revision=1) for one in found.findings)
    return msgspec.structs.replace(found, findings=findings)
