"""What campaigns push, in short: the leading text, link, hashtag and picture of each.

Read from the posts that a campaign names for what its accounts share; where those are
gone, so is what they pushed.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from detect.links import canonical_url
from detect.records import LIKELY, Judgement, PictureFinding
from stream.index import FindingQuery, Index, IndexedPost
from stream.records import Campaign, Shared

TEXTS = 3
"""Texts looked at, so that one of them is still here where the first was deleted."""
LINKS = 3
PICTURES = 3
FIRST = 8
"""First posts of a campaign that may say how its text was judged."""
MOST = 0.5
"""Share of the posts looked at from which a hashtag is the campaign's."""
FINDINGS = 4
"""Findings a post of which the family is looked for: a picture is found for groups too."""
_LOOKED: Mapping[str, int] = {"text": TEXTS, "link": LINKS, "media": PICTURES, "target": 1}
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)

Kind = Literal["text", "link", "media", "target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A text that they share, without addresses, names called and hashtags at its end.

    ``texts`` is how many texts they share. ``judgement`` is the worst that was said of it.
    """

    text: str
    post_id: str
    texts: int
    judgement: Judgement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A family of pictures that they share; ``reasons`` name what was found, gravest first.

    ``family_id`` is None where nothing is known of the picture but that it is shared.
    """

    family_id: str | None
    post_id: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a campaign pushes; all None where nothing of it is here any more.

    ``link`` is an address in its canonical form, without scheme. ``target`` is the post
    that they aim at.
    """

    phrase: Phrase | None = None
    link: str | None = None
    hashtag: str | None = None
    picture: Picture | None = None
    target: str | None = None

    @property
    def anything(self) -> bool:
        """Whether there is something to say."""
        return self != Pushed()


def pushed(index: Index, campaigns: Sequence[Campaign]) -> dict[str, Pushed]:
    """By campaign what it pushes. Asks for all posts at once, and once for all pictures."""
    shown = {one.campaign_id: _shown(one) for one in campaigns}
    firsts = {one.campaign_id: one.post_ids[:FIRST] for one in campaigns}
    ids = dict.fromkeys(
        post_id
        for one in campaigns
        for post_id in (
            *(s.post_id for those in shown[one.campaign_id].values() for s in those),
            *firsts[one.campaign_id],
        )
    )
    posts = {one.post.id: one for one in index.posts(list(ids))}
    families = _families(
        index, [s.post_id for those in shown.values() for s in those.get("media", ())]
    )
    return {
        one.campaign_id: _pushed(
            shown[one.campaign_id],
            posts,
            families,
            firsts=[posts[i] for i in firsts[one.campaign_id] if i in posts],
            texts=sum(s.kind == "text" for s in one.shared),
        )
        for one in campaigns
    }


def _shown(campaign: Campaign) -> dict[Kind, list[Shared]]:
    """What it shared most, of each kind the first few."""
    found: defaultdict[Kind, list[Shared]] = defaultdict(list)
    for one in campaign.shared:
        if len(found[one.kind]) < _LOOKED[one.kind]:
            found[one.kind].append(one)
    return found


def _families(index: Index, post_ids: Sequence[str]) -> dict[str, PictureFinding]:
    """By post the finding of its first picture that lies in a family."""
    wanted = tuple(dict.fromkeys(post_ids))
    if not wanted:
        return {}
    found: dict[str, PictureFinding] = {}
    query = FindingQuery(post_ids=wanted, limit=FINDINGS * len(wanted))
    for one in index.findings(query):
        if one.family:
            found.setdefault(one.post_id, one)
    return found


def _pushed(
    shown: Mapping[Kind, Sequence[Shared]],
    posts: Mapping[str, IndexedPost],
    families: Mapping[str, PictureFinding],
    *,
    firsts: Sequence[IndexedPost],
    texts: int,
) -> Pushed:
    here = {
        kind: [one for one in those if one.post_id in posts] for kind, those in shown.items()
    }
    said = [(posts[one.post_id], one.posts) for one in here.get("text", ())]
    linked = [(posts[one.post_id], one.posts) for one in here.get("link", ())]
    pictured = [(posts[one.post_id], one.posts) for one in here.get("media", ())]
    looked_at = [*(post for post, _ in said), *firsts]
    return Pushed(
        phrase=next(_phrases((post for post, _ in said), looked_at, texts), None),
        link=_most(((_addresses(post), n) for post, n in linked), least=0.0),
        hashtag=_most(
            ((_hashtags(post), n) for post, n in (said or pictured or linked)), least=MOST
        ),
        picture=next(
            (_picture(post.post.id, families.get(post.post.id)) for post, _ in pictured), None
        ),
        target=next((one.post_id for one in shown.get("target", ())), None),
    )


def _phrases(
    posts: Iterable[IndexedPost], looked_at: Sequence[IndexedPost], texts: int
) -> Iterator[Phrase]:
    for one in posts:
        text = bare(one.post.text)
        if text:
            yield Phrase(
                text=text,
                post_id=one.post.id,
                texts=texts,
                judgement=_worst(one, looked_at),
            )


def bare(text: str) -> str:
    """A text as one line, without addresses, names called at its head, hashtags at its end."""
    words = deque(_ADDRESS.sub(" ", text).split())
    while words and words[0].startswith("@"):
        words.popleft()
    while words and words[-1].startswith("#"):
        words.pop()
    return " ".join(words)


def _worst(one: IndexedPost, looked_at: Sequence[IndexedPost]) -> Judgement | None:
    """The worst that was said of a text: of a copy too, or where it was not judged of others.

    A text is better hidden for what stands beside it than shown where its judge failed.
    """
    words = bare(one.post.text).casefold()
    said = [
        other.judgement
        for other in looked_at
        if other.judgement is not None
        and (one.judgement is None or bare(other.post.text).casefold() == words)
    ]
    worst = max(said, key=lambda found: found.worst, default=one.judgement)
    return worst if worst is not None and worst.worst >= LIKELY else one.judgement


def _most(found: Iterable[tuple[Sequence[str], int]], *, least: float) -> str | None:
    """What stands in most posts, the first of several; None below a share of all of them."""
    counted: defaultdict[str, int] = defaultdict(int)
    every = 0
    for values, posts in found:
        every += posts
        for value in values:
            counted[value] += posts
    best = max(counted, key=lambda value: counted[value], default=None)
    return best if best is not None and counted[best] >= least * every else None


def _addresses(one: IndexedPost) -> list[str]:
    found = (canonical_url(url) for url in one.post.urls)
    return list(dict.fromkeys(url for url in found if url))


def _hashtags(one: IndexedPost) -> list[str]:
    return list(dict.fromkeys(one.post.hashtags))


def _picture(post_id: str, finding: PictureFinding | None) -> Picture:
    if finding is None:
        return Picture(family_id=None, post_id=post_id)
    return Picture(family_id=finding.family, post_id=post_id, reasons=finding.reasons)
