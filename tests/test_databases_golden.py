"""Golden databases: what any jikimi ever wrote is brought up to date with nothing lost.

``tests/golden/databases`` holds a small database of every format there was, as SQL, each
written by the jikimi of its time. A new step in ``stream/storage/schema.py``,
``stream/banks.py`` or ``dashboards/desk_file.py`` needs one more: ``JIKIMI_GOLDEN=write pytest`` on this file
writes it. A file that exists is never rewritten, and a step that exists is never changed.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from dashboards.care.backup import back_up
from dashboards.care.restore import restore
from dashboards.deliveries import Deliveries
from dashboards.desk import Desk
from dashboards.desk_file import MIGRATIONS
from dashboards.keys import Keys
from dashboards.saved_views import SavedViews
from ingest.collector import Collected
from ingest.records import Deletion
from stream.banks import MIGRATIONS as BANKS
from stream.enrolled import MIGRATIONS as FACES
from stream.local_index import LocalIndex
from stream.media.shelf import MIGRATIONS as MEDIA
from stream.records import Logged, LoggedPost
from stream.storage.migrations import Step, migrate, version
from stream.storage.schema import STEPS
from tests.old_worlds import (
    MINUTE,
    NOW,
    SMEAR,
    dump,
    fill_banks,
    fill_desk,
    fill_faces,
    fill_media,
    fill_store,
    load,
    opened,
    post,
    schema,
)

GOLDEN = Path(__file__).parent / "golden" / "databases"
KINDS = {
    "jikimi": (1, STEPS),
    "desk": (2, MIGRATIONS),
    "banks": (1, BANKS),
    "faces": (1, FACES),
    "media": (1, MEDIA),
}
"""The first format that anybody had, and the steps there are. The desk began with two."""
EVERY = [
    (name, number)
    for name, (first, steps) in KINDS.items()
    for number in range(first, len(steps) + 1)
]
STORES = [number for name, number in EVERY if name == "jikimi"]
DESKS = [number for name, number in EVERY if name == "desk"]


def golden(name: str, number: int) -> Path:
    return GOLDEN / f"{name}-{number}.sql"


def made_by(steps: tuple[Step, ...], path: Path) -> Path:
    """A new file that has these steps behind it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrate(db, path, steps)
    return path


