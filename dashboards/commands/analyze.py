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
  jikimi analyze posts.ndjson --out out --parquet   a Parquet twin beside every table
  openssl rand -hex 32 > key                        names nobody can guess without it:
  jikimi analyze posts.ndjson --out out --posts --pseudonymize key

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
@click.option(
    "--parquet", is_flag=True, help="A Parquet twin beside every table (needs pyarrow)."
)
@click.option("--posts", "with_posts", is_flag=True, help="The posts themselves too.")
@click.option(
    "--pseudonymize",
    "key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Replace accounts, posts, handles and links by a keyed hash; the file holds the "
    "key, at least 16 bytes.",
)
@click.option(
    "--pseudonyms",
    "way_back",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where which pseudonym stands for what is written, outside of --out; default: "
    "beside it, as OUT.pseudonyms.ndjson. Keep it apart from the results.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest when done.")
@pass_cli
def command(
    cli: Cli,
    posts: tuple[Path, ...],
    out: Path,
    watchlist_file: Path | None,
    scores: str | None,
    parquet: bool,
    with_posts: bool,
    key_file: Path | None,
    way_back: Path | None,
    as_json: bool,
) -> int:
    """Work through files of POSTS and write clusters, alerts, accounts and campaigns."""
    import msgspec

    from dashboards.batch.analysis import Asked, analyze
    from detect.watchlist import load_watchlist

    key = _key(key_file)
    if key is None and way_back is not None:
        raise click.UsageError("--pseudonyms needs --pseudonymize")
    way_back = way_back or out.resolve().with_name(f"{out.resolve().name}.pseudonyms.ndjson")
    if way_back.resolve().is_relative_to(out.resolve()):
        raise click.UsageError("--pseudonyms must lie outside of --out: keep it apart")
    cli.start_logging()
    watchlist = None if watchlist_file is None else load_watchlist(watchlist_file)
    stop = threading.Event()
    with stop_on_signals(stop), Bytes("reading", quiet=cli.quiet) as bar:
        manifest = analyze(
            posts,
            out,
            cli.settings,
            watchlist,
            Asked(
                every_account=(scores or ("members" if watchlist else "all")) == "all",
                parquet=parquet,
                posts=with_posts,
                key=key,
                pseudonyms=way_back,
            ),
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
        if key is not None:
            click.echo(f"pseudonyms lead back by {way_back}; keep it apart from {out}")
    return PARTIAL if manifest.posts.get("malformed") else OK


def _tell(
    out: Path, posts: dict[str, int], unreadable: dict[str, int], lines: dict[str, int]
) -> None:
    kept = posts.get("logged", 0)
    read = kept + posts.get("unmatched", 0) + posts.get("malformed", 0)
    click.echo(f"read {read:,} posts, kept {kept:,}, unreadable {posts.get('malformed', 0):,}")
    for reason, count in unreadable.items():
        click.echo(f"{count:>10,}  unreadable: {reason}")
    for name in sorted(lines):
        click.echo(f"{lines[name]:>10,}  {out / name}.ndjson")


def _key(file: Path | None) -> bytes | None:
    """The key of a file, without the line break that editors put behind it."""
    if file is None:
        return None
    from dashboards.batch.pseudonyms import LEAST_KEY

    key = file.read_bytes().strip()
    if len(key) < LEAST_KEY:
        raise click.UsageError(
            f"{file} holds {len(key)} bytes; a key has at least {LEAST_KEY}: "
            f"openssl rand -hex 32 > {file}"
        )
    return key
