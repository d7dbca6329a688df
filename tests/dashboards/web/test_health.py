"""What supervisors are told: it runs, it can do its work, and if not what is in the way."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import pytest

from ingest.records import SourceStatus
from stream.index import IndexBatch
from tests.dashboards.web.conftest import Serve, Served
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.world import MINUTE, NOW


class Broken(MemoryIndex):
    """An index whose file has become unreadable."""

    def counts(self):
        raise OSError("input/output error at /secret/path")


def status(state: str, **more: int) -> SourceStatus:
    return SourceStatus(source="bluesky", state=state, changed_at=NOW - 60 * MINUTE, **more)


def index_with(*statuses: SourceStatus) -> MemoryIndex:
    index = MemoryIndex()
    index.write(IndexBatch(checkpoint="1", statuses=statuses))
    return index


def asked(served: Served):
    answer = served.browser().get("/readyz")
    found = answer.json()
    return answer.status_code, found["status"], {c["name"]: c for c in found["checks"]}


def test_a_process_that_answers_is_alive_whatever_else_fails(serve: Serve):
    answer = serve(Broken()).browser().get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_pages_that_can_do_their_work_are_ready(serve: Serve):
    served = serve(index_with(status("live", last_item_at=NOW - MINUTE)))

    code, state, checks = asked(served)

    assert (code, state) == (200, "ready"), checks
    assert set(checks) == {"index", "desk", "disk", "posts"}
    assert checks["posts"]["found"] == "the newest is 1 minutes old"


def test_an_index_that_cannot_be_read_makes_it_fail_without_telling_where_it_lies(serve: Serve):
    code, state, checks = asked(serve(Broken()))

    assert (code, state) == (503, "failing")
    assert checks["index"]["state"] == "failing"
    assert "/secret/path" not in str(checks)


def test_a_desk_that_cannot_be_written_makes_it_fail(serve: Serve):
    served = serve(index_with(status("done")))
    other = sqlite3.connect(served.desk.file.path, isolation_level=None)
    served.desk.file._db.execute("PRAGMA busy_timeout=10")
    other.execute("BEGIN IMMEDIATE")

    code, state, checks = asked(served)

    other.execute("ROLLBACK")
    other.close()
    assert (code, state) == (503, "failing")
    assert checks["desk"]["found"] == "cannot be written: SQLITE_BUSY"
    assert asked(served)[:2] == (200, "ready")


def test_a_full_disk_makes_it_fail_and_it_recovers(serve: Serve):
    served = serve(index_with(status("done")))
    db = served.desk.file._db
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count={pages}")

    code, _, checks = asked(served)

    assert code == 503
    assert checks["desk"]["found"] == "the disk is full"
    db.execute("PRAGMA max_page_count=1000000")
    assert asked(served)[:2] == (200, "ready")


def test_asking_leaves_nothing_behind(serve: Serve):
    served = serve(index_with(status("done")))
    for _ in range(3):
        asked(served)

    tables = served.desk.file.rows("SELECT name FROM sqlite_schema WHERE name = 'probe'")
    assert tables == []


def test_little_space_is_a_reason_to_look(serve: Serve, monkeypatch: pytest.MonkeyPatch):
    served = serve(index_with(status("done")))
    usage = SimpleNamespace(free=2**20)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)

    code, state, checks = asked(served)

    assert (code, state) == (200, "degraded")
    assert checks["disk"]["found"] == "1 MiB free"


@pytest.mark.parametrize(
    ("statuses", "state", "found"),
    [
        ([], "degraded", "no source has run yet"),
        (["done"], "ready", "every source has read to its end"),
        (["failed"], "degraded", "1 of 1 sources have failed, none runs"),
        (["live"], "degraded", "nothing has come for 60 minutes; does the pipeline run?"),
        (["waiting"], "degraded", "nothing has come for 60 minutes; does the pipeline run?"),
    ],
)
def test_posts_that_do_not_come_any_more_are_a_reason_to_look(serve, statuses, state, found):
    code, _, checks = asked(serve(index_with(*(status(one) for one in statuses))))

    assert code == 200
    assert (checks["posts"]["state"], checks["posts"]["found"]) == (state, found)


def test_supervisors_need_no_password(serve: Serve):
    served = serve(index_with(status("done")), password="a long enough password")

    assert served.browser().get("/healthz").status_code == 200
    assert asked(served)[0] == 200
