"""Reads and writes the result files that every method shares, ours and others'."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

REPORTED = ("campaign", "coordinated")
"""Kinds that are put before an analyst; all others are explanations."""

Row = TypeVar("Row", bound=msgspec.Struct)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``accounts.ndjson``, as far as it is scored."""

    author_id: str
    platform: str
    score: float
    q_value: float | None = None
    campaigns: tuple[str, ...] = ()
    signals: dict[str, float] = {}

    @property
    def key(self) -> str:
        """``platform:author_id``, as campaigns name accounts."""
        return f"{self.platform}:{self.author_id}"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``campaigns.ndjson``, as far as it is scored."""

    campaign_id: str
    subject: str
    kind: str
    first_post_at: str
    last_post_at: str
    detected_at: str
    accounts: tuple[str, ...]
    post_ids: tuple[str, ...]
    coordination: float | None = None
    harm: float | None = None
    openness: float | None = None
    independence: float | None = None

    @property
    def detected_ms(self) -> int:
        """Event time at which it could first be reported."""
        return milliseconds(self.detected_at)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A reason of an alert, as far as it is scored: the posts that it shows."""

    post_ids: tuple[str, ...] = ()


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``alerts.ndjson``, as far as it is scored."""

    alert_id: str
    created_at: str
    subject: str
    kind: str
    severity: str = ""
    campaign_id: str | None = None
    evidence: tuple[Shown, ...] = ()

    @property
    def post_ids(self) -> frozenset[str]:
        """Every post that any of its reasons shows."""
        return frozenset(post for one in self.evidence for post in one.post_ids)


class Results(msgspec.Struct, frozen=True):
    """What a method found in one stream."""

    accounts: tuple[Account, ...]
    reports: tuple[Report, ...]
    alerts: tuple[Alert, ...]


def read_results(folder: Path) -> Results:
    """The result files of ``folder``; ``alerts.ndjson`` may be absent.

    Raises:
        OSError: a file is missing.
        msgspec.DecodeError: a line is not in the format.
    """
    alerts = folder / "alerts.ndjson"
    return Results(
        _rows(folder / "accounts.ndjson", Account),
        _rows(folder / "campaigns.ndjson", Report),
        _rows(alerts, Alert) if alerts.exists() else (),
    )


def write_results(folder: Path, accounts: Iterable[Account], reports: Sequence[Report]) -> None:
    """Write accounts (highest score first) and campaigns, and an alert a reported campaign."""
    folder.mkdir(parents=True, exist_ok=True)
    ranked = sorted(accounts, key=lambda one: (-one.score, one.platform, one.author_id))
    alerts = [
        Alert(
            alert_id=f"al_{report.campaign_id}",
            created_at=report.detected_at,
            subject=report.subject,
            kind=report.kind,
            severity="medium",
            campaign_id=report.campaign_id,
            evidence=(Shown(post_ids=report.post_ids),),
        )
        for report in reports
        if report.kind in REPORTED
    ]
    encode = msgspec.json.Encoder().encode
    for name, rows in (
        ("accounts", ranked),
        ("campaigns", reports),
        ("alerts", alerts),
    ):
        body = b"".join(encode(row) + b"\n" for row in rows)
        (folder / f"{name}.ndjson").write_bytes(body)


def milliseconds(at: str) -> int:
    """ISO 8601 as milliseconds since 1970 UTC."""
    return round(datetime.fromisoformat(at).timestamp() * 1000)


def _rows(path: Path, row: type[Row]) -> tuple[Row, ...]:
    decode = msgspec.json.Decoder(row).decode
    with path.open("rb") as lines:
        return tuple(decode(line) for line in lines if line.strip())
