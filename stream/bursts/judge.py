"""Reads a crowded window: copies, a fan event or news, with evidence and counter-evidence."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from stream.bursts.window import UNKNOWN_AGE, Entries, share
from stream.records import Evidence

OPEN = 0.6
"""Mean openness of original copies from which they are a fan event."""
PLAIN = 0.95
"""Openness that even a crowd of new accounts does not call in question (official links)."""
NEW_DAYS = 30
NEW_CROWD = 0.5
NEWS_SHARE = 0.8
NEWS_DOMAINS = 3
RECURRING = 0.2
WORD_FOR_WORD = 0.9
SETTLED = 0.75
AGES_KNOWN = 0.5
"""One article passed on through a share button: everybody has its headline word for
word, and most are accounts known to be old. People who push a text vary it."""

FEW_NEW = 0.1
"""Less than this share of new accounts, among enough known ages, and the crowd has settled."""

SETTLED_CROWD = "settled_crowd"
"""Counter-evidence: nearly everybody has been there for long, as at a tag party."""
OF_A_MEMBER = "of_a_member"
"""Counter-evidence in a group's log: the posts are about one member, whose log has them."""

Kind = Literal["copy", "fan_event", "news"]


class Judgement(msgspec.Struct, frozen=True):
    """What a window is and why."""

    kind: Kind
    evidence: tuple[Evidence, ...]
    counter: tuple[Evidence, ...]


class Crowd(msgspec.Struct, frozen=True):
    """How crowded a window is: accounts against what was expected."""

    accounts: int
    mean: float
    surprise: float
    copied: bool
    """Whether original copies alone are too many; else reposts made the crowd."""


def judge(
    held: Entries,
    crowd: Crowd,
    recurring: float,
    samples: tuple[str, ...],
    member: float = 0.0,
) -> Judgement:
    """Judge the posts of a burst.

    Args:
        held: its posts.
        crowd: the window that stood out most.
        recurring: share of its accounts that took part in earlier copy bursts.
        samples: ids of posts to show.
        member: share of posts that name the same one member of the group.
    """
    original = held[held["original"] == 1]
    openness = float(original["open"].mean()) / 100 if len(original) else 0.0
    news = _news(original, recurring)
    article = _one_article(original, recurring)
    # Marks are cheap to add; a crowd of new accounts under them is not taken at its word.
    hidden = _young(held) > NEW_CROWD and openness < PLAIN
    kind: Kind = "copy"
    if not crowd.copied or (openness >= OPEN and not hidden):
        kind = "fan_event"
    elif news or article:
        kind = "news"
    counter = _counter(held, original, openness, news, article)
    if member:
        counter = (*counter, Evidence(signal=OF_A_MEMBER, value=round(member, 3)))
    return Judgement(kind, _evidence(held, crowd, recurring, samples), counter)


def _evidence(
    held: Entries, crowd: Crowd, recurring: float, samples: tuple[str, ...]
) -> tuple[Evidence, ...]:
    words, counts = np.unique(held["words"], return_counts=True)
    exact = float(counts.max()) / len(held) if len(words) else 0.0
    found = [
        Evidence(
            signal="accounts_in_window",
            value=float(crowd.accounts),
            expected=round(crowd.mean, 3),
            post_ids=samples,
        ),
        Evidence(signal="surprise", value=round(crowd.surprise, 2)),
        Evidence(signal="exact_copies", value=round(exact, 3)),
        Evidence(
            signal="span_seconds", value=float(held["at"].max() - held["at"].min()) / 1000
        ),
        Evidence(signal="platforms", value=float(len(np.unique(held["platform"])))),
    ]
    if (held["age"] != UNKNOWN_AGE).any():
        found.append(Evidence(signal="new_accounts", value=round(_young(held), 3)))
    if recurring:
        found.append(Evidence(signal="recurring_accounts", value=round(recurring, 3)))
    return tuple(found)


def _counter(
    held: Entries, original: Entries, openness: float, news: float, article: float
) -> tuple[Evidence, ...]:
    found: list[Evidence] = []
    reposts = share(held["original"] == 0)
    if reposts:
        found.append(Evidence(signal="reposts", value=round(reposts, 3)))
    if openness:
        found.append(Evidence(signal="openness", value=round(openness, 3)))
    if news:
        found.append(Evidence(signal="news_sites", value=news))
    if article:
        found.append(Evidence(signal="one_article", value=round(article, 3)))
    if _counts_on(original):
        found.append(Evidence(signal="template_numbers", value=1.0))
    aged = held["age"] != UNKNOWN_AGE
    old = share(held["age"][aged] >= NEW_DAYS)
    if share(aged) >= AGES_KNOWN and _young(held) < FEW_NEW:
        found.append(Evidence(signal=SETTLED_CROWD, value=round(old, 3)))
    elif old > 1 - NEW_CROWD:
        found.append(Evidence(signal="long_standing_accounts", value=round(old, 3)))
    return tuple(found)


def _young(held: Entries) -> float:
    """Share of new accounts among those whose age is known."""
    aged = held["age"] != UNKNOWN_AGE
    return share(held["age"][aged] < NEW_DAYS)


def _news(original: Entries, recurring: float) -> float:
    """Number of news sites linked, 0 where the posts do not look like news shared."""
    domains = np.unique(original["domain"][original["news"] == 1])
    if share(original["news"] == 1) < NEWS_SHARE or recurring >= RECURRING:
        return 0.0
    return float(len(domains)) if len(domains) >= NEWS_DOMAINS else 0.0


def _one_article(original: Entries, recurring: float) -> float:
    """Share of posts that pass one article on word for word, 0 where it is not just that."""
    if not len(original) or recurring >= RECURRING:
        return 0.0
    links, counts = np.unique(original["link"][original["news"] == 1], return_counts=True)
    if not len(links) or counts.max() < NEWS_SHARE * len(original):
        return 0.0
    same = original["words"][original["link"] == links[counts.argmax()]]
    _, copies = np.unique(same, return_counts=True)
    aged = original["age"][original["age"] != UNKNOWN_AGE]
    if len(aged) < AGES_KNOWN * len(original) or share(aged >= NEW_DAYS) < SETTLED:
        return 0.0
    alike = float(copies.max()) / len(original)
    return alike if alike >= WORD_FOR_WORD else 0.0


def _counts_on(original: Entries) -> bool:
    """Whether an app wrote the posts: words differ in numbers only, all point to one site."""
    if not len(original):
        return False
    one_template = len(np.unique(original["template"])) == 1
    varied = len(np.unique(original["words"])) > 1
    sites = np.unique(original["domain"])
    return bool(one_template and varied and len(sites) == 1 and sites[0] != 0)
