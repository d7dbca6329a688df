"""``jikimi inspect``: explain what is seen in a single text or picture."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dashboards.commands.inspect_media import media
from dashboards.terminal.context import Cli, pass_cli

if TYPE_CHECKING:
    from detect.harm.judge import HarmJudge
    from detect.mentions import MentionMatcher
    from detect.records import Mention
    from detect.watchlist import Watchlist

MOST_COMPARED = 200
"""Texts of one call that are compared with each other."""

EPILOG = """\b
Examples:
  jikimi inspect text "하루엘 무대 최고"           who is meant, and why
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
    """Show mentions, language, harm with its reasons, and the signature of TEXTS.

    Also which spellings do not count, and why. Without TEXTS, lines of standard input
    are read.
    """
    import msgspec

    from dashboards.composing.judging import build_judge
    from detect.mentions import MentionMatcher

    given = list(texts) or [line.rstrip("\r\n") for line in _lines()]
    matcher = MentionMatcher(_watchlist(cli, file))
    judge = build_judge(cli.settings)
    found = [
        examine(f"text:{number}", one, matcher, judge) for number, one in enumerate(given, 1)
    ]
    for number, other, value in alike(given):
        found[number]["alike"].append({"id": f"text:{other + 1}", "similarity": value})
        found[other]["alike"].append({"id": f"text:{number + 1}", "similarity": value})
    for one in found:
        if as_json:
            click.echo(msgspec.json.encode(one).decode())
        else:
            _tell(one)


def examine(
    text_id: str, text: str, matcher: MentionMatcher, judge: HarmJudge | None
) -> dict[str, Any]:
    """What the pipeline would see in a text that stands alone; None leaves harm out."""
    from msgspec import to_builtins

    from detect.neardup import grams, prepare

    text = text.encode("utf-8", "replace").decode("utf-8")
    prepared = prepare(text)
    mentions = matcher.match_text(text)
    return {
        "id": text_id,
        "text": text,
        "mentions": to_builtins(mentions),
        **_judged(text, mentions, judge),
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


def _judged(
    text: str, mentions: tuple[Mention, ...], judge: HarmJudge | None
) -> dict[str, Any]:
    from msgspec import to_builtins

    from detect.language import identify

    if judge is None:
        spans = [
            (m.start, m.end) for m in mentions if m.start is not None and m.end is not None
        ]
        return {
            "language": identify(text, skip=spans),
            "harm": {},
            "target": None,
            "reasons": [],
        }
    (said,) = judge.judge_texts([text], [mentions])
    return {
        "language": said.language,
        "harm": {one.category: one.score for one in said.harm},
        "unsure": [one.category for one in said.harm if one.unsure],
        "target": said.target,
        "reasons": to_builtins(said.reasons),
        "judged_by": said.version,
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
    click.echo(f"    language: {found['language']}")
    for category, score in found["harm"].items():
        words = [r["surface"] for r in found["reasons"] if r["category"] == category]
        doubt = ", not sure" if category in found["unsure"] else ""
        because = f": {', '.join(filter(None, words))}" if any(words) else ""
        click.echo(f"    {category} {score:.2f}{doubt}, aimed at: {found['target']}{because}")
    if found["signature"] is None:
        click.echo("    too short to be compared")
    for other in found["alike"]:
        click.echo(f"    {other['similarity']:.0%} like {other['id']}")
