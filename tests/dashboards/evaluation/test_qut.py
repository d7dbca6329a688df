"""The peer runs where it is installed, and says loudly how to install it where it is not."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dashboards.cli import cli
from dashboards.evaluation import qut
from dashboards.evaluation.baselines import Groups
from dashboards.evaluation.results import read_results

PYTHON = os.environ.get("JIKIMI_QUT_PYTHON", "")


def posts(folder: Path) -> Path:
    """Three accounts that post five same texts together, and one that posts alone."""
    file = folder / "posts.ndjson"
    lines = [
        {
            "id": f"p{strike}{author}", "platform": "x", "author_id": author, "urls": None,
            "created_at": f"2026-03-02T0{strike}:00:0{n}Z",
            "text": f"text number {strike} that is the same for all",
        }
        for strike in range(5)
        for n, author in enumerate("abc")
    ]  # fmt: skip
    lines.append({**lines[0], "id": "q", "author_id": "d", "text": "quite alone with this"})
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_without_the_toolkit_it_says_how_to_install_it(tmp_path):
    command = ["eval", "qut", "fused", str(posts(tmp_path)), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(
        cli, [*command, "--python", sys.executable], standalone_mode=False
    )  # fmt: skip

    assert done.return_value == 1
    assert "pip install coordination-network-toolkit==1.5.2" in done.output
    assert not (tmp_path / "out").exists()


def test_a_python_that_is_not_there_is_named(tmp_path):
    with pytest.raises(qut.NotInstalledError, match="nowhere"):
        qut.run("fused", posts(tmp_path), tmp_path / "out", tmp_path / "nowhere")


@pytest.mark.skipif(not PYTHON, reason="JIKIMI_QUT_PYTHON names no Python with the toolkit")
@pytest.mark.parametrize("setup", sorted(qut.SETUPS))
def test_accounts_that_post_the_same_are_one_campaign(setup, tmp_path):
    qut.run(setup, posts(tmp_path), tmp_path / "out", Path(PYTHON))
    found = read_results(tmp_path / "out")

    assert [one.accounts for one in found.reports] == [("x:a", "x:b", "x:c")]
    assert {one.author_id: one.score > 0 for one in found.accounts} == {
        "a": True, "b": True, "c": True, "d": False,
    }  # fmt: skip


def test_directions_are_joined_and_networks_summed(tmp_path):
    (tmp_path / "one_60.csv").write_text("a,b,2\nb,a,5\na,a,9\nb,c,1\n")
    (tmp_path / "two_60.csv").write_text("b,a,1\n")
    setup = qut.Setup(("one:60", "two:60"), bare=True, lightest=2, threshold=3)

    assert qut._edges(tmp_path, setup) == {("a", "b"): 6.0}


def test_groups_are_what_hangs_together():
    groups = Groups("abcde")
    groups.join("a", "c")
    groups.join("c", "e")

    assert groups.all() == [["a", "c", "e"], ["b"], ["d"]]
