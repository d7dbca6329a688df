"""``jikimi eval``: methods on streams and pictures whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE, OK

if TYPE_CHECKING:
    from dashboards.evaluation.pictures import Half
    from dashboards.evaluation.suites import SuiteName
    from dashboards.simulator.plan import GrammarName, ScenarioName

_folder = click.Path(file_okay=False, path_type=Path)
_read_folder = click.Path(exists=True, file_okay=False, path_type=Path)
_read_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_GRAMMARS = ("first", "second")
_SCENARIOS = ("mixed", "fans_only", "organic_only", "hostile_heavy")
_SUITES = ("quick", "development", "final_small", "final")
_BASELINES = ("exact-60s", "exact-24h", "counts", "trust")


@click.group(
    "eval",
    epilog="""\b
Examples:
  jikimi eval campaigns --work eval                       ours on the quick suite
  jikimi eval campaigns --work eval --method trust --json
  jikimi eval simulate --scenario fans_only --out stream
  jikimi eval score results stream

\b
The protocol, the frozen streams and the figures: docs/evaluation.md.
""",
)
def command() -> None:
    """Measure how well campaigns and pictures are found where the truth is known."""


@command.command(
    epilog="""\b
Examples:
  jikimi eval simulate --out stream --seed 7
  jikimi eval simulate --out big --posts 2000000 --days 30
  jikimi analyze stream/posts.ndjson.gz --watchlist stream/watchlist.toml --out results
"""
)
@click.option("--out", required=True, type=_folder, help="Folder for the stream.")
@click.option(
    "--grammar",
    type=click.Choice(_GRAMMARS),
    default="first",
    show_default=True,
    help="Never tune anything on the second.",
)
@click.option(
    "--scenario",
    type=click.Choice(_SCENARIOS),
    default="mixed",
    show_default=True,
    help="What happens besides ordinary days.",
)
@click.option("--seed", default=1, show_default=True, help="Same seed, same stream.")
@click.option(
    "--posts",
    type=click.IntRange(1, 100_000_000),
    default=50_000,
    show_default=True,
    help="About how many posts.",
)
@click.option(
    "--days", type=click.IntRange(2, 400), default=14, show_default=True, help="How long."
)
@pass_cli
def simulate(
    cli: Cli,
    out: Path,
    grammar: GrammarName,
    scenario: ScenarioName,
    seed: int,
    posts: int,
    days: int,
) -> int:
    """Play a simulated stream into files: posts, watchlist, labels and oracle."""
    from dashboards.simulator.files import write_stream
    from dashboards.simulator.world import World

    del cli
    world = World(grammar=grammar, scenario=scenario, seed=seed, posts=posts, days=days)
    oracle = write_stream(world, out)
    click.echo(
        f"{oracle.posts:,} posts by {oracle.accounts:,} accounts, "
        f"{len(oracle.campaigns)} campaigns, {len(oracle.events)} legitimate events: {out}"
    )
    return OK


@command.command(
    epilog="""\b
Examples:
  jikimi eval campaigns --work eval
  jikimi eval campaigns --work eval --suite development --method exact-24h --method trust
  jikimi eval campaigns --work eval --method 'mine=python mine.py {posts} {out}'

\b
Streams and results are kept in --work; what is there is not made again, so remove
results/NAME after changing a method.
"""
)
@click.option("--work", required=True, type=_folder, help="Folder for streams and results.")
@click.option(
    "--suite",
    type=click.Choice(_SUITES),
    default="quick",
    show_default=True,
    help="Frozen streams; final ones are of the second grammar, for final figures alone.",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    default=("jikimi",),
    show_default=True,
    metavar="NAME",
    help="jikimi, exact-60s, exact-24h, counts, trust, or NAME=COMMAND with {posts}, "
    "{watchlist} and {out}.",
)
@click.option(
    "--streams",
    type=click.IntRange(min=1),
    help="Only the first so many streams of each scenario; say so with the figures.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@pass_cli
def campaigns(
    cli: Cli,
    work: Path,
    suite: SuiteName,
    methods: tuple[str, ...],
    streams: int | None,
    as_json: bool,
) -> int:
    """Run methods over frozen streams and say what they found, when, and what was wrong."""
    import msgspec

    from dashboards.evaluation.runner import MethodFailed, run_suite
    from dashboards.evaluation.suites import suite as worlds_of
    from dashboards.evaluation.summary import summarise
    from dashboards.evaluation.told import lines

    def say(text: str) -> None:
        if not cli.quiet:
            click.echo(text, err=True)

    failed = False
    for method in methods:
        try:
            runs = run_suite(method, worlds_of(suite, streams), work, say)
        except MethodFailed as error:
            click.echo(f"jikimi: {method.partition('=')[0]}: {error}", err=True)
            failed = True
            continue
        summary = summarise(method.partition("=")[0], suite, [run.score for run in runs])
        if as_json:
            cost = [run.cost for run in runs]
            body = {"summary": summary, "costs": cost, "streams": [run.score for run in runs]}
            click.echo(msgspec.json.encode(body).decode())
        else:
            click.echo("\n".join(lines(summary, runs)))
    return FAILURE if failed else OK


@command.command(
    epilog="""\b
Examples:
  jikimi eval ablation --work eval
  jikimi eval ablation --work eval --streams 1 --json
