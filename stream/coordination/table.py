"""The recent posts of one subject in memory: who shared what when, found by object.

Rows stand in the order of the log and leave at the old end. Everything here is
a function of the rows that are held, so that a restart changes no result: what
is looked up walks from the newest row back, and what is counted is counted over
the rows held.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice, takewhile

import msgspec
import numpy as np
import numpy.typing as npt

from stream.bursts.window import UNKNOWN_AGE, number
from stream.coordination.chains import Chains
from stream.coordination.objects import COLUMNS, NARRATIVE, Seen

HOT = 3
"""Posts from which an object is followed."""
FOLLOWED = 512
"""Newest posts of an object that are looked at."""


class Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A post as the state keeps it. ``at`` is its event time, ``seen`` when it came."""

    post: str
    account: str
    at: int
    seen: int
    age: int
    open: int
    flags: int
    harm: int
    keys: bytes
    stems: bytes = b""
    picture: bytes = b""
    cluster: str | None = None


class Columns(msgspec.Struct, frozen=True):
    """The rows as arrays, for counting; ``keys`` is a row a post."""

    account: npt.NDArray[np.uint64]
    at: npt.NDArray[np.int64]
    age: npt.NDArray[np.int32]
    open: npt.NDArray[np.uint8]
    flags: npt.NDArray[np.uint8]
    harm: npt.NDArray[np.int8]
    keys: npt.NDArray[np.uint64]


