"""The documents of what a replay made: marked, so that nobody is called for them."""

from __future__ import annotations

from typing import Any

import msgspec

from detect.records import PictureFinding
from stream.elastic.documents import (
    alert_document,
    burst_document,
    campaign_document,
    cluster_document,
    finding_document,
    membership_document,
    membership_key,
)
from stream.elastic.names import key_of
from stream.records import Alert, Burst, Campaign, Cluster, Membership, Result


def replayed_document(result: Result) -> tuple[str, str, dict[str, Any]]:
    """The noun, the id and the document of a result."""
    match result:
        case Membership():
            key = membership_key(result.subject, result.post_id)
            noun, body = "memberships", membership_document(result)
        case Cluster():
            key = key_of(result.cluster_id)
            noun, body = "clusters", cluster_document(result)
        case Burst():
            key = key_of(result.burst_id)
            noun, body = "bursts", burst_document(result)
        case Campaign():
            key = key_of(result.campaign_id)
            noun, body = "campaigns", campaign_document(result)
        case PictureFinding():
            key = key_of(result.finding_id)
            noun, body = "findings", finding_document(result)
        case Alert():
            key = key_of(result.alert_id)
            quiet = msgspec.structs.replace(result, replayed=True)
            noun, body = "alerts", alert_document(quiet)
    body["jikimi"]["replayed"] = True
    return noun, key, body
