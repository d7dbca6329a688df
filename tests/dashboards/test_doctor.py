"""The doctor: each check on a good and on a bad day, and the command around them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards import doctor
from dashboards.cli import run
from dashboards.doctor import (
    check_address,
    check_age,
    check_clock,
    check_folder,
    check_package,
    check_plugin,
    check_program,
    check_python,
    check_source,
    check_space,
    check_sqlite,
    check_tantivy,
    check_watchlist,
)
from stream.config.decode import Options
from stream.settings import Settings, SourceSettings
from tests.ingest.reddit_server import RunningReddit, reddit
from tests.ingest.test_reddit import options

GIB = 2**30
NOW = 1_795_000_000.0

SOUND_WATCHLIST = """
[[subjects]]
id = "haneul-seo"
kind = "idol"
name = "Seo Haneul"
names = { ko = ["서하늘"] }
"""


@pytest.fixture(autouse=True)
def _away(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_old_python_fails_and_new_python_passes():
    assert check_python((3, 10, 9)).outcome == "FAIL"
    assert check_python((3, 11, 0)).outcome == "OK"
    assert check_python((4, 0, 0)).outcome == "OK"


@pytest.mark.parametrize("distribution", doctor.PACKAGES)
def test_every_library_can_be_imported_and_names_its_version(distribution):
    check = check_package(distribution)

    assert check.outcome == "OK", check.found
    assert check.found[0].isdigit()


def test_a_library_that_is_not_there_fails_with_a_fix():
    check = check_package("no_such_library_of_jikimi")

    assert check.outcome == "FAIL"
    assert "ModuleNotFoundError" in check.found
    assert "make setup" in check.fix


def test_old_sqlite_fails():
    assert check_sqlite((3, 31, 1)).outcome == "FAIL"
    assert check_sqlite((3, 40, 1)).outcome == "OK"


def test_the_search_library_finds_a_korean_word():
    assert check_tantivy().outcome == "OK"


def test_a_clock_in_the_past_fails(tmp_path):
    assert check_clock(0).outcome == "FAIL"
    assert check_clock(NOW, tmp_path / "absent").outcome == "OK"


def test_a_synchronised_clock_is_said_to_be_so(tmp_path):
    (tmp_path / "synchronized").touch()

    assert check_clock(NOW, tmp_path / "synchronized").found.endswith("synchronised")


def test_an_optional_program_that_is_missing_is_a_warning():
    check = check_program("no-such-program", "nothing needs it")

    assert check.outcome == "WARN"
    assert check.fix == "apt-get install no-such-program"
    assert check_program("sh", "").outcome == "OK"


def test_a_folder_that_does_not_exist_yet_will_be_made(tmp_path):
    check = check_folder(tmp_path / "a" / "b")

    assert check.outcome == "OK"
    assert "will be made" in check.found
    assert not (tmp_path / "a").exists()


def test_a_folder_that_is_a_file_fails(tmp_path):
    (tmp_path / "file").touch()

    assert check_folder(tmp_path / "file").outcome == "FAIL"
    assert check_folder(tmp_path / "file" / "inside").outcome == "FAIL"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_fails(tmp_path):
    tmp_path.chmod(0o500)

    assert check_folder(tmp_path).outcome == "FAIL"


@pytest.mark.parametrize(
    ("free", "outcome"), [(100 * GIB, "OK"), (2 * GIB, "WARN"), (GIB // 10, "FAIL")]
)
def test_little_space_warns_and_no_space_fails(tmp_path, free, outcome):
    assert check_space(tmp_path, free).outcome == outcome


def test_data_from_the_future_is_a_warning(tmp_path):
    file = tmp_path / "jikimi.db"
    file.touch()
    os.utime(file, (NOW + 3600, NOW + 3600))

    assert check_age(tmp_path, NOW).outcome == "WARN"
    assert check_age(tmp_path, NOW + 7200).outcome == "OK"
    assert check_age(tmp_path / "none", NOW).found == "none yet"


def test_no_watchlist_is_a_warning_that_says_how_to_get_one(tmp_path):
    check = check_watchlist(tmp_path / "w.toml")

    assert check.outcome == "WARN"
    assert "jikimi watchlist import" in check.fix


def test_a_sound_watchlist_passes_and_a_broken_one_fails(tmp_path):
    file = tmp_path / "w.toml"
    file.write_text(SOUND_WATCHLIST, encoding="utf-8")
    assert check_watchlist(file).found == f"{file}: 1 subjects"

    file.write_text(SOUND_WATCHLIST.replace('"idol"', '"idle"'), encoding="utf-8")
    check = check_watchlist(file)
    assert check.outcome == "FAIL"
    assert check.fix == f"jikimi watchlist check {file}"


def test_a_configured_source_must_be_registered():
    assert check_plugin("source", "live", "bluesky").outcome == "OK"
    check = check_plugin("source", "live", "blusky")
    assert check.outcome == "FAIL"
    assert "bluesky" in check.fix


def test_pages_beyond_this_machine_need_a_password():
    assert check_address("127.0.0.1", has_password=False).outcome == "OK"
    assert check_address("0.0.0.0", has_password=True).outcome == "OK"
    assert check_address("0.0.0.0", has_password=False).outcome == "FAIL"


def test_wrong_settings_fail_and_end_the_checks(capsys):
    Path("jikimi.toml").write_text("[web]\nport = 'x'\n")

    assert run(["doctor", "--json"]) == 1

    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert report["checks"][-1]["name"] == "settings"
    assert "jikimi.toml:2: web.port" in report["checks"][-1]["found"]


def test_the_report_is_one_json_object_and_ok_on_this_machine(capsys):
    assert run(["doctor", "--json"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert {"python", "praw", "sqlite", "tantivy", "settings", "disk"} <= {
        check["name"] for check in report["checks"]
    }


def test_the_report_for_people_has_a_fix_under_each_warning(capsys):
    run(["doctor"])

    lines = capsys.readouterr().out.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        assert line.startswith(("OK    ", "WARN  ", "FAIL  ", "      fix: "))
        if line.startswith(("WARN", "FAIL")):
            assert following.startswith("      fix: ")


def test_a_sink_of_unknown_kind_fails():
    settings = Settings(notify={})
    assert [c for c in doctor.examine(lambda: settings) if c.name.startswith("sink")] == []

    Path("jikimi.toml").write_text("[notify.x]\nkind = 'pigeon'\n")
    from stream.settings import load_settings

    found = [c for c in doctor.examine(lambda: load_settings(None, {})) if c.name == "sink x"]
    assert [c.outcome for c in found] == ["FAIL"]


# --- sources: their options, and one look at them -----------------------------


@pytest.fixture
def server() -> Iterator[RunningReddit]:
    with reddit() as running:
        yield running


def reddit_settings(server: RunningReddit, **more: object) -> SourceSettings:
    return SourceSettings(kind="reddit", options=Options(options(server) | more))


def test_the_options_of_a_source_are_checked_without_asking_anybody(server):
    sound = check_source("fans", reddit_settings(server))
    given = dict(options(server))
    del given["client_secret"]
    missing = check_source("fans", SourceSettings(kind="reddit", options=Options(given)))
    misspelt = check_source("fans", reddit_settings(server, subredits=["kpop"]))

    assert (sound.outcome, sound.found) == ("OK", "reddit, options are sound")
    assert missing.outcome == "FAIL"
    assert missing.found.startswith("sources.fans.options.client_secret is not set, allowed:")
    assert "[sources.fans.options]" in missing.fix
    assert misspelt.found.endswith("did you mean subreddits?")
    assert server.logins == []


def test_a_source_that_is_switched_off_is_not_looked_at():
    off = SourceSettings(kind="reddit", enabled=False)

    assert check_source("fans", off, online=True).found == "reddit, switched off"


def test_online_it_says_which_places_can_be_read(server):
    server.refusals["shy"] = 403, {}, b'{"reason": "private"}'
    searches = [{"query": "서하늘"}, {"query": "x", "subreddit": "shy"}]

    good = check_source("fans", reddit_settings(server), online=True)
    part = check_source(
        "fans",
        reddit_settings(server, subreddits=["kpop", "shy"], searches=searches),
        online=True,
    )

    assert (good.outcome, good.found) == (
        "OK",
        "reddit, logged in, 1 of 1 places can be read",
    )
    assert (part.outcome, part.found) == (
        "WARN",
        "reddit, logged in, 2 of 4 places can be read; r/shy is private; "
        "search for 'x' is private",
    )


def test_online_wrong_keys_and_a_dead_network_fail_and_show_no_secret(server):
    wrong = check_source(
        "fans", reddit_settings(server, client_secret="a-sentinel-secret"), online=True
    )
    nobody = reddit_settings(server, oauth_url="http://127.0.0.1:1")
    unreachable = check_source("fans", nobody, online=True)

    assert wrong.outcome == unreachable.outcome == "FAIL"
    assert (
        "sources.fans.options: Reddit does not accept client_id and client_secret (401)"
        in wrong.found
    )
    assert "a-sentinel-secret" not in repr(wrong)
    assert "connection failed" in unreachable.found
    assert "network" in unreachable.fix


def test_a_missing_secret_is_said_in_words_that_nothing_masks(server, capsys):
    given = "\n".join(
        f"{key} = {json.dumps(value)}"
        for key, value in options(server).items()
        if key != "client_secret"
    )
    Path("jikimi.toml").write_text(f"[sources.reddit.options]\n{given}\n")

    assert run(["config", "check"]) == 3
    said = capsys.readouterr().err
    assert "sources.reddit.options.client_secret is not set, allowed: the secret of" in said
    assert run(["doctor"]) == 1
    assert (
        "FAIL  source reddit: sources.reddit.options.client_secret" in capsys.readouterr().out
    )


def test_a_missing_table_of_languages_is_told_with_what_to_do():
    missing = doctor.check_languages(built=False)

    assert missing.outcome == "WARN"
    assert "make setup" in missing.fix
    assert doctor.check_languages(built=True).outcome == "OK"
