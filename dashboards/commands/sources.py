"""``jikimi sources``: which sources there are, on what terms, and which are in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dashboards.terminal.context import Cli, pass_cli

if TYPE_CHECKING:
    from ingest.source import Terms
    from stream.settings import Settings


@click.command(
    "sources",
    epilog="""\b
Examples:
  jikimi sources                 every source: in use or not, access, limits, duties
  jikimi sources --json          the same for scripts
""",
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@pass_cli
def command(cli: Cli, as_json: bool) -> None:
    """List sources, what their platforms allow and demand, and their state."""
    import msgspec

    found = describe(cli.settings)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    for source in found:
        used = ", ".join(
            f"{place['name']} ({'enabled' if place['enabled'] else 'switched off'})"
            for place in source["configured"]
        )
        title = click.style(source["kind"], bold=True)
        click.echo(f"{title}: {used or 'not configured'}")
        for key, text in source["terms"].items():
            if text:
                click.echo(f"    {key:<10} {text}")


def describe(settings: Settings) -> list[dict[str, Any]]:
    """Every registered source with its terms card and where the settings use it."""
    from msgspec import structs

    from ingest import plugins

    found: list[dict[str, Any]] = []
    for kind in plugins.names(plugins.SOURCES):
        terms: Terms = plugins.load(plugins.SOURCES, kind).terms
        found.append(
            {
                "kind": kind,
                "terms": structs.asdict(terms),
                "configured": [
                    {"name": name, "enabled": source.enabled}
                    for name, source in settings.sources.items()
                    if (source.kind or name) == kind
                ],
            }
        )
    return found
