"""The Reddit source: which listing is read when, what refuses us, where reading goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Self

import msgspec

from ingest.reddit.cursor import Memory
from ingest.reddit.limits import Limits
from ingest.reddit.options import OPTIONS, RedditOptions, read_options
from ingest.reddit.recheck import Recheck, RecheckState
from ingest.source import Probed, Sighting, SourceMisconfigured, Stop, Terms


class RedditSource:
    """Submissions and comments of subreddits, and submissions found by searches.

    Args:
        name: under which the cursor is kept; also the posts' source.
        options: checked options.
        now: wall clock in ms.
    """

    terms = Terms(
        access="an app that Reddit has approved (client id and secret); no account, read-only",
        rate="100 requests a minute; kept, and Reddit's own headers are followed",
        retention="only while it is public and needed; what is deleted may not be kept",
        deletion="must follow; what was read is looked at again for 48 hours or as you set",
        note="free access is for non-commercial use; commercial use needs Reddit's agreement",
    )

    options = OPTIONS

    def __init__(
        self,
        name: str,
        options: RedditOptions,
        *,
        now: Callable[[], int] | None = None,
    ) -> None:
        self._name = name
        self._options = options
        self._now = now or _clock
        self._limits = Limits()
        self._accepted = threading.Event()

    @classmethod
    def from_settings(cls, name: str, options: Mapping[str, object]) -> Self:
        """A source of the settings; see ``docs/how-to/reddit.md`` for the options.

        Raises:
            SourceMisconfigured: a missing, wrong or unknown option.
        """
        return cls(name, read_options(name, options))

    @property
    def name(self) -> str:
        """Under which the cursor is kept."""
        return self._name

    def probe(self, stop: Stop, /) -> Probed:
        """Log in and look at every subreddit and search once.

        Raises:
            SourceError: Reddit cannot be reached, or asks us to wait.
            SourceMisconfigured: wrong credentials.
        """
        from ingest.reddit.client import Client  # noqa: PLC0415
        from ingest.reddit.probe import probe  # noqa: PLC0415

        client = Client(self._name, self._options, self._limits, stop, self._accepted)
        try:
            return probe(client, self._options)
        finally:
            client.close()

    def read(self, after: str | None, stop: Stop, /) -> Iterator[Sighting]:
        """Sightings behind the cursor.

        Raises:
            SourceError: try again later from the last cursor.
            SourceMisconfigured: wrong credentials, or a cursor that is not ours.
        """
        # PRAW is slow to import; commands that only list sources do not wait for it.
        from ingest.reddit.client import Client, Stopped  # noqa: PLC0415
        from ingest.reddit.reader import Reader  # noqa: PLC0415

        try:
            memory = Memory(after)
            span = self._options.recheck_ms if self._options.live else 0
            recheck = Recheck(span, msgspec.json.decode(memory.recheck, type=RecheckState))
        except ValueError:
            raise SourceMisconfigured(f"{self._name}: the cursor is not one of ours") from None
        client = Client(self._name, self._options, self._limits, stop, self._accepted)
        reader = Reader(self._name, self._options, client, memory, recheck, self._now)
        try:
            yield from reader.run(stop)
        except Stopped:
            return
        finally:
            client.close()


def _clock() -> int:
    return time.time_ns() // 1_000_000
