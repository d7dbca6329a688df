"""``jikimi dead``: records that could not be read: list them, look at one, try again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE, OK, PARTIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stream.care.dead_box import DeadQuery, DeadRow, LocalDeadBox

SHOWN_BYTES = 4_000

_data = click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)


def _filters(command: Callable[..., object]) -> Callable[..., object]:
    for option in (
        click.option("--source", help="Only of this source."),
        click.option("--stage", help="Only of this stage: source, or an operator."),
        click.option("--reason", help="Only with this in the reason."),
        click.option("--since", help="Only from then on: 7d, 24h, 2026-11-01."),
        click.option("--until", help="Only before then: 1d, 2026-11-02."),
    ):
        command = option(command)
    return command


@click.group(
    epilog="""\b
Examples:
  jikimi dead list --since 7d                       what could not be read this week
  jikimi dead show 17                               one record, its bytes made safe
  jikimi dead show 17 --raw record.json             its bytes as they came, into a file
  jikimi dead replay --all --dry-run                would any of them be readable now?
  jikimi dead replay --source bluesky --since 1d    take them in, once
"""
)
def command() -> None:
    """Records that could not be read: list, show, try again.

    At most 20,000 and 256 MiB are kept; the oldest go first. A record that can be read
    after an upgrade is replayed: it then counts as logged or unmatched and no more as
    malformed, so the sums stay right.
    """


@command.command("list")
@_data
@_filters
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most."
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@pass_cli
def list_(
    cli: Cli, /, data: Path | None, limit: int, as_json: bool, **filters: str | None
) -> None:
    """List records that could not be read, the newest first."""
    import msgspec

    box = _box(cli, data)
    page = box.page(msgspec.structs.replace(_query(filters), limit=limit))
    if as_json:
        click.echo(msgspec.json.encode(page).decode())
        return
    for row in page.rows:
        click.echo(_line(row))
    if not page.held:
        click.echo("there is none: everything could be read", err=True)
    else:
        click.echo(
            f"{len(page.rows):,} of {page.total:,} shown; {page.held:,} held, "
            f"{page.held_bytes / 2**20:.1f} MiB",
            err=True,
        )


@command.command()
@click.argument("number", type=click.IntRange(min=1))
@_data
@click.option(
    "--raw",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    help="Write the original bytes to this new file (-: standard output).",
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object; bytes in base64.")
@pass_cli
def show(cli: Cli, number: int, data: Path | None, raw: Path | None, as_json: bool) -> int:
    """Show one record and why it could not be read; control characters are escaped."""
    import msgspec

    letter = _box(cli, data).letter(number)
    if letter is None:
        click.echo(f"jikimi: no dead letter has the number {number}", err=True)
        return FAILURE
    if raw is not None:
        _write(raw, letter.raw)
    elif as_json:
        click.echo(msgspec.json.encode(letter).decode())
    else:
        click.echo(_line(letter.row))
        click.echo(escaped(letter.raw[:SHOWN_BYTES]))
        if len(letter.raw) > SHOWN_BYTES:
            more = len(letter.raw) - SHOWN_BYTES
            click.echo(f"… {more:,} bytes more; --raw FILE writes all of them", err=True)
    return OK


@command.command()
@click.argument("numbers", nargs=-1, type=click.IntRange(min=1))
@_data
@_filters
@click.option("--all", "everything", is_flag=True, help="All there are.")
@click.option("--dry-run", is_flag=True, help="Only say which could be read now.")
@click.option("--json", "as_json", is_flag=True, help="Print counts as one JSON object.")
@pass_cli
def replay(
    cli: Cli,
    /,
    numbers: tuple[int, ...],
    data: Path | None,
    everything: bool,
    dry_run: bool,
    as_json: bool,
    **filters: str | None,
) -> int:
    """Read records again and take in what can be read now, exactly once.

    Works while `jikimi run` uses the folder. Exit code 4: some still cannot be read.
    """
    import msgspec

    chosen = bool(numbers) + everything + any(filters.values())
    if chosen != 1:
        raise click.UsageError("say which: numbers, or filters such as --source, or --all")
    cli.start_logging()
    folder = data or cli.settings.data.folder
    box = _box(cli, data)
    wanted = list(numbers) or list(box.seqs(_query(filters)))
    counts = _tried(box, wanted) if dry_run else _replayed(cli, folder, wanted)
    if as_json:
        click.echo(msgspec.json.encode(counts).decode())
    else:
        can = "could be read" if dry_run else "read and taken in"
        click.echo(f"{counts['read']:,} {can}, {counts['unreadable']:,} still unreadable")
        for name in sorted(set(counts) - {"read", "unreadable"}):
            if counts[name]:
                click.echo(f"{counts[name]:>10,}  {name}")
    return PARTIAL if counts["unreadable"] or counts["gone"] or counts["refused"] else OK


def _replayed(cli: Cli, folder: Path, wanted: Sequence[int]) -> dict[str, int]:
    from dashboards.asking import carry_out, requester
    from stream.care.dead_box import MOST_AT_ONCE
    from stream.care.requests import Replay

    total = _no_counts()
    for start in range(0, len(wanted), MOST_AT_ONCE):
        part = tuple(wanted[start : start + MOST_AT_ONCE])
        outcome = carry_out(cli, folder, Replay(seqs=part, who=requester()))
        for name, n in outcome.counts.items():
            total[name] = total.get(name, 0) + n
    return total


def _tried(box: LocalDeadBox, wanted: Sequence[int]) -> dict[str, int]:
    from ingest.formats import read_again
    from ingest.records import Malformed
    from stream.care.errands import SOURCE_STAGE

    counts = _no_counts()
    for seq in wanted:
        letter = box.letter(seq)
        if letter is None:
            counts["gone"] += 1
        elif letter.row.stage != SOURCE_STAGE:
            counts["refused"] += 1
        else:
            items = read_again(letter.raw, letter.row.source, letter.row.at)
            broken = any(isinstance(item, Malformed) for item in items)
            counts["unreadable" if broken else "read"] += 1
    return counts


def _no_counts() -> dict[str, int]:
    return {"read": 0, "unreadable": 0, "gone": 0, "refused": 0}


def escaped(raw: bytes) -> str:
    """Bytes as text for a terminal: what is no printable character is escaped."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )


