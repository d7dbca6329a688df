"""Writes the result files of an analysis; the manifest comes last and marks completion."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dashboards.batch.gather import Gathered
from dashboards.batch.network import edges, gexf, graphml
from dashboards.batch.rows import (
    AccountRow,
    AlertRow,
    CampaignRow,
    ClusterRow,
    evidence_rows,
    public_id,
)
from stream.coordination.scores import Standing
from stream.records import Campaign

_encoder = msgspec.json.Encoder(order="deterministic")
REPORTED = ("campaign", "coordinated")
_ALONE = Standing(0.0, 0, 1.0)


def write_all(found: Gathered, out: Path, *, every_account: bool) -> dict[str, int]:
    """Write all files but the manifest; returns the number of lines of each."""
    campaigns = [campaign_row(campaign) for campaign in found.campaigns]
    counts = {
        "clusters": _lines(out / "clusters.ndjson", _clusters(found)),
        "campaigns": _lines(out / "campaigns.ndjson", campaigns),
        "alerts": _lines(out / "alerts.ndjson", _alerts(found)),
    }
    accounts = account_rows(found, campaigns)
    shown = [a for a in accounts if every_account or a.campaigns]
    shown.sort(key=lambda a: (-a.score, a.platform, a.author_id))
    counts["accounts"] = _lines(out / "accounts.ndjson", shown)
    members = {n for n, account in enumerate(accounts) if account.campaigns}
    names = {n: f"{accounts[n].platform}:{accounts[n].author_id}" for n in sorted(members)}
    scores = {n: accounts[n].score for n in members}
    links = edges(found, members)
    put(out / "network.graphml", graphml(names, scores, links).encode())
    put(out / "network.gexf", gexf(names, scores, links).encode())
    return counts


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
            score=round(found.standings.get(n, _ALONE).score, 6),
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
            kind=found.clusters[cluster_id].kind if cluster_id in found.clusters else "text",
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


def _lines(path: Path, rows: Iterable[object]) -> int:
    body = [_encoder.encode(row) for row in rows]
    put(path, b"".join(line + b"\n" for line in body))
    return len(body)


def put(path: Path, body: bytes) -> None:
    """Write a file so that it is either whole or as it was."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def iso(ms: int) -> str:
    """ISO 8601 in UTC with milliseconds where there are any."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace(
        "+00:00", "Z"
    )