"""
)
@click.option("--work", required=True, type=_folder, help="Folder for streams.")
@click.option(
    "--suite",
    type=click.Choice(("quick", "development")),
    default="quick",
    show_default=True,
    help="Frozen streams of the first grammar.",
)
@click.option(
    "--streams",
    type=click.IntRange(min=1),
    help="Only the first so many streams of each scenario; say so with the figures.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@pass_cli
def ablation(cli: Cli, work: Path, suite: SuiteName, streams: int | None, as_json: bool) -> int:
    """Say what each sign of coordination is worth: leave one out at a time."""
    import msgspec

    from dashboards.evaluation.ablation import ablation_lines, run_ablation
    from dashboards.evaluation.suites import suite as worlds_of

    def say(text: str) -> None:
        if not cli.quiet:
            click.echo(text, err=True)

    found = run_ablation(worlds_of(suite, streams), work, cli.settings, say)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        click.echo("\n".join(ablation_lines(found)))
    return OK


@command.command(
    epilog="""\b
Examples:
  jikimi eval score results stream
"""
)
@click.argument("results", type=_read_folder)
@click.argument("stream", type=_read_folder)
@pass_cli
def score(cli: Cli, results: Path, stream: Path) -> int:
    """Score the result files in RESULTS against the oracle in STREAM; prints JSON."""
    import msgspec

    from dashboards.evaluation.matching import score as score_stream
    from dashboards.evaluation.results import read_results
    from dashboards.simulator.files import read_labels, read_oracle

    del cli
    found = score_stream(read_results(results), read_oracle(stream), read_labels(stream))
    click.echo(msgspec.json.encode(found).decode())
    return OK


@command.command(
    epilog="""\b
Examples:
  jikimi eval baseline trust posts.ndjson.gz --out results
"""
)
@click.argument("name", type=click.Choice(_BASELINES))
@click.argument("posts", type=_read_file)
@click.option("--out", required=True, type=_folder, help="Folder for the result files.")
@pass_cli
def baseline(cli: Cli, name: str, posts: Path, out: Path) -> int:
    """Run one of the simple methods that ours is compared with, on a file of POSTS."""
    from dashboards.evaluation.baselines import METHODS

    del cli
    METHODS[name](posts, out)
    return OK


@command.command(
    epilog="""\b
Examples:
  jikimi eval share --data data --work eval --method trust
  jikimi eval share --data data --work eval --json

\b
The data are not part of jikimi: coord_stream_share.ndjson.gz with its labels.
"""
)
@click.option("--data", required=True, type=_read_folder, help="Folder with the share stream.")
@click.option("--work", required=True, type=_folder, help="Folder for variants and results.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    default=("jikimi",),
    show_default=True,
    metavar="NAME",
    help="As for campaigns.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@pass_cli
def share(cli: Cli, data: Path, work: Path, methods: tuple[str, ...], as_json: bool) -> int:
    """Check methods on real posts of a disclosed operation, its evasions and a tenth of it."""
    import msgspec

    from dashboards.evaluation.share import run_share
    from dashboards.evaluation.told import share_lines

    def say(text: str) -> None:
        if not cli.quiet:
            click.echo(text, err=True)

    for method in methods:
        scores = run_share(method, data, work, say)
        if as_json:
            click.echo(msgspec.json.encode(scores).decode())
        else:
            click.echo("\n".join(share_lines(scores)))
    return OK


@command.command(
    epilog="""\b
Examples:
  jikimi eval qut fused posts.ndjson.gz --out results --python qut/bin/python
  jikimi eval campaigns --work eval --method \\
    'qut=jikimi eval qut fused {posts} --out {out} --python qut/bin/python'
"""
)
@click.argument("setup", type=click.Choice(("co-tweet", "fused")))
@click.argument("posts", type=_read_file)
@click.option("--out", required=True, type=_folder, help="Folder for the result files.")
@click.option(
    "--python",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The Python that has coordination-network-toolkit 1.5.2.",
)
@pass_cli
def qut(cli: Cli, setup: str, posts: Path, out: Path, python: Path) -> int:
    """Run coordination-network-toolkit on POSTS, beside ours; it is no part of jikimi."""
    from dashboards.evaluation.qut import NotInstalledError, run

    del cli
    try:
        run(setup, posts, out, python)
    except NotInstalledError as error:
        click.echo(f"jikimi: {error}", err=True)
        return FAILURE
    return OK


@command.command(
    epilog="""\b
Examples:
  jikimi eval pictures wallpapers            transforms for development
  jikimi eval pictures wallpapers --half second --every 4 --json
"""
)
@click.argument("folder", type=_read_folder)
@click.option(
    "--half",
    type=click.Choice(("first", "second")),
    default="first",
    show_default=True,
    help="Of transforms and of pictures; never tune anything on the second.",
)
@click.option(
    "--every",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Transform each n-th picture only; all stay references.",
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def pictures(folder: Path, half: Half, every: int, as_json: bool) -> int:
    """Measure how well reposted pictures of FOLDER are found.

    Pictures are split in two by their names, one half for each set of transforms.
    """
    import msgspec

    from dashboards.evaluation.pictures import Row, measure
    from dashboards.evaluation.pictures import pictures as taken_from

    taken = list(taken_from(folder))[0 if half == "first" else 1 :: 2]
    if not taken[1:]:
        click.echo("this folder holds too few pictures that differ", err=True)
        return FAILURE

    def tell(row: Row) -> None:
        click.echo(f"{row.transform:28} {row.by_hash:6.0%} {row.found:6.0%}", err=as_json)

    report = measure(taken, half, every=every, tell=tell)
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
        return OK
    low, high = report.interval()
    click.echo(
        f"{'mean':28} {report.by_hash:6.1%} {report.found:6.1%} ({low:.1%} to {high:.1%})"
    )
    click.echo(f"false matches: {report.false} of {report.pairs:,} pairs")
    click.echo(f"in one template: {report.template_false} of {report.template_pairs:,} pairs")
    return OK
