"""Coordination: the operator that follows who shares what with whom, subject by subject.

Posts are taken in as they come. At sweeps, which follow event time, old posts
leave, trust is worked out again where enough has changed, and narratives are
judged. A sweep is due half an hour after something was shared, at the next tick
when much was, and four times a day anyhow.
"""

from __future__ import annotations

from collections.abc import Sequence

from detect.watchlist import Watchlist
from ingest.records import Post
from stream.bursts.marks import OpenMarks
from stream.bursts.window import number
from stream.coordination.campaign_state import SLEEP_MS, CampaignRow, drop_post
from stream.coordination.circles import circles
from stream.coordination.families import assign
from stream.coordination.keeping import DAY_MS, HOUR_MS, Memory
from stream.coordination.narratives import Sweep
from stream.coordination.objects import CLUSTER, MEDIA, PRIMARY, SHARED, Seen, seen
from stream.coordination.past import kept, standings
from stream.coordination.pictures import family_key, put_family
from stream.coordination.signs import Sign, leave_out
from stream.coordination.table import row_of
from stream.coordination.telling import told, worth_telling
from stream.hosting.overlay import Overlay
from stream.operator import Context, Effects, Item, State
from stream.records import Burst, MediaSeen, Membership, PostGone, PostSeen, Tick

SOON_MS = HOUR_MS // 2
"""Longest wait for a sweep after something was shared."""
ANYHOW_MS = 6 * HOUR_MS
"""Time between sweeps in which nothing was shared."""
MANY = 8
"""Shares of something known after which the next tick sweeps,"""
SHARE_OF_HOT = 16
"""or one for so many objects that are followed, if that is more."""
UNTRUSTED = 64
"""Shares after which trust is worked out again, or a fifth of the posts held."""
TRUST_MS = 6 * HOUR_MS
LOOKED_BACK = 4
"""Newest posts with the same object that tell whether others share it."""
JUDGED = frozenset({"new", "edit"})


