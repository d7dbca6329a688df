"""The recent posts of one cluster, as flat bytes: who, when, which words, which link."""

from __future__ import annotations

import struct

import msgspec
import numpy as np
import numpy.typing as npt
import xxhash

CAP = 1_024
"""Posts of a cluster looked at; older ones fall out."""
SAMPLES = 60
"""Post ids kept to show."""
UNKNOWN_AGE = -1
MOST_NAMED = 16
MEMBER_SHARE = 0.8

ENTRY = np.dtype(
    [
        ("post", "<u8"),
        ("account", "<u8"),
        ("at", "<i8"),
        ("age", "<i4"),
        ("words", "<u4"),
        ("template", "<u4"),
        ("link", "<u4"),
        ("domain", "<u4"),
        ("platform", "<u4"),
        ("open", "u1"),
        ("original", "u1"),
        ("news", "u1"),
    ]
)
"""``age`` is that of the account in days; hashes are cut to 32 bits, 0 means none."""

_PACKED = struct.Struct("<QQqiIIIIIBBB")
"""The same layout; packing one entry so costs a fifth of making an array of it."""

ORIGINAL = 10
"""Place of ``original`` in an entry."""

Entries = npt.NDArray[np.void]


class BurstRow(msgspec.Struct, array_like=True):
    """A burst: the window that stood out most, and what was last emitted.

    ``crowd`` accounts stood against ``mean`` expected; ``emitted`` accounts and
    ``shown`` posts were in the last revision. ``recurring`` is the share of
    accounts known from earlier bursts, fixed once its own are ``remembered``.
    """

    burst_id: str
    detected_at: int
    since: int
    last_at: int
    revision: int = 0
    kind: str = ""
    peak: int = 0
    crowd: int = 0
    mean: float = 0.0
    surprise: float = 0.0
    copied: bool = False
    emitted: int = 0
    shown: int = 0
    recurring: float = 0.0
    remembered: bool = False


class WindowRow(msgspec.Struct, array_like=True):
    """The recent posts of one cluster; ``samples`` are ids of original posts.

    ``peak`` is the most accounts in a short window since ``opened``, ``others``
    the other posts about the subject at that time; ``timer`` is when the
    episode is looked at again. ``most`` are the accounts of the cluster: the
    founder's account is known to the cluster only, and would count twice here.
    ``named`` counts posts by the one member of the group that they name; the empty id
    stands for all other posts.
    """

    subject: str
    length: int
    opened: int
    entries: bytes = b""
    samples: list[str] = []
    peak: int = 0
    others: int = 0
    timer: int = 0
    dropped: int = 0
    most: int = 0
    burst: BurstRow | None = None
    named: dict[str, int] = {}


def number(value: str, bits: int = 32) -> int:
    """A hash of a name; 0 for the empty name."""
    if not value:
        return 0
    return xxhash.xxh3_64_intdigest(value.encode("utf-8", "surrogatepass")) >> (64 - bits)


def entries(row: WindowRow) -> Entries:
    """The posts as an array (not writable)."""
    return np.frombuffer(row.entries, dtype=ENTRY)


def count_named(row: WindowRow, member: str) -> None:
    """Note the one member of the group whom a post names, or that it does not (empty)."""
    if member not in row.named and len(row.named) >= MOST_NAMED:
        member = ""
    row.named[member] = row.named.get(member, 0) + 1


def of_a_member(row: WindowRow, least: int) -> float:
    """Share of posts that name the same one member; 0 where it is not a clear case.

    It is clear where nearly all do and they are more than the ``least`` that make a burst:
    then the member's own log holds the same burst.
    """
    total = sum(row.named.values())
    most = max((n for member, n in row.named.items() if member), default=0)
    clear = most and (most == total or (most >= MEMBER_SHARE * total and most > least))
    return most / total if clear else 0.0


def append(row: WindowRow, entry: tuple[int, ...]) -> None:
    """Add a post; the oldest falls out at the cap."""
    row.entries += _PACKED.pack(*entry)
    over = len(row.entries) // ENTRY.itemsize - CAP
    if over > 0:
        row.entries = row.entries[over * ENTRY.itemsize :]
        row.dropped += over


def remove(row: WindowRow, post_id: str) -> bool:
    """Take a post out; whether it was there."""
    held = entries(row)
    keep = held["post"] != number(post_id, 64)
    if post_id in row.samples:
        row.samples.remove(post_id)
    if keep.all():
        return False
    row.entries = held[keep].tobytes()
    return True


def fold(old: WindowRow, new: WindowRow) -> None:
    """Take the posts of a merged cluster into the one that remains."""
    both = np.concatenate([entries(old), entries(new)])
    both = both[np.argsort(both["at"], kind="stable")]
    new.dropped += old.dropped + max(0, len(both) - CAP)
    new.entries = both[-CAP:].tobytes()
    new.samples = [*old.samples, *(s for s in new.samples if s not in old.samples)][:SAMPLES]
    new.peak = max(new.peak, old.peak)
    new.opened = min(new.opened, old.opened)
    for other, n in old.named.items():
        new.named[other] = new.named.get(other, 0) + n
    if new.burst is None:
        new.burst = old.burst


def accounts(held: Entries, since: int, until: int, *, original: bool = False) -> int:
    """Distinct accounts with a post after ``since``, up to ``until``."""
    at = held["at"]
    inside = (at > since) & (at <= until)
    if original:
        inside &= held["original"] == 1
    return distinct(held["account"][inside])


def distinct(accounts: npt.NDArray[np.uint64]) -> int:
    """How many different ones there are (for a thousand, a set is faster than sorting)."""
    return len(set(accounts.tolist()))


def accounts_of(row: WindowRow) -> int:
    """Distinct accounts of all posts held."""
    return min(distinct(entries(row)["account"]), row.most)


def share(flags: npt.NDArray[np.bool_]) -> float:
    """The part that is true; 0 of nothing."""
    return float(flags.mean()) if len(flags) else 0.0
