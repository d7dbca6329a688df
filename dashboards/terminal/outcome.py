"""What a command that reads sources says when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from dashboards.terminal.exits import FAILURE, OK

if TYPE_CHECKING:
    from ingest.records import SourceStatus


def posts_read(totals: Mapping[str, int]) -> int:
    """How many posts the sources brought, wanted or not, out of the intake's counters."""
    return sum(totals.get(name, 0) for name in ("logged", "unmatched", "malformed"))


def exit_code(statuses: Iterable[SourceStatus]) -> int:
    """Name the sources that failed on standard error; the exit code that this means."""
    failed = [status for status in statuses if status.state == "failed"]
    for status in failed:
        click.echo(f"jikimi: source {status.source}: {status.problem}", err=True)
    return FAILURE if failed else OK
