"""The rows that CopyBursts keeps, held while a batch is worked on and written once.

w: cluster   its recent posts and its burst
v: subject   how many posts there were, by bin of the short window and by hour
b: subject   what ordinary copying taught
r: subject   accounts of earlier copy bursts
g:           the latest gaps of the sources
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from stream.bursts.baseline import Baseline, expected, learn
from stream.bursts.window import ENTRY, WindowRow, entries
from stream.hosting.overlay import Overlay

HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS
KEEP_WINDOW = 2 * DAY_MS
KEEP_HABIT = 60 * DAY_MS
KEEP_ACCOUNTS = 30 * DAY_MS
BINS = 5
"""Bins in a short window."""
GAPS = 16
REMEMBERED = 2_048
"""Accounts of earlier copy bursts kept a subject."""

_encode = msgspec.msgpack.Encoder().encode


class VolumeRow(msgspec.Struct, array_like=True):
    """Posts about a subject by number of the bin."""

    fast: dict[int, int]
    slow: dict[int, int]


_window = msgspec.msgpack.Decoder(WindowRow).decode
_volume = msgspec.msgpack.Decoder(VolumeRow).decode
_baseline = msgspec.msgpack.Decoder(Baseline).decode
_gaps = msgspec.msgpack.Decoder(list[tuple[int, int]]).decode


class Volume:
    """How much is posted about a subject."""

    def __init__(self, row: VolumeRow, bin_ms: int) -> None:
        self.row = row
        self.changed = False
        self.newest = 0
        self._bin = bin_ms

    def count(self, at: int) -> None:
        """One more post."""
        self.changed = True
        self.newest = max(self.newest, at)
        _add(self.row.fast, at // self._bin, 2 * BINS)
        _add(self.row.slow, at // HOUR_MS, 26)

    def posts(self, until: int, *, slow: bool) -> int:
        """Posts in the short window, or the day, up to the bin of ``until``."""
        bins, width, many = (
            (self.row.slow, HOUR_MS, 24) if slow else (self.row.fast, self._bin, BINS + 1)
        )
        last = until // width
        return sum(n for bin_, n in bins.items() if last - many < bin_ <= last)


def _add(bins: dict[int, int], bin_: int, keep: int) -> None:
    if bin_ not in bins and len(bins) >= keep:
        oldest = min(bins)
        if bin_ < oldest:
            return
        del bins[oldest]
    bins[bin_] = bins.get(bin_, 0) + 1


class Windows:
    """All rows touched by one batch."""

    def __init__(self, overlay: Overlay, window_ms: int) -> None:
        self._overlay = overlay
        self._window_ms = window_ms
        self._bin = max(1, window_ms // BINS)
        self._windows: dict[str, WindowRow | None] = {}
        self._expires: dict[str, int] = {}
        self._volumes: dict[str, Volume] = {}
        self._baselines: dict[str, Baseline] = {}
        self._learnt: dict[str, int] = {}

    def get(self, cluster_id: str) -> WindowRow | None:
        """The window of a cluster."""
        if cluster_id not in self._windows:
            raw = self._overlay.get(f"w:{cluster_id}")
            self._windows[cluster_id] = None if raw is None else _window(raw)
        return self._windows[cluster_id]

    def add(self, cluster_id: str, window: WindowRow) -> None:
        """The first posts of a cluster."""
        self._windows[cluster_id] = window

    def drop(self, old_id: str, new_id: str) -> None:
        """A cluster was merged away; its window lives as long as before under the new id."""
        self._windows[old_id] = None
        self._overlay.delete(f"w:{old_id}")
        window = self._windows[new_id]
        if window is not None:
            newest = int(entries(window)["at"].max()) if window.entries else window.opened
            self.touch(new_id, max(newest, self._expires.pop(old_id, 0) - KEEP_WINDOW))

    def touch(self, cluster_id: str, at: int) -> None:
        """The window changed and is kept for two days from ``at`` on."""
        self._expires[cluster_id] = max(at + KEEP_WINDOW, self._expires.get(cluster_id, 0))

    def forget_old(self, window: WindowRow) -> None:
        """Let posts fall out that are more than a day older than the newest."""
        held = np.frombuffer(window.entries, dtype=ENTRY)
        at = held["at"]
        keep = at > at.max() - DAY_MS
        if not keep.all():
            window.dropped += int(np.count_nonzero(~keep))
            window.entries = held[keep].tobytes()

    def volume(self, subject: str) -> Volume:
        """How much is posted about a subject."""
        found = self._volumes.get(subject)
        if found is None:
            raw = self._overlay.get(f"v:{subject}")
            row = VolumeRow({}, {}) if raw is None else _volume(raw)
            found = self._volumes[subject] = Volume(row, self._bin)
        return found

    def baseline(self, subject: str) -> Baseline:
        """What ordinary copying taught."""
        found = self._baselines.get(subject)
        if found is None:
            raw = self._overlay.get(f"b:{subject}")
            found = Baseline([1.0] * 3) if raw is None else _baseline(raw)
            self._baselines[subject] = found
        return found

    def learn(self, window: WindowRow, at: int) -> None:
        """Take an ordinary window into the baseline, unless a source had a gap then."""
        if window.peak < 2 or self._masked(window.opened - self._window_ms, at):  # noqa: PLR2004
            return
        baseline = self.baseline(window.subject)
        mean = expected(baseline, window.length, window.others, slow=False)
        before = list(baseline.factors)
        learn(baseline, window.length, window.peak, mean)
        if baseline.factors != before:
            self._learnt[window.subject] = at

    def add_gap(self, since: int, until: int) -> None:
        """Remember that posts may be missing."""
        gaps = [*self._gaps(), (since, until)][-GAPS:]
        self._overlay.put("g:", _encode(gaps), until + KEEP_HABIT)

    def _gaps(self) -> list[tuple[int, int]]:
        raw = self._overlay.get("g:")
        return [] if raw is None else _gaps(raw)

    def _masked(self, since: int, until: int) -> bool:
        return any(start <= until and end >= since for start, end in self._gaps())

    def recurring(self, subject: str) -> npt.NDArray[np.uint64]:
        """Accounts that took part in earlier copy bursts."""
        raw = self._overlay.get(f"r:{subject}")
        return np.frombuffer(raw or b"", dtype="<u8").astype(np.uint64)

    def remember(self, subject: str, accounts: npt.NDArray[np.uint64], at: int) -> None:
        """Note the accounts of a copy burst that went quiet."""
        known = self.recurring(subject)
        fresh = np.setdiff1d(np.unique(accounts), known)
        both = np.concatenate([known, fresh])[-REMEMBERED:]
        self._overlay.put(f"r:{subject}", both.astype("<u8").tobytes(), at + KEEP_ACCOUNTS)

    def write(self) -> None:
        """Put every changed row."""
        for cluster_id, expires in self._expires.items():
            window = self._windows.get(cluster_id)
            if window is not None:
                self._overlay.put(f"w:{cluster_id}", _encode(window), expires)
        for subject, volume in self._volumes.items():
            if volume.changed:
                self._overlay.put(
                    f"v:{subject}", _encode(volume.row), volume.newest + KEEP_WINDOW
                )
        for subject, at in self._learnt.items():
            self._overlay.put(
                f"b:{subject}", _encode(self._baselines[subject]), at + KEEP_HABIT
            )