def _line(row: DeadRow) -> str:
    from datetime import UTC, datetime

    at = datetime.fromtimestamp(row.at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    tries = f", tried {row.tries} times" if row.tries > 1 else ""
    reason = escaped(row.reason.encode("utf-8", "replace")[:500])
    return (
        f"{row.seq:>6}  {at}  {row.source} ({row.stage}), {row.bytes:,} bytes{tries}: {reason}"
    )


def _write(path: Path, raw: bytes) -> None:
    if str(path) == "-":
        sys.stdout.buffer.write(raw)
        return
    if path.exists():
        raise click.UsageError(f"{path} exists; choose a new file")
    path.write_bytes(raw)


def _box(cli: Cli, data: Path | None) -> LocalDeadBox:
    from dashboards.composing.compose import wall_clock
    from stream.care.dead_box import LocalDeadBox

    return LocalDeadBox(data or cli.settings.data.folder, now=wall_clock)


def _query(filters: dict[str, str | None]) -> DeadQuery:
    from dashboards.composing.compose import wall_clock
    from stream.care.dead_box import DeadQuery
    from stream.search.query import QueryError, parse
    from stream.search.tree import bounds

    moments = [f"{name}:{filters[name]}" for name in ("since", "until") if filters[name]]
    try:
        since, until = bounds(parse(" ".join(moments), now=wall_clock()))
    except QueryError as error:
        raise click.UsageError(str(error)) from None
    return DeadQuery(
        source=filters["source"],
        stage=filters["stage"],
        reason=filters["reason"],
        since=since,
        until=until,
    )
