"""Logs: one JSON object a line, no secrets, no floods."""

from __future__ import annotations

import io
import json
import logging
import threading

import pytest
import structlog

from ingest.secret import Secret
from stream.config.logs import Limiter, configure


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_an_event_becomes_one_json_object_with_time_level_and_values(out):
    configure(level="info", form="json", stream=out)

    structlog.get_logger("ingest.bluesky").info("connected", source="블루", tries=2)

    (entry,) = lines(out)
    assert entry["event"] == "connected"
    assert entry["level"] == "info"
    assert entry["logger"] == "ingest.bluesky"
    assert entry["source"] == "블루"
    assert entry["tries"] == 2
    assert str(entry["timestamp"]).endswith("Z")


def test_what_libraries_say_passes_the_same_chain(out):
    configure(level="info", form="json", stream=out)

    logging.getLogger("faust").warning("joining %s", "https://u:p@k.example/?token=x")

    (entry,) = lines(out)
    assert entry["event"] == "joining https://***@k.example/?***"
    assert entry["level"] == "warning"


def test_a_message_of_the_web_server_is_said_once(out, monkeypatch):
    for name in ("uvicorn", "uvicorn.error"):
        # A server that an earlier test started in this process may have changed them.
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "level", logging.NOTSET)
        monkeypatch.setattr(logger, "propagate", True)
        monkeypatch.setattr(logger, "disabled", False)
        logger.manager._clear_cache()
    configure(level="info", form="json", stream=out)

    logging.getLogger("uvicorn.error").info(
        "Started server process [%d]", 7, extra={"color_message": "Started [\x1b[36m%d\x1b[0m]"}
    )

    (entry,) = lines(out)
    assert entry["event"] == "Started server process [7]"
    assert "color_message" not in entry


def test_events_below_the_level_are_not_written(out):
    configure(level="warning", form="json", stream=out)

    structlog.get_logger("a").info("quiet")
    logging.getLogger("b").info("quiet")
    structlog.get_logger("a").warning("loud")

    assert [entry["event"] for entry in lines(out)] == ["loud"]


def test_secrets_are_masked_by_key_and_inside_text(out):
    configure(level="info", form="json", stream=out)

    structlog.get_logger("a").info(
        "posting to https://h.example/x?sig=abc",
        password="hunter2",
        headers={"Authorization": "Bearer hunter2hunter2", "Accept": "json"},
        given=Secret("hunter2"),
    )

    text = out.getvalue()
    assert "hunter2" not in text
    assert "abc" not in text
    assert lines(out)[0]["headers"] == {"Authorization": "***", "Accept": "json"}


def test_secrets_in_a_traceback_are_masked(out):
    configure(level="info", form="json", stream=out)
    log = structlog.get_logger("a")

    try:
        raise ConnectionError("cannot reach https://user:hunter2@h.example/")
    except ConnectionError:
        log.exception("failed")

    assert "ConnectionError" in out.getvalue()
    assert "hunter2" not in out.getvalue()


def test_the_console_form_is_plain_text_where_there_is_no_terminal(out):
    configure(level="info", form="console", stream=out)

    structlog.get_logger("a").info("ready", port=8000)

    assert "ready" in out.getvalue()
    assert "port=8000" in out.getvalue()
    assert "\x1b[" not in out.getvalue()


def test_configuring_again_replaces_the_first(out):
    configure(level="info", form="json", stream=io.StringIO())
    configure(level="info", form="json", stream=out)

    structlog.get_logger("a").info("once")

    assert len(lines(out)) == 1


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def passed(limiter: Limiter, event: str, method: str = "info") -> dict[str, object] | None:
    try:
        return limiter(None, method, {"event": event})
    except structlog.DropEvent:
        return None


def test_a_flood_of_one_event_is_cut_and_counted():
    clock = Clock()
    limiter = Limiter(burst=3, seconds=60, clock=clock)

    first = [passed(limiter, "retry") for _ in range(10)]
    clock.now = 61
    then = passed(limiter, "retry")

    assert [entry is not None for entry in first] == [True] * 3 + [False] * 7
    assert then == {"event": "retry", "suppressed": 7}


def test_a_flood_of_another_library_ends_neither_it_nor_its_thread(out):
    configure(level="info", form="json", stream=out)
    done = threading.Event()

    def chatter() -> None:
        for _ in range(50):
            logging.getLogger("chatty").warning("the pool is full")
        done.set()

    thread = threading.Thread(target=chatter)
    thread.start()
    thread.join()

    assert done.is_set()
    assert len(out.getvalue().splitlines()) == 10


def test_other_events_and_errors_pass_during_a_flood():
    limiter = Limiter(burst=1, clock=Clock())
    passed(limiter, "retry")

    assert passed(limiter, "retry") is None
    assert passed(limiter, "other") is not None
    assert all(passed(limiter, "retry", "error") for _ in range(5))


def test_the_limiter_remembers_a_bounded_number_of_events():
    limiter = Limiter(burst=1, keys=10, clock=Clock())

    for number in range(1000):
        assert passed(limiter, f"event {number}") is not None

    assert len(limiter._seen) == 10
