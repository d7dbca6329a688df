"""The posts of an analysis as columns: about sixty bytes a post besides its id."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt
import xxhash

from stream.index import RelationKind

Numbers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
KINDS: tuple[RelationKind | None, ...] = (None, "reply", "repost", "quote")


class Ids(Sequence[str]):
    """Texts one after another in one run of bytes, by number."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q")

    def append(self, value: str) -> None:
        """Hold one more."""
        self._bytes += value.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        if not 0 <= at < len(self._ends):
            raise IndexError(at)
        start = self._ends[at - 1] if at else 0
        return self._bytes[start : self._ends[at]].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        for at in range(len(self)):
            yield self[at]


class References:
    """What each post refers to: its number, or a negative one for each post not here.

    ``kind`` is a place in ``KINDS``. Children are found by their parent's number.
    """

    def __init__(self, parent: Numbers, kind: npt.NDArray[np.uint8]) -> None:
        self.parent = parent
        self.kind = kind
        linked = np.flatnonzero(kind)
        self._order = linked[np.argsort(parent[linked], kind="stable")]
        self._parents = parent[self._order]

    def children(self, parents: Numbers) -> Numbers:
        """Numbers of the posts that directly refer to any of these."""
        low = np.searchsorted(self._parents, parents, side="left")
        high = np.searchsorted(self._parents, parents, side="right")
        found = [self._order[a:b] for a, b in zip(low.tolist(), high.tolist(), strict=True)]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def below(self, posts: Numbers, most: int) -> Numbers:
        """These posts and all that refer to them, directly or through others."""
        found = np.unique(posts)
        level = found
        while len(level) and len(found) < most:
            level = np.setdiff1d(self.children(level), found)[: most - len(found)]
            found = np.union1d(found, level)
        return found


class Table:
    """Entries of a log as they come; :meth:`settle` makes one post of its revisions."""

    def __init__(self) -> None:
        self.ids = Ids()
        self.keys = array("Q")
        self.accounts = array("i")
        self.times = array("q")
        self._link_keys = array("Q")
        self._link_kinds = array("B")

    def add(
        self, post_id: str, account: int, at: int, target: str | None, kind: RelationKind | None
    ) -> None:
        """Hold one more revision of a post."""
        self.ids.append(post_id)
        self.keys.append(key_of(post_id))
        self.accounts.append(account)
        self.times.append(at)
        self._link_keys.append(0 if target is None else key_of(target))
        self._link_kinds.append(0 if target is None else KINDS.index(kind))

    def settle(self, gone: Sequence[int]) -> Settled:
        """Of each post its first revision, with what the last one refers to.

        Args:
            gone: keys of posts that were deleted.
        """
        keys = np.frombuffer(self.keys, dtype=np.uint64)
        unique, first = np.unique(keys, return_index=True)
        _, behind = np.unique(keys[::-1], return_index=True)
        last = len(keys) - 1 - behind
        kept = ~np.isin(unique, np.array(gone, dtype=np.uint64))
        unique, first, last = unique[kept], first[kept], last[kept]
        order = np.argsort(first, kind="stable")
        number = np.empty(len(order), dtype=np.int64)
        number[order] = np.arange(len(order))
        finder = Finder(unique, number)
        chosen, ends = first[order], last[order]
        kinds = np.frombuffer(self._link_kinds, dtype=np.uint8)[ends]
        targets = np.frombuffer(self._link_keys, dtype=np.uint64)[ends]
        parents = finder.numbers(targets)
        outside = (kinds > 0) & (parents < 0)
        _, strangers = np.unique(targets[outside], return_inverse=True)
        parents[outside] = -2 - strangers
        return Settled(chosen, finder, References(parents, kinds))


class Finder:
    """Numbers of posts by the key of their id."""

    def __init__(self, keys: Keys, numbers: Numbers) -> None:
        self._keys = keys
        self._numbers = numbers

    def numbers(self, keys: Keys) -> Numbers:
        """The number for each key, -1 where there is none."""
        if not len(self._keys):
            return np.full(len(keys), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        found = np.where(self._keys[place] == keys, self._numbers[place], -1)
        return found.astype(np.int64)


class Settled:
    """Which entries stand for the posts, how posts are found, and what refers to what."""

    def __init__(self, chosen: Numbers, finder: Finder, references: References) -> None:
        self.chosen = chosen
        self.finder = finder
        self.references = references


def key_of(text: str) -> int:
    """The key of an id: 64 bits, so that two of a hundred million differ."""
    return xxhash.xxh64_intdigest(text.encode("utf-8", "surrogatepass"))