class Coordination:
    """Accounts, narratives and campaigns of each subject.

    Args:
        watchlist: what is official and which fan projects are declared.
        without: signs that are left out, to measure what each is worth.
    """

    def __init__(self, watchlist: Watchlist, *, without: frozenset[Sign] = frozenset()) -> None:
        self._marks = OpenMarks(watchlist)
        self._without = without
        self._known = bool(watchlist.subjects)
        self._held: dict[tuple[int, str], Memory] = {}

    @property
    def name(self) -> str:
        """Namespace of its state."""
        return "coordination"

    @property
    def version(self) -> str:
        """Stamped on every campaign."""
        return "coordination/4"

    def reset(self) -> None:
        """Forget what is held in memory; it is read from the state again when needed."""
        self._held.clear()

    def memories(self) -> list[Memory]:
        """What is held of each subject, for looking at."""
        return list(self._held.values())

    def apply(self, state: State, batch: Sequence[Item], ctx: Context, /) -> Effects:
        """Take in the posts of a batch in order, and sweep where that is due."""
        effects = Effects()
        overlay = Overlay(state, effects)
        touched: dict[str, Memory] = {}
        for item in batch:
            event = item.event
            if isinstance(event, PostSeen):
                if event.change in JUDGED:
                    memory = self._memory(ctx.partition, event.subject, overlay)
                    self._seen(memory, item, event, overlay)
                    touched[event.subject] = memory
            elif isinstance(event, MediaSeen):
                family = family_key(event.findings)
                if family and "pictures" not in self._without:
                    memory = self._memory(ctx.partition, event.subject, overlay)
                    self._pictured(memory, item, event.post_id, family, overlay)
                    touched[event.subject] = memory
            elif isinstance(event, PostGone):
                memory = self._memory(ctx.partition, event.subject, overlay)
                self._gone(memory, item, event.post_id, overlay)
                touched[event.subject] = memory
            elif isinstance(event, Tick):
                for subject in item.due:
                    memory = self._memory(ctx.partition, subject, overlay)
                    self._sweep(memory, item, event.at, overlay)
                    touched[subject] = memory
        for subject, memory in touched.items():
            memory.write(overlay)
            if memory.empty:
                del self._held[ctx.partition, subject]
        return effects

    def _memory(self, partition: int, subject: str, overlay: Overlay) -> Memory:
        memory = self._held.get((partition, subject))
        if memory is None:
            memory = self._held[partition, subject] = Memory(subject, overlay)
        return memory

    def _seen(self, memory: Memory, item: Item, event: PostSeen, overlay: Overlay) -> None:
        post = event.post
        family = 0
        if event.revision > 1:
            before = memory.table.find(post.id)
            if before >= 0:
                # Nobody looks at the pictures of an edited post again.
                family = memory.table.value(before, MEDIA) if post.media else 0
                memory.blank(before, overlay)
        for result in item.derived:
            if isinstance(result, Burst) and "bursts" not in self._without:
                copied = result.kind == "copy"
                surprise = next((e.value for e in result.evidence if e.signal == "surprise"), 0)
                memory.note_burst(result.cluster_id, surprise if copied else 0.0, overlay)
        cluster = _joined(item, post.id)
        found = seen(self._marks, event.subject, post, event.judgement)
        if self._without:
            leave_out(found, self._without)
        if event.subject in event.subjects[:1] or not event.subjects:
            found.flags |= PRIMARY
        if cluster is not None and not self._without & {"texts", "rewording"}:
            found.keys[CLUSTER] = number(cluster, 64)
        assign(memory.table, found)
        found.keys[MEDIA] = family or found.keys[MEDIA]
        came = _came(item, post)
        shared = _shared(memory, found, post)
        memory.add(row_of(post.id, post.account, post.event_at, came, found, cluster), overlay)
        self._remind(memory, came, shared, overlay)

    def _pictured(
        self, memory: Memory, item: Item, post_id: str, family: int, overlay: Overlay
    ) -> None:
        """The picture of a post that is held belongs to a family."""
        shared = put_family(memory, post_id, family, item.watermark, overlay)
        if shared:
            self._remind(memory, max(memory.clock, item.watermark), shared, overlay)

    def _remind(self, memory: Memory, came: int, shared: int, overlay: Overlay) -> None:
        """Set the time of the next sweep."""
        header = memory.header
        want = came + ANYHOW_MS
        if shared:
            header.fresh += shared
            header.untrusted += shared
            many = max(MANY, len(memory.table.hot) // SHARE_OF_HOT)
            want = came + (1 if header.fresh >= many else SOON_MS)
        if not header.timer or want < header.timer:
            header.timer = want
            overlay.effects.timers.append((memory.subject, want))

    def _gone(self, memory: Memory, item: Item, post_id: str, overlay: Overlay) -> None:
        row = memory.table.find(post_id)
        if row >= 0:
            memory.blank(row, overlay)
        for campaign in sorted(memory.campaigns.values(), key=lambda one: one.id):
            if drop_post(campaign, post_id):
                if campaign.revision:
                    self._tell(memory, campaign, item, overlay)
                memory.put_campaign(campaign, overlay)

    def _sweep(self, memory: Memory, item: Item, at: int, overlay: Overlay) -> None:
        header = memory.header
        if header.timer > at:
            return
        memory.touched = True
        memory.clock = max(memory.clock, at)
        memory.forget(at, overlay)
        much = header.untrusted >= max(UNTRUSTED, len(memory.table) // 5)
        late = header.untrusted > 0 and at - header.trusted_at >= TRUST_MS
        if (much or late) and "trust" not in self._without:
            found = kept(standings(memory.table, memory.past))
            memory.put_standings(found, overlay)
            if "circles" not in self._without:
                memory.put_circles(circles(memory.table, memory.past), overlay)
            header.trusted_at, header.untrusted = at, 0
        self._campaigns(memory, item, overlay, anew=header.trusted_at == at)
        header.fresh = header.timer = 0
        if not memory.empty:
            header.timer = at + ANYHOW_MS
            overlay.effects.timers.append((memory.subject, header.timer))

    def _campaigns(self, memory: Memory, item: Item, overlay: Overlay, *, anew: bool) -> None:
        """Judge what changed, tell what is new, and let sleep what is quiet.

        ``anew``: trust has changed, so that old objects may look different.
        """
        at = memory.clock
        before = {name: (row.kind, row.asleep) for name, row in memory.campaigns.items()}
        sweep = Sweep(
            memory.subject,
            memory.table,
            memory.trust,
            memory.standings,
            memory.campaigns,
            memory.bursts,
            memory.circles,
            swept=memory.header.swept,
            at=at,
            known_subject=self._known,
        )
        sweep.run(anew=anew)
        memory.header.swept = memory.header.end
        for row, into in sweep.merged:
            if row.revision:
                gone = told(row, memory.subject, self.version, memory.trust, into)
                overlay.effects.emit.append((item.offset, gone))
            memory.drop_campaign(row.id, overlay)
        for name in sweep.touched:
            row = memory.campaigns[name]
            kind, asleep = before.get(name, ("unclear", False))
            if worth_telling(row, kind, woke=asleep):
                self._tell(memory, row, item, overlay)
            memory.put_campaign(row, overlay)
        for row in sorted(memory.campaigns.values(), key=lambda one: one.id):
            if not row.asleep and at - row.last_at > SLEEP_MS:
                row.asleep = True
                if row.revision:
                    self._tell(memory, row, item, overlay)
                memory.put_campaign(row, overlay)
        memory.forget_campaigns(at, overlay)

    def _tell(self, memory: Memory, row: CampaignRow, item: Item, overlay: Overlay) -> None:
        found = told(row, memory.subject, self.version, memory.trust)
        overlay.effects.emit.append((item.offset, found))


def _joined(item: Item, post_id: str) -> str | None:
    """The cluster of near-duplicates that the post joined with this event."""
    for result in item.derived:
        if isinstance(result, Membership) and result.post_id == post_id:
            return result.cluster_id
    return None


def _came(item: Item, post: Post) -> int:
    """When a post counts as seen: never behind event time, hardly ahead of it."""
    if not item.watermark:
        return post.event_at
    return min(max(post.event_at, item.watermark), item.watermark + DAY_MS)


def _shared(memory: Memory, found: Seen, post: Post) -> int:
    """How many of a post's objects another account shared within a day."""
    table = memory.table
    account = number(post.account, 64)
    count = 0
    for column in SHARED:
        value = found.keys[column]
        if value:
            for row in table.newest(value, LOOKED_BACK):
                index = row - table.base
                apart = abs(table.at[index] - post.event_at)
                if table.account[index] != account and apart <= DAY_MS:
                    count += 1
                    break
    return count
