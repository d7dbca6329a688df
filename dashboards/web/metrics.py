"""``/metrics`` for Prometheus: sources, index, alerts, decisions, deliveries, requests.

Labels come from our own code or from the settings, and are capped: nothing that people
write becomes one.
"""

from __future__ import annotations

import platform
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from typing import Final, get_args

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from dashboards.deliveries import Deliveries
from dashboards.web.api.problems import UNREADABLE
from dashboards.web.site import Site, TheSite
from dashboards.web.times import DAY
from ingest.records import SourceState, SourceStatus
from stream.index import PostQuery

router = APIRouter()
MAX_LABELS: Final = 100
"""Most sources, sinks and kinds that are told apart; the rest is one name together."""
LONGEST_LABEL: Final = 200
OTHER: Final = "other"
READ: Final = ("logged", "unmatched", "malformed", "skipped")


@router.get("/metrics")
def metrics(site: TheSite) -> Response:
    """The present state in the text format of Prometheus."""
    return Response(
        generate_latest(site.registry), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4}
    )


def register(registry: CollectorRegistry, site: Site) -> None:
    """Let the registry ask a web process for its state with each scrape."""
    ProcessCollector(registry=registry)
    registry.register(SiteCollector(site))


class SiteCollector(Collector):
    """Asks index and desk anew each time; what cannot be read is left out and said so."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family."""
        yield _gauge("jikimi_build_info", "Version of jikimi; always 1.", {
            "version": version("jikimi"), "python": platform.python_version(),
        })  # fmt: skip
        for name, text, part in (
            ("jikimi_index_up", "Whether the index can be read.", self._index),
            ("jikimi_desk_up", "Whether the desk can be read.", self._desk),
        ):
            found: list[Metric] = []
            try:
                found += part()
            except UNREADABLE:
                yield GaugeMetricFamily(name, text, value=0)
                continue
            yield GaugeMetricFamily(name, text, value=1)
            yield from found
        yield GaugeMetricFamily(
            "jikimi_data_free_bytes",
            "Free space on the disk of the data folder.",
            value=shutil.disk_usage(self._site.desk.file.path.parent).free,
        )

    def _index(self) -> Iterator[Metric]:
        index, now = self._site.index, self._site.now()
        totals = index.counts()
        for name in ("posts", "deleted", "clusters", "alerts"):
            yield GaugeMetricFamily(
                f"jikimi_index_{name}", f"Totals of the index: {name}.", value=totals[name]
            )
        newest = index.search(PostQuery(limit=1, until=now)).posts
        if newest:
            yield GaugeMetricFamily(
                "jikimi_index_newest_post_timestamp_seconds",
                "Event time of the newest post that can be found.",
                value=newest[0].post.event_at / 1000,
            )
        yield from self._alerts()
        yield from _sources(index.statuses(), now)
        yield from self._gaps(now)

    def _alerts(self) -> Iterator[Metric]:
        counts: Counter[tuple[str, ...]] = Counter()
        kinds = _Names()
        for (kind, severity), n in self._site.index.alert_totals().items():
            counts[kinds(kind), severity] += n
        yield _counted(
            "jikimi_alerts", "Alerts there are, decided or not.", ("kind", "severity"), counts
        )

    def _gaps(self, now: int) -> Iterator[Metric]:
        index = self._site.index
        yield GaugeMetricFamily(
            "jikimi_gaps",
            "Stretches in the ledger in which a source may have missed posts.",
            value=index.gap_ledger(limit=1).total,
        )
        missed: Counter[tuple[str, ...]] = Counter()
        names = _Names()
        for gap in index.gaps(since=now - DAY, until=now):
            length = min(gap.until, now) - max(gap.since, now - DAY)
            missed[(names(gap.source),)] += length
        yield _counted(
            "jikimi_source_gap_seconds",
            "Seconds of the last 24 hours in which a source may have missed posts.",
            ("source",),
            {labels: length / 1000 for labels, length in missed.items()},
        )

    def _desk(self) -> Iterator[Metric]:
        desk = self._site.desk
        family = CounterMetricFamily(
            "jikimi_decisions", "Decisions that people and programs made.", labels=["state"]
        )
        for state, n in desk.totals().items():
            family.add_metric([state], n)
        yield family
        sinks = _Names()
        counts: Counter[tuple[str, ...]] = Counter()
        for (sink, outcome), n in Deliveries(desk.file).totals().items():
            counts[sinks(sink), outcome] += n
        yield _counted(
            "jikimi_deliveries",
            "Deliveries of alerts: done, failed, skipped, or waiting to be made.",
            ("sink", "outcome"),
            counts,
        )


def _sources(statuses: Iterable[SourceStatus], now: int) -> Iterator[Metric]:
    known = list(statuses)[:MAX_LABELS]
    state = GaugeMetricFamily(
        "jikimi_source_state", "1 for the state a source is in.", labels=["source", "state"]
    )
    posts = CounterMetricFamily(
        "jikimi_source_posts",
        "Items read since the data folder was made, by what became of them.",
        labels=["source", "outcome"],
    )
    lag = GaugeMetricFamily(
        "jikimi_source_lag_seconds",
        "How far the newest item of a source lies back, by event time.",
        labels=["source"],
    )
    for one in known:
        source = one.source[:LONGEST_LABEL]
        for name in get_args(SourceState):
            state.add_metric([source, name], float(one.state == name))
        for outcome in READ:
            posts.add_metric([source, outcome], getattr(one, outcome))
        if one.last_item_at is not None:
            lag.add_metric([source], (now - one.last_item_at) / 1000)
    yield from (state, posts, lag)


class _Names:
    """Lets through the first so many names and calls every other one the same."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def __call__(self, name: str) -> str:
        name = name[:LONGEST_LABEL]
        if name in self._known or len(self._known) < MAX_LABELS:
            self._known.add(name)
            return name
        return OTHER


def _gauge(name: str, text: str, labels: Mapping[str, str]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=list(labels))
    family.add_metric(list(labels.values()), 1)
    return family


def _counted(
    name: str, text: str, labels: tuple[str, ...], counts: Mapping[tuple[str, ...], float]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, n in sorted(counts.items()):
        family.add_metric(values, n)
    return family
