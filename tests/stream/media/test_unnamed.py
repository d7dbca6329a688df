"""Posts that name nobody: kept when their pictures are about somebody, and never otherwise."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dashboards.composing.compose import INDEX_FOLDER, build_host
from detect.records import SeenFace
from detect.watchlist import load_watchlist
from ingest.collector import Collected
from ingest.records import Deletion, Media, Post
from stream.banks import BANKS_FILE, Banks
from stream.embedded import EmbeddedHost
from stream.hosting import unnamed as rooms
from stream.hosting.beside import Beside
from stream.index import AlertQuery, FindingQuery
from stream.local_index import LocalIndex
from stream.media.looking import Looker
from stream.media.stage import MediaStage
from stream.media.unnamed import AGAIN_MS
from stream.records import LoggedPost
from stream.settings import Settings
from tests.detect.media.pictures import as_file, scene
from tests.stream.media.test_beside import WATCHLIST
from tests.stream.media.test_stage import PHOTO, altered, bank, captioned
from tests.stream.media.world import START, Told, Web

SECRET = "zqxj nobody may find these words"


def post(number: int, *, text: str = "look", picture: bool = True) -> Post:
    return Post(
        id=f"x:{number}", source="x", platform="x", author_id=f"a{number}",
        created_at=START + number, text=text,
        media=(Media(url=f"https://media.example/{number}.jpg"),) if picture else (),
    )  # fmt: skip


class House:
    """An embedded host with its media stage, which can be killed and begun again."""

    def __init__(self, folder: Path, *, most: int = 100, faces: bool = False) -> None:
        self.folder = folder
        self.most = most
        self.faces = faces
        self.web = Web()
        self.now = START
        (folder / "watchlist.toml").write_text(WATCHLIST, encoding="utf-8")
        self.data = folder / "data"
        self.data.mkdir(exist_ok=True)
        self.host: EmbeddedHost
        self.begin()

    def begin(self) -> None:
        settings = Settings()
        reasons = ("media", "face") if self.faces else ("media",)
        look = (lambda _: (FACE,)) if self.faces else None
        self.stage = MediaStage(
            self.data,
            looker=Looker(scorer=Told(), faces=look, enrolment=lambda: int(self.faces)),
            fetching=self.web,
            now=lambda: self.now,
            watched=["arin"],
            reasons_of=lambda _: reasons,
        )
        self.index = LocalIndex(self.data / INDEX_FOLDER)
        watchlist = load_watchlist(self.folder / "watchlist.toml")
        self.host = build_host(self.data, settings, watchlist, self.index)
        self.host.media = Beside(self.stage)
        room = self.host.intake.unnamed
        room.recogniser = self.stage.recogniser
        room._most, room._now = self.most, lambda: self.now
        self.stage.step()

    def read(self, *items: Post | Deletion) -> None:
        self.host.ingest([Collected(source="x", items=list(items))])

    def kill(self) -> None:
        self.host.close()
        self.begin()

    def work(self) -> None:
        """Everything that two threads would do in turn, until nothing is left to do."""
        for _ in range(50):
            busy = self.host.look()
            busy |= self.stage.step()
            if not busy and not self.host.media.recogniser.busy:
                break
        self.host.look()
        self.host.feed_index()
        self.index.refresh()

    def logged(self) -> list[LoggedPost]:
        rows = self.host.posts.read(0, 10_000)
        return [entry for _, entry in rows if isinstance(entry, LoggedPost)]

    def reasons(self) -> dict[str, list[tuple[str, str, str | None]]]:
        return {
            one.post.id: [(m.subject, m.reason, m.via) for m in one.mentions]
            for one in self.logged()
        }

    def show(self, number: int, picture) -> None:
        url = f"https://media.example/{number}.jpg"
        self.web.pages[url] = as_file(picture, ".jpg", 85)


FACE = SeenFace(box=(0.1, 0.1, 0.3, 0.3), score=0.9, subject="arin", likeness=0.8, sure=True)


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    yield made
    made.host.close()


def about(house: House, picture=PHOTO, subject: str = "arin", kind="official") -> str:
    reference = bank(house.data, kind, kind, picture)
    with Banks(house.data / BANKS_FILE) as banks:
        banks.about(reference, subject, who="us", now=START)
    house.stage.step()
    return reference


def test_a_post_with_a_known_picture_of_somebody_is_kept_indexed_and_alerted(house):
    reference = about(house)
    for number in (1, 2):
        house.show(number, altered())
    house.read(post(1), post(2))
    assert house.logged() == []

    house.work()

    assert house.reasons() == {f"x:{n}": [("arin", "media", reference)] for n in (1, 2)}
    [one] = house.index.posts(["x:1"])
    assert [m.reason for m in one.mentions] == ["media"]
    assert {one.post_id for one in house.index.findings(FindingQuery())} == {"x:1", "x:2"}
    [alert] = house.index.alerts(AlertQuery(kinds=("media",))).alerts
    assert (alert.subject, alert.posts) == ("arin", 2)


def test_every_post_that_was_read_is_accounted_for_once(house):
    about(house)
    house.show(1, captioned())
    house.show(2, scene(7))
    house.read(post(1), post(2), post(3, picture=False), post(4, text="Arin!", picture=False))
    counts = house.host.intake.counters("x")
    assert (counts["logged"], counts["unmatched"], counts["unnamed"]) == (1, 3, 2)

    house.work()

    counts = house.host.intake.counters("x")
    assert (counts["logged"], counts["unmatched"], counts["recognised"]) == (2, 2, 1)


def test_nothing_is_fetched_while_no_known_picture_is_about_anybody(house):
    bank(house.data, "photos", "official", PHOTO)
    house.show(1, PHOTO)
    house.read(post(1))
    house.work()

    assert house.web.asked == []
    assert house.host.intake.counters("x")["unmatched"] == 1


def test_a_picture_of_somebody_nobody_watches_is_about_nobody(house):
    about(house, subject="stranger")
    house.show(1, PHOTO)
    house.read(post(1))
    house.work()

    assert (house.web.asked, house.logged()) == ([], [])


def test_a_post_whose_pictures_show_nobody_leaves_no_trace(house):
    about(house)
    house.show(1, scene(9))
    house.read(post(1, text=SECRET))
    assert house.host.intake.unnamed.waiting == {"x:1"}

    house.work()
    assert house.host.intake.unnamed.waiting == set()
    assert list(house.stage.shelf.every_picture()) == []
    house.host.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    for file in house.data.rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file


def test_a_variant_of_a_variant_is_known_by_its_family(house):
    about(house)
    house.show(1, captioned())
    house.read(post(1))
    house.work()
    [finding] = house.index.findings(FindingQuery())
    with Banks(house.data / BANKS_FILE) as banks:
        [reference] = banks.references()
    house.stage._looker.known = type(house.stage._looker.known)([])
    house.stage._looker.known.about = {reference.reference_id: "arin"}

    house.show(2, captioned())
    house.read(post(2))
    house.work()

    assert house.reasons()["x:2"] == [("arin", "media", finding.family)]


def test_faces_count_only_where_they_are_asked_for(tmp_path):
    (tmp_path / "a").mkdir()
    house = House(tmp_path / "a", faces=True)
    house.show(1, scene(3))
    house.read(post(1))
    house.work()

    assert house.reasons() == {"x:1": [("arin", "face", None)]}
    house.host.close()


def test_a_kill_between_reading_and_looking_loses_nothing(house):
    reference = about(house)
    house.show(1, PHOTO)
    house.read(post(1))
    house.host.look()
    assert house.stage.recogniser.busy

    house.kill()
    house.work()

    assert house.reasons() == {"x:1": [("arin", "media", reference)]}


def test_what_is_deleted_while_it_waits_is_never_kept(house):
    about(house)
    for number in (1, 2, 3):
        house.show(number, PHOTO)
    house.read(post(1), post(2), post(3))
    house.host.look()
    house.read(
        Deletion(id="x:1", source="x", deleted_at=START),
        Deletion(id=post(2).account, source="x", deleted_at=START, scope="account"),
    )
    house.work()

    assert list(house.reasons()) == ["x:3"]


def test_a_post_that_is_edited_while_it_is_looked_at_is_looked_at_again(house):
    about(house)
    house.show(1, scene(4))
    house.read(post(1))
    house.host.look()
    house.stage.step()
    house.show(5, PHOTO)
    house.read(
        Post(
            id="x:1", source="x", platform="x", author_id="a1", created_at=START + 1,
            text="another", media=(Media(url="https://media.example/5.jpg"),),
        )
    )  # fmt: skip
    house.work()

    [kept] = house.logged()
    assert kept.post.text == "another"


def test_a_post_that_comes_to_name_somebody_waits_no_longer(house):
    about(house)
    house.show(1, PHOTO)
    house.read(post(1))
    house.read(post(1, text="this is Arin!"))

    assert [m.reason for m in house.logged()[0].mentions] == ["alias"]
    assert house.host.intake.unnamed.waiting == set()


def test_a_post_that_sources_tell_of_again_is_looked_at_once(house):
    about(house)
    house.show(1, scene(5))
    house.show(2, PHOTO)
    house.read(post(1), post(2))
    house.work()
    before = len(house.web.asked)
    for _ in range(3):
        house.read(post(1), post(2))
        house.work()

    assert len(house.web.asked) == before
    assert len(house.logged()) == 1


def test_more_than_may_wait_are_counted_and_not_looked_at(tmp_path):
    house = House(tmp_path, most=2)
    about(house)
    for number in range(5):
        house.show(number, PHOTO)
    house.read(*(post(number) for number in range(5)))
    house.work()

    counts = house.host.intake.counters("x")
    assert (counts["unnamed"], counts["unnamed_left_out"], counts["recognised"]) == (2, 3, 2)
    house.host.close()


def test_what_cannot_be_fetched_is_tried_again_and_then_given_up(house):
    about(house)
    house.web.pages["https://media.example/1.jpg"] = None
    house.web.pages["https://media.example/2.jpg"] = None
    house.read(post(1), post(2))
    house.work()
    assert house.host.intake.unnamed.waiting == {"x:1", "x:2"}

    house.show(1, PHOTO)
    house.now += AGAIN_MS[0]
    house.work()
    assert list(house.reasons()) == ["x:1"]

    house.now += AGAIN_MS[1]
    house.work()
    assert house.host.intake.unnamed.waiting == set()


def test_nothing_waits_longer_than_a_day(house):
    about(house)
    house.web.pages["https://media.example/1.jpg"] = None
    house.read(post(1))
    house.work()
    house.now += rooms.LONGEST_MS + 1
    house.show(1, PHOTO)
    house.work()

    assert house.host.intake.unnamed.waiting == set()
    assert house.logged() == []


def test_a_picture_that_breaks_what_looks_at_it_keeps_no_other_from_being_looked_at(house):
    about(house)
    house.web.pages["https://media.example/1.jpg"] = b"\xff\xd8\xff" + b"\0" * 50
    house.show(2, PHOTO)
    house.read(post(1), post(2))
    house.work()

    assert list(house.reasons()) == ["x:2"]
    assert house.host.intake.unnamed.waiting == set()


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_log_is_the_same_however_what_was_read_was_cut_into_batches(tmp_path, size):
    logs: list[list[str]] = []
    for name, step in (("one", 5), ("other", size)):
        (tmp_path / name).mkdir()
        house = House(tmp_path / name)
        about(house)
        posts = [post(n) for n in range(5)]
        for number in range(5):
            house.show(number, PHOTO if number % 2 else scene(20 + number))
        for start in range(0, 5, step):
            house.read(*posts[start : start + step])
        house.work()
        logs.append([one.post.id for one in house.logged()])
        house.host.close()
    assert logs[0] == logs[1] == ["x:1", "x:3"]


def test_two_threads_beside_each_other_come_to_the_same(house):
    about(house)
    for number in range(6):
        house.show(number, PHOTO if number % 2 else scene(30 + number))
    house.host.media.start()
    house.read(*(post(number) for number in range(6)))
    done = threading.Event()
    for _ in range(400):
        house.host.look()
        if not house.host.intake.unnamed.waiting and house.host.media.idle():
            break
        done.wait(0.02)

    assert sorted(house.reasons()) == ["x:1", "x:3", "x:5"]
