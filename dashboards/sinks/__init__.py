"""Places alerts are delivered to, and how they are made from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stream.settings import SinkSettings
    from stream.sink import Sink


def build_sinks(notify: Mapping[str, SinkSettings]) -> list[Sink]:
    """The enabled sinks of ``[notify.NAME]``.

    Raises:
        ConfigError: a sink of a kind that is not registered.
        SinkMisconfigured: options a sink does not accept.
    """
    from ingest import plugins
    from stream.settings import ConfigError

    built: list[Sink] = []
    for name, sink in notify.items():
        if not sink.enabled:
            continue
        kind = sink.kind or name
        try:
            factory = plugins.load(plugins.SINKS, kind)
        except KeyError:
            allowed = ", ".join(plugins.names(plugins.SINKS))
            raise ConfigError(
                f"notify.{name}.kind: found {kind!r}, allowed: {allowed}"
            ) from None
        built.append(factory.from_settings(name, sink.options))
    return built
