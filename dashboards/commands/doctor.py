"""``jikimi doctor``: check this machine and say what to fix."""

from __future__ import annotations

import sys

import click
import msgspec

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE

COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "red"}


@click.command(
    "doctor",
    epilog="""\b
Examples:
  jikimi doctor                  one line a check: OK, WARN or FAIL, and the fix
  jikimi doctor --online         also asks each source once: network, keys, places
  jikimi doctor --json           the same for scripts; exit code 1 when something fails
""",
)
@click.option("--online", is_flag=True, help="Also ask each enabled source once.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.pass_context
@pass_cli
def command(cli: Cli, ctx: click.Context, online: bool, as_json: bool) -> None:
    """Check Python, libraries, disk, clock, settings, watchlist and sources."""
    from dashboards.doctor import Check, examine

    checks: list[Check] = []
    for check in examine(lambda: cli.settings, online=online):
        checks.append(check)
        if not as_json:
            word = click.style(f"{check.outcome:<4}", fg=COLOURS[check.outcome])
            click.echo(f"{word}  {check.name}: {check.found}")
            if check.fix:
                click.echo(f"      fix: {check.fix}")
            sys.stdout.flush()
    failed = any(check.outcome == "FAIL" for check in checks)
    if as_json:
        report = {"ok": not failed, "checks": checks}
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    ctx.exit(FAILURE if failed else 0)
