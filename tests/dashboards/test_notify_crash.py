"""Delivery survives kill -9 anywhere: in the end every sink has every alert exactly once."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from dashboards.desk import Desk
from stream.local_index import LocalIndex
from tests.dashboards.alert_world import SECRET, alert, graver, write
from tests.dashboards.receiver import Receiver, is_signed, receiving

ROOT = Path(__file__).parents[2]


def start(folder: Path, receiver: Receiver, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.dashboards.notify_child", str(folder), receiver.url, *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(folder: Path, receiver: Receiver) -> None:
    """Let it run undisturbed until nothing is left to do."""
    with start(folder, receiver, "idle") as child:
        try:
            assert child.wait(60) == 0
        finally:
            child.kill()


def logged(folder: Path) -> list[tuple[str, str, str]]:
    found = []
    for line in (folder / "alerts.ndjson").read_bytes().splitlines():
        one = json.loads(line)
        found.append((one["alert"]["alert_id"], one["alert"]["severity"], one["delivery_id"]))
    return found


def received(receiver: Receiver) -> list[tuple[str, str, str]]:
    """What a receiver that honours the delivery id has, in the order of arrival."""
    return [
        (request.json()["alert"]["alert_id"], request.json()["alert"]["severity"], delivery_id)
        for delivery_id, request in receiver.taken.items()
    ]


@pytest.mark.crash
@pytest.mark.parametrize(
    "die",
    [
        "before:take_in:1", "after:take_in:1", "before:begin:3", "after:begin:3",
        "before:file:2", "after:file:2", "before:team:2", "after:team:2",
        "before:done:1", "after:done:1", "before:done:4", "after:done:4",
    ],
)  # fmt: skip
def test_killed_at_any_step_each_alert_arrives_once(tmp_path, die):
    index = LocalIndex(tmp_path / "index")
    write(index, [alert(number) for number in range(1, 6)])
    with receiving() as receiver:
        with start(tmp_path, receiver, "", die) as child:
            try:
                assert child.wait(60) == -signal.SIGKILL
            finally:
                child.kill()
        finish(tmp_path, receiver)
    index.close()

    wanted = [f"al_{number:04d}" for number in range(1, 6)]
    assert [alert_id for alert_id, _, _ in logged(tmp_path)] == wanted
    assert [alert_id for alert_id, _, _ in received(receiver)] == wanted
    assert len(receiver.requests) <= len(wanted) + 1, "at most the try of unknown outcome again"


@pytest.mark.crash
@pytest.mark.slow
def test_killed_again_and_again_each_alert_and_update_arrives_once(tmp_path):
    dice = random.Random(20261124)
    index = LocalIndex(tmp_path / "index")
    wanted: Counter[tuple[str, str]] = Counter()
    moods: list[int | str] = ["drop unanswered", "drop unread", 500, 429, "slow"]
    kills = 0
    with receiving(Receiver(slow_s=0.2)) as receiver:
        for round_ in range(18):
            fresh = [alert(round_ * 20 + number) for number in range(20)]
            write(index, fresh)
            wanted.update((one.alert_id, "medium") for one in fresh)
            if round_ == 10:
                finish(tmp_path, receiver)
                old = [graver(alert(number), "critical") for number in range(30)]
                write(index, old)
                wanted.update((one.alert_id, "critical") for one in old)
            receiver.moods = dice.choices(moods, k=4)
            with start(tmp_path, receiver, "") as child:
                assert child.stdout is not None
                assert child.stdout.readline() == "ready\n"
                time.sleep(dice.uniform(0.0, 0.25))
                child.kill()
                kills += child.wait(60) == -signal.SIGKILL
        receiver.moods = []
        finish(tmp_path, receiver)
        finish(tmp_path, receiver)
    index.close()

    assert kills == 18
    assert Counter(one[:2] for one in logged(tmp_path)) == wanted
    assert Counter(one[:2] for one in received(receiver)) == wanted
    assert len({one[2] for one in received(receiver)}) == sum(wanted.values())
    assert all(is_signed(request, SECRET) for request in receiver.requests)
    desk = Desk(tmp_path / "desk.db")
    assert desk.file.rows("SELECT DISTINCT state FROM deliveries") == [("done",)]
    assert desk.file.rows("SELECT count(*) FROM deliveries") == [(2 * sum(wanted.values()),)]
    desk.close()
