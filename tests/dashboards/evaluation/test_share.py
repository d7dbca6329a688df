"""Evasions and scores on the share stream: by hand, and on the real posts where they are."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path

import pytest

from dashboards.evaluation import evasion
from dashboards.evaluation.results import Account, Results
from dashboards.evaluation.runner import Cost
from dashboards.evaluation.share import LABELS, POSTS, VARIANTS, run_share, score
from dashboards.evaluation.told import share_lines
from tests.quality.share_stream import DATA, needs_data

COST = Cost(posts=1, cpu_s=1, wall_s=1, rss_mb=1)
COLUMNS = ("id", "author_id", "label", "campaign", "source")


def post(n: int, author: str, text: str = "some words about it https://t.co/1") -> evasion.Row:
    return {
        "id": f"p{n}", "platform": "x", "author_id": author, "text": text, "urls": [],
        "created_at": f"2026-01-05T00:{n % 60:02}:00Z", "hashtags": None, "repost_of": None,
        "is_repost": n % 2 == 0,
    }  # fmt: skip


def label(n: int, author: str, bad: bool, source: str = "s") -> dict[str, str]:
    values = (f"p{n}", author, str(int(bad)), "op" if bad else "", source)
    return dict(zip(COLUMNS, values, strict=True))


@pytest.fixture
def stream() -> tuple[list[evasion.Row], list[dict[str, str]]]:
    posts = [post(n, f"bad{n % 20}") for n in range(40)]
    posts += [post(n, f"good{n}", f"my own words number {n}") for n in range(40, 80)]
    labels = [label(n, p["author_id"], bad=n < 40) for n, p in enumerate(posts)]
    return posts, labels


def test_wrapping_touches_the_operation_alone(stream):
    posts, labels = stream
    wrapped = {p["id"]: p for p in evasion.evade(posts, labels, "wrap")}

    for n, before in enumerate(posts):
        after = wrapped[before["id"]]
        if n >= 40:
            assert after == before
            continue
        assert re.fullmatch(
            r"#[a-z]+ some words about it  #[a-z]+ https://t.co/\S+", after["text"]
        )
        assert after["urls"] == [after["text"].split()[-1]]
        assert len(after["hashtags"]) == 2


def test_rewording_replaces_about_a_fifth_of_the_words(stream):
    posts, labels = stream
    long = [{**p, "text": " ".join(["same"] * 50)} for p in posts]
    reworded = evasion.evade(long, labels, "reword")
    kept = [p["text"].split().count("same") for p in reworded if p["author_id"] < "c"]

    assert 35 <= sum(kept) / len(kept) <= 50


def test_delays_are_at_most_six_hours_and_the_stream_stays_in_order(stream):
    posts, labels = stream
    delayed = evasion.evade(posts, labels, "delay")

    assert [p["created_at"] for p in delayed] == sorted(p["created_at"] for p in delayed)
    assert max(p["created_at"] for p in delayed) < "2026-01-05T07"
    assert {p["id"] for p in delayed} == {p["id"] for p in posts}


def test_nothing_is_rewritten_in_place(stream):
    posts, labels = stream
    before = json.dumps(posts)
    evasion.evade(posts, labels, "reword")

    assert json.dumps(posts) == before


def test_a_tenth_keeps_a_tenth_of_the_operation_and_everybody_else(stream):
    _, labels = stream
    kept = {row["author_id"] for row in evasion.dilute(labels, 0.1, 3)}

    assert sum(author.startswith("bad") for author in kept) == 3  # never fewer than three
    assert sum(author.startswith("good") for author in kept) == 40


def results(scores: dict[str, float], flagged: set[str]) -> Results:
    return Results(
        tuple(
            Account(
                author_id=name, platform="x", score=value,
                campaigns=("c",) if name in flagged else (),
            )
            for name, value in scores.items()
        ),
        (),
        (),
    )  # fmt: skip


def test_scores_are_those_of_a_count_by_hand():
    labels = [
        label(1, "a", bad=True), label(2, "b", bad=True),
        label(3, "fan", bad=False, source="kpop-tv-2017"), label(4, "d", bad=False),
    ]  # fmt: skip
    found = score(
        "m", "as_it_is", results({"a": 9, "fan": 8, "b": 7, "d": 0}, {"a", "fan"}), labels, COST
    )

    assert found.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert (found.precision, found.recall, found.tv_fans_flagged) == (0.5, 0.5, 1)
    assert found.best == pytest.approx((2 / 3, 1.0, 0.8))
    assert found.best_threshold == 7
    assert found.curve["0.5"] == 1.0
    assert found.curve["1.0"] == pytest.approx(2 / 3)


def test_every_variant_is_made_run_and_told(stream, tmp_path):
    posts, labels = stream
    data = tmp_path / "data"
    data.mkdir()
    evasion.write_posts(data / POSTS, posts)
    with gzip.open(data / LABELS, "wt", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(labels)
    scores = run_share("exact-24h", data, tmp_path / "work", lambda text: None)

    assert [one.variant for one in scores] == list(VARIANTS)
    assert {one.variant: one.posts for one in scores}["own_posts"] == 40
    assert len(list(share_lines(scores))) == 1 + len(VARIANTS)


@needs_data
def test_evasions_are_those_of_the_published_script(tmp_path):
    script = DATA.parent / "peers" / "evade.py"
    if not script.exists():
        pytest.skip("the script of the published figures is absent")
    import subprocess
    import sys

    labels = evasion.read_labels(DATA / LABELS)
    theirs = tmp_path / "theirs.ndjson.gz"
    command = [sys.executable, script, DATA / POSTS, DATA / LABELS, theirs, "reword"]
    subprocess.run(command, check=True)
    ours: Path = tmp_path / "ours.ndjson.gz"
    evasion.write_posts(ours, evasion.evade(evasion.read_posts(DATA / POSTS), labels, "reword"))

    assert gzip.decompress(ours.read_bytes()) == gzip.decompress(theirs.read_bytes())


@needs_data
def test_exact_copies_have_the_published_figure(tmp_path):
    from dashboards.evaluation import baselines
    from dashboards.evaluation.results import read_results

    baselines.exact_24h(DATA / POSTS, tmp_path)
    labels = evasion.read_labels(DATA / LABELS)
    found = score("exact-24h", "as_it_is", read_results(tmp_path), labels, COST)

    assert found.average_precision == pytest.approx(0.785, abs=0.003)
