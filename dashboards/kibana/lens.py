"""Saved objects of Kibana as documents: data views, Lens charts, dashboards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

CORE = "8.8.0"
"""Version whose form of saved objects is written; newer Kibanas bring it up to date."""
TYPES = {"index-pattern": "8.0.0", "lens": "8.9.0", "dashboard": "8.9.0"}
LAYER = "layer"
KUERY: dict[str, Any] = {"query": "", "language": "kuery"}

Object = dict[str, Any]
Column = dict[str, Any]


class Chart(msgspec.Struct, frozen=True):
    """A Lens chart: what it counts, by what it cuts, over which data view."""

    id: str
    title: str
    view: str
    kind: str
    metrics: tuple[Column, ...]
    by: tuple[Column, ...] = ()


def data_view(alias: str, title: str) -> Object:
    """A data view over an alias."""
    attributes = {"title": alias, "name": title, "timeFieldName": "@timestamp"}
    return _object("index-pattern", alias, attributes, [])


def count(label: str) -> Column:
    """How many documents there are."""
    return _column(label, "count", "___records___", number=True) | {
        "params": {"emptyAsNull": True}
    }


def figure(operation: str, field: str, label: str) -> Column:
    """A number made of a field: ``sum``, ``max``, ``median``."""
    return _column(label, operation, field, number=True) | {"params": {"emptyAsNull": True}}


def percentile(field: str, percent: int, label: str) -> Column:
    """A percentile of a field."""
    return _column(label, "percentile", field, number=True) | {
        "params": {"percentile": percent}
    }


def times() -> Column:
    """Cut by time."""
    return {
        "dataType": "date",
        "isBucketed": True,
        "label": "Time",
        "customLabel": True,
        "operationType": "date_histogram",
        "scale": "interval",
        "sourceField": "@timestamp",
        "params": {"interval": "auto", "includeEmptyRows": True, "dropPartials": False},
    }


def values(field: str, label: str, size: int = 10) -> Column:
    """Cut by the most frequent values of a field."""
    return {
        "dataType": "string",
        "isBucketed": True,
        "label": label,
        "customLabel": True,
        "operationType": "terms",
        "scale": "ordinal",
        "sourceField": field,
        "params": {
            "size": size,
            "orderBy": {"type": "column", "columnId": "metric0"},
            "orderDirection": "desc",
            "otherBucket": False,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
        },
    }


def lens(chart: Chart) -> Object:
    """The saved object of a chart."""
    columns = {f"by{i}": column for i, column in enumerate(chart.by)}
    columns |= {f"metric{i}": column for i, column in enumerate(chart.metrics)}
    state: dict[str, Any] = {
        "datasourceStates": {
            "formBased": {
                "layers": {
                    LAYER: {
                        "columns": columns,
                        "columnOrder": list(columns),
                        "incompleteColumns": {},
                    }
                }
            }
        },
        "visualization": _shape(chart, list(columns)),
        "query": KUERY,
        "filters": [],
        "internalReferences": [],
        "adHocDataViews": {},
    }
    kind = {"table": "lnsDatatable", "metric": "lnsMetric"}.get(chart.kind, "lnsXY")
    attributes: dict[str, Any] = {
        "title": chart.title,
        "visualizationType": kind,
        "state": state,
    }
    reference = {
        "type": "index-pattern",
        "id": chart.view,
        "name": f"indexpattern-datasource-layer-{LAYER}",
    }
    return _object("lens", chart.id, attributes, [reference])


def dashboard(id_: str, title: str, description: str, rows: Sequence[Sequence[str]]) -> Object:
    """A dashboard: rows of charts, each as wide as its row allows."""
    panels: list[dict[str, Any]] = []
    references: list[dict[str, str]] = []
    for y, row in enumerate(rows):
        width = 48 // len(row)
        for x, chart in enumerate(row):
            number = str(len(panels) + 1)
            place = {"x": x * width, "y": y * 15, "w": width, "h": 15, "i": number}
            panels.append(
                {
                    "type": "lens",
                    "panelIndex": number,
                    "gridData": place,
                    "embeddableConfig": {"enhancements": {}},
                    "panelRefName": f"panel_{number}",
                }
            )
            references.append({"name": f"{number}:panel_{number}", "type": "lens", "id": chart})
    attributes = {
        "title": title,
        "description": description,
        "panelsJSON": json.dumps(panels),
        "optionsJSON": json.dumps({"useMargins": True, "hidePanelTitles": False}),
        "timeRestore": True,
        "timeFrom": "now-7d",
        "timeTo": "now",
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": json.dumps({"query": KUERY, "filter": []})
        },
    }
    return _object("dashboard", id_, attributes, references)


def _object(
    kind: str, id_: str, attributes: dict[str, Any], references: list[dict[str, str]]
) -> Object:
    return {
        "type": kind,
        "id": id_,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": CORE,
        "typeMigrationVersion": TYPES[kind],
        "managed": False,
    }


def _column(label: str, operation: str, field: str, *, number: bool) -> Column:
    return {
        "dataType": "number" if number else "string",
        "isBucketed": False,
        "label": label,
        "customLabel": True,
        "operationType": operation,
        "scale": "ratio",
        "sourceField": field,
    }


def _shape(chart: Chart, columns: list[str]) -> dict[str, Any]:
    metrics = [name for name in columns if name.startswith("metric")]
    cuts = [name for name in columns if name.startswith("by")]
    if chart.kind == "metric":
        return {"layerId": LAYER, "layerType": "data", "metricAccessor": metrics[0]}
    if chart.kind == "table":
        return {
            "layerId": LAYER,
            "layerType": "data",
            "columns": [{"columnId": name} for name in columns],
        }
    layer: dict[str, Any] = {
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": chart.kind,
        "xAccessor": cuts[0],
        "accessors": metrics,
    }
    if len(cuts) > 1:
        layer["splitAccessor"] = cuts[1]
    return {
        "layers": [layer],
        "legend": {"isVisible": True, "position": "right"},
        "preferredSeriesType": chart.kind,
        "valueLabels": "hide",
    }
