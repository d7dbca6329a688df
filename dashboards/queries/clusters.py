"""A cluster from near: its posts, which accounts took part, which wordings there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from detect.records import LIKELY, Judgement
from stream.index import Index, IndexedPost
from stream.records import Cluster

MEMBERS = 1000
"""Most posts of a cluster that are looked at."""
COPIES = 8
"""Posts of a cluster in a list that are looked at before its text is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one account did in this cluster, and nothing else it ever wrote."""

    account: str
    handle: str | None
    created_at: int | None
    posts: int
    first_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One wording, how often it was posted, and its first post."""

    first: IndexedPost
    ids: frozenset[str]
    posts: int
    accounts: int
    first_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One text and whom it is about."""

    cluster: Cluster
    subjects: tuple[str, ...]


def posts_of(index: Index, cluster: Cluster | None) -> list[IndexedPost]:
    """The posts of a cluster that are still there, at most a thousand."""
    if cluster is None:
        return []
    members = index.members(cluster.cluster_id, limit=MEMBERS)
    return index.posts([member.post_id for member in members])


def harmful(index: Index, clusters: Sequence[Cluster]) -> dict[str, Judgement]:
    """Of clusters whose text likely harms somebody, the worst that was said of it.

    The first post is looked at, which is the one whose words stand in a list, and some of
    its copies: they may have been judged where the first is gone, or say what it hides.
    """
    of: defaultdict[str, set[str]] = defaultdict(set)
    for one in clusters:
        of[one.founder].add(one.cluster_id)
        for member in index.members(one.cluster_id, limit=COPIES):
            of[member.post_id].add(one.cluster_id)
    found: dict[str, Judgement] = {}
    for post in index.posts(list(of)):
        said = post.judgement
        if said is None or said.worst < LIKELY:
            continue
        for cluster_id in of[post.post.id]:
            known = found.get(cluster_id)
            if known is None or known.worst < said.worst:
                found[cluster_id] = said
    return found


def once(
    clusters: Sequence[Cluster], groups_of: Callable[[str], tuple[str, ...]]
) -> list[Spread]:
    """Each text once, in the given order of first sight, with all subjects it is about.

    A text has a cluster for each subject. The one that stands for it is of a subject that
    is no group of another one here: a member's rather than the group's.
    """
    same: defaultdict[str, list[Cluster]] = defaultdict(list)
    for one in clusters:
        same[one.founder].append(one)
    found: list[Spread] = []
    for those in same.values():
        above = {group for one in those for group in groups_of(one.subject)}
        first = next((one for one in those if one.subject not in above), those[0])
        rest = tuple(one.subject for one in those if one is not first)
        found.append(Spread(cluster=first, subjects=(first.subject, *rest)))
    return found


def accounts_of(posts: Sequence[IndexedPost]) -> list[Account]:
    """Accounts of a cluster, the busiest first."""
    own: defaultdict[str, list[IndexedPost]] = defaultdict(list)
    for one in posts:
        own[one.post.account].append(one)
    accounts = [
        Account(
            account=account,
            handle=next((p.post.author.handle for p in theirs if p.post.author), None),
            created_at=next((p.post.author.created_at for p in theirs if p.post.author), None),
            posts=len(theirs),
            first_at=min(p.post.event_at for p in theirs),
        )
        for account, theirs in own.items()
    ]
    return sorted(accounts, key=lambda one: (-one.posts, one.first_at, one.account))


def variants_of(posts: Sequence[IndexedPost]) -> list[Variant]:
    """Wordings of a cluster, the most frequent first; case and spacing do not differ."""
    same: defaultdict[str, list[IndexedPost]] = defaultdict(list)
    for one in posts:
        same[" ".join(one.post.text.casefold().split())].append(one)
    variants = list[Variant]()
    for group in same.values():
        first = min(group, key=lambda one: (one.post.event_at, one.post.id))
        variants.append(
            Variant(
                first=first,
                ids=frozenset(one.post.id for one in group),
                posts=len(group),
                accounts=len({one.post.account for one in group}),
                first_at=first.post.event_at,
            )
        )
    return sorted(variants, key=lambda one: (-one.posts, one.first_at))
