"""The ordered steps between the subject logs and the alerts: read this first.

    posts log ─▶ router ─▶ subject logs ─▶ TextClusters ─▶ CopyBursts ─▶ Coordination
                                                                              │
                                     results ◀─ MediaAlerts ◀─ HarmAlerts ◀─ Alerts

Each step sees every entry of the subject log in order, together with what the
steps before it derived from that entry.
"""

from __future__ import annotations

from detect.watchlist import Watchlist
from stream.alerting.harm import HarmAlerts
from stream.alerting.media import MediaAlerts
from stream.alerts import Alerts
from stream.bursts.copy_bursts import CopyBursts
from stream.clustering.clusters import TextClusters
from stream.coordination.operator import Coordination
from stream.operator import Operator


def operators(
    watchlist: Watchlist,
    *,
    threshold: float,
    days: int,
    max_texts: int,
    min_accounts: int,
    window_minutes: int,
    cooldown_hours: int,
) -> list[Operator]:
    """Fresh operators in pipeline order.

    Args:
        watchlist: what is official and which fan projects are declared.
        threshold: Jaccard similarity from which two texts are one.
        days: event time after which a text is forgotten.
        max_texts: distinct texts remembered a subject.
        min_accounts: accounts that make copies a burst.
        window_minutes: the short window of a burst.
        cooldown_hours: time in which more of the same grows the alert there is.
    """
    return [
        TextClusters(threshold=threshold, days=days, max_texts=max_texts),
        CopyBursts(watchlist, min_accounts=min_accounts, window_minutes=window_minutes),
        Coordination(watchlist),
        Alerts(cooldown_hours=cooldown_hours),
        HarmAlerts(cooldown_hours=cooldown_hours),
        MediaAlerts(),
    ]