@pytest.fixture(autouse=True, scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Write the golden databases of today's formats where they are missing and asked for."""
    if os.environ.get("JIKIMI_GOLDEN") != "write":
        return
    folder = tmp_path_factory.mktemp("golden")
    with pytest.MonkeyPatch.context() as patch:
        for name, path in (
            ("jikimi", fill_store(folder / "data", patch)),
            ("desk", fill_desk(folder / "data")),
            ("banks", fill_banks(folder / "data")),
            ("faces", fill_faces(folder / "data")),
            ("media", fill_media(folder / "data")),
        ):
            file = golden(name, len(KINDS[name][1]))
            if not file.exists():
                file.write_text(dump(path), "utf-8")


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_every_format_has_a_golden_database(name: str, number: int):
    assert golden(name, number).is_file(), (
        f"a step was added to the schema of {name}.db: JIKIMI_GOLDEN=write pytest {__file__}"
    )


def test_there_are_no_others():
    assert {path.name for path in GOLDEN.iterdir()} == {golden(*one).name for one in EVERY}


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_no_step_was_changed_after_somebody_had_its_tables(
    name: str, number: int, tmp_path: Path
):
    """What the steps make today is what the jikimi of that time had made."""
    then = load(golden(name, number), tmp_path / "then.db")
    now = made_by(KINDS[name][1][:number], tmp_path / "now.db")

    assert schema(then) == schema(now), "add a step; never change one"


@pytest.mark.parametrize(("name", "number"), EVERY)
def test_an_old_file_comes_to_have_the_tables_of_a_new_one(
    name: str, number: int, tmp_path: Path
):
    steps = KINDS[name][1]
    old = load(golden(name, number), tmp_path / f"{name}.db")
    with closing(sqlite3.connect(old, isolation_level=None)) as db:
        assert version(db) == number
        migrate(db, old, steps)
        assert version(db) == len(steps)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    assert schema(old) == schema(made_by(steps, tmp_path / "new.db"))


def folder_with(tmp_path: Path, number: int) -> Path:
    """A data folder as the jikimi of that format left it."""
    data = tmp_path / "data"
    data.mkdir()
    load(golden("jikimi", number), data / "jikimi.db")
    load(golden("desk", DESKS[0]), data / "desk.db")
    return data


def alerts(path: Path) -> int:
    """Alerts that the jikimi of that time had raised."""
    with closing(sqlite3.connect(path)) as db:
        (held,) = db.execute("SELECT count(*) FROM results WHERE kind = 'alert'").fetchone()
    assert held
    return int(held)


def texts(path: Path) -> list[str]:
    decode = msgspec.msgpack.Decoder(Logged).decode
    with closing(sqlite3.connect(path)) as db:
        rows = [decode(row[0]) for row in db.execute("SELECT body FROM posts_log")]
    return sorted(entry.post.text for entry in rows if isinstance(entry, LoggedPost))


@pytest.mark.parametrize("number", STORES)
def test_a_run_goes_on_in_an_old_folder_and_finds_all_it_knew(number: int, tmp_path: Path):
    data = folder_with(tmp_path, number)
    before, raised = texts(data / "jikimi.db"), alerts(data / "jikimi.db")
    host = opened(data)

    assert before == texts(data / "jikimi.db")
    assert before.count(SMEAR) == 8
    assert host.intake.cursor("bluesky") == "1790000000"
    counts = host.intake.counters("bluesky")
    assert (counts["logged"], counts["unmatched"], counts["malformed"]) == (12, 1, 2)
    assert counts["removed"] == 1
    assert len(list(host.processor.results.of_kind("alert"))) == raised
    assert host.dead.get(1) is not None

    # Re-sends are known, a deletion reaches what was kept and what could not be read.
    host.ingest([Collected(source="bluesky", items=[post(0, SMEAR)])])
    assert host.intake.counters("bluesky")["duplicate"] == 1
    gone = [
        Deletion(id=post(n, "").id, source="bluesky", deleted_at=NOW + 60 * MINUTE)
        for n in (0, 30)
    ]
    host.ingest([Collected(source="bluesky", items=list(gone))])
    assert host.dead.get(1) is None
    assert host.dead.get(2) is not None
    host.close()
    assert texts(data / "jikimi.db").count(SMEAR) == 7


@pytest.mark.parametrize("number", STORES)
def test_an_old_backup_is_restored_into_a_folder_of_today(number: int, tmp_path: Path):
    data = folder_with(tmp_path, number)
    before, raised = texts(data / "jikimi.db"), alerts(data / "jikimi.db")
    made = back_up(data, tmp_path / "whole", watchlist=None, now=NOW)
    assert {file.schema for file in made.files} == {number, DESKS[0]}

    restore(tmp_path / "whole", tmp_path / "new")

    assert texts(tmp_path / "new" / "jikimi.db") == before
    index = LocalIndex(tmp_path / "new" / "index", read_only=True)
    assert index.counts()["posts"] == 10
    assert index.counts()["alerts"] == raised
    index.close()
    assert not list((tmp_path / "new").glob("*.format-*"))
    opened(tmp_path / "new").close()


@pytest.mark.parametrize("number", DESKS)
def test_the_desk_keeps_decisions_deliveries_keys_and_views(number: int, tmp_path: Path):
    load(golden("desk", number), tmp_path / "desk.db")
    desk = Desk(tmp_path / "desk.db")

    assert desk.verify().intact
    assert desk.verify().rows == 3
    assert desk.decisions(["al_1", "al_2"])["al_1"].who == "하나"
    assert {one.state for one in desk.history("al_2")} == {"open", "resolved"}
    states = {row.alert_id: row.state for row in Deliveries(desk.file).of_alert("al_1")}
    assert states == {"al_1": "done"}
    assert [key.name for key in Keys(desk.file).all()] == (["robot"] if number > 2 else [])
    views = SavedViews(desk.file).of("하나")
    assert [view.name for view in views] == (["mine"] if number > 4 else [])
    desk.decide("al_3", "resolved", reason="other", who="Mina", at_ms=NOW + 9)
    assert desk.verify().rows == 4
    desk.close()
