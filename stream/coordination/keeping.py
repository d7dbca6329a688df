"""The rows that Coordination keeps, and a subject's memory made from them.

    h: subject          where its blocks begin and end, what is due
    b: subject, block   sixteen posts with what they share
    p: subject, chunk   shares of posts that left the blocks
    t: subject          how accounts stand
    r: subject          what closed circles shared
    c: subject, id      a campaign
    u: subject          bursts of copies lately, by cluster

Blocks are written while they fill and removed whole, from the old end.
"""

from __future__ import annotations

from array import array

import msgspec
import numpy as np

from stream.bursts.window import UNKNOWN_AGE
from stream.coordination.campaign_state import (
    MOST_CAMPAIGNS,
    CampaignRow,
    decode_campaign,
    encode_campaign,
)
from stream.coordination.circles import CIRCLE, Circles
from stream.coordination.objects import COLUMNS
from stream.coordination.past import ACTION, STANDING, Actions, Standings, settled
from stream.coordination.table import Row, Table
from stream.hosting.overlay import Overlay

END = "\x1f"
BLOCK = 16
HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS
LIVE_MS = 36 * HOUR_MS
"""How long posts stay in the table: a day, and room for those that come late."""
FORGET_MS = 6 * HOUR_MS
PAST_MS = 14 * DAY_MS
CAMPAIGN_MS = 60 * DAY_MS
"""A campaign that slept so long begins as a new one."""
KEEP_MS = 60 * DAY_MS
"""Rows are removed at sweeps; this only ends what an interrupted life would leave."""
MOST_ROWS = 60_000
"""Posts of a subject held; beyond, the oldest sixteenth leaves early."""
MOST_BURSTS = 256
MOST_PAST = 200_000
"""Shares of a subject held after their posts left."""

_encode = msgspec.msgpack.Encoder().encode
_raws = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_row = msgspec.msgpack.Decoder(Row).decode


class Header(msgspec.Struct, array_like=True):
    """What is known of a subject besides its rows.

    ``fresh`` counts shares of objects that others had shared, since the last sweep;
    ``untrusted`` the same since trust was last worked out, at ``trusted_at``.
    Rows from number ``swept`` on were not looked at yet.
    """

    base: int = 0
    end: int = 0
    timer: int = 0
    fresh: int = 0
    untrusted: int = 0
    trusted_at: int = 0
    chunks: int = 0
    swept: int = 0
    forgot_at: int = 0


_header = msgspec.msgpack.Decoder(Header).decode
_bursts = msgspec.msgpack.Decoder(dict[str, float]).decode


