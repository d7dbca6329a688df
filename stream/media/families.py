"""Which family a picture belongs to: by known originals, by hash, by what can be seen in it."""

from __future__ import annotations

from collections.abc import Mapping

from detect.media.examined import Look
from detect.media.finder import Finder
from detect.media.near import HashTable
from detect.media.pdq import GOOD_QUALITY, MATCH
from detect.records import PictureMatch
from stream.ids import derive_id
from stream.media.records import Verdict
from stream.media.shelf import Shelf

MOST_LOOKS = 20_000
"""Pictures that are compared by what can be seen in them; the oldest go first."""


class _Segment:
    """A few pictures, never changed: larger ones are made of two that are equally large."""

    def __init__(self, members: list[tuple[str, str, Look | None]]) -> None:
        self.members = members
        hashed = [(sha, pdq) for sha, pdq, _ in members if pdq]
        self._names = [sha for sha, _ in hashed]
        self._table = HashTable([bytes.fromhex(pdq) for _, pdq in hashed])
        seen = [(sha, look) for sha, _, look in members if look is not None]
        self._seen = [sha for sha, _ in seen]
        self._finder = Finder([look for _, look in seen])

    def near(self, views: Mapping[str, str]) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        for digits in views.values():
            hits = self._table.within(bytes.fromhex(digits), MATCH)
            found += [(distance, self._names[place]) for place, distance in hits]
        return found

    def seen_in(self, look: Look) -> list[tuple[int, str]]:
        return [
            (-one.placement.inliers, self._seen[one.place]) for one in self._finder.find(look)
        ]


class Families:
    """Families of all pictures of a shelf; one thread."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._segments: list[_Segment] = []
        self._begin()

    def _begin(self) -> None:
        members = [
            (verdict.sha256, _hash(verdict), look)
            for verdict, look in self._shelf.every_picture()
        ]
        if members:
            self._segments = [_Segment(members)]

    def of(self, verdict: Verdict, look: Look | None) -> tuple[str, str]:
        """The family of a picture, and how it came there.

        ``found_by`` is "original", "hash", "features" or "first".
        """
        references = related(verdict.matches)
        known = self._shelf.family_of(references)
        if known is not None:
            return known, "original"
        family, how = self._among_seen(verdict, look)
        if family is None:
            family, how = derive_id("fam", verdict.sha256), "first"
        self._shelf.belongs(references, family)
        return family, how

    def _among_seen(self, verdict: Verdict, look: Look | None) -> tuple[str | None, str]:
        digits = _hash(verdict)
        if digits:
            views = {"original": digits, **verdict.views}
            near = sorted(hit for one in self._segments for hit in one.near(views))
            for _, sha256 in near:
                if held := self._shelf.picture(sha256):
                    return held.family, "hash"
        if look is not None:
            seen = sorted(hit for one in self._segments for hit in one.seen_in(look))
            for _, sha256 in seen:
                if held := self._shelf.picture(sha256):
                    return held.family, "features"
        return None, ""

    def add(self, verdict: Verdict, look: Look | None) -> None:
        """Compare later pictures with this one too."""
        members: list[tuple[str, str, Look | None]] = [(verdict.sha256, _hash(verdict), look)]
        while self._segments and len(self._segments[-1].members) <= len(members):
            members = self._segments.pop().members + members
        looks = [place for place, (_, _, seen) in enumerate(members) if seen is not None]
        for place in looks[: max(0, len(looks) - MOST_LOOKS)]:
            members[place] = (*members[place][:2], None)
        self._segments.append(_Segment(members))


def related(matches: tuple[PictureMatch, ...]) -> list[str]:
    """Known pictures that a picture is a variant of."""
    return [one.reference for one in matches if one.kind != "ignore"]


def _hash(verdict: Verdict) -> str:
    return verdict.pdq if verdict.quality >= GOOD_QUALITY else ""
