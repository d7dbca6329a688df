"""The log sink: each delivery one line once, whatever crashed, filled up or stood in the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.sinks import log as log_module
from dashboards.sinks.log import LogSink
from stream.sink import DeliveryError, SinkMisconfigured
from tests.dashboards.alert_world import delivery

ROOT = Path(__file__).parents[3]


def sink(path: Path) -> LogSink:
    return LogSink("file", path=path)


def ids(path: Path) -> list[str]:
    return [json.loads(line)["delivery_id"] for line in path.read_bytes().splitlines()]


def test_each_delivery_becomes_one_line_of_json(tmp_path):
    path = tmp_path / "alerts.ndjson"
    for number in (1, 2):
        sink(path).deliver(delivery(number))

    first, second = path.read_text("utf-8").splitlines()
    assert json.loads(first)["alert"]["title"] == "6 accounts posted one text · 서하늘"
    assert json.loads(second)["link"] == "https://pages.example/alerts/al_0002"


def test_a_delivery_that_is_there_already_is_not_written_again(tmp_path):
    path = tmp_path / "alerts.ndjson"
    for _ in range(3):
        sink(path).deliver(delivery(1))
        sink(path).deliver(delivery(2))

    assert ids(path) == [delivery(1).delivery_id, delivery(2).delivery_id]


def test_a_delivery_id_inside_a_title_does_not_count_as_written(tmp_path):
    path = tmp_path / "alerts.ndjson"
    sink(path).deliver(delivery(1, title=f'"delivery_id":"{delivery(2).delivery_id}"'))
    sink(path).deliver(delivery(2))

    assert ids(path) == [delivery(1).delivery_id, delivery(2).delivery_id]


def test_a_line_break_in_a_title_stays_inside_its_line(tmp_path):
    path = tmp_path / "alerts.ndjson"
    sink(path).deliver(delivery(1, title="a\nb\r\nc\u2028d\x85e"))

    assert path.read_bytes().count(b"\n") == 1


def test_a_rotated_file_is_remembered(tmp_path):
    path = tmp_path / "alerts.ndjson"
    sink(path).deliver(delivery(1))
    path.rename(tmp_path / "alerts.ndjson.1")
    sink(path).deliver(delivery(1))
    sink(path).deliver(delivery(2))

    assert ids(path) == [delivery(2).delivery_id]


def test_missing_folders_are_made_and_others_cannot_read_the_file(tmp_path):
    path = tmp_path / "a" / "b" / "alerts.ndjson"
    sink(path).deliver(delivery(1))

    assert path.stat().st_mode & 0o077 == 0


@given(cut=st.integers(0, 400))
def test_a_line_torn_anywhere_is_repaired(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("log") / "alerts.ndjson"
    for number in (1, 2):
        sink(path).deliver(delivery(number))
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    path.write_bytes(whole[: min(len(whole), first + cut)])

    sink(path).deliver(delivery(2))

    assert path.read_bytes() == whole


def test_a_file_of_something_else_is_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("buy milk")

    with pytest.raises(DeliveryError, match="ends with a line that is none of ours"):
        sink(path).deliver(delivery(1))

    assert path.read_text() == "buy milk"


def test_a_file_that_cannot_be_written_is_a_reason_to_try_again(tmp_path):
    (tmp_path / "here").write_text("")

    with pytest.raises(DeliveryError, match=r"Not a directory|File exists"):
        sink(tmp_path / "here" / "alerts.ndjson").deliver(delivery(1))


def test_a_pipe_in_its_place_does_not_hold_it_up(tmp_path):
    os.mkfifo(tmp_path / "alerts.ndjson")

    with pytest.raises(DeliveryError, match="not a regular file"):
        sink(tmp_path / "alerts.ndjson").deliver(delivery(1))


def test_a_full_device_is_told_as_such():
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")

    with pytest.raises(DeliveryError, match="not a regular file"):
        sink(Path("/dev/full")).deliver(delivery(1))


def test_a_disk_that_fills_up_in_a_line_leaves_no_half_line(tmp_path):
    path = tmp_path / "alerts.ndjson"
    sink(path).deliver(delivery(1))
    before = path.read_bytes()
    code = (
        "import resource, signal, sys, pathlib\n"
        "from dashboards.sinks.log import LogSink\n"
        "from stream.sink import DeliveryError\n"
        "from tests.dashboards.alert_world import delivery\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "limit = path.stat().st_size + 40\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\n"
        "try:\n    LogSink('file', path=path).deliver(delivery(2))\n"
        "except DeliveryError as error:\n    print(error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip

    assert "File too large" in said
    assert path.read_bytes() == before
    sink(path).deliver(delivery(2))
    assert ids(path) == [delivery(1).delivery_id, delivery(2).delivery_id]


def test_a_process_killed_within_a_line_is_made_good(tmp_path):
    path = tmp_path / "alerts.ndjson"
    sink(path).deliver(delivery(1))
    code = (
        "import os, pathlib, sys\n"
        "from dashboards.sinks.log import LogSink\n"
        "from tests.dashboards.alert_world import delivery\n"
        "write = os.write\n"
        "def torn(handle, data):\n"
        "    write(handle, bytes(data[:100]))\n"
        "    os.kill(os.getpid(), 9)\n"
        "os.write = torn\n"
        "LogSink('file', path=pathlib.Path(sys.argv[1])).deliver(delivery(2))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    assert not path.read_bytes().endswith(b"\n")

    sink(path).deliver(delivery(2))

    assert ids(path) == [delivery(1).delivery_id, delivery(2).delivery_id]


def test_two_writers_do_not_mix_their_lines(tmp_path):
    path = tmp_path / "alerts.ndjson"

    def work(first: int) -> None:
        for number in range(first, first + 20):
            sink(path).deliver(delivery(number))
            sink(path).deliver(delivery(0))

    threads = [threading.Thread(target=work, args=(first,)) for first in (100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(ids(path)) == len(set(ids(path))) == 61


def test_only_the_end_of_a_large_file_is_read(tmp_path, monkeypatch):
    path = tmp_path / "alerts.ndjson"
    for number in range(50):
        sink(path).deliver(delivery(number))
    monkeypatch.setattr(log_module, "TAIL", 2_000)
    sink(path).deliver(delivery(49))
    sink(path).deliver(delivery(50))

    assert len(ids(path)) == 51


# --- settings ----------------------------------------------------------------------


def test_it_is_made_from_the_settings(tmp_path):
    made = LogSink.from_settings("file", {"path": str(tmp_path / "alerts.ndjson")})
    made.deliver(delivery(1))

    assert made.name == "file"
    assert ids(tmp_path / "alerts.ndjson") == [delivery(1).delivery_id]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "notify.file.options.path: found nothing, allowed: the path of a file"),
        ({"path": 7}, "notify.file.options.path: found 7, allowed: the path of a file"),
        ({"path": ""}, "notify.file.options.path: found '', allowed"),
        ({"path": "a\0b"}, "not a folder or device"),
        ({"path": "/"}, "found '/', allowed: the path of a file, not a folder or device"),
        ({"path": "/dev/null"}, "not a folder or device"),
        (
            {"path": "a", "pat": "b"},
            "options.pat: not known; allowed: path; did you mean path?",
        ),
    ],
)
def test_wrong_settings_are_named_with_what_is_allowed(options, message):
    with pytest.raises(SinkMisconfigured) as caught:
        LogSink.from_settings("file", options)

    assert message in str(caught.value)
