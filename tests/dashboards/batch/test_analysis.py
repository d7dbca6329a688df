"""``jikimi analyze`` from a file of posts to every result file, as a researcher runs it."""

from __future__ import annotations

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from dashboards.batch.rows import iso
from dashboards.cli import run
from dashboards.demo.cast import AGENCY_FILE
from dashboards.demo.scenario import Scenario, generate
from ingest.records import Post

START_MS = 1_767_571_200_000
KEY = "0123456789abcdef0123456789abcdef"
TABLES = [
    "accounts",
    "alerts",
    "campaigns",
    "cascades",
    "clusters",
    "edges",
    "memberships",
    "posts",
    "spread",
]


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's world as a researcher's file, with handles and links in some texts."""
    path = tmp_path_factory.mktemp("posts") / "posts.ndjson"
    scenario = Scenario(seed=5, start_ms=START_MS, posts=1200, hours=24)
    known: list[Post] = []
    with path.open("wb") as file:
        for staged in generate(scenario):
            post = staged.item
            if not isinstance(post, Post):
                continue
            known.append(post)
            row = msgspec.to_builtins(post)
            row["created_at"] = iso(staged.at)
            for name in ("schema", "observed_at", "author", "source"):
                row.pop(name, None)
            if len(known) % 7 == 0:
                other = known[len(known) // 2]
                row["text"] += f" @{other.author_id} https://example.org/{other.author_id}?x=1"
            file.write(msgspec.json.encode(row) + b"\n")
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, posts: Path) -> Path:
    return analyzed(tmp_path_factory.mktemp("plain") / "out", posts)


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory, posts: Path) -> Path:
    folder = tmp_path_factory.mktemp("masked")
    (folder / "key").write_text(KEY + "\n")
    return analyzed(folder / "out", posts, "--pseudonymize", str(folder / "key"))


def analyzed(out: Path, posts: Path, *more: str) -> Path:
    asked = ["-q", "analyze", str(posts), "--out", str(out), "--posts", "--parquet"]
    assert run([*asked, "--watchlist", str(AGENCY_FILE), "--scores", "all", *more]) == 0
    return out


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_second_run_writes_the_same_bytes_in_every_file(
    plain: Path, masked: Path, posts: Path, tmp_path: Path
):
    key = tmp_path / "key"
    key.write_text(KEY)

    assert contents(analyzed(tmp_path / "again", posts)) == contents(plain)
    again = analyzed(tmp_path / "masked", posts, "--pseudonymize", str(key))
    assert contents(again) == contents(masked)


def test_the_manifest_names_every_file_with_its_digest(plain: Path):
    manifest = json.loads((plain / "manifest.json").read_bytes())
    told = {one["name"]: one["sha256"] for one in manifest["files"]}

    there = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in plain.iterdir()}
    there.pop("manifest.json")
    assert told == there
    assert {f"{name}.ndjson" for name in TABLES} <= set(told)
    assert manifest["lines"] == {n: len(lines(plain / f"{n}.ndjson")) for n in TABLES}


@pytest.mark.parametrize("name", TABLES)
def test_a_parquet_twin_holds_the_same_rows(plain: Path, name: str):
    rows = lines(plain / f"{name}.ndjson")
    twin = pq.read_table(plain / f"{name}.parquet").to_pylist(maps_as_pydicts="strict")

    assert rows, name
    assert json.loads(json.dumps(twin)) == rows


def test_tables_lead_to_each_other(plain: Path):
    posts = {row["post_id"] for row in lines(plain / "posts.ndjson")}
    accounts = {f"{r['platform']}:{r['author_id']}" for r in lines(plain / "accounts.ndjson")}
    clusters = {row["cluster_id"] for row in lines(plain / "clusters.ndjson")}
    campaigns = {row["campaign_id"] for row in lines(plain / "campaigns.ndjson")}

    for row in lines(plain / "memberships.ndjson"):
        assert row["post_id"] in posts
        assert row["cluster_id"] in clusters
        assert row["account"] in accounts
        assert set(row["campaigns"]) <= campaigns
    for row in lines(plain / "edges.ndjson"):
        assert {row["source"], row["target"]} <= accounts
        assert set(row["post_ids"]) <= posts
    spread = lines(plain / "spread.ndjson")
    assert {row["narrative"] for row in spread} <= campaigns | clusters
    for row in spread:
        assert sum(step["posts"] for step in row["steps"]) == row["posts"]
        assert row["hops"][0]["lag_seconds"] == 0
    for row in lines(plain / "cascades.ndjson"):
        assert row["posts"] >= 1
        assert row["depth"] >= 1
        assert row["top"] is None or row["top"] in posts


def test_the_network_has_the_edges_of_the_table(plain: Path):
    root = ET.parse(plain / "network.graphml").getroot()
    drawn = root.findall(".//{http://graphml.graphdrawing.org/xmlns}edge")

    assert [(e.get("source"), e.get("target")) for e in drawn] == [
        (row["source"], row["target"]) for row in lines(plain / "edges.ndjson")
    ]


def test_the_codebook_explains_every_field(plain: Path):
    text = (plain / "codebook.md").read_text("utf-8")

    for name in TABLES:
        section = text.partition(f"## {name}.ndjson\n")[2].partition("\n## ")[0]
        for field in lines(plain / f"{name}.ndjson")[0]:
            assert f"| `{field}` |" in section, (name, field)


def test_no_original_name_is_left_when_pseudonymised(masked: Path, posts: Path):
    given = b"\n".join(
        body for name, body in contents(masked).items() if not name.endswith(".parquet")
    ).decode()
    twins = json.dumps(
        [pq.read_table(p).to_pylist() for p in sorted(masked.glob("*.parquet"))],
        ensure_ascii=False,
    )
    words = set(re.findall(r"[\w:./@?=-]+", given + " " + twins))
    originals = set()
    for row in lines(posts):
        originals |= {row["id"], row["author_id"], f"{row['platform']}:{row['author_id']}"}
        originals |= {url for url in row.get("urls", ()) if url}
        originals |= {value for key in ("reply_to", "repost_of", "quote_of")
                      if (value := row.get(key))}  # fmt: skip

    assert not originals & words
    assert "https://example.org" not in given
    assert "https://example.org" not in twins


def test_pseudonyms_keep_who_is_who(plain: Path, masked: Path):
    pairs = zip(
        lines(plain / "memberships.ndjson"), lines(masked / "memberships.ndjson"), strict=True
    )
    names: dict[str, set[str]] = {}
    for ours, theirs in pairs:
        names.setdefault(ours["account"], set()).add(theirs["account"])
        assert ours["similarity"] == theirs["similarity"]

    assert all(len(pseudonyms) == 1 for pseudonyms in names.values())
    assert len(set().union(*names.values())) == len(names)


def test_the_way_back_lies_apart_and_only_its_owner_reads_it(plain: Path, masked: Path):
    path = masked.with_name("out.pseudonyms.ndjson")
    back = {row["pseudonym"]: row["original"] for row in lines(path)}

    assert path.stat().st_mode & 0o077 == 0
    assert [back[row["post_id"]] for row in lines(masked / "posts.ndjson")] == [
        row["post_id"] for row in lines(plain / "posts.ndjson")
    ]
    manifest = json.loads((masked / "manifest.json").read_bytes())
    assert len(manifest["pseudonyms"]) == 16
    assert manifest["pseudonyms"] not in KEY


def test_another_key_gives_other_names(masked: Path, posts: Path, tmp_path: Path):
    (tmp_path / "key").write_text("f" * 32)
    other = analyzed(tmp_path / "out", posts, "--pseudonymize", str(tmp_path / "key"))

    ours = {row["post_id"] for row in lines(masked / "posts.ndjson")}
    assert not ours & {row["post_id"] for row in lines(other / "posts.ndjson")}


def test_a_short_key_is_refused_and_nothing_is_written(
    posts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "key").write_text("short")
    asked = ["analyze", str(posts), "--out", str(tmp_path / "out")]

    assert run([*asked, "--pseudonymize", str(tmp_path / "key")]) == 2
    assert "openssl rand -hex 32" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_way_back_is_never_put_among_the_results(posts: Path, tmp_path: Path):
    (tmp_path / "key").write_text(KEY)
    out = tmp_path / "out"
    asked = ["analyze", str(posts), "--out", str(out), "--pseudonymize", str(tmp_path / "key")]

    assert run([*asked, "--pseudonyms", str(out / "back.ndjson")]) == 2
    assert run(["analyze", str(posts), "--out", str(out), "--pseudonyms", "back"]) == 2
