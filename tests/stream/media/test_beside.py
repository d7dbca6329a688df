"""Pictures beside the embedded host: found through the log, in the index, alerted, deleted."""

from __future__ import annotations

import threading

from dashboards.composing.compose import INDEX_FOLDER, build_host
from dashboards.demo.played import PlayedSource
from detect.watchlist import load_watchlist
from ingest.collector import Collector
from ingest.records import Deletion, Media, Post
from ingest.source import Terms
from stream.hosting.beside import Beside
from stream.index import AlertQuery, FindingQuery
from stream.local_index import LocalIndex
from stream.media.looking import Looker
from stream.media.stage import MediaStage
from stream.settings import Settings
from tests.detect.media.pictures import as_file
from tests.stream.media.test_stage import PHOTO, altered, bank
from tests.stream.media.world import START, Told, Web

WATCHLIST = """
[[subjects]]
id = "arin"
name = "Arin"
kind = "idol"
names.en = ["Arin"]
"""
TERMS = Terms(access="none", rate="none", retention="none", deletion="none")


def post(number: int) -> Post:
    return Post(
        id=f"x:{number}", source="x", platform="x", author_id=f"a{number}",
        created_at=START + number, text="Arin!",
        media=(Media(url=f"https://media.example/{number}.jpg"),),
    )  # fmt: skip


def run(folder, watchlist, items):
    web = Web()
    for number in range(3):
        web.pages[f"https://media.example/{number}.jpg"] = as_file(
            altered(), ".jpg", 90 - number
        )
    stage = MediaStage(folder, looker=Looker(scorer=Told()), fetching=web, now=lambda: START)
    index = LocalIndex(folder / INDEX_FOLDER)
    host = build_host(folder, Settings(), watchlist, index)
    host.media = Beside(stage, patience_s=60)
    source = PlayedSource(
        name="x", terms=TERMS, items=lambda: iter([(START, one) for one in items]), speed=None
    )
    host.run(Collector([source], {"x": host.intake.cursor("x")}), threading.Event())
    found = index.findings(FindingQuery())
    alerts = index.alerts(AlertQuery(kinds=("media",))).alerts
    host.close()
    return found, alerts


def test_pictures_are_found_and_alerted_and_leave_with_their_posts(tmp_path):
    file = tmp_path / "watchlist.toml"
    file.write_text(WATCHLIST, encoding="utf-8")
    watchlist = load_watchlist(file)
    folder = tmp_path / "data"
    folder.mkdir()
    bank(folder, "photos", "official", PHOTO)
    posts = [post(n) for n in range(3)]

    found, [alert] = run(folder, watchlist, posts)
    assert [one.post_id for one in found] == ["x:0", "x:1", "x:2"]
    assert {one.family for one in found} == {alert.family_id}
    assert (alert.subject, alert.posts) == ("arin", 2)

    gone = [Deletion(id=f"x:{n}", source="x", deleted_at=START + 9) for n in range(3)]
    found, [alert] = run(folder, watchlist, [*posts, *gone])
    assert found == []
    assert (alert.posts, alert.post_ids) == (0, ())
