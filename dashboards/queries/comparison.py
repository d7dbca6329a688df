"""A campaign beside the others about its subject: what they share, and which came first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from detect.links import canonical_url
from detect.neardup import prepare
from detect.wording.stems import alike, stems
from stream.index import Index, IndexedPost
from stream.records import Campaign

OF_A_KIND = 6
"""Most frequent texts, links and pictures of each that are compared."""
ALIKE = 0.4
"""Share of stems in common from which two wordings say the same, as in the detector."""
FEWEST_TIMES = 10
"""Times of posts from which the hours of the day of two campaigns are compared."""
HOUR_MS = 60 * 60 * 1000
HOURS = 24

Relation = Literal["split_from", "split_off", "returns_from", "returned_as", "beside"]
"""How another campaign stands to this one: it left that one or that one left it, it came
after that one fell silent or the reverse, or both were active at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Another campaign about the subject that has something in common with this one.

    Attributes:
        common: accounts in common.
        objects: links and pictures of this one that the other pushed too.
        phrases: wordings of this one that the other said alike.
        hours: how alike the hours of the day are at which accounts began and ended, 0 to 1;
            None where there are too few.
    """

    campaign: Campaign
    relation: Relation
    common: int
    objects: int
    phrases: int
    hours: float | None


@dataclass(frozen=True, slots=True)
class _Habits:
    """What a campaign can be known by."""

    texts: list[bytes]
    things: set[str]


def kin(index: Index, campaign: Campaign, known: Sequence[Campaign]) -> tuple[Kin, ...]:
    """Those of the known campaigns with something in common, most accounts first.

    Hours alone make no kin: many people are awake at the same time.
    """
    others = [one for one in known if one.campaign_id != campaign.campaign_id]
    if not others:
        return ()
    every = [campaign, *others]
    ids = dict.fromkeys(post_id for one in every for post_id in _telling(one))
    posts = {one.post.id: one for one in index.posts(list(ids))}
    mine = _habits(campaign, posts)
    found = [_compared(campaign, mine, one, _habits(one, posts)) for one in others]
    found = [one for one in found if _is_kin(one)]
    found.sort(
        key=lambda one: (-one.common, -one.objects, -one.phrases, one.campaign.campaign_id)
    )
    return tuple(found)


def _is_kin(one: Kin) -> bool:
    parted = one.relation in {"split_from", "split_off"}
    return parted or bool(one.common or one.objects or one.phrases)


def _compared(campaign: Campaign, mine: _Habits, other: Campaign, theirs: _Habits) -> Kin:
    return Kin(
        campaign=other,
        relation=_relation(campaign, other),
        common=len(set(campaign.accounts) & set(other.accounts)),
        objects=len(mine.things & theirs.things),
        phrases=sum(any(alike(a, b) >= ALIKE for b in theirs.texts) for a in mine.texts),
        hours=_same_hours(_times(campaign), _times(other)),
    )


def _relation(campaign: Campaign, other: Campaign) -> Relation:
    if campaign.split_from == other.campaign_id:
        return "split_from"
    if other.split_from == campaign.campaign_id:
        return "split_off"
    if other.last_post_at < campaign.first_post_at:
        return "returns_from"
    return "returned_as" if campaign.last_post_at < other.first_post_at else "beside"


def _telling(campaign: Campaign) -> list[str]:
    """Posts that show the texts, links and pictures it shared most."""
    taken: Counter[str] = Counter()
    found: list[str] = []
    for one in campaign.shared:
        if one.kind != "target" and taken[one.kind] < OF_A_KIND:
            taken[one.kind] += 1
            found.append(one.post_id)
    return found


def _habits(campaign: Campaign, posts: Mapping[str, IndexedPost]) -> _Habits:
    texts: list[bytes] = []
    things: set[str] = set()
    for one in campaign.shared:
        shown = posts.get(one.post_id)
        if shown is None:
            continue
        if one.kind == "text":
            text = prepare(shown.post.text)
            packed = stems(text) if text is not None else b""
            texts += [packed] if packed else []
        elif one.kind == "link":
            things.update(filter(None, map(canonical_url, shown.post.urls)))
        elif one.kind == "media":
            things.update(m.pdq or m.sha256 or "" for m in shown.post.media)
    return _Habits(texts, things - {""})


def _times(campaign: Campaign) -> list[int]:
    return [at for one in campaign.members for at in (one.first_at, one.last_at)]


def _same_hours(mine: Sequence[int], theirs: Sequence[int]) -> float | None:
    """The share of times that fall into the same hours of the day in both."""
    if min(len(mine), len(theirs)) < FEWEST_TIMES:
        return None
    a, b = _by_hour(mine), _by_hour(theirs)
    return round(sum(min(a[hour], b[hour]) for hour in range(HOURS)), 2)


def _by_hour(times: Iterable[int]) -> dict[int, float]:
    counts = Counter(at // HOUR_MS % HOURS for at in times)
    whole = sum(counts.values())
    return {hour: counts[hour] / whole for hour in range(HOURS)}
