"""Generations of results on a real Elasticsearch: filled, taken over, switched in one step."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dashboards.doctor_scale import check_elasticsearch
from stream.elastic.bulk import Sender
from stream.elastic.client import IndexUnavailableError
from stream.elastic.generations import REPLAYED, Generations
from stream.elastic.setting_up import check
from stream.elastic.templates import steps
from stream.index import AlertQuery
from stream.records import Alert
from stream.replay.plan import Plan, ReplayUnclearError
from stream.settings import ElasticsearchSettings, Settings
from tests.scale.elastic_world import Eager, Ground, elasticsearch, urls
from tests.stream.index_world import (
    HOUR,
    T0,
    alert,
    batch,
    burst,
    cluster,
    gone,
    membership,
    post,
    seen,
)

pytestmark = pytest.mark.slow
PLAN = Plan(since=T0, until=T0 + HOUR, log="topic t.posts", into="test 2")
EARLIER, LATER = T0 - 5 * HOUR, T0 + 5 * HOUR


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with elasticsearch() as client:
        made = Ground(client)
        yield made
        made.remove()


def first_generation_only(ground: Ground) -> None:
    """Results as after `jikimi setup`."""
    indices = ground.client.indices
    held = [i for noun in REPLAYED for i in indices.get(index=f"{ground.names.of(noun)}-*")]
    if held:
        indices.delete(index=",".join(held))
    for step in steps(ground.names):
        if step.kind == "index" and step.name in map(ground.names.generation, REPLAYED):
            indices.create(index=step.name, body=step.body)


@pytest.fixture
def index(ground: Ground) -> Iterator[Eager]:
    first_generation_only(ground)
    made = ground.index()
    yield made
    made.close()


@pytest.fixture
def generations(ground: Ground) -> Generations:
    return Generations(ground.client, ground.names, Sender(ground.client))


def thing(name: str, at: int, last: int | None = None, **fields):
    """A cluster with two posts, a burst and an alert, from ``at`` to ``last``."""
    until = at if last is None else last
    times = {"first_at": at, "last_at": until}
    return [
        *(membership(post(f"{name}{n}"), f"cl_{name}") for n in (1, 2)),
        cluster(f"cl_{name}", founder=f"archive:{name}1", sample=f"words {name}", **times, **fields),
        burst(f"bu_{name}", f"cl_{name}", detected_at=at, **times),
        alert(f"al_{name}", created_at=at, updated_at=until, cluster_id=f"cl_{name}"),
    ]  # fmt: skip


def told(index: Eager, *results) -> None:
    assert index.take(batch(results=results)) == []
    index.refresh()


def alerts(index: Eager) -> set[str]:
    return {one.alert_id for one in index.alerts(AlertQuery(limit=10_000)).alerts}


def test_results_of_the_stretch_are_replaced_and_all_others_are_taken_over(
    index, generations, ground
):
    told(index, *thing("before", EARLIER), *thing("inside", T0), *thing("after", LATER),
         *thing("grown", T0, LATER))  # fmt: skip
    generations.make(2, PLAN)
    generations.fill(2, thing("anew", T0))
    assert alerts(index) == {"al_before", "al_inside", "al_after", "al_grown"}, "not yet"

    generations.switch(2)

    assert alerts(index) == {"al_before", "al_anew", "al_after", "al_grown"}
    assert index.cluster("cl_inside") is None
    assert index.cluster("cl_anew").sample == "words anew"
    for name in ("before", "after", "grown"):
        assert index.bursts(cluster_id=f"cl_{name}")[0].burst_id == f"bu_{name}"
    places = ground.names.of("memberships")
    ground.client.indices.refresh(index=places)
    held = ground.client.search(index=places, size=50)["hits"]["hits"]
    clusters = sorted({hit["_source"]["jikimi"]["cluster"] for hit in held})
    assert clusters == ["cl_after", "cl_anew", "cl_before", "cl_grown"]
    assert len(held) == 8


def test_what_a_replay_made_calls_nobody_and_gives_way_to_the_workers(index, generations):
    told(index, *thing("before", EARLIER))
    generations.make(2, PLAN)
    generations.fill(2, [alert("al_same", revision=9, posts=1), *thing("anew", T0)])
    generations.switch(2)
    by_id: dict[str, Alert] = {one.alert_id: one for _, one in index.alerts_after(0)}
    assert {i for i, one in by_id.items() if one.replayed} == {"al_same", "al_anew"}
    assert not by_id["al_before"].replayed

    told(index, alert("al_same", revision=1, posts=5))
    live = index.alert("al_same")
    assert (live.posts, live.replayed) == (5, False)


def test_what_workers_say_meanwhile_is_there_after_the_switch(index, generations):
    told(index, *thing("grows", T0), *thing("still", T0))
    generations.make(2, PLAN)
    generations.fill(2, thing("anew", T0))
    told(
        index,
        *thing("late", LATER),
        cluster("cl_grows", revision=2, first_at=T0, last_at=LATER),
    )
    generations.switch(2)
    assert alerts(index) == {"al_anew", "al_late"}
    assert index.cluster("cl_grows").revision == 2
    assert index.cluster("cl_still") is None


def test_a_reader_never_sees_half_of_it_while_aliases_move(index, generations, ground):
    """Aliases of five indices move in one step: every answer is the old set or the new one."""
    old = [alert(f"al_old{n}") for n in range(30)]
    new = [alert(f"al_new{n}") for n in range(30)]
    told(index, *old, *(cluster(f"cl_old{n}", sample="") for n in range(30)))
    generations.make(2, PLAN)
    generations.fill(2, [*new, *(cluster(f"cl_new{n}", sample="") for n in range(30))])
    pattern = ",".join((ground.names.of("alerts"), ground.names.of("clusters")))
    answers: list[frozenset[str]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            found = ground.client.search(index=pattern, size=200, source_includes=["jikimi.id"])
            ids = [hit["_id"] for hit in found["hits"]["hits"]]
            assert len(ids) == 60
            answers.append(frozenset(ids))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    generations.switch(2)
    generations.switch(1)
    stop.set()
    for thread in threads:
        thread.join(60)
    wanted = {
        frozenset(f"{kind}_{name}{n}" for kind in ("al", "cl") for n in range(30))
        for name in ("old", "new")
    }
    assert len(answers) > 3
    assert set(answers) <= wanted
    assert alerts(index) == {f"al_old{n}" for n in range(30)}


def test_writers_wait_for_the_switch_and_lose_nothing(index, generations, ground):
    told(index, *thing("before", EARLIER))
    generations.make(2, PLAN)
    written = 0
    stop = threading.Event()

    def write() -> None:
        nonlocal written
        mine = ground.index(Sender(ground.client, patience_s=60))
        while not stop.is_set():
            one = alert(f"al_live{written}", created_at=LATER, updated_at=LATER)
            assert mine.take(batch(results=[one])) == []
            written += 1
        mine.close()

    thread = threading.Thread(target=write)
    thread.start()
    for number in (2, 1, 2):
        generations.switch(number)
    stop.set()
    thread.join(60)
    index.refresh()
    assert written > 3
    assert alerts(index) >= {f"al_live{n}" for n in range(written)}


def test_going_back_brings_what_came_since(index, generations):
    told(index, *thing("before", EARLIER), *thing("inside", T0))
    generations.make(2, PLAN)
    generations.fill(2, thing("anew", T0))
    generations.switch(2)
    told(index, *thing("since", LATER))
    generations.switch(1)
    assert alerts(index) == {"al_before", "al_inside", "al_since"}
    assert generations.current() == 1


def test_a_switch_that_was_cut_off_goes_on(index, generations, monkeypatch):
    told(index, *thing("before", EARLIER))
    generations.make(2, PLAN)
    generations.fill(2, thing("anew", T0))
    with monkeypatch.context() as patched:
        # As if the process had been killed between block and move.
        patched.setattr(Generations, "_move", _killed)
        patched.setattr(Generations, "_unblock", lambda _: None)
        with pytest.raises(KeyboardInterrupt):
            generations.switch(2)
    with pytest.raises(IndexUnavailableError, match="takes no writes"):
        Eager(index._client, index.names, Sender(index._client, patience_s=0.2)).take(
            batch(results=thing("waits", LATER))
        )
    generations.switch(2)
    told(index, *thing("waits", LATER))
    assert alerts(index) == {"al_before", "al_anew", "al_waits"}


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_deleted_words_leave_every_generation(index, generations, ground):
    told(index, *thing("inside", T0), *thing("before", EARLIER))
    posts = [post("inside1", "words inside"), post("before1", "words before")]
    index.take(batch(*(one for p in posts for one in seen(p))))
    generations.make(2, PLAN)
    generations.fill(2, thing("inside", T0))
    generations.switch(2)
    index.refresh()
    index.take(batch(gone=[gone(p, revision=2) for p in posts]))
    index.refresh()
    for number in (1, 2):
        found = ground.client.search(
            index=ground.names.generation("clusters", number), size=10
        )["hits"]["hits"]
        assert len(found) == 2
        assert all("message" not in hit["_source"] for hit in found), number
    assert index.cluster("cl_inside").sample == ""
    assert index.alert("al_inside").replayed


def test_what_is_unclear_is_refused(index, generations, ground):
    told(index, *thing("inside", T0))
    with pytest.raises(ReplayUnclearError, match="generation 1 is in force: --into 2"):
        generations.make(1, PLAN)
    generations.make(2, PLAN)
    generations.make(2, PLAN)
    other = Plan(since=T0, until=T0 + 2 * HOUR, log="topic t.posts", into="test 2")
    with pytest.raises(ReplayUnclearError, match="not of this replay: choose another"):
        generations.make(2, other)
    with pytest.raises(ReplayUnclearError, match="generation 1 is in force"):
        generations.drop(1)
    with pytest.raises(ReplayUnclearError, match="there is no generation 9"):
        generations.switch(9)
    alias = ground.names.of("alerts")
    ground.client.indices.put_alias(index=ground.names.generation("alerts", 2), name=alias)
    with pytest.raises(ReplayUnclearError, match="lead to generations 1, 2"):
        generations.current()


def test_the_list_the_drop_and_setup_know_of_generations(index, generations, ground):
    told(index, *thing("inside", T0))
    generations.make(2, PLAN)
    generations.fill(2, thing("anew", T0))
    generations.switch(2)
    first, second = generations.all()
    assert (first.number, first.current, first.plan) == (1, False, None)
    assert (second.number, second.current, second.plan) == (2, True, PLAN)
    assert second.documents == 5
    generations.drop(1)
    assert [one.number for one in generations.all()] == [2]
    assert check(ground.client, ground.names) == [], "setup makes no second index"
    elastic = ElasticsearchSettings(url=urls(ground.client)[0], prefix=ground.names.prefix)
    checks = {one.name: one for one in check_elasticsearch(Settings(elasticsearch=elastic))}
    assert checks["aliases"].outcome == "OK"
