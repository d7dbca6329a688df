"""``jikimi demo``: the built-in scenario through the whole pipeline, on the page."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.context import Cli, pass_cli
from dashboards.exits import INTERRUPTED, OK
from dashboards.interrupts import stop_on_signals

if TYPE_CHECKING:
    from dashboards.demo.scenario import Scenario
    from dashboards.demo.score import Score
    from stream.embedded import EmbeddedHost

EPILOG = """\b
Examples:
  jikimi demo                      a day and a half in a minute, on the page
  jikimi demo --headless --json    as fast as possible; prints the score
  jikimi demo --seed 3 --data d    another world, kept in the folder d

\b
Every person, group, post and rumour in it is invented. No network, no keys.
"""

SECONDS_TO_PLAY = 60.0
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@click.command(epilog=EPILOG)
@click.option("--headless", is_flag=True, help="No pages; as fast as possible.")
@click.option("--json", "as_json", is_flag=True, help="Print the score as one JSON object.")
@click.option("--seed", default=9, show_default=True, help="Same seed, same world.")
@click.option(
    "--posts",
    type=click.IntRange(100, 10_000_000),
    help="About how many ordinary posts.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=SECONDS_TO_PLAY,
    show_default=True,
    help="How long the scenario takes on the page.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the data in this folder; else it is gone with the demo.",
)
@click.option(
    "--port", default=8000, show_default=True, help="Port of the pages; 0: a free one."
)
@pass_cli
def command(
    cli: Cli,
    headless: bool,
    as_json: bool,
    seed: int,
    posts: int | None,
    seconds: float,
    data: Path | None,
    port: int,
) -> int:
    """Watch an invented agency: three smear campaigns, one fan event, one wave of criticism."""
    from dashboards.demo.scenario import DEFAULT_HOURS, DEFAULT_POSTS, Scenario

    cli.start_logging()
    hours = DEFAULT_HOURS
    stop = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        folder = stack.enter_context(_folder(data))
        demo = _Demo(cli, folder, stack)
        scenario = demo.remembered(
            Scenario(
                seed=seed, posts=posts or DEFAULT_POSTS, hours=hours, start_ms=_start(hours)
            )
        )
        if not headless:
            url = demo.serve(port)
            _say(cli, f"pages: {url}   (Ctrl-C ends the demo)")
            _say(cli, f"playing {hours} hours in about {seconds:.0f} s; open the address above")
        speed = None if headless else hours * 3600 / seconds
        score = demo.play(scenario, speed, stop)
        if stop.is_set():
            return INTERRUPTED
        if as_json:
            import msgspec

            click.echo(msgspec.json.encode(score).decode())
        else:
            _tell(score)
        if not headless:
            _say(cli, "the pages stay up until Ctrl-C")
            stop.wait()
    return OK


class _Demo:
    """One run of the demo over a data folder; everything closes with ``stack``."""

    def __init__(self, cli: Cli, folder: Path, stack: ExitStack) -> None:
        from dashboards.compose import INDEX_FOLDER, build_host
        from detect.watchlist import load_watchlist
        from stream.local_index import LocalIndex

        self.watchlist = Path(__file__).parent.parent / "demo" / "agency.toml"
        self._cli = cli
        self._folder = folder
        self._stack = stack
        self.index = LocalIndex(folder / INDEX_FOLDER)
        self.host: EmbeddedHost = build_host(
            folder, cli.settings, load_watchlist(self.watchlist), self.index
        )
        stack.callback(self.host.close)

    def remembered(self, scenario: Scenario) -> Scenario:
        """The scenario begun in this folder, or the given one, which is begun now."""
        import msgspec

        held = self.host.store.meta("demo")
        if held is not None:
            return msgspec.json.decode(held, type=type(scenario))
        with self.host.store.transaction():
            self.host.store.set_meta("demo", msgspec.json.encode(scenario))
        return scenario

    def serve(self, port: int) -> str:
        """Start the pages; returns where they are."""
        from dashboards.serving import web_process

        options = ["--port", str(port), "--watchlist", str(self.watchlist)]
        web = web_process(self._folder, config=self._cli.config, options=options)
        return self._stack.enter_context(web).url

    def play(self, scenario: Scenario, speed: float | None, stop: threading.Event) -> Score:
        """Run the scenario through the pipeline and compare with the oracle."""
        from dashboards.demo.oracle import Oracle
        from dashboards.demo.score import score
        from dashboards.demo.source import DemoSource
        from ingest.collector import Collector
        from stream.records import Alert

        begun = time.monotonic()
        source = DemoSource(scenario, speed=speed)
        cursors = {source.name: self.host.intake.cursor(source.name)}
        batch = self._cli.settings.pipeline.batch
        self.host.run(Collector([source], cursors, batch=batch), stop)
        seconds = time.monotonic() - begun
        results = self.host.processor.results.of_kind("alert")
        return score(
            [alert for alert in results if isinstance(alert, Alert)],
            Oracle.of(scenario),
            posts=self._counts(),
            seconds=round(seconds, 2),
        )

    def _counts(self) -> dict[str, int]:
        totals = self.host.intake.counters()
        logged, unmatched = totals.get("logged", 0), totals.get("unmatched", 0)
        dead = totals.get("malformed", 0)
        return {
            "read": logged + unmatched + dead,
            "logged": logged,
            "unmatched": unmatched,
            "indexed": self.index.counts().get("posts", 0),
            "dead": dead,
        }


@contextmanager
def _folder(data: Path | None) -> Generator[Path]:
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="jikimi-demo-") as folder:
        yield Path(folder)


def _start(hours: int) -> int:
    """A midnight (UTC) from which the scenario ends in the past day.

    Always at midnight, so that the hour of day at which somebody tries the demo
    makes no difference to what happens in it.
    """
    now = time.time_ns() // 1_000_000
    return (now - hours * HOUR_MS) // DAY_MS * DAY_MS


def _say(cli: Cli, text: str) -> None:
    if not cli.quiet:
        click.echo(text, err=True)


def _tell(score: Score) -> None:
    wrong = score.false_alerts
    click.echo(
        f"{score.posts['read']:,} posts read, {score.posts['logged']:,} about the agency's "
        f"people, in {score.seconds:.0f} s\n"
        f"{score.alerts} alerts: {score.found} of {score.planted} planted campaigns found; "
        f"false alerts: {wrong.fan_event} about the fan event, "
        f"{wrong.criticism} about the criticism, {wrong.other} about anything else"
    )
