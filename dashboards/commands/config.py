"""``jikimi config``: show, check and explain the settings."""

from __future__ import annotations

import json
import os

import click

from dashboards.terminal.context import Cli, pass_cli


@click.group(
    "config",
    epilog="""\b
Examples:
  jikimi config example > jikimi.toml    a commented file to start from
  jikimi config check                    is it sound? every mistake with its line
  jikimi config show                     what holds, secrets masked
""",
)
def command() -> None:
    """Show, check and explain the settings."""


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@pass_cli
def show(cli: Cli, as_json: bool) -> None:
    """Print the settings in force, from file, environment and defaults; secrets masked."""
    from stream.config.doc import effective, effective_toml

    if as_json:
        click.echo(json.dumps(effective(cli.settings), ensure_ascii=False, indent=2))
    else:
        click.echo(effective_toml(cli.settings), nl=False)


@command.command("check")
@pass_cli
def check(cli: Cli) -> None:
    """Check file and environment; exit code 3 and every mistake when they are wrong."""
    from dashboards.composing.compose import build_sources
    from stream.settings import find_file

    settings = cli.settings
    build_sources(settings)
    file = find_file(cli.config, os.environ)
    click.echo(f"{file or 'no settings file, all defaults'}: ok")
    off = [name for name, source in settings.sources.items() if not source.enabled]
    if len(off) == len(settings.sources):
        click.echo("note: no source is enabled, so `jikimi run` would have nothing to read")


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of the settings file, for editors."""
    from stream.config.doc import schema as make

    click.echo(json.dumps(make(), ensure_ascii=False, indent=2))


@command.command("example")
def example() -> None:
    """Print a commented settings file with all defaults."""
    from stream.config.doc import default_toml

    click.echo(default_toml(), nl=False)
