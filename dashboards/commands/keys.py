"""``jikimi keys``: keys with which programs use the HTTP API."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE, OK, USAGE

if TYPE_CHECKING:
    from dashboards.keys import Keys

EPILOG = """\b
Examples:
  jikimi keys create grafana                   reads only
  jikimi keys create triage-bot --scope decide reads and decides
  jikimi keys list
  jikimi keys revoke grafana

\b
All three also work while the pages run, and hold at once.
"""

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)


@click.group(epilog=EPILOG)
def command() -> None:
    """Keys with which programs use the HTTP API."""


@command.command(epilog="\b\nExamples:\n  jikimi keys create grafana > grafana.key")
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(["read", "decide"]),
    default="read",
    show_default=True,
    help="What its holder may do; who may decide may also read.",
)
@data_option
@pass_cli
def create(cli: Cli, name: str, scope: str, data: Path | None) -> int:
    """Make a key called NAME and print it; it is shown this once."""
    from dashboards.composing.compose import wall_clock
    from dashboards.keys import KeyRefusedError, Scope

    scopes: tuple[Scope, ...] = ("read", "decide") if scope == "decide" else ("read",)
    with _keys(cli, data) as keys:
        try:
            made, text = keys.create(name, scopes, wall_clock())
        except KeyRefusedError as error:
            click.echo(f"jikimi: {error}", err=True)
            return USAGE
    click.echo(
        f"key {made.key_id} for {made.name!r} may {' and '.join(made.scopes)} what is in "
        f"{data or cli.settings.data.folder}; it is shown this once:",
        err=True,
    )
    click.echo(text.reveal())
    return OK


@command.command("list", epilog="\b\nExamples:\n  jikimi keys list --json")
@data_option
@click.option("--json", "as_json", is_flag=True, help="As one JSON array.")
@pass_cli
def list_keys(cli: Cli, data: Path | None, as_json: bool) -> int:
    """Show every key: its name, what it may do, since when, and whether it is void."""
    import msgspec

    from dashboards.export import iso

    with _keys(cli, data) as keys:
        found = keys.all()
    rows = [
        {
            "key_id": one.key_id,
            "name": one.name,
            "scopes": list(one.scopes),
            "created_at": iso(one.created_at),
            "revoked_at": iso(one.revoked_at) if one.revoked_at is not None else None,
        }
        for one in found
    ]
    if as_json:
        click.echo(msgspec.json.encode(rows).decode())
        return OK
    if not rows:
        click.echo("no keys yet; `jikimi keys create NAME` makes one")
    for row in rows:
        state = f"revoked {row['revoked_at']}" if row["revoked_at"] else "valid"
        scopes = "+".join(row["scopes"] or [])
        click.echo(
            f"{row['key_id']}  {row['name']}  {scopes}  made {row['created_at']}  {state}"
        )
    return OK


@command.command(epilog="\b\nExamples:\n  jikimi keys revoke grafana")
@click.argument("name")
@data_option
@pass_cli
def revoke(cli: Cli, name: str, data: Path | None) -> int:
    """Make the key called NAME (or with that id) void; it cannot be made valid again."""
    from dashboards.composing.compose import wall_clock
    from dashboards.keys import KeyRefusedError

    with _keys(cli, data) as keys:
        try:
            gone = keys.revoke(name, wall_clock())
        except KeyRefusedError as error:
            click.echo(f"jikimi: {error}", err=True)
            return FAILURE
    click.echo(f"key {gone.key_id} ({gone.name!r}) is void from now on")
    return OK


@contextmanager
def _keys(cli: Cli, data: Path | None) -> Generator[Keys]:
    from dashboards.composing.compose import DESK_FILE
    from dashboards.desk_file import DeskFile
    from dashboards.keys import Keys

    file = DeskFile((data or cli.settings.data.folder) / DESK_FILE, beside=True)
    try:
        yield Keys(file)
    finally:
        file.close()
