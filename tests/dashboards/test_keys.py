"""Keys of programs: shown once, kept as a hash, void once revoked, made while the pages run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.cli import run
from dashboards.desk import Desk
from dashboards.desk_file import MIGRATIONS, DeskFile
from dashboards.keys import MAX_NAME, KeyRefusedError, Keys
from stream.config.secrets import mask_text
from stream.storage.migrations import migrate

NOW = 1_790_000_000_000


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    file = DeskFile(tmp_path / "desk.db")
    yield Keys(file)
    file.close()


def test_a_key_is_known_by_its_text_and_by_nothing_else(keys):
    made, text = keys.create("grafana", ["read"], NOW)

    assert keys.holder(text.reveal()) == made
    for wrong in ("", "jk_", text.reveal()[:-1], text.reveal() + "x", f"jk_{made.key_id}_"):
        assert keys.holder(wrong) is None
    other = text.reveal()[:-4] + ("AAAA" if text.reveal()[-4:] != "AAAA" else "BBBB")
    assert keys.holder(other) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text() | st.from_regex(r"jk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", fullmatch=True))
def test_no_other_text_is_a_key(keys, text):
    assert keys.holder(text) is None


def test_the_file_holds_no_key(keys, tmp_path):
    _, text = keys.create("grafana", ["read", "decide"], NOW)
    secret = text.reveal().rpartition("_")[2].encode()

    for file in tmp_path.iterdir():
        assert secret not in file.read_bytes()


def test_a_key_never_shows_in_a_message(keys):
    _, text = keys.create("grafana", ["read"], NOW)

    assert text.reveal() not in f"{text} {text!r}"
    for message in (f"sent {text.reveal()}", f"Authorization: Bearer {text.reveal()}"):
        assert text.reveal().rpartition("_")[2] not in mask_text(message)


def test_a_revoked_key_is_void_and_its_name_is_free_again(keys):
    _, text = keys.create("grafana", ["read"], NOW)

    gone = keys.revoke("grafana", NOW + 1)

    assert gone.revoked_at == NOW + 1
    assert keys.holder(text.reveal()) is None
    keys.create("grafana", ["read"], NOW + 2)
    assert [one.revoked_at for one in keys.all()] == [NOW + 1, None]


def test_a_key_is_also_revoked_by_its_id(keys):
    made, text = keys.create("grafana", ["read"], NOW)
    keys.revoke(made.key_id, NOW)

    assert keys.holder(text.reveal()) is None


def test_a_name_that_is_taken_or_unknown_is_told(keys):
    keys.create("grafana", ["read"], NOW)

    with pytest.raises(KeyRefusedError, match="taken"):
        keys.create("grafana", ["read"], NOW)
    with pytest.raises(KeyRefusedError, match="valid: 'grafana'"):
        keys.revoke("grafana2", NOW)


@pytest.mark.parametrize(
    "name", ["", " x", "a\nb", "a\x00", "\ud800", "x" * (MAX_NAME + 1), "a:b"]
)
def test_what_is_no_name_is_refused(keys, name):
    with pytest.raises(KeyRefusedError, match="name"):
        keys.create(name, ["read"], NOW)


def test_keys_are_made_and_revoked_while_the_desk_has_its_owner(tmp_path, capsys):
    desk = Desk(tmp_path / "desk.db")
    keys = Keys(desk.file)

    assert run(["keys", "create", "bot", "--scope", "decide", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr()
    text = said.out.strip()
    held = keys.holder(text)
    assert held is not None
    assert held.scopes == ("read", "decide")
    assert "shown this once" in said.err
    assert text not in said.err

    assert run(["keys", "list", "--json", "--data", str(tmp_path)]) == 0
    listed = capsys.readouterr().out
    assert '"name":"bot"' in listed
    assert text.rpartition("_")[2] not in listed
    assert run(["keys", "list", "--data", str(tmp_path)]) == 0
    assert "bot  read+decide" in capsys.readouterr().out

    assert run(["keys", "revoke", "bot", "--data", str(tmp_path)]) == 0
    assert keys.holder(text) is None
    desk.decide("al_1", "open", reason="", who="minji", at_ms=NOW)
    desk.close()


def test_a_name_that_is_taken_is_a_mistake_of_use(tmp_path, capsys):
    assert run(["keys", "create", "bot", "--data", str(tmp_path)]) == 0
    assert run(["keys", "create", "bot", "--data", str(tmp_path)]) == 2
    assert "taken by a valid key" in capsys.readouterr().err
    assert run(["keys", "revoke", "nobody", "--data", str(tmp_path)]) == 1
    assert "no valid key" in capsys.readouterr().err


def test_an_older_desk_gets_the_table_of_keys(tmp_path):
    before = next(i for i, step in enumerate(MIGRATIONS) if step.name == "keys")
    with sqlite3.connect(tmp_path / "desk.db") as db:
        migrate(db, tmp_path / "desk.db", MIGRATIONS[:before])
    db.close()

    file = DeskFile(tmp_path / "desk.db")

    assert Keys(file).all() == []
    file.close()
