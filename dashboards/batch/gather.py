"""Reads back what an analysis made: clusters with their posts, accounts with their shares."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from detect.links import canonical_url
from ingest.records import Post
from stream.coordination.scores import (
    Standing,
    account_number,
    account_scores,
    subjects,
)
from stream.coordination.trust import Shares, first_shares
from stream.embedded import EmbeddedHost
from stream.records import Alert, Campaign, Cluster, Logged, LoggedPost, Membership


@dataclass(slots=True)
class Gathered:
    """An analysis in memory: posts by number, accounts by number, clusters by id."""

    post_ids: list[str] = field(default_factory=list[str])
    post_accounts: list[int] = field(default_factory=list[int])
    post_times: list[int] = field(default_factory=list[int])
    accounts: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    clusters: dict[str, Cluster] = field(default_factory=dict[str, Cluster])
    members: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    objects: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """(object number, post number) of text families and links."""
    texts: int = 0
    """Objects below this number are text families, the others are links."""
    campaigns: list[Campaign] = field(default_factory=list[Campaign])
    alerts: list[Alert] = field(default_factory=list[Alert])
    standings: dict[int, Standing] = field(default_factory=dict[int, Standing])
    """How accounts stand, by account number; those who shared nothing are absent."""

    def shares(self) -> Shares:
        """Who shared which object first, and when."""
        return first_shares(
            [o for o, _ in self.objects],
            [self.post_accounts[p] for _, p in self.objects],
            [self.post_times[p] for _, p in self.objects],
        )


def gather(host: EmbeddedHost) -> Gathered:
    """Everything the output files need, in a fixed order."""
    found = Gathered()
    urls = _posts(host, found)
    numbers = {post_id: n for n, post_id in enumerate(found.post_ids)}
    _clusters(host, found, numbers)
    found.texts = len(found.members)
    for number, posts in enumerate(found.members.values()):
        found.objects.extend((number, post) for post in posts)
    for number, posts in enumerate(urls.values(), start=found.texts):
        found.objects.extend((number, post) for post in posts)
    for result in host.processor.results.of_kind("campaign"):
        if isinstance(result, Campaign) and result.merged_into is None:
            found.campaigns.append(result)
    for result in host.processor.results.of_kind("alert"):
        if isinstance(result, Alert):
            found.alerts.append(result)
    _standings(host, found)
    return found


def _standings(host: EmbeddedHost, found: Gathered) -> None:
    """Of an account that is known to several subjects the highest standing counts."""
    best: dict[int, Standing] = {}
    for state in host.processor.states("coordination"):
        for subject in subjects(state):
            for number, one in account_scores(state, subject).items():
                if number not in best or best[number].score < one.score:
                    best[number] = one
    for (platform, author), number in found.accounts.items():
        standing = best.get(account_number(f"{platform}:{author}"))
        if standing is not None:
            found.standings[number] = standing


def _posts(host: EmbeddedHost, found: Gathered) -> dict[str, list[int]]:
    """Fill posts and accounts; returns posts by canonical link."""
    decode = msgspec.msgpack.Decoder(Logged).decode
    numbers: dict[str, int] = {}
    links: dict[int, tuple[str, ...]] = {}
    for (body,) in host.store.db.execute("SELECT body FROM posts_log ORDER BY offset"):
        entry = decode(body)
        if not isinstance(entry, LoggedPost):
            continue
        post = entry.post
        number = numbers.get(post.id)
        if number is None:
            number = numbers[post.id] = len(found.post_ids)
            found.post_ids.append(post.id)
            found.post_times.append(post.event_at)
            key = (post.platform, post.author_id)
            found.post_accounts.append(found.accounts.setdefault(key, len(found.accounts)))
        links[number] = _links(post)
    by_url: defaultdict[str, list[int]] = defaultdict(list)
    for number, urls in links.items():
        for url in urls:
            by_url[url].append(number)
    return by_url


def _links(post: Post) -> tuple[str, ...]:
    urls = (canonical_url(url) for url in post.urls)
    return tuple(dict.fromkeys(url for url in urls if url))


def _clusters(host: EmbeddedHost, found: Gathered, numbers: dict[str, int]) -> None:
    merged: dict[str, str] = {}
    for result in host.processor.results.of_kind("cluster"):
        if not isinstance(result, Cluster):
            continue
        if result.merged_into:
            merged[result.cluster_id] = result.merged_into
        else:
            found.clusters[result.cluster_id] = result
    members: defaultdict[str, set[int]] = defaultdict(set)
    for result in host.processor.results.of_kind("membership"):
        if not isinstance(result, Membership) or result.cluster_id is None:
            continue
        number = numbers.get(result.post_id)
        if number is not None:
            members[_survivor(merged, result.cluster_id)].add(number)
    found.members = {
        cluster_id: sorted(posts, key=lambda p: (found.post_times[p], found.post_ids[p]))
        for cluster_id, posts in sorted(members.items())
        if len(posts) > 1
    }


def _survivor(merged: dict[str, str], cluster_id: str) -> str:
    for _ in range(len(merged) + 1):
        if cluster_id not in merged:
            break
        cluster_id = merged[cluster_id]
    return cluster_id
