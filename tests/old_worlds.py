"""Small data folders for golden databases: what a jikimi of today leaves in its files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from dashboards.composing import compose
from dashboards.deliveries import Deliveries
from dashboards.desk import Desk
from dashboards.keys import Keys
from dashboards.preview_looks import PreviewLooks
from dashboards.saved_views import SavedViews
from detect.media.examined import Look
from detect.watchlist import load_watchlist
from ingest.collector import Collected
from ingest.records import Author, Deletion, Gap, Malformed, Media, Post
from stream.banks import BANKS_FILE, Banks, Reference
from stream.embedded import EmbeddedHost
from stream.enrolled import FACES_FILE, Enrolled
from stream.media.records import Errand, Kept, Verdict
from stream.media.shelf import MEDIA_FILE, Shelf
from stream.records import Alert, LoggedMedia
from stream.settings import load_settings

NOW = 1_790_000_000_000
MINUTE = 60_000
SMEAR = "Arin was rude to the staff of the airport this morning, everybody saw it, pass it on"
WATCHLIST = """
[[subjects]]
id = "lumena"
kind = "group"
name = "LUMENA"
names.en = ["LUMENA"]

[[subjects]]
id = "arin"
kind = "idol"
name = "Arin"
names.en = ["Arin"]
names.ko = ["아린"]
aliases.en = ["Rin"]
ambiguous = ["Rin"]
groups = ["lumena"]
"""


def post(n: int, text: str, **more: object) -> Post:
    at = NOW + n * 20_000
    return Post(
        id=f"bluesky:at://did:plc:fan{n}/app.bsky.feed.post/3p{n}",
        source="bluesky", platform="bluesky", author_id=f"did:plc:fan{n}",
        created_at=at, observed_at=at + 500, text=text, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def items() -> list[Post | Deletion | Gap | Malformed]:
    """Eight copies, an answer with a picture, an edit, a deletion, a gap, broken records."""
    copies = [post(n, SMEAR, author=Author(handle=f"fan{n}", created_at=NOW)) for n in range(8)]
    picture = Media(url="https://pictures.example/1.png", alt="아린 at the airport")
    broken = b'{"did":"did:plc:fan30","rkey":"3p30","text":{"broken":1}}'
    return [
        *copies,
        post(20, "아린 오늘 무대 최고였다", lang="ko", hashtags=("아린",), media=(picture,)),
        post(21, "is that true?", reply_to=copies[0].id),
        post(22, "the weather is fine, says Rin, and so it is"),
        post(23, "Arin will be deleted soon"),
        post(20, "아린 오늘 무대 최고였다!", lang="ko", hashtags=("아린",), media=(picture,)),
        Deletion(id=post(23, "").id, source="bluesky", deleted_at=NOW + 30 * MINUTE),
        Gap(source="bluesky", since=NOW, until=NOW + MINUTE, reason="connection lost"),
        Malformed(source="bluesky", raw=broken, reason="text: found an object"),
        Malformed(source="bluesky", raw=b"\xff\xfe not text", reason="not UTF-8"),
    ]


def opened(folder: Path) -> EmbeddedHost:
    """The owner of a data folder, without an index."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder.parent / "watchlist.toml"
    file.write_text(WATCHLIST, "utf-8")
    settings = load_settings(None, {"JIKIMI__PIPELINE__PARTITIONS": "2"})
    return compose.build_host(folder, settings, load_watchlist(file), None)


