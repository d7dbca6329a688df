"""Bad days of Elasticsearch: killed, paused, slow, full, and several writers at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.servers.ports import BROKERS, NODE, free_port
from stream.elastic.bulk import Sender
from stream.elastic.client import IndexUnavailableError, connect
from stream.elastic.names import Names
from stream.elastic.setting_up import set_up
from stream.elastic_index import ElasticIndex
from stream.index import IndexBatch, PostQuery
from tests.dashboards.web.world import SMEAR, fill
from tests.scale.elastic_world import Ground, elasticsearch, urls
from tests.scale.proxy import Proxy
from tests.scale.servers import Servers, public_folder
from tests.stream.index_world import MINUTE, T0, batch, gone, mention, post, seen

pytestmark = [pytest.mark.slow, pytest.mark.crash]
ROOT = Path(__file__).parents[2]
SUBJECTS = ("arin", "luna", "group", "star")
BATCHES, SIZE = 12, 40


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with elasticsearch() as client:
        made = Ground(client)
        yield made
        made.remove()


def batches() -> list[IndexBatch]:
    """Posts, an edit of every tenth and a deletion of every eleventh, in order."""
    found = []
    for n in range(BATCHES):
        posts = [
            post(f"{n}-{i}", f"글 {n} {i}", created_at=T0 + (n * SIZE + i) * MINUTE)
            for i in range(SIZE)
        ]
        found.append(batch(*(one for p in posts for one in seen(p))))
        edits = [
            post(f"{n}-{i}", "edited", created_at=T0 + i * MINUTE) for i in range(0, SIZE, 10)
        ]
        found.append(
            batch(
                *(one for p in edits for one in seen(p, revision=2)),
                gone=[gone(p, revision=2) for p in posts[5::11]],
            )
        )
    return found


def write_whatever_happens(index: ElasticIndex, every: list[IndexBatch]) -> int:
    """As the indexer does: the same batch again until it was taken; how often it was not."""
    failures = 0
    for one in every:
        until = time.monotonic() + 150
        while True:
            try:
                assert index.take(one) == []
                break
            except IndexUnavailableError:
                failures += 1
                assert time.monotonic() < until
                time.sleep(0.2)
    return failures


def assert_whole(index: ElasticIndex) -> None:
    index.refresh()
    deleted = len(range(5, SIZE, 11)) * BATCHES
    counts = index.counts()
    assert (counts["posts"], counts["deleted"]) == (BATCHES * SIZE - deleted, deleted)
    edited = index.search(PostQuery(text="edited", limit=0)).total
    assert edited == BATCHES * len(range(0, SIZE, 10))
    found = index.search(PostQuery(limit=10_000)).posts
    assert len({one.post.id for one in found}) == len(found) == counts["posts"]


def test_killed_and_paused_in_the_middle_nothing_is_lost_or_twice():
    with public_folder() as folder:
        servers = Servers(folder, free_port(BROKERS), free_port(NODE))
        servers.up("elasticsearch")
        client = connect([servers.url], timeout_s=3)
        names = Names("bad")
        list(set_up(client.options(request_timeout=60), names))
        index = ElasticIndex(client, names, Sender(client, patience_s=1))
        done: list[int] = []
        writer = threading.Thread(
            target=lambda: done.append(write_whatever_happens(index, batches()))
        )
        try:
            writer.start()
            time.sleep(1)
            (pid,) = servers.pids("elasticsearch").values()
            os.kill(pid, signal.SIGSTOP)
            time.sleep(5)
            os.kill(pid, signal.SIGCONT)
            time.sleep(1)
            os.kill(pid, signal.SIGKILL)
            while any(servers.pids("elasticsearch").values()):
                time.sleep(0.1)
            assert servers.call("up", "elasticsearch").returncode == 0
            writer.join(200)
            assert done, "the writer came to its end"
            assert done[0] > 0, "it was refused in between"
            assert_whole(index)
            write_whatever_happens(index, batches())
            assert_whole(index)
        finally:
            writer.join(1)
            index.close()
            servers.call("down", "elasticsearch")


def test_slow_and_over_a_network_that_breaks_nothing_is_lost_or_twice(ground):
    ground.empty()
    proxy = Proxy(int(urls(ground.client)[0].rpartition(":")[2]))
    client = connect([f"http://127.0.0.1:{proxy.port}"], timeout_s=2)
    index = ElasticIndex(client, ground.names, Sender(client, patience_s=1))
    done: list[int] = []
    writer = threading.Thread(
        target=lambda: done.append(write_whatever_happens(index, batches()))
    )
    try:
        proxy.slow(0.03)
        writer.start()
        for _ in range(4):
            writer.join(0.4)
            proxy.reset()
        # It hears us and we do not hear it: what was sent may have been taken.
        proxy.cut_answers()
        writer.join(5)
        proxy.heal()
        writer.join(150)
        assert done, "the writer came to its end"
        assert done[0] > 0, "it was refused in between"
        assert_whole(index)
    finally:
        proxy.heal()
        writer.join(1)
        index.close()
        proxy.close()


def test_a_full_disk_is_waited_for_with_pauses(ground):
    """The server itself refuses with 429 while the block of a full disk stands."""
    ground.empty()
    sender = Sender(ground.client, patience_s=60)
    index = ground.index(sender)
    first, second = seen(post("1")), seen(post("2"))
    index.write(batch(*first))
    month = ground.names.month(T0)
    ground.client.indices.put_settings(
        index=month, settings={"index.blocks.read_only_allow_delete": True}
    )
    lift = threading.Timer(
        1.5,
        lambda: ground.client.indices.put_settings(
            index=month, settings={"index.blocks.read_only_allow_delete": None}
        ),
    )
    lift.start()
    index.write(batch(*second))
    lift.join()

    assert sender.retried > 0
    assert index.counts()["posts"] == 2
    index.close()


def test_several_writers_of_the_same_posts_lose_nothing_of_each_other(ground):
    """Each subject's log comes through an indexer of its own, in its own order."""
    ground.empty()
    posts = [post(f"{n}", f"글 {n}", created_at=T0 + n * MINUTE) for n in range(60)]
    problems: list[BaseException] = []

    def write(subject: str) -> None:
        index = ground.index()
        try:
            for revision in (1, 2, 3):
                sightings = [
                    one
                    for p in posts
                    for one in seen(p, *SUBJECTS, revision=revision)
                    if one.subject == subject
                ]
                for i in range(0, len(sightings), 20):
                    assert index.take(batch(*sightings[i : i + 20])) == []
            removed = [gone(p, subject, revision=4) for p in posts[::3]]
            assert index.take(batch(gone=removed)) == []
        except BaseException as error:  # noqa: BLE001 - shown below
            problems.append(error)
        finally:
            index.close()

    threads = [threading.Thread(target=write, args=[subject]) for subject in SUBJECTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    index = ground.index()
    index.refresh()

    assert problems == []
    assert index.counts()["posts"] == 40
    assert index.counts()["deleted"] == 20
    for n, one in enumerate(index.posts([p.id for p in posts if int(p.id[8:]) % 3])):
        assert set(one.subjects) == set(SUBJECTS), n
        assert set(one.mentions) == {mention(s) for s in SUBJECTS}
        assert one.revision == 3
    index.close()


def test_a_tombstone_holds_in_whatever_month_and_order(ground):
    ground.empty()
    index = ground.index()
    one = post("1", "before", created_at=T0)
    moved = post("1", "after", created_at=T0 + 40 * 24 * 60 * MINUTE)
    index.write(batch(gone=[gone(post("never"), revision=2)]))
    index.write(batch(*seen(post("never"))))
    index.write(batch(*seen(one)))
    index.write(batch(*seen(moved, revision=2)))
    assert index.search(PostQuery()).total == 1, "an edit of the time makes no second document"
    assert index.post(one.id).post == moved
    index.write(batch(*seen(post("edit", created_at=T0 + 90 * 24 * 60 * MINUTE), revision=2)))
    index.write(batch(*seen(post("edit", created_at=T0))))
    assert index.search(PostQuery()).total == 2
    index.write(batch(gone=[gone(one, revision=3), gone(post("edit"), revision=3)]))
    index.write(batch(*seen(moved, revision=2), *seen(one)))

    assert index.search(PostQuery()).total == 0
    assert index.counts() == {"posts": 0, "deleted": 3, "clusters": 0, "alerts": 0}
    assert index.tree(one.id).nodes[0].held == "deleted"
    assert index.tree("archive:nobody").nodes[0].held == "unknown"
    index.close()


def test_the_same_pages_run_on_it(ground, tmp_path):
    ground.empty()
    index = ground.index()
    fill(index)
    index.close()
    (tmp_path / "jikimi.toml").write_text(
        f'[elasticsearch]\nurl = "{urls(ground.client)[0]}"\nprefix = "{ground.names.prefix}"\n'
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "dashboards", "--config", "jikimi.toml", "web", "--port", "0"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        url = child.stdout.readline().removeprefix("ready ").strip()
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as visitor:
            for path in (
                "/",
                f"/alerts/{SMEAR}",
                "/posts?q=is:reply",
                "/trends",
                "/sources",
                "/readyz",
            ):
                answer = visitor.get(path)
                assert answer.status_code == 200, (path, answer.text[:500])
            assert SMEAR in visitor.get("/").text
    finally:
        child.terminate()
        child.communicate(timeout=30)


def test_nobody_there_is_a_page_that_says_so(tmp_path):
    port = free_port()
    index = ElasticIndex(connect([f"http://127.0.0.1:{port}"], timeout_s=2))
    for question in (index.counts, index.checkpoint, lambda: index.search(PostQuery())):
        with pytest.raises(IndexUnavailableError, match="does not answer"):
            question()
    index.close()


def test_indices_that_are_missing_say_what_to_run(ground):
    index = ElasticIndex(connect(urls(ground.client)), Names("never-set-up"))
    with pytest.raises(IndexUnavailableError, match="run `jikimi setup`"):
        index.search(PostQuery())
    index.close()
