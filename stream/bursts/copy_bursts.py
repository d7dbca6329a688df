"""CopyBursts: one text by many accounts at once, against the subject's own baseline.

Two windows are watched: a short one and one of a day. A burst is a window with
at least ``min_accounts`` accounts that the subject's own history makes very
unlikely (``stream/bursts/baseline.py``). Whether it is copying, a fan event or news is
judged from what the posts show openly, never from opinions in them
(``stream/bursts/judge.py``). Reposts are ordinary spread: only copies written as
posts of their own make a burst of kind ``copy``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detect.neardup import prepare
from detect.watchlist import Watchlist
from ingest.records import Post
from stream.bursts.baseline import expected, surprise
from stream.bursts.judge import Crowd, Judgement, judge
from stream.bursts.marks import OpenMarks
from stream.bursts.state import DAY_MS, Windows
from stream.bursts.window import (
    ORIGINAL,
    SAMPLES,
    UNKNOWN_AGE,
    BurstRow,
    WindowRow,
    accounts,
    accounts_of,
    append,
    count_named,
    entries,
    fold,
    number,
    of_a_member,
    remove,
    share,
)
from stream.hosting.overlay import Overlay
from stream.ids import derive_id
from stream.operator import Context, Effects, Item, State
from stream.records import Burst, Cluster, GapSeen, Membership, PostSeen, Tick

SURPRISE = 2.5
"""-log10 of the tail bound from which a window stands out (the exact tail is rarer still)."""
SLOW_CROWD = 1.6
"""The window of a day needs this many times the accounts."""
TAUGHT = 3
"""Accounts from which a window teaches the baseline."""
GROWTH = 1.5
SHOWN = 50


class CopyBursts:
    """Bursts of copies per text cluster.

    Args:
        watchlist: what is official and which fan projects are declared.
        min_accounts: accounts that a short window needs at least.
        window_minutes: the short window.
        least_surprise: -log10 of the chance from which a window stands out.
    """

    def __init__(
        self,
        watchlist: Watchlist,
        *,
        min_accounts: int = 5,
        window_minutes: int = 10,
        least_surprise: float = SURPRISE,
    ) -> None:
        self._marks = OpenMarks(watchlist)
        self._groups_of = watchlist.groups_of
        self._min = min_accounts
        self._slow_min = max(min_accounts, round(min_accounts * SLOW_CROWD))
        self._window_ms = window_minutes * 60_000
        self._least = least_surprise

    @property
    def name(self) -> str:
        """Namespace of its state."""
        return "bursts"

    @property
    def version(self) -> str:
        """Stamped on every burst."""
        return "bursts/2"

    def reset(self) -> None:
        """Nothing is held in memory between calls."""

    def apply(self, state: State, batch: Sequence[Item], _ctx: Context, /) -> Effects:
        """Watch the clusters that the posts of a batch joined."""
        effects = Effects()
        windows = Windows(Overlay(state, effects), self._window_ms)
        for item in batch:
            event = item.event
            if isinstance(event, GapSeen):
                windows.add_gap(event.gap.since, event.gap.until)
            if isinstance(event, PostSeen) and event.change == "new":
                windows.volume(event.subject).count(event.post.event_at)
            if item.derived:
                self._changed(windows, item, effects)
            for cluster_id in item.due:
                self._quiet(windows, item, cluster_id, effects)
        windows.write()
        return effects

    def _changed(self, windows: Windows, item: Item, effects: Effects) -> None:
        """Follow what the clusters did with one event."""
        joined: dict[str, str] = {}
        clusters: dict[str, Cluster] = {}
        for result in item.derived:
            if isinstance(result, Cluster):
                if result.merged_into is not None:
                    self._merge(windows, result.cluster_id, result.merged_into)
                else:
                    clusters[result.cluster_id] = result
            elif isinstance(result, Membership) and result.cluster_id is not None:
                joined[result.post_id] = result.cluster_id
        event = item.event
        changed = (
            event.post.id if isinstance(event, PostSeen) else getattr(event, "post_id", "")
        )
        here = joined.get(changed)
        for cluster_id, cluster in clusters.items():
            window = windows.get(cluster_id)
            if window is not None:
                window.most = cluster.accounts
            if window is not None and remove(window, changed):
                windows.touch(cluster_id, item.watermark)
                if cluster_id != here and window.burst is not None:
                    self._emit(windows, window, cluster_id, item, effects)
        if isinstance(event, PostSeen) and here is not None and here in clusters:
            self._join(windows, item, event, clusters[here], effects)

    def _merge(self, windows: Windows, old_id: str, new_id: str) -> None:
        old = windows.get(old_id)
        if old is None:
            return
        new = windows.get(new_id)
        if new is None:
            windows.add(new_id, old)
        else:
            fold(old, new)
        windows.drop(old_id, new_id)

    def _join(
        self, windows: Windows, item: Item, event: PostSeen, cluster: Cluster, effects: Effects
    ) -> None:
        post = event.post
        at = post.event_at
        window = windows.get(cluster.cluster_id)
        entry, length = self._entry(event.subject, post)
        if window is None:
            window = WindowRow(subject=event.subject, length=length, opened=at)
            window.most = cluster.accounts
            windows.add(cluster.cluster_id, window)
            if cluster.posts > 1 and cluster.founder != post.id:
                append(window, _founder(entry, cluster))
                window.samples.append(cluster.founder)
        append(window, entry)
        if entry[ORIGINAL]:
            window.samples.append(post.id)
            # A burst keeps its first posts, anything else its latest.
            cut = slice(0, SAMPLES) if window.burst else slice(-SAMPLES, None)
            window.samples = window.samples[cut]
        windows.forget_old(window)
        windows.touch(cluster.cluster_id, max(at, item.watermark))
        if not window.timer:
            window.timer = max(at, item.watermark) + self._window_ms
            effects.timers.append((cluster.cluster_id, window.timer))
        if window.burst is not None and at - window.burst.last_at > DAY_MS:
            window.burst = None
            window.named = {}
        count_named(window, self._member(event))
        crowd = self._crowd(windows, window, at)
        if crowd is not None:
            self._crowded(windows, window, crowd, cluster, item, effects)

    def _entry(self, subject: str, post: Post) -> tuple[tuple[int, ...], int]:
        marks = self._marks.of(subject, post)
        text = prepare(post.text)
        age = UNKNOWN_AGE
        if post.author is not None and post.author.created_at is not None:
            age = max(0, (post.event_at - post.author.created_at) // DAY_MS)
        entry = (
            number(post.id, 64),
            number(post.account, 64),
            post.event_at,
            min(age, 1 << 30),
            number(text.key) if text else 0,
            number(text.template) if text else 0,
            number(marks.link),
            number(marks.domain),
            number(post.platform),
            round(marks.openness * 100),
            int(marks.original),
            int(marks.news),
        )
        return entry, len(text.body) if text else 0

    def _member(self, event: PostSeen) -> str:
        """The one member of the group whose log this is that a post names; else empty."""
        named = {one.subject for one in event.mentions}
        members = [one for one in named if event.subject in self._groups_of(one)]
        return members[0] if len(members) == 1 else ""

    def _crowd(self, windows: Windows, window: WindowRow, at: int) -> Crowd | None:
        """The window around ``at`` that stands out most; None when none does."""
        held = entries(window)
        if len(held) < min(self._min, TAUGHT):
            together = accounts(held, at - self._window_ms, at) if len(held) > 1 else len(held)
            window.peak = max(window.peak, min(together, window.most))
            return None
        baseline = windows.baseline(window.subject)
        best: Crowd | None = None
        # A late post may fill up a window that ends after it.
        newest = int(held["at"].max())
        for span, least in ((self._window_ms, self._min), (DAY_MS, self._slow_min)):
            slow = span == DAY_MS
            for until in dict.fromkeys((at, min(newest, at + span - 1))):
                crowd = min(accounts(held, until - span, until), window.most)
                volume = windows.volume(window.subject).posts(until, slow=slow)
                inside = (held["at"] > until - span) & (held["at"] <= until)
                others = max(0, volume - int(np.count_nonzero(inside)))
                if not slow and crowd > window.peak:
                    window.peak, window.others = crowd, others
                if crowd < least:
                    continue
                mean = expected(baseline, window.length, others, slow=slow)
                unlikely = surprise(crowd, mean)
                if unlikely < self._least or (best and best.surprise >= unlikely):
                    continue
                own = min(accounts(held, until - span, until, original=True), window.most)
                copied = own >= least and surprise(own, mean) >= self._least
                best = Crowd(crowd, mean, unlikely, copied)
        return best

    def _crowded(
        self,
        windows: Windows,
        window: WindowRow,
        crowd: Crowd,
        cluster: Cluster,
        item: Item,
        effects: Effects,
    ) -> None:
        """Begin or go on with a burst; say so when it has grown or is something else."""
        held = entries(window)
        burst = window.burst
        if burst is None:
            latest = held[-1]
            burst = window.burst = BurstRow(
                burst_id=derive_id(
                    "bu", window.subject, cluster.cluster_id, f"{int(latest['post']):016x}"
                ),
                detected_at=max(int(latest["at"]), item.watermark),
                since=int(held["at"].min()),
                last_at=int(latest["at"]),
            )
            window.dropped = 0
        burst.last_at = max(burst.last_at, int(held["at"].max()))
        burst.peak = max(burst.peak, window.peak)
        burst.copied = burst.copied or crowd.copied
        if crowd.surprise >= burst.surprise:
            burst.surprise, burst.mean, burst.crowd = crowd.surprise, crowd.mean, crowd.accounts
        grown = (
            accounts_of(window) >= burst.emitted * GROWTH
            or len(held) + window.dropped >= burst.shown * GROWTH
        )
        if grown or self._judged(windows, window, burst).kind != burst.kind:
            self._emit(windows, window, cluster.cluster_id, item, effects)

    def _judged(self, windows: Windows, window: WindowRow, burst: BurstRow) -> Judgement:
        held = entries(window)
        if not burst.remembered:
            burst.recurring = share(np.isin(held["account"], windows.recurring(window.subject)))
        crowd = Crowd(burst.crowd, burst.mean, burst.surprise, burst.copied)
        member = of_a_member(window, self._min)
        return judge(held, crowd, burst.recurring, tuple(window.samples[:SHOWN]), member)

    def _emit(
        self, windows: Windows, window: WindowRow, cluster_id: str, item: Item, effects: Effects
    ) -> None:
        burst = window.burst
        held = entries(window)
        if burst is None or not len(held):
            return
        judged = self._judged(windows, window, burst)
        burst.kind = judged.kind
        burst.revision += 1
        burst.emitted = accounts_of(window)
        burst.shown = len(held) + window.dropped
        found = Burst(
            burst_id=burst.burst_id,
            subject=window.subject,
            cluster_id=cluster_id,
            revision=burst.revision,
            operator_version=self.version,
            kind=judged.kind,
            first_at=min(burst.since, int(held["at"].min())),
            last_at=burst.last_at,
            detected_at=burst.detected_at,
            posts=burst.shown,
            accounts=burst.emitted,
            peak_accounts=burst.peak,
            expected_accounts=round(burst.mean, 3),
            evidence=judged.evidence,
            counter=judged.counter,
        )
        effects.emit.append((item.offset, found))

    def _quiet(self, windows: Windows, item: Item, cluster_id: str, effects: Effects) -> None:
        """A short window has passed: learn from it, or say how a burst ended."""
        window = windows.get(cluster_id)
        if window is None or not isinstance(item.event, Tick):
            return
        held = entries(window)
        window.timer = 0
        if len(held):
            again = int(held["at"].max()) + self._window_ms
            if item.event.at < again <= item.event.at + DAY_MS:
                window.timer = again
                effects.timers.append((cluster_id, again))
                windows.touch(cluster_id, item.event.at)
                return
        burst = window.burst
        if burst is not None:
            if burst.shown != len(held) + window.dropped:
                self._emit(windows, window, cluster_id, item, effects)
            if burst.kind == "copy" and not burst.remembered:
                burst.remembered = True
                windows.remember(window.subject, held["account"], item.event.at)
        if burst is None or burst.kind != "copy":
            windows.learn(window, item.event.at)
        window.peak = window.others = 0
        window.opened = item.event.at
        windows.touch(cluster_id, item.event.at)


def _founder(entry: tuple[int, ...], cluster: Cluster) -> tuple[int, ...]:
    """The founder's post, known by the cluster only: taken to look like its first copy."""
    account = entry[1] if cluster.accounts == 1 else number(cluster.founder, 64)
    platform = number(cluster.platforms[0]) if cluster.platforms else entry[8]
    return (
        number(cluster.founder, 64),
        account,
        cluster.first_at,
        UNKNOWN_AGE,
        *entry[4:8],
        platform,
        *entry[9:],
    )
