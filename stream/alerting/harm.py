"""HarmAlerts: threats, sexual deepfakes and stalking that are aimed at a watched person.

One alert a subject and category, for words that leave little doubt: a score of the model
alone never makes one, unless several accounts independently post what it is sure about.
More of the same grows the alert that is there while it is warm; it is said again only
when the accounts have doubled, it has become more severe, or posts of it were deleted.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from detect.harm.thresholds import ALERT_FROM, SURE_FROM
from detect.records import OPINION, WORDS, HarmCategory, HarmScore, Mention
from stream.alerting.raised import counted
from stream.bursts.window import number
from stream.hosting.overlay import Overlay
from stream.ids import derive_id
from stream.operator import Context, Effects, Item, State
from stream.records import Alert, Evidence, PostGone, PostSeen, Severity, SubjectEvent

HOUR_MS = 60 * 60 * 1000
KEEP_MS = 30 * 24 * HOUR_MS
ALARMING: tuple[HarmCategory, ...] = ("threat", "sexual_deepfake", "stalking")
"""Categories in which one post is enough, if its words are plain."""
_BY_NAME: dict[str, HarmCategory] = {one: one for one in ALARMING}
INDEPENDENT = 5
"""Accounts from which scores without telling words are believed together."""
GROWTH = 2
SHOWN = 50
ACCOUNTS = 1000
"""Most accounts that one alert counts."""
MENTIONED = 4
"""A post that names more subjects than this is a list, aimed at none of them."""
NAMED = frozenset({"alias", "copy", "official"})
LEVELS: tuple[tuple[int, Severity], ...] = ((10, "critical"), (3, "high"))
"""Accounts from which an alert is that severe; a threat to safety never is below high."""

_TITLES: dict[HarmCategory, str] = {
    "threat": "Threat to the safety of {subject}",
    "sexual_deepfake": "Sexual deepfakes of {subject} offered or asked for",
    "stalking": "Stalking of {subject} or sale of personal information",
}
_encode = msgspec.msgpack.Encoder().encode


class HarmRow(msgspec.Struct, array_like=True):
    """What is known of one subject and category; ``alert`` as last emitted, if any."""

    warm: int
    posts: list[str]
    accounts: list[int]
    platforms: list[str]
    best: float
    worded: int
    alert: Alert | None = None


_row = msgspec.msgpack.Decoder(HarmRow).decode


class HarmAlerts:
    """Alerts of kind ``harm``.

    Args:
        cooldown_hours: event time since the last such post within which more of the
            same grows the alert that is there.
    """

    def __init__(self, *, cooldown_hours: int = 24) -> None:
        self._cooldown_ms = cooldown_hours * HOUR_MS

    @property
    def name(self) -> str:
        """Namespace of its state."""
        return "harm_alerts"

    @property
    def version(self) -> str:
        """Stamped on every alert."""
        return "harm_alerts/1"

    def reset(self) -> None:
        """Nothing is held in memory between calls."""

    def apply(self, state: State, batch: Sequence[Item], _ctx: Context, /) -> Effects:
        """Raise and grow alerts for the judged posts of a batch."""
        effects = Effects()
        overlay = Overlay(state, effects)
        for item in batch:
            event = item.event
            if isinstance(event, PostGone):
                found = self._gone(overlay, event)
            elif isinstance(event, PostSeen) and event.change in {"new", "edit"}:
                found = self._seen(overlay, event)
            else:
                continue
            effects.emit.extend((item.offset, alert) for alert in found)
        return effects

    def _seen(self, overlay: Overlay, event: PostSeen) -> list[Alert]:
        now = _alarming(event)
        key = f"p:{event.subject}:{event.post.id}"
        before = overlay.get(key)
        known = before.decode().split() if before else []
        found: list[Alert] = []
        for category in known:
            # An edit that took the words out takes the post out of the alert.
            if all(one.category != category for one, _ in now):
                found += self._without(overlay, event.subject, category, event.post.id)
        if now:
            expires = event.post.event_at + KEEP_MS
            named = " ".join(one.category for one, _ in now)
            overlay.put(key, named.encode(), expires)
        elif known:
            overlay.delete(key)
        for one, worded in now:
            alert = self._add(overlay, event, one, worded=worded, again=one.category in known)
            if alert is not None:
                found.append(alert)
        return found

    def _add(
        self,
        overlay: Overlay,
        event: PostSeen,
        one: HarmScore,
        *,
        worded: bool,
        again: bool,
    ) -> Alert | None:
        """Count a post; the alert to emit when there is something new to say."""
        post = event.post
        at = post.event_at
        row = self._warm(overlay, event.subject, one.category, at)
        if not again:
            row.posts = [*row.posts, post.id][-SHOWN:]
            account = number(post.account, 64)
            if account not in row.accounts and len(row.accounts) < ACCOUNTS:
                row.accounts.append(account)
            if post.platform not in row.platforms:
                row.platforms = sorted([*row.platforms, post.platform])
            row.worded += worded
        row.warm = max(row.warm, at)
        row.best = max(row.best, one.score)
        emitted = self._say(event.subject, one.category, row, at)
        self._keep(overlay, event.subject, one.category, row)
        return emitted

    def _warm(self, overlay: Overlay, subject: str, category: HarmCategory, at: int) -> HarmRow:
        raw = overlay.get(f"h:{subject}:{category}")
        row = None if raw is None else _row(raw)
        if row is None or at - row.warm > self._cooldown_ms:
            return HarmRow(at, [], [], [], 0.0, 0)
        return row

    def _say(self, subject: str, category: HarmCategory, row: HarmRow, at: int) -> Alert | None:
        """The alert as it is now, when it is the first or says something new."""
        if not (row.worded or len(row.accounts) >= INDEPENDENT):
            return None
        severity = _severity(category, len(row.accounts))
        old = row.alert
        if old is None:
            first = Alert(
                alert_id=derive_id("al", "harm", subject, category, row.posts[0]),
                subject=subject,
                kind="harm",
                severity=severity,
                title=_title(subject, category, row),
                created_at=at,
                updated_at=at,
                revision=1,
                operator_version=self.version,
                posts=len(row.posts),
                accounts=len(row.accounts),
                platforms=tuple(row.platforms),
                post_ids=tuple(row.posts),
                evidence=_evidence(category, row),
            )
            row.alert = counted(first)
            return row.alert
        gone = set(old.post_ids) - set(row.posts) and len(row.posts) < old.posts
        if not (len(row.accounts) >= GROWTH * old.accounts or severity != old.severity or gone):
            return None
        row.alert = msgspec.structs.replace(
            old,
            severity=severity if row.posts else "low",
            title=_title(subject, category, row),
            updated_at=max(old.updated_at, at),
            revision=old.revision + 1,
            posts=len(row.posts),
            accounts=len(row.accounts),
            platforms=tuple(row.platforms),
            post_ids=tuple(row.posts),
            evidence=_evidence(category, row),
        )
        return row.alert

    def _gone(self, overlay: Overlay, event: PostGone) -> list[Alert]:
        key = f"p:{event.subject}:{event.post_id}"
        known = overlay.get(key)
        if known is None:
            return []
        overlay.delete(key)
        return [
            alert
            for category in known.decode().split()
            for alert in self._without(overlay, event.subject, category, event.post_id)
        ]

    def _without(
        self, overlay: Overlay, subject: str, category: str, post_id: str
    ) -> list[Alert]:
        """Take a post out again, and say so where an alert named it."""
        raw = overlay.get(f"h:{subject}:{category}")
        row = None if raw is None else _row(raw)
        if row is None or post_id not in row.posts:
            return []
        row.posts.remove(post_id)
        named = _BY_NAME[category]
        alert = None if row.alert is None else self._say(subject, named, row, row.warm)
        self._keep(overlay, subject, named, row)
        return [] if alert is None else [alert]

    @staticmethod
    def _keep(overlay: Overlay, subject: str, category: HarmCategory, row: HarmRow) -> None:
        overlay.put(f"h:{subject}:{category}", _encode(row), row.warm + KEEP_MS)


class Worst(msgspec.Struct, frozen=True, array_like=True):
    """The gravest thing that words say a post does to a subject."""

    category: HarmCategory
    score: float
    post_id: str

    def evidence(self) -> Evidence:
        """The same as a reason of an alert."""
        return Evidence(
            signal=f"harm_{self.category}",
            value=self.score,
            post_ids=(self.post_id,),
        )


def worst_of(event: SubjectEvent) -> Worst | None:
    """The worst that a post does to its subject; None where nothing is sure.

    Opinion is no harm, and a score that no words stand for says nothing here.
    """
    judgement = event.judgement if isinstance(event, PostSeen) else None
    if not isinstance(event, PostSeen) or judgement is None or judgement.target != "subject":
        return None
    worded = {one.category for one in judgement.reasons if one.layer == WORDS}
    found = [
        Worst(one.category, one.score, event.post.id)
        for one in judgement.harm
        if one.category in worded and one.category != OPINION and one.score >= SURE_FROM
    ]
    return max(found, key=lambda one: one.score, default=None)


def _alarming(event: PostSeen) -> list[tuple[HarmScore, bool]]:
    """Scores that count for an alert, and whether words alone are enough for it."""
    judgement = event.judgement
    if judgement is None or judgement.target != "subject" or not judgement.harm:
        return []
    if not _is_aimed(event.subject, event.mentions):
        return []
    worded = {one.category for one in judgement.reasons if one.layer == WORDS}
    return [
        (one, one.score >= ALERT_FROM and one.category in worded)
        for one in judgement.harm
        if one.category in ALARMING and not one.unsure and one.score >= SURE_FROM
    ]


def _is_aimed(subject: str, mentions: Sequence[Mention]) -> bool:
    named = {one.subject for one in mentions if one.reason in NAMED}
    return subject in named and len(named) <= MENTIONED


def _severity(category: HarmCategory, accounts: int) -> Severity:
    for least, level in LEVELS:
        if accounts >= least:
            return level
    return "high" if category == "threat" else "medium"


def _title(subject: str, category: HarmCategory, row: HarmRow) -> str:
    posts, accounts = len(row.posts), len(row.accounts)
    return (
        f"{_TITLES[category].format(subject=subject)}: {posts} post{'s' * (posts != 1)} "
        f"by {accounts} account{'s' * (accounts != 1)}"
    )


def _evidence(category: HarmCategory, row: HarmRow) -> tuple[Evidence, ...]:
    return (
        Evidence(
            signal=f"harm_{category}",
            value=row.best,
            post_ids=tuple(row.posts),
        ),
        Evidence(signal="telling_words", value=float(row.worded)),
        Evidence(signal="accounts", value=float(len(row.accounts))),
    )
