"""What every command of jikimi shares: the settings file, verbosity, colour."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stream.settings import Settings


class Cli:
    """Made once from the options before the command; reads settings when first asked."""

    def __init__(
        self,
        *,
        config: Path | None = None,
        verbose: int = 0,
        quiet: bool = False,
        debug: bool = False,
    ) -> None:
        self.config = config
        self.verbose = verbose
        self.quiet = quiet
        self.debug = debug

    @cached_property
    def settings(self) -> Settings:
        """The settings in force.

        Raises:
            ConfigError: they hold mistakes.
        """
        from stream.settings import load_settings

        return load_settings(self.config)

    def log_level(self) -> str:
        """The level of the settings, lowered by ``-v`` and raised by ``-q``."""
        if self.quiet:
            return "error"
        return "debug" if self.verbose or self.debug else self.settings.log.level

    def start_logging(self) -> None:
        """Send structured logs to standard error from here on."""
        from stream.config.logs import configure

        configure(level=self.log_level(), form=self.settings.log.format)


pass_cli = click.make_pass_decorator(Cli, ensure=True)
