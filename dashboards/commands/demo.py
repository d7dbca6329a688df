"""``jikimi demo``: the built-in scenario through the whole pipeline, on the page."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE, INTERRUPTED, OK
from dashboards.terminal.interrupts import stop_on_signals

if TYPE_CHECKING:
    from dashboards.demo.scenario import Scenario
    from dashboards.demo.score import Score

EPILOG = """\b
Examples:
  jikimi demo                      a day and a half in a minute, on the page
  jikimi demo --headless --json    as fast as possible; prints the score
  jikimi demo --seed 3 --data d    another world, kept in the folder d
  make demo-scale                  through a real Kafka, two workers and Elasticsearch

\b
Every person, group, post and rumour in it is invented. No network, no keys.
"""

SECONDS_TO_PLAY = 60.0
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@click.command(epilog=EPILOG)
@click.option("--headless", is_flag=True, help="No pages; as fast as possible.")
@click.option("--json", "as_json", is_flag=True, help="Print the score as one JSON object.")
@click.option(
    "--scale",
    is_flag=True,
    help="Through the Kafka and Elasticsearch of the settings, and compare with one process.",
)
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
    scale: bool,
    seed: int,
    posts: int | None,
    seconds: float,
    data: Path | None,
    port: int,
) -> int:
    """Watch an invented agency: smear campaigns, threats, a changed photo, fans, criticism."""
    from dashboards.demo.scenario import DEFAULT_HOURS, DEFAULT_POSTS, Scenario

    if scale and data is not None:
        raise click.UsageError("--scale keeps nothing: leave --data out")
    cli.start_logging()
    hours = DEFAULT_HOURS
    scenario = Scenario(
        seed=seed, posts=posts or DEFAULT_POSTS, hours=hours, start_ms=_start(hours)
    )
    wanted = _Wanted(scenario, None if headless else seconds, port, as_json)
    stop = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        folder = stack.enter_context(_folder(data))
        play = _scaled if scale else _embedded
        return play(cli, wanted, folder, stack, stop)


class _Wanted(NamedTuple):
    """What was asked for; ``seconds`` None is without pages, as fast as possible."""

    scenario: Scenario
    seconds: float | None
    port: int
    as_json: bool

    @property
    def speed(self) -> float | None:
        """How many times faster than life."""
        return None if self.seconds is None else self.scenario.hours * 3600 / self.seconds


def _embedded(
    cli: Cli, wanted: _Wanted, folder: Path, stack: ExitStack, stop: threading.Event
) -> int:
    """The demo in one process."""
    from dashboards.demo.playing import EmbeddedDemo

    demo = EmbeddedDemo(cli, folder, stack)
    scenario = demo.remembered(wanted.scenario)
    if wanted.seconds is not None:
        _say_pages(cli, demo.serve(wanted.port), scenario.hours, wanted.seconds)
    outcome = demo.play(scenario, wanted.speed, stop)
    if stop.is_set():
        return INTERRUPTED
    _tell(outcome.score(scenario), as_json=wanted.as_json)
    _stay(cli, wanted, stop)
    return OK


def _scaled(
    cli: Cli, wanted: _Wanted, folder: Path, stack: ExitStack, stop: threading.Event
) -> int:
    """The demo through all parts of scale-out, then in one process, and what differs."""
    from dashboards.demo.compared import differences, scaled_score
    from dashboards.demo.playing import EmbeddedDemo
    from dashboards.demo.scaled import ScaledDemo

    demo = ScaledDemo(cli, folder, stack, stop, lambda text: _say(cli, text))
    demo.start(stop)
    if wanted.seconds is not None and not stop.is_set():
        _say_pages(cli, demo.serve(wanted.port), wanted.scenario.hours, wanted.seconds)
    outcome = demo.play(wanted.scenario, wanted.speed, stop)
    if outcome is None:
        return INTERRUPTED
    _say(cli, "the same posts in one process, to compare")
    with ExitStack() as inner:
        embedded = EmbeddedDemo(cli, folder / "embedded", inner)
        expected = embedded.play(wanted.scenario, None, stop)
    if stop.is_set():
        demo.check()
        return INTERRUPTED
    differs = differences(expected, outcome)
    score = scaled_score(outcome.score(wanted.scenario), differs)
    _tell(score, as_json=wanted.as_json)
    if not wanted.as_json:
        _tell_differences(score.differs, len(outcome.alerts))
    _stay(cli, wanted, stop)
    demo.check()
    return FAILURE if differs else OK


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


def _say_pages(cli: Cli, url: str, hours: int, seconds: float) -> None:
    _say(cli, f"pages: {url}   (Ctrl-C ends the demo)")
    _say(cli, f"playing {hours} hours in about {seconds:.0f} s; open the address above")


def _stay(cli: Cli, wanted: _Wanted, stop: threading.Event) -> None:
    """Leave the pages up, if there are any, until somebody ends it."""
    if wanted.seconds is not None:
        _say(cli, "the pages stay up until Ctrl-C")
        stop.wait()


def _tell(score: Score, *, as_json: bool) -> None:
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(score).decode())
        return
    wrong = score.false_alerts
    click.echo(
        f"{score.posts['read']:,} posts read, {score.posts['logged']:,} about the agency's "
        f"people, in {score.seconds:.0f} s\n"
        f"{score.alerts} alerts: {score.found} of {score.planted} planted campaigns found; "
        f"false alerts: {wrong.fan_event} about the fan event, "
        f"{wrong.criticism} about the criticism, {wrong.other} about anything else"
    )
    for one in score.harm:
        name = one.category.replace("_", " ")
        told = (
            f"{one.severity} alert, last told at {one.posts} of {one.planted} posts"
            if one.found
            else "missed"
        )
        click.echo(f"planted harm, {name} at {one.subject}: {told}")
    if score.pictures:
        click.echo("the official photo with a changed face was found, and its variants")


def _tell_differences(differs: Sequence[str], alerts: int) -> None:
    if not differs:
        click.echo(
            f"the same as in one process: {alerts} alerts, all clusters, bursts, campaigns, "
            "findings of pictures, and counts"
        )
        return
    click.echo("not as in one process:")
    for difference in differs:
        click.echo(f"  {difference}")
