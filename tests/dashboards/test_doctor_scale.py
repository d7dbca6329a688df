"""The doctor on Kafka and Elasticsearch: each judgement of what the servers say."""

from __future__ import annotations

import msgspec
import pytest

from dashboards import doctor_scale
from dashboards.doctor_scale import (
    check_aliases,
    check_blocks,
    check_room,
    check_servers,
    server_clock,
)
from stream.elastic.names import NOUNS, Names
from stream.elastic.state import ElasticState, Room, least_free
from stream.scale.state import GroupState
from stream.settings import ElasticsearchSettings, KafkaSettings, Settings

GIB = 2**30
LEAST = {"low": 150 * GIB, "high": 100 * GIB, "flood_stage": 50 * GIB}


def state(**fields) -> ElasticState:
    names = Names()
    whole = {
        "version": "9.5.0",
        "status": "green",
        "now": 0,
        "aliases": {a: (f"{a}-000001",) for a in (names.posts, *map(names.of, NOUNS))},
        "room": (Room("node-1", 500 * GIB, 1000 * GIB, LEAST),),
        "watched": True,
        "blocked": {},
        **fields,
    }
    return ElasticState(**whole)


def test_without_servers_nothing_is_asked():
    assert list(check_servers(Settings())) == []


def test_kafka_that_is_set_and_away_is_one_line_with_what_to_do():
    kafka = KafkaSettings(bootstrap="127.0.0.1:9")
    [check] = check_servers(Settings(kafka=kafka))
    assert (check.name, check.outcome) == ("kafka", "FAIL")
    assert "127.0.0.1:9" in check.found
    assert "kafka.bootstrap" in check.fix


def test_settings_that_do_not_go_together_are_said_before_anybody_is_asked():
    kafka = KafkaSettings(bootstrap="127.0.0.1:9", sasl="SCRAM-SHA-512", username="jikimi")
    [check] = check_servers(Settings(kafka=kafka))
    assert "without kafka.username and kafka.password" in check.found


def test_elasticsearch_that_is_away_is_one_line_and_shows_no_key():
    elastic = ElasticsearchSettings(url="http://name:secret-word@127.0.0.1:9", timeout_s=1)
    checks = [
        one
        for one in check_servers(Settings(elasticsearch=elastic))
        if one.name == "elasticsearch"
    ]
    assert [check.outcome for check in checks] == ["FAIL"]
    assert "does not answer" in checks[0].found
    assert "secret-word" not in str(checks)


@pytest.mark.parametrize(
    ("version", "brokers", "replication", "outcome", "fix"),
    [
        ((4, 0), 3, 3, "OK", ""),
        ((4, 1), 1, 1, "OK", ""),
        ((3, 9), 3, 3, "FAIL", "4.0 or newer"),
        ((4, 0), 1, 3, "FAIL", "set kafka.replication to 1"),
    ],
)
def test_brokers_must_be_new_and_many_enough(version, brokers, replication, outcome, fix):
    check = doctor_scale._brokers(version, brokers, replication)
    assert check.outcome == outcome
    assert fix in check.fix


@pytest.mark.parametrize(
    ("members", "lag", "began", "outcome", "fix"),
    [
        (1, 0, True, "OK", ""),
        (2, 99_999, True, "OK", ""),
        (0, 0, True, "OK", ""),
        (0, 0, False, "WARN", "start `jikimi index run`"),
        (0, 10, True, "WARN", "start `jikimi index run`"),
        (1, 100_001, True, "WARN", "one more `jikimi index run`"),
    ],
)
def test_a_group_that_is_behind_or_away_is_named(members, lag, began, outcome, fix):
    found = GroupState(members=members, lag=lag, began=began)
    check = doctor_scale._group("indexers", found, "jikimi index run")
    assert check.outcome == outcome
    assert fix in check.fix


@pytest.mark.parametrize(
    ("ahead", "outcome"),
    [(0, "OK"), (-4_000, "OK"), (9_000, "WARN"), (-60_000, "WARN"), (3_600_000, "FAIL")],
)
def test_clocks_that_differ_are_told(ahead, outcome):
    check = server_clock(ahead)
    assert check.outcome == outcome
    assert bool(check.fix) == (outcome != "OK")


def test_old_versions_and_red_clusters_fail():
    assert doctor_scale._node(state()).outcome == "OK"
    assert doctor_scale._node(state(version="8.19.1")).outcome == "FAIL"
    assert doctor_scale._node(state(status="red")).outcome == "FAIL"


def test_aliases_that_lead_nowhere_or_to_several_are_named():
    assert check_aliases(state()).outcome == "OK"
    held = dict(state().aliases)
    lost = check_aliases(state(aliases=held | {"jikimi-alerts": ()}))
    assert (lost.outcome, "jikimi-alerts" in lost.found) == ("FAIL", True)
    assert "jikimi setup" in lost.fix
    twice = check_aliases(state(aliases=held | {"jikimi-alerts": ("a", "b")}))
    assert twice.found == "lead to several: jikimi-alerts"
    months = check_aliases(state(aliases=held | {"jikimi-posts": ("a", "b", "c")}))
    assert months.outcome == "OK"


@pytest.mark.parametrize(
    ("free", "watched", "outcome", "said"),
    [
        (500, True, "OK", "free"),
        (120, True, "WARN", "beyond the low watermark"),
        (60, True, "WARN", "beyond the high watermark"),
        (10, True, "FAIL", "it takes no writes"),
        (10, False, "WARN", "heeds no watermark"),
    ],
)
def test_disks_beyond_a_watermark_are_told(free, watched, outcome, said):
    room = Room("node-1", free * GIB, 1000 * GIB, LEAST)
    [check] = check_room(state(room=(room,), watched=watched))
    assert check.outcome == outcome
    assert said in check.found


def test_blocks_say_what_to_type():
    assert check_blocks(state()).outcome == "OK"
    check = check_blocks(state(blocked={"jikimi-posts-2026.11": ("read_only_allow_delete",)}))
    assert check.outcome == "FAIL"
    assert (
        'PUT jikimi-posts-2026.11/_settings {"index.blocks.read_only_allow_delete"' in check.fix
    )


@pytest.mark.parametrize(
    ("mark", "headroom", "free"),
    [
        ("85%", "-1", 150),
        ("0.85", "-1", 150),
        ("85%", "100gb", 100),
        ("85%", "200gb", 150),
        ("10gb", "-1", 10),
    ],
)
def test_watermarks_are_read_in_every_form(mark, headroom, free):
    found = least_free(mark, headroom, 1000 * GIB)
    assert found == pytest.approx(free * GIB, rel=1e-6)


def test_every_line_that_is_not_well_says_what_to_do():
    bad = state(version="8", status="red", blocked={"a": ("write",)}, watched=False)
    checks = [doctor_scale._node(bad), check_blocks(bad), server_clock(10**9)]
    assert all(check.fix for check in checks)
    assert msgspec.json.encode(checks)
