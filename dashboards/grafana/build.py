"""Writes the dashboards for Grafana: ``python -m dashboards.grafana.build``.

Each asks Elasticsearch for content and Prometheus for the state of the pipeline. Data sources
are variables with the names that ``provisioning/datasources/jikimi.yml`` gives, so that the
files can be provisioned or imported.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

HERE = Path(__file__).parent
SCHEMA = 39
"""Version of the form of dashboards (Grafana 11); newer Grafanas bring it up to date."""

SOURCES = {
    "posts": "jikimi-posts",
    "alerts": "jikimi-alerts",
    "bursts": "jikimi-bursts",
    "gaps": "jikimi-gaps",
    "takedowns": "jikimi-takedowns",
}
"""Variable -> alias, which is also the uid of its data source."""
PROMETHEUS = "jikimi-prometheus"

Steps = Sequence[tuple[str, float | None]]
CALM: Steps = (("green", None),)


class Panel(msgspec.Struct, frozen=True):
    """A chart over time. ``ask`` is an expression of Prometheus, or cuts and a metric.

    ``steps`` are colours from a value on.
    """

    title: str
    source: str
    unit: str = "short"
    metric: tuple[str, str] = ("count", "")
    by: str = ""
    ask: str = ""
    legend: str = ""
    steps: Steps = CALM
    kind: str = "timeseries"


class Page(msgspec.Struct, frozen=True):
    """One dashboard."""

    uid: str
    title: str
    rows: tuple[tuple[Panel, ...], ...]


PAGES = (
    Page(
        "jikimi-overview",
        "jikimi: overview",
        (
            (
                Panel("Posts by platform", "posts", by="jikimi.platform"),
                Panel("Alerts by severity", "alerts", by="jikimi.severity"),
            ),
            (
                Panel("Posts by subject", "posts", by="jikimi.subjects"),
                Panel("Languages", "posts", by="jikimi.lang"),
            ),
        ),
    ),
    Page(
        "jikimi-spread",
        "jikimi: spread",
        (
            (
                Panel("Accounts at the peak", "bursts", metric=("max", "jikimi.peak_accounts")),
                Panel("Links by host", "posts", by="url.domain"),
            ),
        ),
    ),
    Page(
        "jikimi-takedowns",
        "jikimi: takedown times",
        (
            (
                Panel("Posts that went away", "takedowns", by="jikimi.platform"),
                Panel(
                    "Hours until they went (mean)", "takedowns", unit="h",
                    metric=("avg", "jikimi.hours"), by="jikimi.platform",
                    steps=(("green", None), ("yellow", 48), ("red", 168)),
                ),
            ),
        ),
    ),
    Page(
        "jikimi-pipeline",
        "jikimi: pipeline and sources",
        (
            (
                Panel(
                    "Index and desk", PROMETHEUS, ask="min(jikimi_index_up)", kind="stat",
                    legend="index", steps=(("red", None), ("green", 1)),
                ),
                Panel(
                    "Free disk", PROMETHEUS, ask="jikimi_data_free_bytes", unit="bytes",
                    steps=(("red", None), ("yellow", 1e9), ("green", 5e9)), kind="stat",
                    legend="free",
                ),
            ),
            (
                Panel(
                    "Behind by event time", PROMETHEUS, ask="jikimi_source_lag_seconds",
                    unit="s", legend="{{source}}",
                    steps=(("green", None), ("yellow", 120), ("red", 600)),
                ),
                Panel(
                    "Items a second", PROMETHEUS, unit="cps",
                    ask="sum by (source, outcome) (rate(jikimi_source_posts_total[5m]))",
                    legend="{{source}} {{outcome}}",
                ),
            ),
            (
                Panel(
                    "Seconds that may be missing (24 h)", PROMETHEUS, unit="s",
                    ask="jikimi_source_gap_seconds", legend="{{source}}",
                    steps=(("green", None), ("yellow", 60), ("red", 3600)),
                ),
                Panel(
                    "Minutes that may be missing", "gaps", unit="m",
                    metric=("sum", "jikimi.minutes"), by="jikimi.source",
                ),
            ),
            (
                Panel(
                    "Deliveries", PROMETHEUS, ask="jikimi_deliveries",
                    legend="{{sink}} {{outcome}}",
                ),
                Panel(
                    "Pages, 95th percentile", PROMETHEUS, unit="s",
                    ask="histogram_quantile(0.95, sum by (le) "
                    "(rate(jikimi_http_request_duration_seconds_bucket[5m])))",
                    legend="answer", steps=(("green", None), ("red", 1)),
                ),
            ),
        ),
    ),
)  # fmt: skip


def files() -> dict[str, str]:
    """The dashboards by file name."""
    return {
        f"{page.uid}.json": json.dumps(_dashboard(page), indent=2, sort_keys=True) + "\n"
        for page in PAGES
    }


def _dashboard(page: Page) -> dict[str, Any]:
    panels: list[dict[str, Any]] = []
    for y, row in enumerate(page.rows):
        width = 24 // len(row)
        for x, one in enumerate(row):
            place = {"x": x * width, "y": y * 8, "w": width, "h": 8}
            panels.append({"id": len(panels) + 1, "gridPos": place, **_panel(one)})
    used = dict.fromkeys(one.source for row in page.rows for one in row)
    return {
        "uid": page.uid,
        "title": page.title,
        "tags": ["jikimi"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "time": {"from": "now-7d", "to": "now"},
        "refresh": "1m",
        "timezone": "browser",
        "annotations": {"list": []},
        "templating": {"list": [_variable(source) for source in used]},
        "panels": panels,
    }


def _variable(source: str) -> dict[str, Any]:
    name = SOURCES.get(source, source)
    return {
        "name": _ds(source),
        "label": name,
        "type": "datasource",
        "query": _kind(source),
        "regex": f"/^{name}$/",
        "current": {"text": name, "value": name},
        "hide": 2,
        "multi": False,
        "includeAll": False,
        "options": [],
        "refresh": 1,
    }


def _panel(one: Panel) -> dict[str, Any]:
    source = {"type": _kind(one.source), "uid": f"${{{_ds(one.source)}}}"}
    steps = [{"color": colour, "value": value} for colour, value in one.steps]
    return {
        "title": one.title,
        "type": one.kind,
        "datasource": source,
        "fieldConfig": {
            "defaults": {
                "unit": one.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {},
        "targets": [{"refId": "A", "datasource": source, **_target(one)}],
    }


def _target(one: Panel) -> dict[str, Any]:
    if one.ask:
        return {"expr": one.ask, "legendFormat": one.legend}
    kind, field = one.metric
    metric = {"id": "1", "type": kind} | ({"field": field} if field else {})
    cuts: list[dict[str, Any]] = []
    if one.by:
        top = {"size": "10", "order": "desc", "orderBy": "_count", "min_doc_count": "1"}
        cuts.append({"id": "2", "type": "terms", "field": one.by, "settings": top})
    every = {"interval": "auto", "min_doc_count": "0"}
    cuts.append({"id": "3", "type": "date_histogram", "field": "@timestamp", "settings": every})
    return {"query": "", "timeField": "@timestamp", "metrics": [metric], "bucketAggs": cuts}


def _ds(source: str) -> str:
    return "DS_" + source.replace("jikimi-", "").upper()


def _kind(source: str) -> str:
    return "prometheus" if source == PROMETHEUS else "elasticsearch"


if __name__ == "__main__":
    for name, text in files().items():
        (HERE / name).write_text(text, encoding="utf-8")
