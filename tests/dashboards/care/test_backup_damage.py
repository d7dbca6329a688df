"""Backups that were damaged, forged, cut, or made on a full disk."""

from __future__ import annotations

import io
import json
import os
import random
import sqlite3
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import zstandard

from dashboards.care import backup as backups
from dashboards.care.backup import back_up
from dashboards.care.manifest import BackupUnusableError, Manifest, sealed
from dashboards.care.restore import check, restore
from dashboards.cli import run
from stream.storage.errors import StorageFullError
from stream.storage.store import Store
from tests.dashboards.care.backup_world import NOW, SHAPES, rows


def flipped(path: Path, at: float) -> None:
    body = bytearray(path.read_bytes())
    body[int(len(body) * at)] ^= 1
    path.write_bytes(body)


@pytest.mark.parametrize("name", ["jikimi.db", "desk.db"])
@pytest.mark.parametrize("at", [0.1, 0.5, 0.999])
def test_one_changed_bit_is_noticed_and_nothing_is_restored(
    data: Path, tmp_path: Path, name: str, at: float
):
    back_up(data, tmp_path / "whole", watchlist=None, now=NOW)
    flipped(tmp_path / "whole" / name, at)

    with pytest.raises(BackupUnusableError, match=f"{name} is not what was backed up"):
        restore(tmp_path / "whole", tmp_path / "new")
    assert not (tmp_path / "new" / "jikimi.db").exists()
    with pytest.raises(BackupUnusableError):
        check(tmp_path / "whole")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_packed_backup_that_was_cut_is_noticed(data: Path, tmp_path: Path, share: float):
    packed = tmp_path / "whole.tar.zst"
    back_up(data, packed, watchlist=None, now=NOW)
    body = packed.read_bytes()
    packed.write_bytes(body[: int(len(body) * share)])

    with pytest.raises(BackupUnusableError):
        check(packed)


@pytest.mark.parametrize("at", [0.02, 0.2, 0.7, 0.99, 0.9999])
def test_a_packed_backup_that_was_changed_is_noticed(data: Path, tmp_path: Path, at: float):
    packed = tmp_path / "whole.tar.zst"
    back_up(data, packed, watchlist=None, now=NOW)
    # The first bytes hold hints for decoding only; everything after them is checked.
    flipped(packed, at)

    with pytest.raises(BackupUnusableError):
        check(packed)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("/tmp/outside", tarfile.REGTYPE),
        ("evil.sh", tarfile.REGTYPE),
        ("jikimi.db", tarfile.SYMTYPE),
    ],
)
def test_nothing_is_taken_from_an_archive_that_its_manifest_does_not_name(
    data: Path, tmp_path: Path, name: str, kind: bytes
):
    back_up(data, tmp_path / "whole", watchlist=None, now=NOW)
    packed = tmp_path / "odd.tar.zst"
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w|") as archive:
        archive.add(tmp_path / "whole" / "manifest.json", arcname="manifest.json")
        odd = tarfile.TarInfo(name)
        odd.type, odd.size, odd.linkname = (
            kind,
            4 if kind == tarfile.REGTYPE else 0,
            "/etc/passwd",
        )
        archive.addfile(odd, io.BytesIO(b"evil"))
    packed.write_bytes(zstandard.compress(raw.getvalue()))

    with pytest.raises(BackupUnusableError):
        restore(packed, tmp_path / "new")
    assert not list(tmp_path.rglob("outside"))
    assert not list(tmp_path.rglob("evil.sh"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "jikimi-backup/9"}, "cannot be read"),
        ({"files": []}, "names other files"),
        ({"made_at": "yesterday"}, "cannot be read"),
        ({"made_at": NOW + 1}, "was changed"),
        ({"counts": {}}, "was changed"),
    ],
)
def test_a_manifest_that_is_not_ours_is_refused(
    data: Path, tmp_path: Path, change: dict[str, object], said: str
):
    back_up(data, tmp_path / "whole", watchlist=None, now=NOW)
    place = tmp_path / "whole" / "manifest.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | change))
    with pytest.raises(BackupUnusableError, match=said):
        check(tmp_path / "whole")


def test_a_backup_of_a_newer_format_is_refused_before_anything_is_written(
    data: Path, tmp_path: Path
):
    made = back_up(data, tmp_path / "whole", watchlist=None, now=NOW)
    newer = tuple(msgspec.structs.replace(file, schema=99) for file in made.files)
    body = msgspec.json.encode(sealed(msgspec.structs.replace(made, files=newer)))
    (tmp_path / "whole" / "manifest.json").write_bytes(body)

    with pytest.raises(BackupUnusableError, match=r"has format 99.*use the jikimi that wrote"):
        restore(tmp_path / "whole", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert isinstance(made, Manifest)


def test_a_damaged_database_is_told_and_not_backed_up(data: Path, tmp_path: Path):
    with closing(sqlite3.connect(data / "jikimi.db")) as db:
        page = db.execute("PRAGMA page_size").fetchone()[0]
        root = db.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'posts_log'"
        ).fetchone()[0]
    with (data / "jikimi.db").open("r+b") as file:
        file.seek((root - 1) * page + 8)
        file.write(b"\xff" * 400)

    with pytest.raises((BackupUnusableError, sqlite3.DatabaseError)):
        back_up(data, tmp_path / "whole", watchlist=None, now=NOW)
    assert not (tmp_path / "whole").exists()
    assert not (tmp_path / "whole.part").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 512 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=768k", "tmpfs", str(disk)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("kib", [0, 8, 100, 300])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_full_disk_is_told_and_nothing_is_left(
    data: Path, small_disk: Path, kib: int, shape: str, monkeypatch: pytest.MonkeyPatch
):
    # The look before the copying would refuse all of it at once.
    monkeypatch.setattr(backups, "_check_space", lambda *_, **__: None)
    with closing(sqlite3.connect(data / "jikimi.db")) as db:
        db.execute("CREATE TABLE filler (x)")
        db.execute("INSERT INTO filler VALUES (randomblob(600000))")
        db.commit()
    free = os.statvfs(small_disk)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * max(0, free.f_bavail * free.f_bsize - kib * 1024))

    with pytest.raises(StorageFullError, match="the backup was not made"):
        back_up(data, small_disk / shape, watchlist=None, now=NOW)
    assert [p.name for p in small_disk.iterdir()] == ["ballast"]


