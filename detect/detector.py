"""The protocols of what judges posts, one by one and remembering nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from detect.records import Finding, Judgement, Mention
from ingest.records import Post


@runtime_checkable
class Detector(Protocol):
    """Judges posts one by one; a batch only saves time.

    Detectors do no input or output and keep no memory between calls: the
    same post always gets the same findings.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def detect(self, posts: Sequence[Post], /) -> list[list[Finding]]:
        """One list of findings for each post, in the same order."""
        ...

    def examples(self) -> Sequence[Post]:
        """Posts that show what it finds; they feed tests and demos."""
        ...


class Judge(Protocol):
    """Says of posts what language they are in, what harm they do, and to whom.

    Like a detector it does no input or output and keeps no memory: a post gets the same
    judgement in whatever batch it comes.
    """

    def judge(
        self, posts: Sequence[Post], mentions: Sequence[tuple[Mention, ...]], /
    ) -> list[Judgement]:
        """One judgement for each post, in the same order.

        Args:
            posts: what was said.
            mentions: whom each post is about, as the matcher found.
        """
        ...
