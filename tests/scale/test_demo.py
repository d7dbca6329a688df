"""``jikimi demo --scale``: the demo through every part of scale-out, as in one process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec
import psutil
import pytest
from elasticsearch import Elasticsearch

from dashboards.cli import run
from dashboards.demo.compared import differences, scaled_score
from dashboards.demo.playing import Outcome
from dashboards.demo.score import FalseAlerts, Score
from detect.records import PictureFinding
from stream.alerting.raised import counted
from stream.ids import derive_id
from stream.records import Alert, Evidence, Result
from stream.scale.address import kafka_python
from stream.storage.state import key_of
from tests.scale.servers import Servers, shared
from tests.stream.index_world import T0, alert, cluster

POSTS = 2500


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with shared("kafka", "elasticsearch") as running:
        yield running


class Demo:
    """A running demo; ``said`` is what it told on standard error so far."""

    def __init__(self, servers: Servers, folder: Path, *options: str) -> None:
        self._log = folder / "said.log"
        environ = {
            **os.environ,
            "JIKIMI__KAFKA__BOOTSTRAP": servers.bootstrap,
            "JIKIMI__ELASTICSEARCH__URL": servers.url,
            "TMPDIR": str(folder),
        }
        command = [sys.executable, "-m", "dashboards", "demo", "--scale", *options]
        with self._log.open("w") as log:
            self.child = subprocess.Popen(
                command, env=environ, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.parts: dict[int, psutil.Process] = {}

    @property
    def said(self) -> str:
        return self._log.read_text()

    def until(self, words: str, seconds: float = 120) -> None:
        """Wait until it has said so, noting every process that it starts."""
        deadline = time.monotonic() + seconds
        while words not in self.said:
            assert self.child.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            for process in psutil.Process(self.child.pid).children(recursive=True):
                self.parts[process.pid] = process
            time.sleep(0.1)

    def part(self, *words: str) -> psutil.Process:
        """The first of its processes whose command holds these words."""
        for process in self.parts.values():
            with suppress(psutil.NoSuchProcess):  # Setup has ended by now.
                if set(words) <= set(process.cmdline()):
                    return process
        raise AssertionError(f"no {words} among {self.parts}")

    def left(self) -> list[psutil.Process]:
        return [p for p in self.parts.values() if p.is_running()]

    def finish(self, seconds: float = 120) -> str:
        out, _ = self.child.communicate(timeout=seconds)
        return out


@contextmanager
def demo(servers: Servers, folder: Path, *options: str) -> Iterator[Demo]:
    made = Demo(servers, folder, *options)
    try:
        yield made
    finally:
        if made.child.poll() is None:
            made.child.kill()
            made.child.communicate()


def topics_of_demos(servers: Servers) -> list[str]:
    with kafka_python().KafkaAdminClient(bootstrap_servers=servers.bootstrap) as admin:
        return [t["name"] for t in admin.describe_topics() if t["name"].startswith("demo-")]


def indices_of_demos(servers: Servers) -> list[str]:
    with Elasticsearch(servers.url) as client:
        return list(client.indices.get(index="demo-*"))


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_it_ends_with_the_same_alerts_as_one_process_and_leaves_nothing(servers, tmp_path):
    with demo(servers, tmp_path, "--headless", "--json", "--posts", str(POSTS)) as running:
        running.until("both workers have their partitions")
        score = json.loads(running.finish(300))

    assert not score["differs"], "\n".join([*score["differs"], running.said])
    assert running.child.returncode == 0
    assert (score["planted"], score["found"]) == (3, 3)
    assert score["pictures"] == 1, "the changed photo has its alert"
    assert [one["found"] for one in score["harm"]] == [True] * 3
    assert score["alerts"] >= 3
    assert score["posts"]["indexed"] > POSTS / 2
    assert list(score)[:-1] == list(Score.__struct_fields__)
    assert len(running.parts) >= 3
    assert running.left() == []
    assert topics_of_demos(servers) == []
    assert indices_of_demos(servers) == []


@pytest.mark.slow
@pytest.mark.crash
def test_a_part_that_dies_ends_it_with_its_name_and_nothing_is_left(servers, tmp_path):
    with demo(servers, tmp_path, "--headless") as running:
        running.until("both workers have their partitions")
        running.part("worker").send_signal(signal.SIGKILL)
        running.finish()

    assert running.child.returncode == 1
    assert "worker-1 ended by signal 9" in running.said
    assert running.left() == []


@pytest.mark.slow
def test_its_pages_read_elasticsearch_and_ctrl_c_ends_everything(servers, tmp_path):
    with demo(servers, tmp_path, "--port", "0", "--seconds", "20") as running:
        running.until("open the address above")
        url = running.said.partition("pages: ")[2].split()[0]
        page = ""
        deadline = time.monotonic() + 60
        while "/posts/demo" not in page:
            assert time.monotonic() < deadline, running.said
            # A fresh index is not there at once; until then the pages say so with 503.
            with suppress(HTTPError), urlopen(f"{url}/posts") as answer:
                page = answer.read().decode()
            time.sleep(0.5)
        running.child.send_signal(signal.SIGINT)
        running.finish()

    assert running.child.returncode == 130, running.said
    assert running.left() == []


def test_without_elasticsearch_it_says_what_starts_one(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JIKIMI__ELASTICSEARCH__URL", raising=False)

    assert run(["demo", "--scale", "--headless"]) == 3
    assert "make demo-scale" in capsys.readouterr().err


def test_it_keeps_nothing_so_a_folder_is_refused(capsys, tmp_path):
    assert run(["demo", "--scale", "--data", str(tmp_path)]) == 2
    assert "leave --data out" in capsys.readouterr().err


def outcome(*results, posts: int = 3, alerts=()) -> Outcome:
    return Outcome(
        results={(type(r).__name__.lower(), str(n)): r for n, r in enumerate(results)},
        posts={"read": posts}, indexed={"posts": posts}, alerts=tuple(alerts), seconds=1.0,
    )  # fmt: skip


def test_every_kind_of_difference_is_told():
    embedded = outcome(cluster(), alert("al_1"), alerts=[alert("al_1")])
    other = outcome(cluster(posts=9), posts=4)

    assert differences(embedded, embedded) == []
    assert differences(embedded, other) == [
        "alert 1: only in one process",
        "cluster 0: other posts at scale",
        "posts read: 3 in one process, 4 at scale",
        "index posts: 3 in one process, 4 at scale",
        "alerts: the pages over Elasticsearch do not show those of one process",
    ]
    assert differences(other, embedded)[0] == "alert 1: only at scale"


def picture(alert_id: str = "al_1", **fields) -> Alert:
    seen = Evidence(signal="media_official_face_altered", value=4, post_ids=fields["post_ids"])
    return alert(alert_id, kind="media", evidence=(seen,), **fields)


def test_in_which_order_pictures_were_told_is_no_difference_but_what_they_amount_to_is():
    first = picture(post_ids=("x:1", "x:2"), updated_at=T0 + 5, revision=2, posts=2)
    later = picture(post_ids=("x:1", "x:3"), updated_at=T0 + 9, revision=3, posts=3)
    later = msgspec.structs.replace(later, raised=counted(first).raised)
    graver = msgspec.structs.replace(later, severity="critical")
    found = PictureFinding(finding_id="fi_1", version="1", severity="medium")
    again = msgspec.structs.replace(found, revision=2)
    milder = msgspec.structs.replace(found, severity="")

    one = outcome(found, first, alerts=[first, alert("al_2")])
    assert differences(one, outcome(again, later, alerts=[alert("al_2"), later])) == []
    assert differences(one, outcome(milder, graver, alerts=[graver, alert("al_2")])) == [
        "alert 1: other severity at scale",
        "picturefinding 0: other severity at scale",
        "alerts: the pages over Elasticsearch do not show those of one process",
    ]


def family(name: str, *members: str, by: str = "") -> list[Result]:
    """The findings of a family that is called so, and its alert."""
    found = [
        PictureFinding(
            finding_id=one, version="1", subject="arin", family=name, found_by=by or one
        )
        for one in members
    ]
    alert_id = derive_id("al", "media", "arin", name)
    return [*found, picture(alert_id, subject="arin", family_id=name, post_ids=("x:1",))]


def named(results: list[Result]) -> Outcome:
    alerts = tuple(one for one in results if isinstance(one, Alert))
    return Outcome(
        results={key_of(one): one for one in results},
        posts={}, indexed={}, alerts=alerts, seconds=1.0,
    )  # fmt: skip


def test_after_which_picture_a_family_is_named_is_no_difference_but_who_is_in_it_is():
    both = named(family("fa_1", "fi_1", "fi_2"))

    assert differences(both, named(family("fa_2", "fi_1", "fi_2", by="pdq"))) == []
    apart = named([*family("fa_1", "fi_1"), *family("fa_2", "fi_2")])
    told = differences(both, apart)
    assert "finding fi_2: other family at scale" in told
    assert sum("only at scale" in one for one in told) == 1


def test_a_long_list_of_differences_is_cut():
    nothing = FalseAlerts(fan_event=0, criticism=0, other=0)
    plain = Score(planted=1, found=1, false_alerts=nothing, posts={}, alerts=1, seconds=1.0)

    told = scaled_score(plain, [f"difference {n}" for n in range(250)]).differs

    assert len(told) == 101
    assert told[-1] == "and 150 more"
