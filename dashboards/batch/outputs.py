"""Writes the result files of an analysis; the manifest comes last and marks completion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from dashboards.batch.codebook import codebook
from dashboards.batch.gather import Gathered
from dashboards.batch.network import edges, gexf, graphml
from dashboards.batch.pseudonyms import Mask, Pseudonyms, Row
from dashboards.batch.rows import (
    AccountRow,
    AlertRow,
    CampaignRow,
    CascadeRow,
    ClusterRow,
    EdgeRow,
    MembershipRow,
    PostRow,
    SpreadRow,
    evidence_rows,
    iso,
    public_id,
)
from dashboards.batch.spreading import cascade_rows, narratives, spread_row, trees_of
from dashboards.batch.tables import Tables, put
from stream.coordination.scores import Standing
from stream.records import Campaign

REPORTED = ("campaign", "coordinated")
_ALONE = Standing(0.0, 0, 1.0)


class Writing:
    """The files of one analysis.

    Args:
        found: what was made of the posts.
        out: folder of the files.
        every_account: list all accounts, not only members of what is reported.
        parquet: a Parquet twin beside every table.
        names: pseudonyms to write instead of names; None writes the names.
    """

    def __init__(
        self,
        found: Gathered,
        out: Path,
        *,
        every_account: bool,
        parquet: bool = False,
        names: Pseudonyms | None = None,
    ) -> None:
        self._found = found
        self._out = out
        self._every = every_account
        self._mask = None if names is None else Mask(names)
        self._tables = Tables(out, parquet=parquet)
        self._names = [f"{platform}:{author}" for platform, author in found.accounts]

    def write(self, posts: Iterable[PostRow] | None = None) -> dict[str, int]:
        """Write all files but the manifest; returns the number of lines of each table."""
        found = self._found
        campaigns = [campaign_row(campaign) for campaign in found.campaigns]
        self._put("clusters", ClusterRow, _clusters(found))
        self._put("campaigns", CampaignRow, campaigns)
        self._put("alerts", AlertRow, _alerts(found))
        accounts = account_rows(found, campaigns)
        shown = [a for a in accounts if self._every or a.campaigns]
        shown.sort(key=lambda a: (-a.score, a.platform, a.author_id))
        self._put("accounts", AccountRow, shown)
        self._put("memberships", MembershipRow, self._memberships())
        self._spread([c.campaign_id for c in campaigns if c.kind in REPORTED])
        self._network(accounts)
        if posts is not None:
            self._put("posts", PostRow, posts)
        put(self._out / "codebook.md", codebook(self._tables.counts).encode())
        return self._tables.counts

    def _put(self, name: str, kind: type[Row], rows: Iterable[Row]) -> None:
        mask = self._mask
        told = rows if mask is None else (mask.row(row) for row in rows)
        self._tables.write(name, kind, told)

    def _memberships(self) -> Iterator[MembershipRow]:
        found = self._found
        campaigns: dict[str, list[str]] = {}
        for campaign in found.campaigns:
            for cluster_id in campaign.clusters:
                campaigns.setdefault(cluster_id, []).append(campaign.campaign_id)
        for cluster_id, posts in found.members.items():
            alike = found.similarities.get(cluster_id, {})
            for post in posts:
                account = self._names[found.post_accounts[post]]
                yield MembershipRow(
                    post_id=public_id(found.post_ids[post]),
                    cluster_id=cluster_id,
                    similarity=alike.get(post, 1.0),
                    created_at=iso(found.post_times[post]),
                    account=account if self._every else None,
                    campaigns=tuple(sorted(campaigns.get(cluster_id, ()))),
                )

    def _spread(self, reported: Sequence[str]) -> None:
        found, spreads = self._found, list[SpreadRow]()
        now = int(np.max(np.frombuffer(found.post_times, np.int64), initial=0))

        def cascades() -> Iterator[CascadeRow]:
            for one in narratives(found, reported, every_account=self._every):
                trees = trees_of(found, one, self._names)
                row = spread_row(found, one, trees, now)
                if row is not None:
                    spreads.append(row)
                yield from cascade_rows(found, one, trees)

        self._put("cascades", CascadeRow, cascades())
        self._put("spread", SpreadRow, spreads)

    def _network(self, accounts: Sequence[AccountRow]) -> None:
        members = {n for n, account in enumerate(accounts) if account.campaigns}
        links = edges(self._found, members)
        shown = {n: self._name(n) for n in sorted(members)}
        scores = {n: accounts[n].score for n in members}
        put(self._out / "network.graphml", graphml(shown, scores, links).encode())
        put(self._out / "network.gexf", gexf(shown, scores, links).encode())
        self._put("edges", EdgeRow, (self._edge(link) for link in links))

    def _edge(self, link: tuple[int, int, int, tuple[int, ...]]) -> EdgeRow:
        return EdgeRow(
            source=self._names[link[0]],
            target=self._names[link[1]],
            weight=link[2],
            post_ids=tuple(public_id(self._found.post_ids[post]) for post in link[3]),
        )

    def _name(self, account: int) -> str:
        name = self._names[account]
        return name if self._mask is None else self._mask.name(name)


def write_all(found: Gathered, out: Path, *, every_account: bool) -> dict[str, int]:
    """Write all files but the manifest; returns the number of lines of each table."""
    return Writing(found, out, every_account=every_account).write()


def account_rows(found: Gathered, campaigns: Sequence[CampaignRow]) -> list[AccountRow]:
    """One row an account, by account number."""
    shares = found.shares()
    texts = [0] * len(found.accounts)
    for obj, account in zip(shares.object.tolist(), shares.account.tolist(), strict=True):
        texts[account] += obj < found.texts
    names = list(found.accounts)
    reported: dict[str, list[str]] = {}
    for campaign in campaigns:
        if campaign.kind in REPORTED:
            for account in campaign.accounts:
                reported.setdefault(account, []).append(campaign.campaign_id)
    return [
        AccountRow(
            author_id=author,
            platform=platform,
            # Digits that count, not decimals: small scores still say who stands above whom.
            score=float(f"{found.standings.get(n, _ALONE).score:.6g}"),
            q_value=found.standings.get(n, _ALONE).q_value,
            campaigns=tuple(sorted(reported.get(f"{platform}:{author}", ()))),
            signals={
                "co_shared_objects": float(found.standings.get(n, _ALONE).objects),
                "shared_texts": float(texts[n]),
            },
        )
        for n, (platform, author) in enumerate(names)
    ]


def campaign_row(campaign: Campaign) -> CampaignRow:
    """A campaign with the ids of the input."""
    return CampaignRow(
        campaign_id=campaign.campaign_id,
        subject=campaign.subject,
        kind=campaign.kind,
        first_post_at=iso(campaign.first_post_at),
        last_post_at=iso(campaign.last_post_at),
        detected_at=iso(campaign.detected_at),
        accounts=campaign.accounts,
        post_ids=tuple(public_id(post_id) for post_id in campaign.post_ids),
        coordination=campaign.coordination,
        harm=campaign.harm,
        openness=campaign.openness,
        independence=campaign.independence,
        evidence=evidence_rows(campaign.evidence),
        counter_evidence=evidence_rows(campaign.counter_evidence),
    )


def _clusters(found: Gathered) -> Iterable[ClusterRow]:
    for cluster_id, posts in found.members.items():
        yield ClusterRow(
            cluster_id=cluster_id,
            kind=found.kinds.get(cluster_id, "text"),
            post_ids=tuple(public_id(found.post_ids[p]) for p in posts),
        )


def _alerts(found: Gathered) -> Iterable[AlertRow]:
    for alert in sorted(found.alerts, key=lambda a: (a.created_at, a.alert_id)):
        yield AlertRow(
            alert_id=alert.alert_id,
            created_at=iso(alert.created_at),
            subject=alert.subject,
            kind=alert.kind,
            severity=alert.severity,
            title=alert.title,
            campaign_id=alert.campaign_id,
            cluster_id=alert.cluster_id,
            evidence=evidence_rows(alert.evidence),
            counter_evidence=evidence_rows(alert.counter_evidence),
        )
