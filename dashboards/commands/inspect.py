"""``jikimi inspect``: explain what is seen in a single text or picture."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dashboards.commands.inspect_media import media
from dashboards.context import Cli, pass_cli

if TYPE_CHECKING:
    from detect.mentions import MentionMatcher
    from detect.watchlist import Watchlist

MOST_COMPARED = 200
"""Texts of one call that are compared with each other."""

EPILOG = """\b
Examples:
  jikimi inspect text "서하늘 무대 최고"           who is meant, and why
  jikimi inspect text "one text" "One text!" --json   and how alike two texts are
  jikimi inspect text --watchlist w.toml < texts.txt  one text a line
  jikimi inspect media photo.jpg                      size, hashes, claimed origin
"""


@click.group("inspect", epilog=EPILOG)
def command() -> None:
    """Explain what is seen in one text or picture."""


command.add_command(media)


@command.command("text", epilog=EPILOG)
@click.argument("texts", nargs=-1)
@click.option(
    "--watchlist",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Watchlist; else the one of the settings, else the built-in invented one.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a text.")
@pass_cli
def text(cli: Cli, texts: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """Show mentions, spellings that do not count, and the signature of TEXTS.

    Without TEXTS, lines of standard input are read.
    """
    import msgspec

    from detect.mentions import MentionMatcher

    given = list(texts) or [line.rstrip("\r\n") for line in _lines()]
    matcher = MentionMatcher(_watchlist(cli, file))
    found = [examine(f"text:{number}", one, matcher) for number, one in enumerate(given, 1)]
    for number, other, value in alike(given):
        found[number]["alike"].append({"id": f"text:{other + 1}", "similarity": value})
        found[other]["alike"].append({"id": f"text:{number + 1}", "similarity": value})
    for one in found:
        if as_json:
            click.echo(msgspec.json.encode(one).decode())
        else:
            _tell(one)


def examine(text_id: str, text: str, matcher: MentionMatcher) -> dict[str, Any]:
    """What the pipeline would see in a text that stands alone."""
    from msgspec import to_builtins

    from detect.neardup import grams, prepare

    text = text.encode("utf-8", "replace").decode("utf-8")
    prepared = prepare(text)
    return {
        "id": text_id,
        "text": text,
        "mentions": to_builtins(matcher.match_text(text)),
        "not_counted": [
            to_builtins(candidate)
            for candidate in matcher.explain(text)
            if candidate.why_not is not None
        ],
        "signature": None
        if prepared is None
        else {
            "compared_as": prepared.whole,
            "key": prepared.key,
            "grams": len(grams(prepared.whole)),
        },
        "alike": [],
    }


def alike(texts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """Pairs of texts and their similarity, 0 to 1, where they can be compared."""
    from detect.neardup import Compared, prepare, similarity

    sets = [
        (place, Compared(prepared))
        for place, text in enumerate(texts[:MOST_COMPARED])
        if (prepared := prepare(text)) is not None
    ]
    for (first, a), (second, b) in combinations(sets, 2):
        value = similarity(a, b)
        if value > 0:
            yield first, second, round(value, 4)


def _lines() -> Iterator[str]:
    if sys.stdin.isatty():
        click.echo("one text a line, Ctrl-D ends:", err=True)
    yield from click.get_text_stream("stdin", encoding="utf-8", errors="replace")


def _watchlist(cli: Cli, file: Path | None) -> Watchlist:
    import dashboards
    from detect.watchlist import load_watchlist

    if file is None:
        file = cli.settings.watchlist.file
        if not file.is_file():
            file = Path(dashboards.__file__).parent / "demo" / "agency.toml"
            if not cli.quiet:
                click.echo("no watchlist: using the invented one of the demo", err=True)
    return load_watchlist(file)


def _tell(found: dict[str, Any]) -> None:
    click.echo(click.style(found["text"], bold=True))
    for mention in found["mentions"]:
        click.echo(
            f"    {mention['subject']}: {mention['reason']} {mention.get('surface', '')!r}"
            f" at {mention.get('start', '-')} to {mention.get('end', '-')}"
        )
    if not found["mentions"]:
        click.echo("    about nobody on the watchlist")
    for candidate in found["not_counted"]:
        click.echo(
            f"    not {candidate['subject']}: {candidate['surface']!r}: {candidate['why_not']}"
        )
    if found["signature"] is None:
        click.echo("    too short to be compared")
    for other in found["alike"]:
        click.echo(f"    {other['similarity']:.0%} like {other['id']}")
