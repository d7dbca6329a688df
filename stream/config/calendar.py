"""Settings of the fandom calendar."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from stream.config.section import Section


class CalendarSettings(Section, frozen=True, kw_only=True):
    """What fans are known to do when."""

    file: Annotated[
        Path,
        Meta(
            description="Comebacks, votes, birthdays, broadcasts (`jikimi calendar`); it need "
            "not be there."
        ),
    ] = field(default_factory=lambda: Path("calendar.toml"))
