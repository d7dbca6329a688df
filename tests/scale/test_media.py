"""Pictures on Kafka: found beside the workers, told through the posts topic, gone with the post."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from detect.records import Mention
from ingest.records import Deletion, Media, Post
from stream.hosting.beside import Beside
from stream.media.looking import Looker
from stream.media.stage import MediaStage
from stream.records import LoggedDeletion, LoggedPost, MediaSeen
from stream.scale.address import KafkaAddress
from stream.scale.kafka_log import PostsProducer, read_all
from stream.scale.media import ScaleMedia
from stream.scale.routing import RouterKind
from stream.topics import Topics, read_subjects
from tests.detect.media.pictures import as_file
from tests.scale.drift_world import Work, agency, run
from tests.scale.kafka_world import ends_on, kafka, new_topics
from tests.scale.worker_world import wait_until
from tests.stream.media.test_stage import PHOTO
from tests.stream.media.world import START, Told, Web

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


def seen_on(address: KafkaAddress, topics: Topics) -> list[MediaSeen]:
    reader = read_subjects()
    return [
        entry
        for number in range(topics.subjects.partitions)
        for value in read_all(address, topics.subjects.name, number)
        if isinstance(entry := reader.read(value), MediaSeen)
    ]


def test_pictures_are_found_once_and_leave_with_their_post(address, tmp_path):
    topics = new_topics(address, 3)
    post = Post(
        id="x:1", source="x", platform="x", author_id="a", created_at=START, text="Haruel",
        media=(Media(url="https://media.example/1.jpg"),),
    )  # fmt: skip
    mention = Mention(subject="haruel", reason="alias", surface="Haruel", start=0, end=6)
    producer = PostsProducer(address, topics)
    kinds = [RouterKind(topics, agency().groups_of)]
    work = Work(address, topics, tmp_path / "router", kinds=lambda: kinds)

    def route() -> None:
        run(work.run(1, ends_on(address, topics.posts)))

    def look() -> int:
        web = Web()
        web.pages["https://media.example/1.jpg"] = as_file(PHOTO, ".jpg")
        stage = MediaStage(
            tmp_path / "media", looker=Looker(scorer=Told()), fetching=web, now=lambda: START
        )
        beside = Beside(stage)
        host = ScaleMedia(address, topics, beside, producer)
        stop = threading.Event()
        thread = threading.Thread(target=host.run, args=(stop,))
        thread.start()
        wait_until(lambda: not thread.is_alive() or host.at_rest(), pause=0.1)
        stop.set()
        thread.join()
        host.close()
        beside.close()
        return host.delivered

    producer.send([LoggedPost(post=post, mentions=(mention,))])
    route()
    assert look() == 1
    assert look() == 0, "it goes on where it was"
    route()
    found = seen_on(address, topics)
    assert {one.subject for one in found} == {"haruel", *agency().groups_of("haruel")}
    assert all(one.findings[0].gate == "passed" for one in found)

    producer.send([LoggedDeletion(deletion=Deletion(id="x:1", source="x", deleted_at=START))])
    route()
    assert seen_on(address, topics)[-1].findings == ()
    producer.close()