class Table:
    """Rows by absolute number; ``base`` is that of the oldest one held."""

    def __init__(self, base: int = 0) -> None:
        self.base = base
        self.posts: list[str] = []
        self.accounts: list[str] = []
        self.clusters: list[str | None] = []
        self.stems: list[bytes] = []
        self.hot: dict[int, array[int]] = {}
        self.account = array("Q")
        self.post = array("Q")
        self.at = array("q")
        self.seen = array("q")
        self._age = array("i")
        self._open = array("B")
        self._flags = array("B")
        self._harm = array("b")
        self.keys = array("Q")
        self._chains = Chains(self.keys, base * COLUMNS)
        self._names: dict[str, str] = {}
        self.pictures: dict[int, bytes] = {}

    def __len__(self) -> int:
        return len(self.posts)

    @property
    def end(self) -> int:
        """Number that the next row gets."""
        return self.base + len(self.posts)

    def add(self, row: Row) -> int:
        """Hold one more row; its number."""
        at = self.base + len(self.posts)
        self.posts.append(row.post)
        self.accounts.append(self._names.setdefault(row.account, row.account))
        self.clusters.append(row.cluster)
        self.stems.append(row.stems)
        self.account.append(number(row.account, 64))
        self.post.append(number(row.post, 64))
        self.at.append(row.at)
        self.seen.append(row.seen)
        self._age.append(row.age)
        self._open.append(row.open)
        self._flags.append(row.flags)
        self._harm.append(row.harm)
        if row.picture:
            self.pictures[at] = row.picture
        values = array("Q", row.keys)
        self.keys.extend(values)
        self._chains.add(len(values))
        for column in NARRATIVE:
            if values[column]:
                self._follow(values[column], at)
        return at

    def rows(self, value: int) -> Iterator[int]:
        """Rows with a value, newest first."""
        return (place // COLUMNS for place in self._chains.newest(value))

    def newest(self, value: int, most: int) -> list[int]:
        """The newest rows with a value, at most so many, newest first."""
        return [place // COLUMNS for place in islice(self._chains.newest(value), most)]

    def _follow(self, value: int, row: int) -> None:
        """Keep the list of an object that several posts share.

        Of posts in a row by one account only the newest counts, so that one account
        cannot fill the list.
        """
        held = self.hot.get(value)
        if held is not None:
            if self.account[held[-1] - self.base] == self.account[row - self.base]:
                held[-1] = row
            else:
                held.append(row)
                if len(held) > FOLLOWED:
                    del held[0]
            return
        found = self.newest(value, HOT)
        if len(found) == HOT:
            self.hot[value] = self._runs(sorted(found))

    def _runs(self, rows: list[int]) -> array[int]:
        kept = array("q")
        for row in rows:
            if kept and self.account[kept[-1] - self.base] == self.account[row - self.base]:
                kept[-1] = row
            else:
                kept.append(row)
        return kept[-FOLLOWED:]

    def value(self, row: int, column: int) -> int:
        """What a row has in a column, 0 for nothing."""
        return self.keys[(row - self.base) * COLUMNS + column]

    def keys_of(self, row: int) -> array[int]:
        """All that a row has, a number a column."""
        start = (row - self.base) * COLUMNS
        return self.keys[start : start + COLUMNS]

    def find(self, post: str) -> int:
        """Row of the newest revision of a post, -1 when it is not held."""
        held = np.frombuffer(self.post, dtype=np.uint64)
        places = np.flatnonzero(held == np.uint64(number(post, 64)))
        return self.base + int(places[-1]) if len(places) else -1

    def blank(self, row: int) -> None:
        """Forget the post of a row; its place stays."""
        index = row - self.base
        start = index * COLUMNS
        for column in NARRATIVE:
            if self.keys[start + column] in self.hot:
                self._unfollow(self.keys[start + column], row, row * COLUMNS + column)
        self._chains.blank(row * COLUMNS, COLUMNS)
        self.keys[start : start + COLUMNS] = array("Q", [0]) * COLUMNS
        self.posts[index] = self.accounts[index] = ""
        self.clusters[index], self.stems[index] = None, b""
        self.pictures.pop(row, None)
        self.post[index] = self.account[index] = 0
        self.at[index] = self.seen[index] = 0
        self._age[index], self._open[index] = UNKNOWN_AGE, 0
        self._flags[index], self._harm[index] = 0, -1

    def _unfollow(self, value: int, row: int, place: int) -> None:
        """Take a row out of the list of an object, as if it had never been there.

        Nothing but what stands beside it is looked at: of a flood that is deleted post by
        post, no post costs more than another.
        """
        held = self.hot[value]
        if len(self.newest(value, HOT + 1)) <= HOT:
            del self.hot[value]
            return
        at = bisect_left(held, row)
        if at == len(held) or held[at] != row:
            return
        full = len(held) == FOLLOWED
        older = self._chains.older(place, value)
        if older >= 0 and self._same(older // COLUMNS, row):
            held[at] = older // COLUMNS
            return
        del held[at]
        if 0 < at < len(held) and self._same(held[at - 1], held[at]):
            del held[at - 1]
        if full:
            self._lengthen(value, held, row)

    def _same(self, one: int, other: int) -> bool:
        return self.account[one - self.base] == self.account[other - self.base]

    def _lengthen(self, value: int, held: array[int], gone: int) -> None:
        """Let older rows into the list again, now that one is gone and there is room."""
        rows = takewhile(lambda _: len(held) < FOLLOWED, self._before(value, held[0]))
        for row in rows:
            if row != gone and not self._same(row, held[0]):
                held.insert(0, row)

    def _before(self, value: int, row: int) -> Iterator[int]:
        keys = self.keys_of(row)
        place = row * COLUMNS + next(c for c in NARRATIVE if keys[c] == value)
        while (place := self._chains.older(place, value)) >= 0:
            yield place // COLUMNS

    def retire(self, count: int) -> None:
        """Let the oldest rows go."""
        for kept in (self.posts, self.accounts, self.clusters, self.stems):
            del kept[:count]
        for column in (self.account, self.post, self.at, self.seen):
            del column[:count]
        for small in (self._age, self._open, self._flags, self._harm):
            del small[:count]
        del self.keys[: count * COLUMNS]
        self._chains.drop(count * COLUMNS)
        self.base += count
        for row in list(self.pictures):
            if row >= self.base:
                break
            del self.pictures[row]
        self._names = {name: name for name in self.accounts}
        self._cool()

    def _cool(self) -> None:
        """Stop following what fewer posts share now."""
        held = np.frombuffer(self.keys, dtype=np.uint64).reshape(-1, COLUMNS)
        values, counts = np.unique(held[:, list(NARRATIVE)], return_counts=True)
        still = dict(zip(values.tolist(), counts.tolist(), strict=True))
        for value in list(self.hot):
            if still.get(value, 0) < HOT:
                del self.hot[value]
            elif self.hot[value][0] < self.base:
                rows = self.hot[value]
                del rows[: bisect_left(rows, self.base)]

    def columns(self) -> Columns:
        """The rows as arrays; they must be let go before the next post is added."""
        return Columns(
            account=np.frombuffer(self.account, dtype=np.uint64),
            at=np.frombuffer(self.at, dtype=np.int64),
            age=np.frombuffer(self._age, dtype=np.int32),
            open=np.frombuffer(self._open, dtype=np.uint8),
            flags=np.frombuffer(self._flags, dtype=np.uint8),
            harm=np.frombuffer(self._harm, dtype=np.int8),
            keys=np.frombuffer(self.keys, dtype=np.uint64).reshape(-1, COLUMNS),
        )


def row_of(
    post: str, account: str, at: int, came: int, found: Seen, cluster: str | None
) -> Row:
    """The row of a post whose objects are known."""
    return Row(
        post=post,
        account=account,
        at=at,
        seen=came,
        age=found.age,
        open=found.open,
        flags=found.flags,
        harm=found.harm,
        keys=array("Q", found.keys).tobytes(),
        stems=found.stems,
        picture=found.picture,
        cluster=cluster,
    )
