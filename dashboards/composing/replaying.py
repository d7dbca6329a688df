"""Puts the parts of a replay together: the log it reads, its host, where its results go."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dashboards.composing.compose import INDEX_FOLDER, build_host, wall_clock, watchlist_file

if TYPE_CHECKING:
    from ingest.source import Stop
    from stream.elastic.generations import Generations
    from stream.index import Index
    from stream.records import Alert
    from stream.replay.job import Progress, Replay
    from stream.replay.plan import PastLog, Plan
    from stream.replay.staging import Staging
    from stream.settings import Settings

AT_ONCE = 2000
SENT = "sent"
"""Sequence of the results up to which they were sent."""
Tell = Callable[["Progress"], None]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a replay; no ``made``: it was done and in force before.

    ``before`` is the generation that was in force until then.
    """

    posts: int
    made: dict[str, int]
    alerts_before: int | None = None
    alerts_same: int = 0
    switched: bool = False
    before: int | None = None
    taken_over: int = 0


def replay_indices(
    settings: Settings,
    folder: Path,
    since: int,
    until: int,
    number: int,
    *,
    switch: bool,
    stop: Stop,
    tell: Tell,
) -> Outcome | None:
    """Replay the posts topic into a generation of indices; None when stopped before.

    Raises:
        ConfigError: Elasticsearch or Kafka are not set.
        ReplayUnclearError: it is not clear what to do; nothing was changed.
        IndexUnavailableError, KafkaUnavailableError: the same again goes on.
    """
    from dashboards.composing.compose import elastic_client
    from dashboards.composing.scale import kafka_address, kafka_topics
    from stream.elastic.bulk import Sender
    from stream.elastic.generations import Generations
    from stream.elastic.names import Names
    from stream.replay.plan import Plan, check
    from stream.replay.staging import Staging
    from stream.scale.replay_log import TopicLog

    work = folder / f"replay-{number}"
    with ExitStack() as stack:
        client = stack.enter_context(elastic_client(settings))
        names = Names(settings.elasticsearch.prefix)
        generations = Generations(client, names, Sender(client))
        log = TopicLog(kafka_address(settings), kafka_topics(settings))
        stack.callback(log.close)
        plan = Plan(since=since, until=until, log=log.name, into=f"{names.prefix} {number}")
        check(plan, log, wall_clock())
        before = generations.current()
        generations.make(number, plan)
        if number == before and not work.exists():
            return Outcome(posts=0, made={}, switched=True)
        staging = Staging(work, plan, whole=log.whole)
        stack.callback(staging.close)
        replay = _replay(settings, stack, log, staging, work / "data", None)
        if not replay.run(stop, tell):
            return None
        found = _sent(replay, staging, generations, number, plan)
        if not _followed(replay, staging, generations, number, stop):
            return None
        if switch:
            taken = generations.switch(number)
            # What was deleted while documents were on their way is looked for again.
            if not _followed(replay, staging, generations, number, stop):
                return None
            found = msgspec.structs.replace(
                found, switched=True, before=before, taken_over=taken
            )
    if switch:
        shutil.rmtree(work)
    return found


def replay_folder(
    settings: Settings,
    folder: Path,
    since: int,
    until: int,
    into: Path,
    *,
    stop: Stop,
    tell: Tell,
) -> Outcome | None:
    """Replay the log of a data folder into another folder; None when stopped before.

    Raises:
        FileNotFoundError: there is no data to replay.
        ReplayUnclearError: it is not clear what to do; nothing was changed.
    """
    from stream.local_index import LocalIndex
    from stream.replay.folder_log import FolderLog
    from stream.replay.plan import Plan, check
    from stream.replay.staging import Staging

    with ExitStack() as stack:
        log = FolderLog(folder)
        stack.callback(log.close)
        plan = Plan(since=since, until=until, log=log.name, into=str(into.resolve()))
        check(plan, log, wall_clock())
        _refuse_others(into)
        staging = Staging(into, plan, whole=log.whole)
        stack.callback(staging.close)
        index = LocalIndex(into / INDEX_FOLDER)
        try:
            replay = _replay(settings, stack, log, staging, into, index)
        except BaseException:
            index.close()
            raise
        if not replay.run(stop, tell):
            return None
        staging.clear()
        index.refresh()
        return Outcome(posts=_posts(replay), made=replay.counts())


def _refuse_others(into: Path) -> None:
    """A folder that holds anything else is nobody's to fill."""
    from stream.replay.plan import ReplayUnclearError
    from stream.replay.staging import FILE

    if into.exists() and any(into.iterdir()) and not (into / FILE).is_file():
        raise ReplayUnclearError(
            f"{into} holds something that is no replay: choose a folder that is empty or new"
        )


def _replay(
    settings: Settings,
    stack: ExitStack,
    log: PastLog,
    staging: Staging,
    folder: Path,
    index: Index | None,
) -> Replay:
    from detect.watchlist import load_watchlist
    from stream.replay.job import Replay

    watchlist = load_watchlist(watchlist_file(settings))
    host = build_host(folder, settings, watchlist, index)
    stack.callback(host.close)
    return Replay(log, staging, host)


def _posts(replay: Replay) -> int:
    counters = replay.host.intake.counters()
    return counters.get("indexed", 0) + counters.get("late", 0)


def _sent(
    replay: Replay, staging: Staging, generations: Generations, number: int, plan: Plan
) -> Outcome:
    """Send all that was made, and compare its alerts with those in force."""
    _send(replay, staging, generations, number)
    ids = {one.alert_id for one in _alerts(replay)}
    held = generations.alerts_within(plan)
    return Outcome(
        posts=_posts(replay),
        made=replay.counts(),
        alerts_before=len(held),
        alerts_same=len(ids & held),
    )


def _followed(
    replay: Replay, staging: Staging, generations: Generations, number: int, stop: Stop
) -> bool:
    """Bring deletions that came meanwhile to what was sent; False when stopped."""
    if not replay.follow(stop):
        return False
    _send(replay, staging, generations, number)
    return True


def _send(replay: Replay, staging: Staging, generations: Generations, number: int) -> None:
    """Send results that changed since they were sent last."""
    sent = int(staging.meta(SENT) or b"0")
    results = replay.host.processor.results
    while found := results.after(sent, AT_ONCE):
        generations.fill(number, [result for _, result in found])
        sent = found[-1][0]
        staging.set_meta(SENT, str(sent).encode())


def _alerts(replay: Replay) -> Iterator[Alert]:
    from stream.records import Alert as Kind

    for one in replay.host.processor.results.of_kind("alert"):
        if isinstance(one, Kind):
            yield one
