"""Plays the scenario through Kafka, two workers and Elasticsearch: the parts that one types.

The demo's source is read by the collecting host here, and its pictures, which are drawn and
not fetched, are looked at by the media host here; setup, workers, indexer and pages are the
commands of scale-out as processes of their own. Topics and indices have a prefix that nobody
else uses and are removed at the end.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from dashboards.composing.compose import elastic_client, elastic_index
from dashboards.composing.parts import Part, PartEndedError, call, jikimi, parts
from dashboards.composing.scale import (
    COLLECT_FOLDER,
    WORKER_FOLDER,
    build_collect_host,
    kafka_address,
    kafka_topics,
)
from dashboards.composing.serving import web_process
from dashboards.demo.cast import AGENCY_FILE
from dashboards.demo.looking import PicturesBeside, pictures_beside
from dashboards.demo.playing import KINDS, Outcome, counted, shown_alerts
from dashboards.demo.scenario import Scenario
from dashboards.demo.source import DemoSource
from dashboards.terminal.context import Cli
from detect.watchlist import load_watchlist
from ingest.collector import Collector
from stream.elastic.client import IndexUnavailableError
from stream.elastic.keeping import forget
from stream.elastic.names import Names
from stream.records import Result
from stream.scale.address import KafkaUnavailableError
from stream.scale.admin import delete_topics
from stream.scale.ends import at_end
from stream.scale.kafka_log import PostsProducer, read_all
from stream.settings import ConfigError, load_settings
from stream.storage.state import key_of
from stream.topics import Topic, read_results

WORKERS = 2
PARTITIONS = 4
SESSION_S = 6
"""Shorter than a worker's own: nobody waits for one that was killed here."""
JOIN_S = 90.0
CATCH_UP_S = 300.0
LOOK_EVERY_S = 1.0
PICTURES_FOLDER = "pictures"

Tell = Callable[[str], None]