class Memory:
    """A subject's rows, past and standings, as they are in the state."""

    def __init__(self, subject: str, overlay: Overlay) -> None:
        self.subject = subject
        raw = overlay.get(f"h:{subject}")
        self.header = Header() if raw is None else _header(raw)
        self.table = Table(self.header.base)
        self._open: list[bytes] = []
        for key, block in overlay.scan(f"b:{subject}{END}"):
            rows = _raws(block)
            for one in rows:
                self.table.add(_row(one))
            if int(key.rpartition(END)[2]) == self.header.end // BLOCK:
                self._open = [bytes(one) for one in rows]
        chunks = [
            (key, np.frombuffer(v, dtype=ACTION))
            for key, v in overlay.scan(f"p:{subject}{END}")
        ]
        self._chunks = [(key, len(one), int(one["at"].max())) for key, one in chunks]
        self.past: Actions = np.concatenate(
            [np.zeros(0, dtype=ACTION), *(c for _, c in chunks)]
        )
        self.standings: Standings = np.frombuffer(
            overlay.get(f"t:{subject}") or b"", dtype=STANDING
        )
        self._trust: dict[int, float] | None = None
        raw = overlay.get(f"r:{subject}")
        self.circles: dict[int, float] = _circles(np.frombuffer(raw or b"", dtype=CIRCLE))
        known = (decode_campaign(raw) for _, raw in overlay.scan(f"c:{subject}{END}"))
        self.campaigns: dict[str, CampaignRow] = {row.id: row for row in known}
        raw = overlay.get(f"u:{subject}")
        self.bursts: dict[str, float] = {} if raw is None else _bursts(raw)
        self.touched = False
        self.clock = max(self.table.seen, default=0)

    @property
    def trust(self) -> dict[int, float]:
        """Score by account number, as last worked out."""
        if self._trust is None:
            names, scores = self.standings["account"], self.standings["score"]
            self._trust = dict(zip(names.tolist(), scores.tolist(), strict=True))
        return self._trust

    @property
    def empty(self) -> bool:
        """Whether nothing is held any more."""
        return not len(self.table) and not len(self.past)

    def add(self, row: Row, overlay: Overlay) -> int:
        """Hold a post; its number."""
        number = self.table.add(row)
        self.clock = max(self.clock, row.seen)
        self._open.append(_encode(row))
        self.header.end = number + 1
        self.touched = True
        if len(self._open) == BLOCK:
            self._write_open(overlay)
            self._open = []
        if len(self.table) > MOST_ROWS:
            self.retire(MOST_ROWS // 16 // BLOCK * BLOCK, overlay)
        return number

    def row(self, number: int, overlay: Overlay) -> Row:
        """A post that is held, as the state has it."""
        if number // BLOCK == self.header.end // BLOCK:
            return _row(self._open[number % BLOCK])
        return _row(_raws(self._held_block(number // BLOCK, overlay))[number % BLOCK])

    def _held_block(self, block: int, overlay: Overlay) -> bytes:
        raw = overlay.get(self._block(block))
        if raw is None:
            raise LookupError(f"block {block} of a post that is held is gone")
        return raw

    def blank(self, number: int, overlay: Overlay) -> None:
        """Forget the post of a row."""
        self.table.blank(number)
        gone = _encode(Row("", "", 0, 0, UNKNOWN_AGE, 0, 0, -1, _NOTHING))
        block = number // BLOCK
        self.touched = True
        if block == self.header.end // BLOCK:
            self._open[number % BLOCK] = gone
            return
        rows = _raws(self._held_block(block, overlay))
        rows[number % BLOCK] = msgspec.Raw(gone)
        overlay.put(self._block(block), _encode(rows), self.clock + KEEP_MS)

    def _block(self, number: int) -> str:
        return f"b:{self.subject}{END}{number:012d}"

    def _write_open(self, overlay: Overlay) -> None:
        block = (self.header.end - len(self._open)) // BLOCK
        rows = [msgspec.Raw(one) for one in self._open]
        overlay.put(self._block(block), _encode(rows), self.clock + KEEP_MS)

    def retire(self, count: int, overlay: Overlay) -> None:
        """Let the oldest rows go, in whole blocks; what others shared too stays as past."""
        if not count:
            return
        first = self.header.base // BLOCK
        chunk = settled(self.table, count, self.past)
        self.table.retire(count)
        if not len(self.table):
            # The next post begins a block of its own.
            self.header.end = -(-self.header.end // BLOCK) * BLOCK
            self.table = Table(self.header.end)
            self._open = []
        self.header.base = self.table.base
        for block in range(first, self.header.base // BLOCK):
            overlay.delete(self._block(block))
        if len(chunk):
            self.past = np.concatenate([self.past, chunk])
            key = f"p:{self.subject}{END}{self.header.chunks:012d}"
            newest = int(chunk["at"].max())
            overlay.put(key, chunk.tobytes(), self.clock + KEEP_MS)
            self._chunks.append((key, len(chunk), newest))
            self.header.chunks += 1
        self.touched = True

    def forget(self, at: int, overlay: Overlay) -> None:
        """Let go what is too long ago: posts after a day and a half, shares after weeks.

        Four times a day is often enough.
        """
        if at - self.header.forgot_at < FORGET_MS:
            return
        self.header.forgot_at = at
        self.retire(self._old(at), overlay)
        while self._chunks:
            key, size, newest = self._chunks[0]
            if newest > at - PAST_MS and len(self.past) <= MOST_PAST:
                break
            del self._chunks[0]
            overlay.delete(key)
            self.past = self.past[size:]

    def _old(self, at: int) -> int:
        """How many rows, in whole blocks or all, came longer ago than they are held."""
        seen = np.frombuffer(self.table.seen, dtype=np.int64)
        young = np.flatnonzero(seen > at - LIVE_MS)
        return int(young[0]) // BLOCK * BLOCK if len(young) else len(seen)

    def put_standings(self, found: Standings, overlay: Overlay) -> None:
        """Keep how accounts stand from now on."""
        self.standings, self._trust = found, None
        overlay.put(f"t:{self.subject}", found.tobytes(), self.clock + KEEP_MS)

    def put_circles(self, found: Circles, overlay: Overlay) -> None:
        """Keep what closed circles shared, by object, from now on."""
        self.circles = _circles(found)
        overlay.put(f"r:{self.subject}", found.tobytes(), self.clock + KEEP_MS)

    def note_burst(self, cluster_id: str, surprise: float, overlay: Overlay) -> None:
        """Copies of a cluster's text burst; 0 takes that back. The latest are kept."""
        self.bursts.pop(cluster_id, None)
        if surprise > 0:
            self.bursts[cluster_id] = surprise
        for oldest in list(self.bursts)[: max(0, len(self.bursts) - MOST_BURSTS)]:
            del self.bursts[oldest]
        expires = self.clock + CAMPAIGN_MS + KEEP_MS
        overlay.put(f"u:{self.subject}", _encode(self.bursts), expires)

    def put_campaign(self, row: CampaignRow, overlay: Overlay) -> None:
        """Keep a campaign as it is now."""
        key = f"c:{self.subject}{END}{row.id}"
        overlay.put(key, encode_campaign(row), self.clock + CAMPAIGN_MS + KEEP_MS)

    def drop_campaign(self, name: str, overlay: Overlay) -> None:
        """Forget a campaign; it is among the results for ever."""
        self.campaigns.pop(name, None)
        overlay.delete(f"c:{self.subject}{END}{name}")

    def forget_campaigns(self, at: int, overlay: Overlay) -> None:
        """Drop those asleep for long, and the ones last seen longest ago beyond the cap."""
        rows = sorted(self.campaigns.values(), key=lambda row: (row.last_at, row.id))
        for place, row in enumerate(rows):
            if row.last_at <= at - CAMPAIGN_MS or len(rows) - place > MOST_CAMPAIGNS:
                self.drop_campaign(row.id, overlay)

    def write(self, overlay: Overlay) -> None:
        """Put what changed since the last time."""
        if not self.touched:
            return
        self.touched = False
        if self.empty:
            for kind in "htru":
                overlay.delete(f"{kind}:{self.subject}")
            return
        if self._open:
            self._write_open(overlay)
        overlay.put(f"h:{self.subject}", _encode(self.header), self.clock + KEEP_MS)


def _circles(found: Circles) -> dict[int, float]:
    return dict(zip(found["object"].tolist(), found["surprise"].tolist(), strict=True))


_NOTHING = array("Q", [0]).tobytes() * COLUMNS
