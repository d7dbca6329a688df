"""A sweep over what was shared lately: which objects are a case, and of which campaign."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import takewhile

import msgspec
import numpy as np

from stream.coordination.axes import (
    INDEPENDENT,
    NEWS_SHARE,
    OPEN,
    SHY,
    Axes,
    axes_of,
    is_chorus,
    kind_of,
)
from stream.coordination.bonds import Bonds
from stream.coordination.bridges import part_ways
from stream.coordination.campaign_state import (
    DARK,
    CampaignRow,
    ObjectRow,
    absorb,
    founded,
    note_object,
    note_post,
    renamed,
)
from stream.coordination.circles import circling
from stream.coordination.evidence import Ground, ground_of, reasons
from stream.coordination.grouping import PART_OF_IT, by_accounts, home_of, one_set, overlapping
from stream.coordination.lifetime import over_life, worst
from stream.coordination.looks import Look, Pairs, Places, column_of, look, objects_of
from stream.coordination.membership import draw_in, note_of, taking_part
from stream.coordination.objects import PRIMARY
from stream.coordination.past import Standings
from stream.coordination.table import Columns, Table
from stream.coordination.usual import Usual, usual_of
from stream.coordination.waves import critics, is_wave, own_words, wave_of

SMALLEST = 3
"""Accounts from which an object is looked at."""
LEAST_DARK = 4
LEAST_BRIGHT = 15
"""Accounts from which a case, and a crowd that is none, is told."""
TRUSTED_LOOK = 0.2
"""Mean trust of its sharers from which an object is looked at whenever trust changes."""
FOLLOWED_HARM = 0.1
"""Harm from which an object is followed as a possible part of a case, as it is where its
accounts hide: what it has in common with other objects decides."""
JUDGED_AGAIN = 1.1
STEP = 1.2
"""Growth after which a campaign, and an object without one, are looked at again."""
HOUR_MS = 60 * 60 * 1000
TRUSTED = 0.4
"""Score from which an account may be drawn in: two posts in company trusted by a fifth."""
NEWEST = 2_048
"""Posts of a campaign on which its axes rest."""


class Sweep:
    """One look at everything that changed since the last one.

    Args:
        swept: number of the first row that is new.
        campaigns: of the subject; changed in place.
        bursts: how surprising the copies of a cluster were that burst.
        circles: the same of objects that a closed circle shared.
    """

    def __init__(
        self,
        subject: str,
        table: Table,
        trust: Mapping[int, float],
        standings: Standings,
        campaigns: dict[str, CampaignRow],
        bursts: Mapping[str, float],
        circles: Mapping[int, float],
        *,
        swept: int,
        at: int,
        known_subject: bool,
    ) -> None:
        self._subject = subject
        self._table = table
        self._trust = trust
        self._standings = standings
        self._campaigns = campaigns
        self._bursts = bursts
        self._circles = circles
        self._swept = swept
        self._at = at
        self._known = known_subject
        self.columns: Columns = table.columns()
        self._homes = {o: name for name, row in campaigns.items() for o in row.objects}
        self._counted: dict[str, set[int]] = {}
        self.touched: dict[str, None] = {}
        self.merged: list[tuple[CampaignRow, str]] = []

    @cached_property
    def _pairs(self) -> Pairs:
        return Pairs(self._table, self.columns)

    @cached_property
    def _active(self) -> int:
        return len(np.unique(self.columns.account))

    @cached_property
    def _usual(self) -> Usual:
        return usual_of(self.columns)

    @cached_property
    def _ground(self) -> Ground:
        return ground_of(self.columns, self._trust)

    def run(self, *, anew: bool) -> None:
        """Take every changed object to its campaign, then judge the campaigns anew.

        Args:
            anew: also look at objects that did not change but are in trusted company.
        """
        table = self._table
        dirty = sorted(
            (value for value, rows in table.hot.items() if rows[-1] >= self._swept),
            key=lambda value: (table.hot[value][0], value),
        )
        for value in dirty:
            home = self._homes.get(value)
            if home is not None and value in self._campaigns[home].objects:
                self._more(self._campaigns[home], value)
            elif self._grown(value):
                self._object(value)
        if anew:
            self._trusted_anew()
        for name in list(self.touched):
            if name in self._campaigns:
                self._gather(self._campaigns[name])
        for name in self.touched:
            row = self._campaigns[name]
            if row.count >= JUDGED_AGAIN * row.judged or self._at - row.judged_at >= HOUR_MS:
                self._judge(row)
        self._wave()

    def _wave(self) -> None:
        """Tell of a wave of criticism, if there is one."""
        places = critics(self._table, self.columns, self._campaigns, self._at)
        if not len(places):
            return
        seen = self._pairs.counted(self._look(places), set())
        if not is_wave(axes := own_words(self.columns, seen)):
            return
        row = wave_of(
            self._subject, self._table, self.columns, places, self._campaigns, self._at
        )
        row.kind, row.asleep = "criticism_wave", False
        row.detected_at = row.detected_at or self._at
        self._measured(row, seen, axes)
        self.touched[row.id] = None

    def _measured(self, row: CampaignRow, seen: Look, axes: Axes) -> None:
        row.coordination = round(axes.coordination, 4)
        row.openness = round(axes.openness, 4)
        row.independence = round(axes.independence, 4)
        row.harm = None if axes.harm is None else round(axes.harm, 4)
        row.judged, row.judged_at = row.count, self._at
        row.evidence, row.counter = reasons(self._table, self.columns, seen, axes, self._ground)

    def _trusted_anew(self) -> None:
        """Look at what is in trusted company now, and at campaigns that grew together."""
        circling = [value for value in self._circles if value in self._table.hot]
        for value in (*self._pairs.trusted(self._standings, TRUSTED_LOOK), *circling):
            if value not in self._homes:
                self._object(value)
        self._draw_in()
        for name in sorted(self._campaigns):
            self._part(self._campaigns[name])
        for pair in overlapping(self._campaigns, self._active):
            if all(name in self._campaigns for name in pair):
                row = self._united(list(pair))
                row.judged = 0
                self.touched[row.id] = None

    def _part(self, row: CampaignRow) -> None:
        """Let a part leave that has little in common with the rest, if that tells more."""
        held = (self._campaigns, self._table, self._subject)
        for one in part_ways(row, *held, at=self._at, judge=self._judge):
            self._homes.update(dict.fromkeys(one.objects, one.id))
            self.touched[one.id] = None

    def _grown(self, value: int) -> bool:
        """Whether an object passed another step of its growth, a fifth each."""
        rows = self._table.hot[value]
        before = bisect_left(rows, self._swept)
        if before < SMALLEST:
            return True
        return int(math.log(len(rows), STEP)) > int(math.log(before, STEP))

    def _more(self, row: CampaignRow, value: int) -> None:
        """New posts with an object that a campaign has already."""
        self._take_in(row, value, self._swept)
        rows = self._table.hot[value]
        found = row.objects[value]
        found.last_at = max(found.last_at, int(self.columns.at[rows[-1] - self._table.base]))
        found.posts = max(found.posts, len(rows))
        self.touched[row.id] = None
        row.asleep = False

    def _gather(self, row: CampaignRow) -> None:
        """Take in what else the accounts of a campaign shared mostly among themselves."""
        if not row.dark or len(row.members) < LEAST_DARK:
            return
        members = np.array(sorted(row.members), dtype=np.uint64)
        for value, common, accounts in self._pairs.around(members):
            part = one_set(common, accounts, len(members), self._active)
            if value in self._homes or not part:
                continue
            places = self._places(value)
            if common < PART_OF_IT * accounts or not self._is_ours(places):
                continue
            seen = self._look(places)
            if axes_of(seen).openness < OPEN and row.id in self._campaigns:
                self._join(value, seen, dark=True)

    def _draw_in(self) -> None:
        """Take in trusted accounts that share several things with a campaign's members."""
        dark = {n: row for n, row in self._campaigns.items() if row.kind in DARK}
        if not dark:
            return
        trusted = self._standings["account"][self._standings["score"] >= TRUSTED]
        bonds = Bonds(self.columns, trusted)
        for name in sorted(dark):
            if draw_in(dark[name], bonds, self._table, self.columns):
                self.touched[name] = None

    def _places(self, value: int) -> Places:
        return np.frombuffer(self._table.hot[value], dtype=np.int64) - self._table.base

    def _object(self, value: int) -> None:
        places = self._places(value)
        accounts = np.unique(self.columns.account[places])
        if len(accounts) < SMALLEST or not self._is_ours(places):
            return
        seen = self._circling(self._look(places), (value,))
        known = self._is_known(seen)
        if seen.size < LEAST_BRIGHT and not (known or self._is_dark(seen)):
            # More in common only speaks for a case, so there is no need to count it.
            return
        seen = self._pairs.counted(seen, {value})
        dark = known or self._is_dark(seen)
        small = seen.size < LEAST_BRIGHT
        if not dark and (small or self._kind(seen, axes_of(seen)) == "unclear"):
            return
        self._join(value, seen, dark=dark)

    def _is_ours(self, places: Places) -> bool:
        """Whether the subject stands for most of these posts; else another tells of them."""
        primary = (self.columns.flags[places] & PRIMARY) > 0
        return 2 * int(np.count_nonzero(primary)) >= len(places)

    def _look(self, places: Places) -> Look:
        rows: list[int] = places.tolist()
        clusters = {self._table.clusters[place] for place in rows}
        burst = max((self._bursts.get(c, 0.0) for c in clusters if c), default=0.0)
        return look(self.columns, places, self._trust, self._usual, burst)

    def _circling(self, seen: Look, objects: Iterable[int]) -> Look:
        theirs = [o for o in objects if o in self._circles and o in self._table.hot]
        inside = [self.columns.account[self._places(value)] for value in theirs]
        surprise = circling([self._circles[o] for o in theirs], inside, seen.accounts)
        return msgspec.structs.replace(seen, circle=surprise) if surprise else seen

    def _is_dark(self, seen: Look) -> bool:
        axes = axes_of(seen)
        kind = self._kind(seen, axes)
        if kind in DARK or kind == "fan_event":
            return kind in DARK
        doubtful = (axes.harm or 0.0) >= FOLLOWED_HARM or axes.concealed >= SHY
        doubtful = doubtful or is_chorus(seen, axes)
        return doubtful and axes.openness < OPEN and axes.independence < INDEPENDENT

    def _is_known(self, seen: Look) -> bool:
        """Whether the accounts of a case shared it too."""
        cases = {name: row for name, row in self._campaigns.items() if row.kind in DARK}
        if not cases or seen.openness >= OPEN or seen.news >= NEWS_SHARE:
            return False
        return bool(by_accounts(seen.accounts, cases, self._active))

    def _kind(self, seen: Look, axes: Axes) -> str:
        _, counts = np.unique(self.columns.account[seen.places], return_counts=True)
        busiest = float(counts.max()) / seen.posts
        return kind_of(seen, axes, busiest=busiest, known_subject=self._known)

    def _join(self, value: int, seen: Look, *, dark: bool) -> None:
        table = self._table
        first = int(seen.places[0])
        rows: list[int] = seen.places.tolist()
        stems = next((table.stems[place] for place in rows if table.stems[place]), b"")
        beside = objects_of(self.columns, seen.places, value)
        homes = home_of(
            value,
            seen.accounts,
            beside,
            stems,
            self._campaigns,
            self._homes,
            dark=dark,
            hides=seen.hiding >= SHY,
            at=int(self.columns.at[first]),
            active=self._active,
        )
        if homes:
            row = self._united(homes)
        else:
            post, since = table.posts[first], int(self.columns.at[first])
            row = founded(self._subject, value, post, at=since, seen_at=self._at, dark=dark)
            self._campaigns[row.id] = row
        at = self.columns.at[seen.places]
        note_object(
            row,
            value,
            ObjectRow(
                column=column_of(self.columns, first, value),
                post=table.posts[first],
                first_at=int(at.min()),
                last_at=int(at.max()),
                accounts=seen.size,
                posts=seen.posts,
                stems=stems,
            ),
        )
        self._homes[value] = row.id
        # Beyond the cap nobody can tell which posts were counted: then only new ones are.
        full = row.count > len(row.posts)
        self._take_in(row, value, self._swept if full else table.base)
        row.judged = 0
        self.touched[row.id] = None
        row.asleep = False

    def _united(self, names: list[str]) -> CampaignRow:
        """The oldest of these campaigns, with the others taken in."""
        rows = sorted((self._campaigns[n] for n in names), key=lambda r: (r.seen_at, r.id))
        first, others = rows[0], rows[1:]
        for other in others:
            absorb(first, other)
            self._homes.update(dict.fromkeys(other.objects, first.id))
            self.merged.append((other, first.id))
            renamed(self._campaigns, other.id, first.id)
            del self._campaigns[other.id]
            self.touched.pop(other.id, None)
        return first

    def _take_in(self, row: CampaignRow, value: int, since: int) -> None:
        """Note the posts of an object from a row on that the campaign does not have yet."""
        table = self._table
        counted = self._counted.setdefault(row.id, set())
        numbers = list(takewhile(lambda number: number >= since, table.rows(value)))
        new = np.array(numbers[::-1], dtype=np.int64) - table.base
        part: list[int] = taking_part(row, self.columns, value, new, self._campaigns).tolist()
        for place in part:
            if table.posts[place] in row.posts or place in counted:
                continue
            counted.add(place)
            note_post(row, note_of(table, self.columns, place, value))
            cluster = table.clusters[place]
            if cluster is not None and cluster not in row.clusters:
                row.clusters = [*row.clusters, cluster][-32:]

    def _judge(self, row: CampaignRow) -> None:
        """Work the axes out from all posts that are still held."""
        held = {
            o: taking_part(row, self.columns, o, self._places(o), self._campaigns)
            for o in row.objects
            if o in self._table.hot
        }
        held = {o: places for o, places in held.items() if len(places)}
        if not held:
            return
        places = np.unique(np.concatenate(list(held.values())))[-NEWEST:]
        found = self._pairs.counted(self._look(places), set(row.objects))
        found = self._circling(found, row.objects)
        seen = over_life(row, found, self._usual)
        axes = axes_of(seen)
        axes = msgspec.structs.replace(axes, harm=worst(row, self.columns, held, axes.harm))
        least = LEAST_DARK if row.dark else LEAST_BRIGHT
        kind = self._kind(seen, axes) if len(row.members) >= least else "unclear"
        if kind in DARK and row.kind not in DARK:
            row.detected_at = self._at
        row.kind = kind  # type: ignore[assignment]
        row.dark = row.dark or kind in DARK
        row.detected_at = row.detected_at or self._at
        self._measured(row, seen, axes)
