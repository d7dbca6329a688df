"""Reads the options of a sink strictly: every unknown or wrong one is named."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from ingest.secret import MASK, Secret
from stream.config.secrets import is_secret_key, mask_text
from stream.sink import SinkMisconfigured


class SinkOptions:
    """Options of the sink ``name``; each is taken once, what is left over is a mistake."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        self._name = name
        self._left = dict(options)
        self._known: list[str] = []

    def text(self, key: str, *, allowed: str, default: str | None = None) -> str:
        """A text; needed when there is no default."""
        value = self._take(key)
        if value is None and default is not None:
            return default
        if isinstance(value, Secret):
            value = value.reveal()
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, value, allowed)
        return value.strip()

    def seconds(self, key: str, default: float, *, least: float, most: float) -> float:
        """A number of seconds; text from the environment counts too."""
        given = self._take(key)
        value = default if given is None else given
        allowed = f"{least:g} to {most:g} seconds"
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise self.wrong(key, given, allowed) from None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(key, given, allowed)
        if not least <= value <= most:
            raise self.wrong(key, given, allowed)
        return float(value)

    def finish(self) -> None:
        """Refuse what nobody asked for.

        Raises:
            SinkMisconfigured: there are options this kind of sink does not know.
        """
        for key in self._left:
            near = get_close_matches(key, self._known, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise SinkMisconfigured(
                f"notify.{self._name}.options.{key}: not known; "
                f"allowed: {', '.join(self._known)}{meant}"
            )

    def wrong(self, key: str, found: object, allowed: str) -> SinkMisconfigured:
        """The error for a value that is not allowed; secrets are not shown."""
        if found is None:
            shown = "nothing"
        elif isinstance(found, Secret) or is_secret_key(key):
            shown = MASK
        else:
            shown = mask_text(repr(found))
        return SinkMisconfigured(
            f"notify.{self._name}.options.{key}: found {shown}, allowed: {allowed}"
        )

    def _take(self, key: str) -> object:
        self._known.append(key)
        return self._left.pop(key, None)
