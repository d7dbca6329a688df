"""Where answers lead: OpenAPI links from an id in one answer to the operations that take it."""

from __future__ import annotations

from typing import Any, Final

# By operation and status: the operation that goes on, and where its parameters are found.
_FIRST: Final = "$response.body#/items/0/"
_LINKS: Final[dict[tuple[str, str], dict[str, dict[str, str]]]] = {
    ("listAlerts", "200"): {
        "getAlert": {"alert_id": f"{_FIRST}alert_id"},
        "decide": {"alert_id": f"{_FIRST}alert_id"},
    },
    ("getAlert", "200"): {
        "decide": {"alert_id": "$response.body#/alert_id"},
        "getCluster": {"cluster_id": "$response.body#/cluster_id"},
        "getPost": {"post_id": "$response.body#/post_ids/0"},
    },
    ("decide", "201"): {"getAlert": {"alert_id": "$response.body#/alert_id"}},
    ("undo", "201"): {"getAlert": {"alert_id": "$response.body#/alert_id"}},
    ("searchPosts", "200"): {
        "getPost": {"post_id": f"{_FIRST}id"},
        "getThread": {"post_id": f"{_FIRST}id"},
    },
    ("listSubjects", "200"): {
        "getSubject": {"subject_id": f"{_FIRST}id"},
        "getTrend": {"subject_id": f"{_FIRST}id"},
        "getProfile": {"subject_id": f"{_FIRST}id"},
    },
    ("listClusters", "200"): {
        "getCluster": {"cluster_id": f"{_FIRST}cluster_id"},
        "listClusterPosts": {"cluster_id": f"{_FIRST}cluster_id"},
        "listBursts": {"cluster_id": f"{_FIRST}cluster_id"},
    },
    ("listFamilies", "200"): {
        "getFamily": {"family_id": f"{_FIRST}family_id"},
    },
    ("listCampaigns", "200"): {
        "getCampaign": {"campaign_id": f"{_FIRST}campaign_id"},
    },
    ("getCampaign", "200"): {
        "explainCampaign": {"campaign_id": "$response.body#/campaign_id"},
    },
}


def add_links(document: dict[str, Any]) -> None:
    """Put the links into an OpenAPI document."""
    operations = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }
    for (source, status), targets in _LINKS.items():
        operations[source]["responses"][status]["links"] = {
            target: {"operationId": operations[target]["operationId"], "parameters": found}
            for target, found in targets.items()
        }
    made = "$response.body#/"
    operations["decide"]["responses"]["201"]["links"]["undo"] = {
        "operationId": "undo",
        "parameters": {"alert_id": f"{made}alert_id"},
        "requestBody": {"decision_id": f"{made}decision_id"},
        "description": "Take it back, within ten minutes.",
    }
