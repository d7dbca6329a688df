"""What was deleted after a backup does not come back with it, where the old folder still is."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.care import again
from dashboards.care.backup import back_up
from dashboards.care.restore import restore
from dashboards.cli import run
from ingest.collector import Collected
from ingest.records import Deletion
from stream.records import LoggedPost
from tests.old_worlds import NOW, items, opened, post


def standing(folder: Path) -> set[str]:
    host = opened(folder)
    host.settle()
    rows = host.store.db.execute("SELECT offset FROM posts_log").fetchall()
    found = {
        e.post.id for e in host.posts.at([r[0] for r in rows]) if isinstance(e, LoggedPost)
    }
    host.close()
    return found


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder that was backed up to ``whole``; then three posts were deleted in it."""
    folder = tmp_path / "old"
    host = opened(folder)
    host.ingest([Collected(source="bluesky", items=list(items()))])
    back_up(folder, tmp_path / "whole", watchlist=None, now=NOW)
    gone = [Deletion(id=post(n, "").id, source="bluesky", deleted_at=NOW) for n in (0, 1, 20)]
    host.ingest([Collected(source="bluesky", items=list(gone))])
    host.close()
    return folder


def test_what_the_old_folder_deleted_is_deleted_by_the_first_run(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(again, "AT_ONCE", 2)
    restore(tmp_path / "whole", tmp_path / "plain")
    restore(tmp_path / "whole", tmp_path / "new", deleted_in=old)

    lost = {post(n, "").id for n in (0, 1, 20)}
    assert standing(tmp_path / "plain") >= lost, "without it they come back"
    assert standing(tmp_path / "new") == standing(old)
    assert not standing(tmp_path / "new") & lost


def test_a_restore_without_that_folder_says_so_and_can_be_repeated(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "empty").mkdir()
    new = tmp_path / "new"
    command = ["restore", str(tmp_path / "whole"), "--data", str(new)]
    assert run([*command, "--deleted-in", str(tmp_path / "empty")]) == 1
    assert "no data in this folder" in capsys.readouterr().err

    assert run([*command, "--deleted-in", str(old)]) == 0
    said = capsys.readouterr()
    assert "restored" in said.out
    assert len(standing(new)) == len(standing(old))
