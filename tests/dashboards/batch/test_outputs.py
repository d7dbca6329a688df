"""The result files: their fields, their order, and that a re-run writes the same bytes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest

from dashboards.batch.gather import Gathered
from dashboards.batch.outputs import write_all
from dashboards.batch.rows import iso
from dashboards.batch.tables import put
from stream.coordination.scores import Standing
from stream.records import Alert, Campaign, Evidence

HOUR = 3_600_000
START = 1_767_571_200_000

FIELDS = {
    "accounts": "author_id platform score q_value campaigns signals",
    "campaigns": "campaign_id subject kind first_post_at last_post_at detected_at accounts "
    "post_ids coordination harm openness independence evidence counter_evidence",
    "clusters": "cluster_id kind post_ids",
    "memberships": "post_id cluster_id similarity created_at account campaigns",
    "edges": "source target weight post_ids",
    "alerts": "alert_id created_at subject kind severity title campaign_id cluster_id "
    "evidence counter_evidence",
}


@pytest.fixture
def found() -> Gathered:
    """Six posts of three accounts: two texts shared by two of them, one link by all."""
    gathered = Gathered()
    for number, (author, hours) in enumerate(
        [("a", 0), ("b", 1), ("a", 2), ("b", 3), ("c", 4)]
    ):
        gathered.post_ids.append(f"archive:p{number}")
        key = ("x", author)
        account = gathered.accounts.setdefault(key, len(gathered.accounts))
        gathered.post_accounts.append(account)
        gathered.post_times.append(START + hours * HOUR)
    gathered.members = {"cl_1": [0, 1], "cl_2": [2, 3]}
    gathered.texts = 2
    gathered.objects = [(0, 0), (0, 1), (1, 2), (1, 3), (2, 0), (2, 4)]
    proof = Evidence(signal="accounts", value=2, expected=0.5, post_ids=("archive:p0",))
    gathered.campaigns = [
        Campaign(
            campaign_id="ca_1",
            subject="all",
            kind="coordinated",
            revision=1,
            operator_version="1",
            first_post_at=START,
            last_post_at=START + HOUR,
            detected_at=START + HOUR,
            accounts=("x:a", "x:b"),
            post_ids=("archive:p0", "archive:p1"),
            coordination=0.7,
            openness=0.0,
            independence=0.1,
            evidence=(proof,),
        )
    ]
    gathered.standings = {0: Standing(4.0, 3, 0.01), 1: Standing(3.0, 2, 0.01)}
    gathered.standings[2] = Standing(0.5, 1, 0.7)
    gathered.alerts = [
        Alert(
            alert_id="al_1",
            subject="all",
            kind="copy_burst",
            severity="medium",
            title="Same sentence 2 times",
            created_at=START + HOUR,
            updated_at=START + HOUR,
            revision=1,
            operator_version="1",
            cluster_id="cl_1",
            campaign_id="ca_1",
            evidence=(proof,),
        )
    ]
    return gathered


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_line_has_exactly_the_fields_of_the_contract(
    tmp_path: Path, found: Gathered, name: str
) -> None:
    write_all(found, tmp_path, every_account=True)

    rows = lines(tmp_path / f"{name}.ndjson")
    assert rows
    assert all(set(row) == set(FIELDS[name].split()) for row in rows)


def test_ids_are_those_of_the_input(tmp_path: Path, found: Gathered) -> None:
    write_all(found, tmp_path, every_account=True)

    assert lines(tmp_path / "clusters.ndjson")[0]["post_ids"] == ["p0", "p1"]
    evidence = lines(tmp_path / "alerts.ndjson")[0]["evidence"]
    assert evidence == [
        {"signal": "accounts", "value": 2.0, "expected": 0.5, "post_ids": ["p0"]}
    ]


def test_an_alert_leads_to_its_campaign_and_a_member_to_it_too(
    tmp_path: Path, found: Gathered
) -> None:
    write_all(found, tmp_path, every_account=True)

    (campaign,) = lines(tmp_path / "campaigns.ndjson")
    assert campaign["kind"] == "coordinated"
    assert campaign["harm"] is None
    assert lines(tmp_path / "alerts.ndjson")[0]["campaign_id"] == campaign["campaign_id"]
    members = {
        row["author_id"] for row in lines(tmp_path / "accounts.ndjson") if row["campaigns"]
    }
    assert members == {"a", "b"}


def test_with_a_watchlist_only_members_of_what_is_reported_are_listed(
    tmp_path: Path, found: Gathered
) -> None:
    counts = write_all(found, tmp_path, every_account=False)

    assert counts["accounts"] == 2
    assert {row["author_id"] for row in lines(tmp_path / "accounts.ndjson")} == {"a", "b"}


def test_a_fan_event_names_no_account(tmp_path: Path, found: Gathered) -> None:
    [campaign] = found.campaigns
    found.campaigns = [msgspec.structs.replace(campaign, kind="fan_event", openness=1.0)]

    write_all(found, tmp_path, every_account=True)

    assert lines(tmp_path / "campaigns.ndjson")[0]["openness"] == 1.0
    assert not any(row["campaigns"] for row in lines(tmp_path / "accounts.ndjson"))


def test_accounts_who_share_more_score_higher(tmp_path: Path, found: Gathered) -> None:
    write_all(found, tmp_path, every_account=True)

    scores = {r["author_id"]: r["score"] for r in lines(tmp_path / "accounts.ndjson")}
    assert scores["a"] > scores["c"] > 0


def test_both_network_files_parse_and_name_the_same_edge(
    tmp_path: Path, found: Gathered
) -> None:
    write_all(found, tmp_path, every_account=True)

    graphml = ET.parse(tmp_path / "network.graphml").getroot()
    edges = graphml.findall(".//{http://graphml.graphdrawing.org/xmlns}edge")
    assert [(e.get("source"), e.get("target")) for e in edges] == [("x:a", "x:b")]
    gexf = ET.parse(tmp_path / "network.gexf").getroot()
    (edge,) = gexf.findall(".//{http://gexf.net/1.3}edge")
    assert edge.get("weight") == "2"


def test_a_hostile_account_name_cannot_break_the_network_files(
    tmp_path: Path, found: Gathered
) -> None:
    found.accounts = {("x", '"/><evil>&'): 0, ("x", "b"): 1, ("x", "c"): 2}

    write_all(found, tmp_path, every_account=True)

    root = ET.parse(tmp_path / "network.graphml").getroot()
    assert not [e for e in root.iter() if e.tag.endswith("evil")]


def test_a_second_run_writes_the_same_bytes(tmp_path: Path, found: Gathered) -> None:
    write_all(found, tmp_path, every_account=True)
    first = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    write_all(found, tmp_path, every_account=True)

    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == first


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "f"
    put(target, b"old")
    (tmp_path / "f.part").mkdir()

    with pytest.raises(OSError):
        put(target, b"new")

    assert target.read_bytes() == b"old"


def test_times_are_iso_with_a_z() -> None:
    assert iso(START) == "2026-01-05T00:00:00Z"
    assert iso(START + 5) == "2026-01-05T00:00:00.005Z"
