"""Writes docs/reference from the code: commands, settings, sources, API (``make docs``)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

WIDTH = 88
NOTE = "<!-- Written by `make docs` from the code; changes belong there. -->\n"


def pages() -> dict[str, str]:
    """File name -> text of every page of docs/reference."""
    return {
        "commands.md": commands_page(),
        "settings.md": settings_page(),
        "sources.md": sources_page(),
        "api.md": api_page(),
    }


def walk(
    group: click.Group, parent: click.Context
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command below ``group``: its full name, itself, its context."""
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        if command is None or command.hidden:
            continue
        context = click.Context(
            command, info_name=name, parent=parent, terminal_width=WIDTH, color=False
        )
        yield context.command_path, command, context
        if isinstance(command, click.Group):
            yield from walk(command, context)


def root() -> click.Context:
    """The context of ``jikimi`` itself."""
    from dashboards.cli import cli

    # As when it is run: click keeps the help option of whoever asks first.
    names: list[str] = cli.context_settings["help_option_names"]
    return click.Context(
        cli, info_name="jikimi", terminal_width=WIDTH, color=False, help_option_names=names
    )


def commands_page() -> str:
    """Help of every command."""
    from dashboards.cli import cli

    top = root()
    parts = [f"# Commands\n\n{NOTE}", _help("jikimi", cli, top)]
    parts += [_help(path, command, context) for path, command, context in walk(cli, top)]
    return "\n".join(parts)


def _help(path: str, command: click.Command, context: click.Context) -> str:
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"## {path}\n\n```text\n{text}\n```\n"


def settings_page() -> str:
    """Every setting with default, allowed values and environment variable."""
    from stream.config.doc import default_toml, rows

    lines = [
        "# Settings\n",
        NOTE,
        "One TOML file: the one given with `--config`, else the one that `JIKIMI_CONFIG`",
        "names, else `jikimi.toml` in the current folder; without any, the defaults hold.",
        "Environment variables go before the file: `JIKIMI__SECTION__KEY`, for lists with",
        "commas. A secret can be kept in a file of its own: `JIKIMI__WEB__PASSWORD_FILE`.",
        "Every mistake is reported with its line, all at once, with exit code 3.",
        "Relative paths start at the folder in which jikimi is started.\n",
        "| Setting | Default | Allowed | What it does |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{row.key}` | `{row.default}` | {_cell(row.allowed)} | {_cell(row.text)} |"
        for row in rows()
    ]
    lines += ["\n## Example\n", "```toml", default_toml().rstrip(), "```\n"]
    return "\n".join(lines)


def sources_page() -> str:
    """The terms card of every registered source, and every registered sink."""
    from msgspec import structs

    from ingest import plugins
    from ingest.source import Terms

    lines = [
        "# Sources and sinks\n",
        NOTE,
        "A source is read when `[sources.NAME]` of the settings names it; `kind` may be left",
        "out when it is the name. Its options stand in `[sources.NAME.options]` and are",
        "checked by `jikimi config check` and `jikimi doctor`.\n",
    ]
    for kind in plugins.names(plugins.SOURCES):
        source = plugins.load(plugins.SOURCES, kind)
        terms: Terms = source.terms
        lines += [f"## Source `{kind}`\n", _first_paragraph(source), ""]
        lines += [
            f"- **{key}**: {text}" for key, text in structs.asdict(terms).items() if text
        ] + [""]
        options: Mapping[str, str] = getattr(source, "options", {})
        if options:
            lines += ["| Option | What it is (and what holds without it) |", "|---|---|"]
            lines += [f"| `{key}` | {text} |" for key, text in options.items()] + [""]
    for kind in plugins.names(plugins.SINKS):
        sink = plugins.load(plugins.SINKS, kind)
        lines += [f"## Sink `{kind}`\n", _first_paragraph(sink), ""]
    return "\n".join(lines)


def api_page() -> str:
    """Every operation of the HTTP API."""
    from dashboards.reference_api import page

    return page(NOTE)


def _first_paragraph(thing: type) -> str:
    return " ".join((thing.__doc__ or "").strip().partition("\n\n")[0].split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(folder: Path) -> None:
    """Write every page into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