class ScaledDemo:
    """One run of the demo over the servers of the settings; everything closes with ``stack``.

    Args:
        folder: for the parts' own files.
        tell: says to a person what happens.

    Raises:
        ConfigError: the settings name no Elasticsearch.
    """

    def __init__(
        self, cli: Cli, folder: Path, stack: ExitStack, stop: threading.Event, tell: Tell
    ) -> None:
        self._config = cli.config
        self._folder = folder
        self._stack = stack
        self._tell = tell
        prefix = f"demo-{uuid.uuid4().hex[:10]}"
        # One partition of the router keeps the order of the posts, and with it every id.
        self._environ = os.environ | {
            "JIKIMI__KAFKA__PREFIX": prefix,
            "JIKIMI__KAFKA__PARTITIONS": str(PARTITIONS),
            "JIKIMI__KAFKA__ROUTER_PARTITIONS": "1",
            "JIKIMI__ELASTICSEARCH__PREFIX": prefix,
            "JIKIMI__WATCHLIST__FILE": str(AGENCY_FILE),
        }
        self._settings = load_settings(cli.config, self._environ)
        if self._settings.elasticsearch.url is None:
            raise ConfigError(
                "elasticsearch.url: not set; `make demo-scale` starts a Kafka and an "
                "Elasticsearch for the demo by itself"
            )
        self._address = kafka_address(self._settings)
        self._topics = kafka_topics(self._settings)
        self._index = elastic_index(self._settings)
        stack.callback(self._index.close)
        stack.callback(self._remove)
        tell("making topics and indices (jikimi setup)")
        call(jikimi(self._config, "setup"), self._environ)
        self._parts = stack.enter_context(parts(stop))
        self._pictures: PicturesBeside | None = None

    def serve(self, port: int) -> str:
        """Start the pages over Elasticsearch; returns where they are."""
        web = web_process(
            self._folder,
            config=self._config,
            options=["--port", str(port)],
            environ=self._environ,
            local=False,
        )
        return self._stack.enter_context(web).url

    def start(self, stop: threading.Event) -> None:
        """Start workers and indexer; returns when the workers share the partitions.

        Raises:
            PartEndedError: one of them could not start.
        """
        self._tell(f"starting {WORKERS} x jikimi worker and jikimi index run")
        folders = [self._folder / f"worker-{number}" for number in range(1, WORKERS + 1)]
        for folder in folders:
            options = ["--data", str(folder), "--session", str(SESSION_S)]
            self._add(folder.name, "worker", *options)
        self._add("indexer", "index", "run")

        def shared() -> bool:
            return all(any((f / WORKER_FOLDER).glob("operators-*")) for f in folders)

        self._until(shared, stop, JOIN_S, "the workers did not share the partitions")
        if stop.is_set():
            return
        self._tell("both workers have their partitions")
        self._pictures = self._stack.enter_context(
            pictures_beside(self._folder / PICTURES_FOLDER, self._address, self._topics, stop)
        )

    def play(
        self, scenario: Scenario, speed: float | None, stop: threading.Event
    ) -> Outcome | None:
        """Run the scenario through all parts; None when stopped.

        Raises:
            PartEndedError: one of the parts has ended by itself, or came to no end.
        """
        begun = time.monotonic()
        totals = self._collect(scenario, speed, stop)
        self._come_to_rest(stop)
        if stop.is_set():
            self.check()
            return None
        self._index.refresh()
        seconds = time.monotonic() - begun
        return Outcome(
            results=self._results(),
            posts=counted(totals, self._index),
            indexed=self._index.counts(),
            alerts=shown_alerts(self._index),
            seconds=round(seconds, 2),
        )

    def check(self) -> None:
        """Whether all parts have gone on until now.

        Raises:
            PartEndedError: one of them has ended by itself.
        """
        self._parts.check()
        if self._pictures is not None:
            self._pictures.check()

    def _add(self, name: str, *command: str) -> None:
        line = jikimi(self._config, *command, "--with-parent")
        self._parts.add(Part(name, line, self._environ, self._folder / f"{name}.log"))

    def _collect(
        self, scenario: Scenario, speed: float | None, stop: threading.Event
    ) -> Mapping[str, int]:
        watchlist = load_watchlist(AGENCY_FILE)
        source = DemoSource(scenario, speed=speed)
        with ExitStack() as stack:
            producer = PostsProducer(self._address, self._topics)
            stack.callback(producer.close)
            folder = self._folder / COLLECT_FOLDER
            host = build_collect_host(folder, self._settings, watchlist, producer)
            stack.callback(host.close)
            host.run(Collector([source], {}, batch=self._settings.pipeline.batch), stop)
            totals = host.intake.counters()
        self.check()
        if not stop.is_set():
            self._tell(f"collected: {totals.get('logged', 0):,} posts are in Kafka")
        return totals

    def _come_to_rest(self, stop: threading.Event) -> None:
        """Wait until every part has everything, one behind the other."""
        workers, indexer = (f"{self._settings.kafka.prefix}.{n}" for n in ("workers", "index"))
        topics = self._topics
        self._caught_up("the router", self._end_of(workers, topics.posts), stop)
        if self._pictures is not None:
            self._caught_up("the media stage", self._pictures.at_rest, stop)
            # What pictures show went through the posts topic too.
            self._caught_up("the router", self._end_of(workers, topics.posts), stop)
        self._caught_up("the operators", self._end_of(workers, topics.subjects), stop)
        last = self._end_of(indexer, topics.subjects, topics.results)
        self._caught_up("the index", last, stop)

    def _end_of(self, group: str, *topics: Topic) -> Callable[[], bool]:
        return partial(at_end, self._address, group, topics)

    def _caught_up(self, name: str, done: Callable[[], bool], stop: threading.Event) -> None:
        begun = time.monotonic()
        self._until(done, stop, CATCH_UP_S, f"{name} did not come to an end")
        if not stop.is_set():
            self._tell(f"{name} got to the end, {time.monotonic() - begun:.0f} s later")

    def _until(
        self, done: Callable[[], bool], stop: threading.Event, seconds: float, problem: str
    ) -> None:
        deadline = time.monotonic() + seconds
        while not stop.is_set() and not done():
            if time.monotonic() > deadline:
                raise PartEndedError(f"{problem} within {seconds:.0f} s")
            stop.wait(LOOK_EVERY_S)
        self.check()

    def _results(self) -> dict[tuple[str, str], Result]:
        reader = read_results()
        found: dict[tuple[str, str], Result] = {}
        for partition in range(self._topics.results.partitions):
            for value in read_all(self._address, self._topics.results.name, partition):
                result = reader.read(value)
                found[key_of(result)] = result
        return {key: result for key, result in found.items() if key[0] in KINDS}

    def _remove(self) -> None:
        """Take away what was made on the servers, as far as they are still there."""
        try:
            delete_topics(self._address, self._topics.all())
            with elastic_client(self._settings) as client:
                forget(client, Names(self._settings.elasticsearch.prefix))
        except (KafkaUnavailableError, IndexUnavailableError) as error:
            prefix = self._settings.kafka.prefix
            self._tell(f"topics and indices {prefix}* could not be removed: {error}")
