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
from stream.accounts import company_scores
from stream.ids import derive_id
from stream.records import Burst

_encoder = msgspec.json.Encoder(order="deterministic")
_KINDS = {"copy": "coordinated", "fan_event": "fan_event", "news": "news"}
REPORTED = ("campaign", "coordinated")


def write_all(found: Gathered, out: Path, *, every_account: bool) -> dict[str, int]:
    """Write all files but the manifest; returns the number of lines of each."""
    campaigns = [campaign_row(found, burst) for burst in found.bursts]
    campaign_of = {b.cluster_id: c for b, c in zip(found.bursts, campaigns, strict=True)}
    counts = {
        "clusters": _lines(out / "clusters.ndjson", _clusters(found)),
        "campaigns": _lines(out / "campaigns.ndjson", campaigns),
        "alerts": _lines(out / "alerts.ndjson", _alerts(found, campaign_of)),
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
    scores = company_scores(shares, len(found.accounts))
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
            score=round(float(scores.score[n]), 6),
            q_value=None,
            campaigns=tuple(sorted(reported.get(f"{platform}:{author}", ()))),
            signals={
                "co_shared_objects": float(scores.objects[n]),
                "shared_texts": float(texts[n]),
            },
        )
        for n, (platform, author) in enumerate(names)
    ]


def campaign_row(found: Gathered, burst: Burst) -> CampaignRow:
    """A burst as a campaign: copies against the baseline, no harm assessed yet."""
    names = list(found.accounts)
    posts = [
        p
        for p in found.members.get(burst.cluster_id, [])
        if burst.first_at <= found.post_times[p] <= burst.last_at
    ]
    accounts = {":".join(names[found.post_accounts[p]]) for p in posts}
    excess = max(0.0, burst.peak_accounts - burst.expected_accounts)
    return CampaignRow(
        campaign_id=derive_id("ca", "copy", burst.subject, burst.burst_id),
        subject=burst.subject,
        kind=_KINDS[burst.kind],  # type: ignore[arg-type]
        first_post_at=iso(burst.first_at),
        last_post_at=iso(burst.last_at),
        detected_at=iso(burst.detected_at),
        accounts=tuple(sorted(accounts)),
        post_ids=tuple(public_id(found.post_ids[p]) for p in posts),
        coordination=round(excess / max(1, burst.peak_accounts), 4),
        harm=None,
        openness=1.0 if burst.kind == "fan_event" else 0.0 if burst.kind == "copy" else None,
        independence=None,
        evidence=evidence_rows(burst.evidence),
        counter_evidence=evidence_rows(burst.counter),
    )


def _clusters(found: Gathered) -> Iterable[ClusterRow]:
    for cluster_id, posts in found.members.items():
        yield ClusterRow(
            cluster_id=cluster_id,
            kind=found.clusters[cluster_id].kind if cluster_id in found.clusters else "text",
            post_ids=tuple(public_id(found.post_ids[p]) for p in posts),
        )


def _alerts(found: Gathered, campaigns: dict[str, CampaignRow]) -> Iterable[AlertRow]:
    for alert in sorted(found.alerts, key=lambda a: (a.created_at, a.alert_id)):
        campaign = campaigns.get(alert.cluster_id or "")
        yield AlertRow(
            alert_id=alert.alert_id,
            created_at=iso(alert.created_at),
            subject=alert.subject,
            kind=alert.kind,
            severity=alert.severity,
            title=alert.title,
            campaign_id=alert.campaign_id or (campaign.campaign_id if campaign else None),
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
