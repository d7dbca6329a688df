"""The collector: back-off, bounded queues, gaps, sources that hang, fail or lie."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ingest.collector import AT_ONCE, Backoff, Collected, Collector
from ingest.records import Gap, Malformed, Post
from ingest.source import (
    CursorLost,
    Disconnected,
    RateLimited,
    Sighting,
    SourceMisconfigured,
    Stop,
    Terms,
)

QUICK = Backoff(first=0.01, longest=0.02, healthy=60.0)


def post(number: int) -> Post:
    return Post(
        id=f"t:{number}", source="t", platform="t", author_id="a", created_at=1, text="x"
    )


def sighting(number: int) -> Sighting:
    return Sighting(post(number), cursor=str(number))


class Scripted:
    """A source that does what a list of steps says, one step a connection."""

    terms = Terms(access="test", rate="none", retention="none", deletion="none")

    def __init__(
        self, *steps: Callable[[str | None, Stop], Iterator[Sighting]], name: str = "t"
    ) -> None:
        self.name = name
        self.asked: list[str | None] = []
        self._steps = list(steps)

    def read(self, after: str | None, stop: Stop, /) -> Iterator[Sighting]:
        self.asked.append(after)
        yield from self._steps.pop(0)(after, stop)


def numbers(first: int, last: int, then: Exception | None = None):
    def step(_after: str | None, _stop: Stop) -> Iterator[Sighting]:
        for number in range(first, last):
            yield sighting(number)
        if then is not None:
            raise then

    return step


def hang(_after: str | None, stop: Stop) -> Iterator[Sighting]:
    yield sighting(0)
    stop.wait(30)


def deaf(_after: str | None, _stop: Stop) -> Iterator[Sighting]:
    yield sighting(0)
    time.sleep(3)


def run(collector: Collector, seconds: float = 10) -> list[Collected]:
    collector.start()
    found: list[Collected] = []
    until = time.monotonic() + seconds
    while not collector.finished and time.monotonic() < until:
        found += collector.poll(0.1)
    collector.close(1.0)
    return found


def items(batches: list[Collected]) -> list[str]:
    return [i.id if isinstance(i, Post) else type(i).__name__ for b in batches for i in b.items]


def test_all_items_come_in_order_and_each_batch_carries_the_cursor_behind_it():
    batches = run(Collector([Scripted(numbers(0, 1_234))], {}, batch=100))

    assert items(batches) == [f"t:{n}" for n in range(1_234)]
    for batch in batches:
        assert batch.cursor == batch.items[-1].id.removeprefix("t:")  # type: ignore[union-attr]


def test_reading_goes_on_from_the_cursor_that_was_written():
    source = Scripted(numbers(5, 6))
    run(Collector([source], {"t": "4"}))

    assert source.asked == ["4"]


def test_a_failure_backs_off_and_resumes_at_the_last_cursor():
    source = Scripted(
        numbers(0, 3, Disconnected("gone")), numbers(3, 3, Disconnected("again")), numbers(3, 6)
    )
    batches = run(Collector([source], {}, backoff=QUICK))

    assert source.asked == [None, "2", "2"]
    assert items(batches) == [f"t:{n}" for n in range(6)]


def test_an_error_nobody_foresaw_is_tried_again_and_its_text_is_not_shown():
    source = Scripted(numbers(0, 1, ValueError("token=hunter2")), numbers(1, 2))
    collector = Collector([source], {}, backoff=Backoff(first=5.0, longest=5.0))
    collector.start()
    while not collector.poll(0.1):
        pass
    time.sleep(0.05)
    [status] = collector.statuses()
    collector.close(1.0)

    assert status.state == "waiting"
    assert status.problem == "unexpected ValueError; trying again"


def test_a_source_whose_thread_ends_is_failed_and_not_done(monkeypatch):
    class Odd(BaseException):
        pass

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    collector = Collector([Scripted(numbers(0, 1, Odd()))], {}, backoff=QUICK)  # type: ignore[arg-type]
    batches = run(collector)

    [status] = collector.statuses()
    assert (status.state, items(batches)) == ("failed", ["t:0"])
    assert "thread" in (status.problem or "")


def test_a_source_that_a_person_must_mend_ends_and_says_why():
    source = Scripted(numbers(0, 1, SourceMisconfigured("sources.t.key: missing")))
    collector = Collector([source], {}, backoff=QUICK)
    batches = run(collector)

    [status] = collector.statuses()
    assert (status.state, status.problem) == ("failed", "sources.t.key: missing")
    assert items(batches) == ["t:0"], "what it had read before is kept"


def test_a_platform_that_asks_for_patience_gets_it():
    source = Scripted(numbers(0, 1, RateLimited("slow down", retry_after=0.3)), numbers(1, 2))
    began = time.monotonic()
    run(Collector([source], {}, backoff=QUICK))

    assert time.monotonic() - began >= 0.3
    assert source.asked == [None, "0"]


@pytest.mark.parametrize("asked", [float("inf"), float("nan"), 1e300, -1.0, 0.0])
def test_a_platform_that_asks_for_nonsense_stops_nothing(asked):
    steps = [numbers(0, 1, RateLimited("slow down", retry_after=asked))] * 2
    source = Scripted(*steps, numbers(0, 0))
    collector = Collector([source], {}, backoff=QUICK)
    collector.start()
    time.sleep(0.3)
    [status] = collector.statuses()
    collector.close(1.0)

    is_patient = asked > 1
    assert status.state == ("waiting" if is_patient else "done")
    assert len(source.asked) == (1 if is_patient else 3)
    assert collector.finished is False, "what was read is still to be polled"


def test_after_a_long_good_time_a_failure_is_the_first_again():
    when: list[float] = []

    def quick(_after: str | None, _stop: Stop) -> Iterator[Sighting]:
        when.append(time.monotonic())
        raise Disconnected("gone")
        yield

    def long(_after: str | None, _stop: Stop) -> Iterator[Sighting]:
        yield sighting(1)
        time.sleep(0.3)
        when.append(time.monotonic())
        raise Disconnected("gone")

    def last(_after: str | None, _stop: Stop) -> Iterator[Sighting]:
        when.append(time.monotonic())
        yield sighting(2)

    class Longest(random.Random):
        def random(self) -> float:
            return 0.999

    # The sixth failure in a row would wait for 1.6 s, the first waits for 0.05 s.
    backoff = Backoff(first=0.05, longest=60, healthy=0.2)
    run(Collector([Scripted(*[quick] * 5, long, last)], {}, backoff=backoff, rng=Longest()))

    assert when[-1] - when[-2] < 0.8


def test_a_problem_is_said_once_in_the_log_and_its_end_too():
    steps = [numbers(0, 0, Disconnected("gone"))] * 3
    with structlog.testing.capture_logs() as said:
        run(Collector([Scripted(*steps, numbers(0, 1))], {}, backoff=QUICK))

    assert [(e["log_level"], e["event"], e.get("problem")) for e in said] == [
        ("warning", "source_waiting", "gone"),
        ("info", "source_live", None),
    ]


def test_a_batch_that_the_host_takes_out_early_never_overtakes_the_next():
    def endless(_after: str | None, stop: Stop) -> Iterator[Sighting]:
        number = 0
        while not stop.is_set():
            yield sighting(number)
            number += 1
            time.sleep(0.0005)

    collector = Collector([Scripted(endless)], {}, batch=5, max_wait_s=0.001)
    [running] = collector._runs
    swap, host = running._swap, threading.current_thread()

    def slow() -> Collected | None:
        batch = swap()
        if threading.current_thread() is host:
            time.sleep(0.02)
        return batch

    running._swap = slow  # type: ignore[method-assign]
    collector.start()
    found: list[Collected] = []
    until = time.monotonic() + 1
    while time.monotonic() < until:
        found += collector.poll(0.01)
    collector.close(1.0)

    got = items(found)
    assert len(got) > 20
    assert got == [f"t:{n}" for n in range(len(got))]


def test_a_lost_cursor_is_a_gap_and_a_new_beginning():
    gap = Gap(source="t", since=1, until=2, reason="too long ago")
    source = Scripted(numbers(0, 1, CursorLost("lost", gap=gap)), numbers(9, 10))
    batches = run(Collector([source], {}, backoff=QUICK))

    assert source.asked == [None, None]
    assert items(batches) == ["t:0", "Gap", "t:9"]


def test_an_outage_of_a_source_without_cursor_is_a_gap():
    clock = [1_000_000]

    def without_cursor(_after: str | None, _stop: Stop) -> Iterator[Sighting]:
        yield Sighting(post(0))
        raise Disconnected("gone")

    def later(_after: str | None, _stop: Stop) -> Iterator[Sighting]:
        clock[0] += 600_000
        yield Sighting(post(1))

    source = Scripted(without_cursor, later)
    batches = run(Collector([source], {}, backoff=QUICK, clock=lambda: clock[0]))

    assert items(batches) == ["t:0", "Gap", "t:1"]
    [gap] = [i for b in batches for i in b.items if isinstance(i, Gap)]
    assert (gap.since, gap.until) == (1_000_000, 1_600_000)


def test_one_source_that_fails_never_stops_another():
    bad = Scripted(*[numbers(0, 0, RuntimeError("x"))] * 50, name="bad")
    good = Scripted(numbers(0, 50), name="good")
    collector = Collector([bad, good], {}, backoff=QUICK)
    batches = run(collector, seconds=3)

    assert len([b for b in batches for _ in b.items if b.source == "good"]) == 50


def test_a_source_that_is_ahead_waits_behind_its_queue():
    produced = []

    def endless(_after: str | None, stop: Stop) -> Iterator[Sighting]:
        number = 0
        while not stop.is_set():
            produced.append(number)
            yield sighting(number)
            number += 1

    collector = Collector([Scripted(endless)], {}, batch=10, queue_batches=3, max_wait_s=60)
    collector.start()
    time.sleep(0.5)
    ahead = len(produced)
    collector.close(1.0)

    assert ahead <= 10 * (3 + 2)


def test_catching_up_takes_several_batches_at_once_and_never_more_than_bounded():
    collector = Collector([Scripted(numbers(0, 400))], {}, batch=10, queue_batches=30)
    collector.start()
    time.sleep(0.3)
    sizes: list[int] = []
    found: list[Collected] = []
    while not collector.finished:
        polled = collector.poll(0.1)
        sizes.append(len(polled))
        found += polled
    collector.close(1.0)

    assert max(sizes) == AT_ONCE
    assert items(found) == [f"t:{n}" for n in range(400)]


def test_a_source_gone_quiet_hands_over_what_it_has():
    collector = Collector([Scripted(hang)], {}, batch=500, max_wait_s=0.1)
    collector.start()
    found: list[Collected] = []
    until = time.monotonic() + 5
    while not found and time.monotonic() < until:
        found = collector.poll(0.1)
    collector.close(1.0)

    assert items(found) == ["t:0"]


@pytest.mark.parametrize("step", [hang, deaf])
def test_closing_does_not_wait_for_a_source_that_hangs(step):
    collector = Collector([Scripted(step)], {})
    collector.start()
    time.sleep(0.1)
    began = time.monotonic()
    collector.close(0.5)

    assert time.monotonic() - began < 15


def test_counts_add_up():
    def mixed(_after: str | None, _stop: Stop) -> Iterator[Sighting]:
        yield sighting(0)
        yield Sighting(Malformed(source="t", raw=b"x", reason="r"), cursor="1")
        yield Sighting(None, cursor="2", skipped=3)

    collector = Collector([Scripted(mixed)], {})
    batches = run(collector)

    [status] = collector.statuses()
    assert (status.read, status.malformed, status.skipped, status.state) == (2, 1, 3, "done")
    assert sum(batch.skipped for batch in batches) == 3
    assert batches[-1].cursor == "2"


def test_two_sources_of_one_name_are_refused():
    with pytest.raises(SourceMisconfigured, match="same name"):
        Collector([Scripted(), Scripted()], {})


@given(st.integers(1, 200), st.floats(0, 0.999))
def test_pauses_double_up_to_the_longest_with_full_jitter(failures, chance):
    backoff = Backoff(first=1.0, longest=60.0)

    assert 0 <= backoff.pause(failures, chance) <= min(60.0, 2.0 ** min(failures - 1, 10))
    assert backoff.pause(failures, 0.0) == 0.0


def test_many_failing_sources_do_not_come_back_at_once():
    pauses = {Backoff().pause(6, random.Random(seed).random()) for seed in range(50)}

    assert len(pauses) == 50
    assert max(pauses) - min(pauses) > 20


def test_stopping_while_the_queue_is_full_leaves_the_rest_to_the_next_run():
    collector = Collector([Scripted(numbers(0, 10_000))], {}, batch=10, queue_batches=1)
    collector.start()
    time.sleep(0.2)
    first = collector.poll(0.1)
    collector.close(1.0)
    rest = collector.poll(0)
    cursor = (rest or first)[-1].cursor
    assert cursor is not None

    again = run(Collector([Scripted(numbers(int(cursor) + 1, 10_000))], {"t": cursor}))

    got = items(first) + items(rest) + items(again)
    assert got == [f"t:{n}" for n in range(10_000)]
    assert threading.active_count() < 20