def test_what_cannot_fit_is_refused_at_once_with_the_sizes(
    data: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
):
    with closing(sqlite3.connect(data / "jikimi.db")) as db:
        db.execute("CREATE TABLE filler (x)")
        db.execute("INSERT INTO filler VALUES (zeroblob(3000000))")
        db.commit()

    assert run(["backup", str(small_disk / "whole"), "--data", str(data)]) == 1
    said = capsys.readouterr().err
    assert "needs about 3 MiB, 1 MiB are free" in said
    assert "Traceback" not in said


def test_a_full_disk_while_restoring_is_told_and_the_next_try_succeeds(
    data: Path, small_disk: Path, tmp_path: Path
):
    back_up(data, tmp_path / "whole", watchlist=None, now=NOW)
    ballast = small_disk / "ballast"
    free = os.statvfs(small_disk)
    ballast.write_bytes(b"\0" * (free.f_bavail * free.f_bsize - 16 * 1024))
    with pytest.raises(StorageFullError, match=r"not restored|backup needs"):
        restore(tmp_path / "whole", small_disk / "new", index=False)
    ballast.unlink()
    restore(tmp_path / "whole", small_disk / "new", index=False)
    assert len(rows(small_disk / "new" / "jikimi.db", "SELECT 1 FROM posts_log")) == 200


def test_what_was_deleted_a_moment_ago_is_not_in_it(data: Path, tmp_path: Path):
    rng = random.Random(1)
    store = Store(data)
    keys = [f"{rng.getrandbits(64):016x}" for _ in range(12_000)]
    for start in range(0, len(keys), 500):
        values = [
            (keys[i], f"WORD{i:06d}" + "x" * rng.randint(20, 400), b"")
            for i in range(start, start + 500)
        ]
        with store.transaction():
            store.db.executemany("INSERT INTO seen VALUES (?, ?, ?)", values)
    gone = rng.sample(range(len(keys)), 400)
    with store.transaction():
        store.db.executemany("DELETE FROM seen WHERE post_id = ?", [(keys[i],) for i in gone])

    back_up(data, tmp_path / "whole", watchlist=None, now=NOW)

    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    words = [b"WORD%06d" % i for i in gone]
    left = (data / "jikimi.db").read_bytes()
    assert any(word in left for word in words), "nobody has wiped it there yet"
    copied = (tmp_path / "whole" / "jikimi.db").read_bytes()
    assert [word for word in words if word in copied] == []
    assert len(rows(tmp_path / "whole" / "jikimi.db", "SELECT 1 FROM seen")) == 11_600


def test_secrets_of_settings_cookies_and_keys_are_not_in_it(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    from dashboards.commands.web import read_secret

    monkeypatch.chdir(tmp_path)
    Path("jikimi.toml").write_text(
        f'[data]\nfolder = "{data}"\n[web]\npassword = "sesame-of-the-pages"\n'
        '[notify.webhook.options]\nurl = "https://hook.example/"\nsecret = "sesame-of-the-hook"\n'
    )
    cookies = read_secret(data / "web-secret")
    assert run(["keys", "create", "robot"]) == 0
    token = capsys.readouterr().out.split()[-1]
    assert len(token) > 20
    assert run(["backup", "whole"]) == 0

    held = b"".join(file.read_bytes() for file in Path("whole").iterdir())
    for secret in (b"sesame-of-the-pages", b"sesame-of-the-hook", cookies, token.encode()):
        assert secret not in held
    assert b"robot" in held, "the key is there, as a hash"


def test_mistakes_are_told_in_plain_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "empty").mkdir()
    for arguments, code, said in (
        (
            ["backup", str(tmp_path / "b"), "--data", str(tmp_path / "empty")],
            1,
            "no data in this",
        ),
        (
            ["backup", str(tmp_path / "b"), "--data", str(tmp_path / "none")],
            2,
            "does not exist",
        ),
        (
            ["restore", str(tmp_path / "none"), "--data", str(tmp_path / "n")],
            1,
            "there is no back",
        ),
        (["restore", str(tmp_path / "empty"), "--check"], 1, "is no whole backup"),
        (["restore"], 2, "Missing argument"),
    ):
        assert run(arguments) == code
        assert said in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty"]
