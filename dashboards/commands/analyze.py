"""``jikimi analyze``: the same operators over files, with results as files."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import INTERRUPTED, OK, PARTIAL
from dashboards.terminal.interrupts import stop_on_signals
from dashboards.terminal.progress import Bytes

EPILOG = """\b
Examples:
  jikimi analyze posts.ndjson.gz --out out          one data set, one subject "all"
  jikimi analyze *.ndjson.zst --out out --watchlist watchlist.toml
  jikimi analyze tweets.jsonl --out out --scores all --json

\b
Reads ndjson, json and csv, also .gz and .zst: jikimi's own format, Pushshift,
X API v2, Jetstream. Stopped or killed, the same command goes on where it was.
Exit code 4: done, but some lines could not be read (manifest.json counts them).
"""


@click.command(epilog=EPILOG)
@click.argument(
    "posts",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the result files; made if absent.",
)
@click.option(
    "--watchlist",
    "watchlist_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Keep only posts about its subjects, subject by subject.",
)
@click.option(
    "--scores",
    type=click.Choice(["members", "all"]),
    help="Accounts listed; default: all without a watchlist, members of what is "
    "reported with one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest when done.")
@pass_cli
def command(
    cli: Cli,
    posts: tuple[Path, ...],
    out: Path,
    watchlist_file: Path | None,
    scores: str | None,
    as_json: bool,
) -> int:
    """Work through files of POSTS and write clusters, alerts, accounts and campaigns."""
    import msgspec

    from dashboards.batch.analysis import analyze
    from detect.watchlist import load_watchlist

    cli.start_logging()
    watchlist = None if watchlist_file is None else load_watchlist(watchlist_file)
    stop = threading.Event()
    with stop_on_signals(stop), Bytes("reading", quiet=cli.quiet) as bar:
        manifest = analyze(
            posts,
            out,
            cli.settings,
            watchlist,
            every_account=(scores or ("members" if watchlist else "all")) == "all",
            stop=stop,
            progress=bar.update,
        )
    if manifest is None:
        click.echo(f"jikimi: stopped; the same command goes on ({out}/.work)", err=True)
        return INTERRUPTED
    if as_json:
        click.echo(msgspec.json.encode(manifest).decode())
    else:
        _tell(out, manifest.posts, manifest.unreadable, manifest.lines)
    return PARTIAL if manifest.posts.get("malformed") else OK


def _tell(
    out: Path, posts: dict[str, int], unreadable: dict[str, int], lines: dict[str, int]
) -> None:
    kept = posts.get("logged", 0)
    read = kept + posts.get("unmatched", 0) + posts.get("malformed", 0)
    click.echo(f"read {read:,} posts, kept {kept:,}, unreadable {posts.get('malformed', 0):,}")
    for reason, count in unreadable.items():
        click.echo(f"{count:>10,}  unreadable: {reason}")
    for name in ("clusters", "campaigns", "alerts", "accounts"):
        click.echo(f"{lines[name]:>10,}  {out / name}.ndjson")
