"""The Detector protocol: posts in, findings out, nothing remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from detect.records import Finding
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
