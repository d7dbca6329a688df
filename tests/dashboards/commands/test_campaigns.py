"""``jikimi campaigns`` on the index of a data folder."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from dashboards.cli import run
from dashboards.composing.compose import INDEX_FOLDER
from stream.index import IndexBatch
from stream.local_index import LocalIndex
from tests.dashboards.web.test_campaigns import make_campaign
from tests.dashboards.web.world import HARMFUL, HOUR, NOW, smear_posts


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    index = LocalIndex(Path("jikimi-data") / INDEX_FOLDER)
    posts = smear_posts()
    index.write(
        IndexBatch(
            checkpoint="one",
            posts=posts,
            sightings=posts,
            results=[
                make_campaign(),
                make_campaign("ca_fans", "fan_event", members=(), last_post_at=NOW),
                make_campaign("ca_old", merged_into="ca_smear", accounts=(), post_ids=()),
            ],
        )
    )
    index.close()


def test_the_list_holds_what_needs_a_look(capsys: pytest.CaptureFixture[str]):
    assert run(["campaigns", "list"]) == 0

    out = capsys.readouterr().out
    assert "ca_smear" in out
    assert "ca_fans" not in out


def test_all_kinds_are_listed_newest_first_when_asked(capsys: pytest.CaptureFixture[str]):
    assert run(["campaigns", "list", "--all", "--json"]) == 0

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["campaign_id"] for row in rows] == ["ca_fans", "ca_smear"]


def test_show_names_accounts_wordings_and_what_was_shared(capsys: pytest.CaptureFixture[str]):
    assert run(["campaigns", "show", "ca_old"]) == 0

    out = capsys.readouterr().out
    assert out.startswith("ca_smear")
    assert "wordings (posts, accounts):" in out
    assert "text  44  48" in out
    assert "\u202e" not in out


def test_likely_harmful_wordings_are_hidden_until_they_are_asked_for(
    capsys: pytest.CaptureFixture[str],
):
    judged = [
        msgspec.structs.replace(one, judgement=HARMFUL, revision=2) for one in smear_posts()
    ]
    index = LocalIndex(Path("jikimi-data") / INDEX_FOLDER)
    index.write(IndexBatch(checkpoint="two", posts=judged, sightings=judged))
    index.close()
    said = judged[0].post.text

    assert run(["campaigns", "show", "ca_smear"]) == 0
    hidden = capsys.readouterr().out
    assert run(["campaigns", "show", "ca_smear", "--show"]) == 0
    shown = capsys.readouterr().out

    assert "--show prints it" in hidden
    assert said[:60] not in hidden
    assert said[:60] in shown


def test_the_list_says_what_is_pushed_and_hides_harmful_words_until_asked(
    capsys: pytest.CaptureFixture[str],
):
    said = " ".join(smear_posts()[0].post.text.split())
    assert run(["campaigns", "list"]) == 0
    assert f"    pushes “{said}”" in capsys.readouterr().out
    judged = [
        msgspec.structs.replace(one, judgement=HARMFUL, revision=2) for one in smear_posts()
    ]
    index = LocalIndex(Path("jikimi-data") / INDEX_FOLDER)
    index.write(IndexBatch(checkpoint="two", posts=judged, sightings=judged))
    index.close()

    assert run(["campaigns", "list"]) == 0
    hidden = capsys.readouterr().out
    assert run(["campaigns", "list", "--show"]) == 0
    shown = capsys.readouterr().out
    assert run(["campaigns", "list", "--json"]) == 0
    [row] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert "pushes (hidden: Defamation" in hidden
    assert said not in hidden
    assert f"pushes “{said}”" in shown
    assert (row["pushed"]["phrase"], row["pushed"]["spared"]) == (said, True)
    assert (row["pushed"]["texts"], row["pushed"]["link"]) == (1, None)


def test_show_says_where_a_campaign_comes_from(capsys: pytest.CaptureFixture[str]):
    index = LocalIndex(Path("jikimi-data") / INDEX_FOLDER)
    before = make_campaign(
        "ca_before", first_post_at=NOW - 90 * HOUR, last_post_at=NOW - 80 * HOUR
    )
    part = make_campaign("ca_part", split_from="ca_smear")
    index.write(IndexBatch(checkpoint="two", results=[before, part]))
    index.close()

    assert run(["campaigns", "show", "ca_smear"]) == 0
    shown = capsys.readouterr().out
    assert "returns from" in shown
    assert "split off" in shown
    assert run(["campaigns", "show", "ca_part"]) == 0
    assert "split from ca_smear" in capsys.readouterr().out.splitlines()[0]


def test_explain_tells_each_axis_with_what_was_usual(capsys: pytest.CaptureFixture[str]):
    assert run(["campaigns", "explain", "ca_smear"]) == 0

    out = capsys.readouterr().out
    assert "coordination: 0.81" in out
    assert "new accounts: 0.6, usual 0.1" in out
    assert "harm: not assessed" in out


def test_an_unknown_id_says_what_to_do(capsys: pytest.CaptureFixture[str]):
    assert run(["campaigns", "show", "ca_none"]) == 1

    assert "jikimi campaigns list --all" in capsys.readouterr().err


def test_accounts_of_a_fan_event_are_not_named(capsys: pytest.CaptureFixture[str]):
    assert run(["campaigns", "show", "ca_fans"]) == 0

    shown = capsys.readouterr().out.partition("wordings")[0]
    assert "named only where something coordinated is reported" in shown
    assert not [one for one in smear_posts() if one.post.account in shown]
