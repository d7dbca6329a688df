"""Metrics: the text format of Prometheus, true numbers, bounded labels, whatever is broken."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from dashboards.deliveries import Deliveries
from dashboards.keys import Keys
from ingest.records import SourceStatus
from stream.index import IndexBatch
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.test_health import Broken
from tests.dashboards.web.world import HOUR, NOW, SMEAR, make_alert

ROOT = Path(__file__).parents[3]


def scraped(served: Served, **headers: str):
    """Samples of all families: (name, labels) -> value."""
    answer = served.browser().get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(answer.text))
    for family in families:
        assert family.documentation, family.name
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def value(found, name, **labels):
    return found[name, tuple(sorted(labels.items()))]


def test_the_numbers_are_those_of_index_and_desk(site: Served):
    site.desk.decide(SMEAR, "resolved", reason="handled", who="minji", at_ms=NOW)
    deliveries = Deliveries(site.desk.file)
    deliveries.register(["team"], list, NOW)
    deliveries.take_in([make_alert(SMEAR)], ["team"], [], NOW)

    found = scraped(site)

    for name, n in site.index.counts().items():
        assert value(found, f"jikimi_index_{name}") == n
    for (kind, severity), n in site.index.alert_totals().items():
        assert value(found, "jikimi_alerts", kind=kind, severity=severity) == n
    for one in site.index.statuses():
        assert value(found, "jikimi_source_state", source=one.source, state=one.state) == 1
        logged = value(found, "jikimi_source_posts_total", source=one.source, outcome="logged")
        assert logged == one.logged
        lag = value(found, "jikimi_source_lag_seconds", source=one.source)
        assert lag == (NOW - one.last_item_at) / 1000
    assert value(found, "jikimi_decisions_total", state="resolved") == 1
    assert value(found, "jikimi_deliveries", sink="team", outcome="pending") == 1
    assert value(found, "jikimi_gaps") == site.index.gap_ledger().total
    gap = value(found, "jikimi_source_gap_seconds", source="bluesky")
    assert gap == HOUR / 1000
    assert value(found, "jikimi_index_up") == value(found, "jikimi_desk_up") == 1
    assert value(found, "jikimi_data_free_bytes") > 0
    assert any(name == "jikimi_build_info" for name, _ in found)


def test_requests_are_timed_by_route_and_never_by_what_was_asked(site: Served):
    client = site.browser()
    for path in (
        "/",
        "/posts/some%2Fid",
        "/api/alerts/x1",
        "/api/nothing",
        "/n0where",
        "/readyz",
    ):
        client.get(path)
    client.get("/static/base.css")
    client.request("BREW", "/")

    found = scraped(site)

    counted = {
        (labels["method"], labels["route"], labels["status"]): n
        for (name, pairs), n in found.items()
        if name == "jikimi_http_request_duration_seconds_count"
        for labels in [dict(pairs)]
    }
    assert counted["GET", "/", "2xx"] == 1
    assert counted["GET", "/posts/{post_id:path}", "4xx"] == 1
    assert counted["GET", "/api/alerts/{alert_id}", "4xx"] == 1
    assert counted["GET", "other", "4xx"] == 2
    assert counted["GET", "/readyz", "2xx"] == 1
    assert counted["GET", "/static", "2xx"] == 1
    assert {method for method, _, _ in counted} <= {"GET", "other"}
    assert not [route for _, route, _ in counted if "x1" in route or "n0where" in route]


def test_ever_new_names_do_not_make_ever_new_series(serve: Serve):
    index = MemoryIndex()
    index.write(
        IndexBatch(
            checkpoint="1",
            statuses=[
                SourceStatus(source=f"s{i:04d}", state="live", changed_at=NOW)
                for i in range(300)
            ],
            results=[
                msgspec.structs.replace(make_alert(f"a{i}"), kind=f"kind {i}")
                for i in range(300)
            ],
        )
    )

    found = scraped(serve(index))

    sources = {dict(labels).get("source") for name, labels in found if "source" in name}
    kinds = {dict(labels)["kind"] for name, labels in found if name == "jikimi_alerts"}
    assert len(sources) <= 101
    assert len(kinds) == 101
    assert value(found, "jikimi_alerts", kind="other", severity="medium") == 200


def test_a_hostile_name_does_not_break_the_format(serve: Serve):
    name = 'a"} 1\n# evil \\ \u202e'
    index = MemoryIndex()
    index.write(
        IndexBatch(
            checkpoint="1",
            statuses=[SourceStatus(source=name, state="live", changed_at=NOW, logged=7)],
        )
    )

    found = scraped(serve(index))

    assert value(found, "jikimi_source_posts_total", source=name, outcome="logged") == 7


def test_an_unreadable_index_leaves_the_rest_of_the_scrape(serve: Serve):
    found = scraped(serve(Broken()))

    assert value(found, "jikimi_index_up") == 0
    assert value(found, "jikimi_desk_up") == 1
    assert not [name for name, _ in found if name.startswith("jikimi_source")]


def test_with_a_password_a_scrape_needs_a_key(serve: Serve):
    served = serve(MemoryIndex(), password="a long enough password")
    assert served.browser().get("/metrics").status_code == 401
    _, text = Keys(served.desk.file).create("prometheus", ["read"], NOW)

    assert scraped(served, authorization=f"Bearer {text.reveal()}")


def test_every_metric_is_in_the_guide_and_every_one_in_the_guide_exists(site: Served):
    guide = (ROOT / "docs" / "how-to" / "watch-jikimi.md").read_text("utf-8")
    named = set(re.findall(r"`(jikimi_\w+)`", guide))
    site.browser().get("/")
    text = site.browser().get("/metrics").text
    # Without deliveries a family of them has no samples yet, but is told.
    made = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE jikimi_")}

    assert {name for name in made if not name.endswith("_created")} == named
