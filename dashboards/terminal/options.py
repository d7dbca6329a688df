"""Options that several commands take."""

from __future__ import annotations

import click

for_seconds = click.option(
    "--for",
    "seconds",
    type=click.FloatRange(min=0.1),
    help="End by itself after so many seconds.",
)
