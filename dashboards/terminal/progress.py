"""Progress for people: a bar on a terminal's stderr, a line every ten seconds elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Self

import click

LINE_EVERY_S = 10.0
DRAW_EVERY_S = 0.2
_WIDTH = 30
_TELLING = 0.01
"""Share from which the time left can be told."""


class Bytes:
    """Progress over bytes of input; a total that is passed again starts a new round.

    Args:
        label: what is being done.
        quiet: show nothing.
    """

    def __init__(self, label: str, *, quiet: bool = False) -> None:
        self._label = label
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._start = time.monotonic()
        self._shown = self._start
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn and self._terminal:
            click.echo(err=True)

    def update(self, done: int, total: int) -> None:
        """Show ``done`` of ``total`` bytes, not more often than is useful."""
        now = time.monotonic()
        if self._quiet or now - self._shown < (
            DRAW_EVERY_S if self._terminal else LINE_EVERY_S
        ):
            return
        self._shown = now
        self._drawn = True
        share = min(1.0, done / total) if total else 0.0
        spent = now - self._start
        left = f", {spent / share - spent:.0f} s left" if share >= _TELLING else ""
        text = f"{self._label} {share:4.0%} of {self._told(total)}{left}"
        if not self._terminal:
            click.echo(text, err=True)
            return
        bar = "█" * round(share * _WIDTH)
        click.echo(f"\r{bar:<{_WIDTH}} {text}\x1b[K", err=True, nl=False)

    def _told(self, total: int) -> str:
        return f"{total / 1e6:.1f} MB"


class Steps(Bytes):
    """Progress over things that are counted, such as photos.

    Args:
        label: what is being done.
        unit: what is counted, in the plural.
        quiet: show nothing.
    """

    def __init__(self, label: str, unit: str, *, quiet: bool = False) -> None:
        super().__init__(label, quiet=quiet)
        self._unit = unit

    def _told(self, total: int) -> str:
        return f"{total:,} {self._unit}"
