"""Plays the scenario through the embedded host, and keeps what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec

from dashboards.composing.compose import INDEX_FOLDER, build_host
from dashboards.composing.serving import web_process
from dashboards.demo.cast import AGENCY_FILE
from dashboards.demo.looking import drawn_pictures
from dashboards.demo.oracle import Oracle
from dashboards.demo.scenario import Scenario
from dashboards.demo.score import Score, score
from dashboards.demo.source import DemoSource
from dashboards.terminal.context import Cli
from detect.watchlist import load_watchlist
from ingest.collector import Collector
from stream.index import AlertQuery, Index
from stream.local_index import LocalIndex
from stream.records import Alert, Result
from stream.storage.state import key_of

KINDS = ("cluster", "burst", "campaign", "finding", "alert")
"""Results that are compared between hosts; clusters hold what memberships say."""
MOST_ALERTS = 10_000


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a host has made of a scenario: results, counters, and what its index answers."""

    results: Mapping[tuple[str, str], Result]
    posts: Mapping[str, int]
    indexed: Mapping[str, int]
    alerts: tuple[Alert, ...]
    seconds: float

    def score(self, scenario: Scenario) -> Score:
        """The outcome beside the truth of its scenario."""
        alerts = [found for found in self.results.values() if isinstance(found, Alert)]
        return score(alerts, Oracle.of(scenario), posts=self.posts, seconds=self.seconds)


def counted(totals: Mapping[str, int], index: Index) -> dict[str, int]:
    """The counters that a score repeats, out of an intake's totals."""
    logged, unmatched = totals.get("logged", 0), totals.get("unmatched", 0)
    dead = totals.get("malformed", 0)
    return {
        "read": logged + unmatched + dead,
        "logged": logged,
        "unmatched": unmatched,
        "indexed": index.counts().get("posts", 0),
        "dead": dead,
    }


def shown_alerts(index: Index) -> tuple[Alert, ...]:
    """Every alert, as the pages are given them."""
    return index.alerts(AlertQuery(limit=MOST_ALERTS)).alerts


class EmbeddedDemo:
    """One run of the demo over a data folder; everything closes with ``stack``."""

    def __init__(self, cli: Cli, folder: Path, stack: ExitStack) -> None:
        self._cli = cli
        self._folder = folder
        self._stack = stack
        self._index = LocalIndex(folder / INDEX_FOLDER)
        self._host = build_host(folder, cli.settings, load_watchlist(AGENCY_FILE), self._index)
        stack.callback(self._host.close)
        self._host.media = drawn_pictures(folder)

    def remembered(self, scenario: Scenario) -> Scenario:
        """The scenario begun in this folder, or the given one, which is begun now."""
        held = self._host.store.meta("demo")
        if held is not None:
            return msgspec.json.decode(held, type=type(scenario))
        with self._host.store.transaction():
            self._host.store.set_meta("demo", msgspec.json.encode(scenario))
        return scenario

    def serve(self, port: int) -> str:
        """Start the pages; returns where they are."""
        options = ["--port", str(port), "--watchlist", str(AGENCY_FILE)]
        web = web_process(self._folder, config=self._cli.config, options=options)
        return self._stack.enter_context(web).url

    def play(self, scenario: Scenario, speed: float | None, stop: threading.Event) -> Outcome:
        """Run the scenario through the pipeline."""
        begun = time.monotonic()
        source = DemoSource(scenario, speed=speed)
        cursors = {source.name: self._host.intake.cursor(source.name)}
        batch = self._cli.settings.pipeline.batch
        self._host.run(Collector([source], cursors, batch=batch), stop)
        seconds = time.monotonic() - begun
        made = self._host.processor.results
        return Outcome(
            results={key_of(found): found for kind in KINDS for found in made.of_kind(kind)},
            posts=counted(self._host.intake.counters(), self._index),
            indexed=self._index.counts(),
            alerts=shown_alerts(self._index),
            seconds=round(seconds, 2),
        )
