"""Which family a picture belongs to: by known originals, by hash, by what can be seen in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

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


LEAST_FRAMES, LEAST_SHARE = 2, 0.3
"""Frames that two clips must share, and their share of all: one card at the beginning is no
family."""


SAME_PLACE = 0.6
"""Share of what two families cover of a picture that both must cover to be one."""

Corners = tuple[tuple[float, float], ...]
WHOLE: Corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


class Place(msgspec.Struct, frozen=True):
    """The family of a picture, how it came there, and other families that it ties to it.

    ``found_by`` is "original", "hash", "features" or "first".
    """

    family: str
    found_by: str
    also: tuple[str, ...] = ()


class _Segment:
    """A few pictures, never changed: larger ones are made of two that are equally large."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members
        hashed = [(sha, pdq) for sha, hashes, _ in members for pdq in hashes]
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

    def seen_in(self, look: Look) -> list[tuple[int, str, Corners]]:
        return [
            (-one.placement.inliers, self._seen[one.place],
             tuple((float(x), float(y)) for x, y in one.placement.region))
            for one in self._finder.find(look)
        ]  # fmt: skip


Member = tuple[str, tuple[str, ...], Look | None]


class Families:
    """Families of all pictures of a shelf; one thread."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._segments: list[_Segment] = []
        self._begin()

    def _begin(self) -> None:
        members = [
            (verdict.sha256, _hashes(verdict), look)
            for verdict, look in self._shelf.every_picture()
        ]
        if members:
            self._segments = [_Segment(members)]

    def of(self, verdict: Verdict, look: Look | None) -> Place:
        """Where a picture belongs."""
        references = related(verdict.matches)
        known = self._shelf.family_of(references)
        ties = self._ties(verdict, None if known is not None else look)
        if known is not None:
            return Place(known, "original", _tied(((known, "original", WHOLE), *ties)))
        if not ties:
            ties = [(derive_id("fam", verdict.sha256), "first", WHOLE)]
        family, how, _ = ties[0]
        self._shelf.belongs(references, family)
        return Place(family, how, _tied(ties))

    def shown(self, verdict: Verdict, look: Look | None) -> tuple[str, ...]:
        """Families that a picture shows, which is not taken in."""
        known = self._shelf.family_of(related(verdict.matches))
        ties = [name for name, _, _ in self._ties(verdict, look)]
        return tuple(dict.fromkeys(ties if known is None else [known, *ties]))

    def _ties(self, verdict: Verdict, look: Look | None) -> list[tuple[str, str, Corners]]:
        """Families that a picture shows, how, and where in it; the nearest first."""
        found: dict[str, tuple[str, str, Corners]] = {}
        for sha256 in self._near(verdict):
            if held := self._shelf.picture(sha256):
                found.setdefault(held.family, (held.family, "hash", WHOLE))
        if look is not None:
            size = (verdict.width or 1, verdict.height or 1)
            seen = sorted(hit for one in self._segments for hit in one.seen_in(look))
            for _, sha256, region in seen:
                if held := self._shelf.picture(sha256):
                    shares = tuple((x / size[0], y / size[1]) for x, y in region)
                    found.setdefault(held.family, (held.family, "features", shares))
        return list(found.values())

    def _near(self, verdict: Verdict) -> list[str]:
        """Files with the same hash, the nearest first; of clips those that share enough."""
        if verdict.frames:
            shared: Counter[str] = Counter()
            for digits in verdict.frames:
                hits = {sha for one in self._segments for _, sha in one.near({"": digits})}
                shared.update(hits)
            enough = max(
                min(LEAST_FRAMES, len(verdict.frames)), LEAST_SHARE * len(verdict.frames)
            )
            return [sha for sha, times in shared.most_common() if times >= enough]
        if not _hashes(verdict):
            return []
        views = {"original": verdict.pdq, **verdict.views}
        return [sha for _, sha in sorted(h for one in self._segments for h in one.near(views))]

    def add(self, verdict: Verdict, look: Look | None) -> None:
        """Compare later pictures with this one too."""
        members: list[Member] = [(verdict.sha256, _hashes(verdict), look)]
        while self._segments and len(self._segments[-1].members) <= len(members):
            members = self._segments.pop().members + members
        looks = [place for place, (_, _, seen) in enumerate(members) if seen is not None]
        for place in looks[: max(0, len(looks) - MOST_LOOKS)]:
            members[place] = (*members[place][:2], None)
        self._segments.append(_Segment(members))


def _tied(ties: Sequence[tuple[str, str, Corners]]) -> tuple[str, ...]:
    """The families that lie where the first one lies: a collage shows several, side by side."""
    _, _, first = ties[0]
    return tuple(
        dict.fromkeys(
            name
            for name, _, region in ties[1:]
            if name != ties[0][0] and _common(first, region) >= SAME_PLACE
        )
    )


def _common(one: Corners, other: Corners) -> float:
    """Share of what two pieces cover of a picture that both cover, by their boxes."""
    a, b = _box(one), _box(other)
    across = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    down = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = across * down
    either = _area(a) + _area(b) - both
    return both / either if either > 0 else 0.0


def _box(corners: Corners) -> tuple[float, float, float, float]:
    xs = [min(1.0, max(0.0, x)) for x, _ in corners]
    ys = [min(1.0, max(0.0, y)) for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def related(matches: tuple[PictureMatch, ...]) -> list[str]:
    """Known pictures that a picture is a variant of."""
    return [one.reference for one in matches if one.kind != "ignore"]


def _hashes(verdict: Verdict) -> tuple[str, ...]:
    if verdict.frames:
        return verdict.frames
    return (verdict.pdq,) if verdict.pdq and verdict.quality >= GOOD_QUALITY else ()