def fill_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that has seen a little world."""
    monkeypatch.setattr(compose, "wall_clock", lambda: NOW)
    host = opened(folder)
    host.ingest([Collected(source="bluesky", items=list(items()), cursor="1790000000")])
    host.finish()
    host.close()
    return folder / "jikimi.db"


def an_alert(n: int) -> Alert:
    return Alert(
        alert_id=f"al_{n}", subject="arin", kind="copy_burst", severity="high",
        title="8 accounts posted one text", created_at=NOW, updated_at=NOW, revision=1,
        operator_version="alerts/1",
    )  # fmt: skip


def fill_desk(folder: Path) -> Path:
    """A desk at which people have decided, taken back, been called, made keys and views."""
    desk = Desk(folder / "desk.db")
    desk.decide("al_1", "acknowledged", reason="", who="하나", at_ms=NOW)
    done = desk.decide("al_2", "resolved", reason="fan event", who="Mina", at_ms=NOW + 1)
    desk.undo(done.decision_id, "Mina", NOW + 2)
    calls = Deliveries(desk.file)
    calls.register(["team"], list, NOW)
    calls.take_in([an_alert(1), an_alert(2)], ["team"], [], NOW)
    first = calls.next("team")
    assert first is not None
    calls.begin(first.delivery_id, NOW)
    calls.done(first.delivery_id, NOW + 3)
    Keys(desk.file).create("robot", ["read"], NOW)
    SavedViews(desk.file).create(
        "mine", "/alerts", "severity=high", owner="하나", who="하나", at_ms=NOW
    )
    PreviewLooks(desk.file).note("1" * 64, "하나", NOW)
    desk.close()
    return folder / "desk.db"


def fill_media(folder: Path) -> Path:
    """A post whose picture was looked at, and one that waits."""
    shelf = Shelf(folder)
    for number in (1, 2):
        urls = (f"https://media.example/{number}.jpg",)
        shelf.put(
            Errand(post_id=f"x:{number}", account="x:하나", platform="x", at=NOW, urls=urls),
            1.5,
        )
    verdict = Verdict(
        sha256="1" * 64, version="media/1", format="jpeg", pdq="2" * 64, family="fam_1"
    )
    looks = (Look(b"features", b"pixels", 3, 2),)
    shelf.keep(
        Kept(
            verdict=verdict, features=b"f", pixels=b"p", size=(1, 1), preview=b"small",
            looks=looks,
        )
    )  # fmt: skip
    with shelf.change() as db:
        db.execute("INSERT INTO merged VALUES ('fam_0', 'fam_1')")
    shelf.shown(verdict.sha256, "x:1", "3" * 32)
    shelf.belongs(["ref_1"], "fam_1")
    shelf.tell(LoggedMedia(post_id="x:1", account="x:하나"))
    shelf.set_meta("position", b"here")
    shelf.close()
    return folder / MEDIA_FILE


def fill_banks(folder: Path) -> Path:
    """Banks that somebody has made, filled and taken a reference out of."""
    with Banks(folder / BANKS_FILE) as banks:
        banks.create("official", "official", who="하나", now=NOW)
        made = [
            Reference(
                reference_id="", bank="official", kind="official", pdq=digit * 64, label="무대"
            )
            for digit in "12"
        ]
        looks = {"1" * 64: Look(b"features", b"pixels", 3, 2)}
        banks.add(made, who="하나", now=NOW + 1, looks=looks)
        first = banks.references()[0]
        banks.enable(first.reference_id, False, who="Mina", now=NOW + 2, note="wrong")
        banks.about(banks.references()[1].reference_id, "arin", who="Mina", now=NOW + 3)
    return folder / BANKS_FILE


def fill_faces(folder: Path) -> Path:
    """One enrolled person with two photos, one that was deleted."""
    with Enrolled(folder / FACES_FILE) as enrolled:
        ones = np.full(128, 128**-0.5, "<f4").tobytes()
        photos = [("a" * 64, ones), ("b" * 64, ones)]
        enrolled.enrol("arin", photos, consent="signed", who="하나", now=NOW)
        enrolled.enrol("sena", photos[:1], consent="signed", who="하나", now=NOW)
        enrolled.delete("sena", who="Mina", now=NOW + 1, note="asked")
    return folder / FACES_FILE


def dump(path: Path) -> str:
    """A database as SQL, its format number included."""
    with closing(sqlite3.connect(path)) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        return "\n".join((*db.iterdump(), f"PRAGMA user_version={version};", ""))


def load(file: Path, path: Path) -> Path:
    """The database that an SQL file describes."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(file.read_text("utf-8"))
    return path


def schema(path: Path) -> set[tuple[str, str, str]]:
    """Kind, name and SQL of everything in a database but the bookkeeping of migrations."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(
            "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
            " AND name != 'migrations' AND name NOT LIKE 'sqlite_%'"
        )
        return {(kind, name, " ".join(sql.split())) for kind, name, sql in rows}
