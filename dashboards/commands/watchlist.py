"""``jikimi watchlist``: import name lists, check a watchlist, try it on a text."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import CONFIGURATION

if TYPE_CHECKING:
    from detect.mentions import Candidate
    from detect.watchlist import Watchlist

_SHOWN = 20

_file = click.Path(dir_okay=False, path_type=Path)


@click.group(
    "watchlist",
    epilog="""\b
Examples:
  jikimi watchlist import kpopnet.json idols.csv --out watchlist.toml
  jikimi watchlist check watchlist.toml
  jikimi watchlist try "아린이 컴백한대" --file watchlist.toml
  jikimi watchlist try "#LuminaComeback" --json
""",
)
def watchlist() -> None:
    """Import, check and try the watchlist."""


@watchlist.command(
    "import",
    epilog="""\b
Examples:
  jikimi watchlist import kpopnet.json --out watchlist.toml
  jikimi watchlist import kpopnet.json dbkpop_kpop_idols*.csv --only aespa > watchlist.toml
""",
)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--out", type=_file, help="Where to write; else standard output.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@click.option("--only", multiple=True, metavar="GROUP", help="Only this group and its members.")
@click.option(
    "--with-latin/--without-latin",
    default=True,
    show_default=True,
    help="Add the usual Latin spellings of Korean names.",
)
def import_(
    files: tuple[Path, ...],
    out: Path | None,
    force: bool,
    only: tuple[str, ...],
    with_latin: bool,
) -> None:
    """Make a watchlist of public name lists (kpopnet JSON, dbkpop CSV).

    Spellings that are also words or other people's names are marked as ambiguous.
    Look through the result: it is a start, not a finished watchlist.
    """
    from detect.watchlists.file import dump
    from detect.watchlists.imports import import_lists, without_romanisations

    if out is not None and out.exists() and not force:
        raise click.UsageError(f"{out} exists; --force replaces it.")
    made = import_lists({file.name: file.read_bytes() for file in files})
    if only:
        made = _only(made, only)
    if not with_latin:
        made = without_romanisations(made)
    text = dump(made)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
    spelled = sum(len(subject.ambiguous) for subject in made.subjects)
    click.echo(
        f"{len(made.subjects)} subjects, {spelled} ambiguous spellings"
        f"{f' -> {out}' if out else ''}",
        err=True,
    )


def _only(made: Watchlist, groups: tuple[str, ...]) -> Watchlist:
    from detect.watchlist import Watchlist as Made
    from detect.watchlists.file import suggest

    known = {subject.id: subject for subject in made.subjects if subject.kind != "idol"}
    for group in groups:
        if group not in known:
            meant = suggest(group, tuple(known))
            raise click.UsageError(f"No group {group!r} in these lists{meant}")
    kept = [s for s in made.subjects if s.id in groups or set(groups) & set(s.groups)]
    ids = {subject.id for subject in kept}
    # Groups a member also belongs to come along, or the links would lead nowhere.
    linked = {group for subject in kept for group in made.groups_of(subject.id)} - ids
    while linked:
        ids |= linked
        linked = {group for one in linked for group in made.groups_of(one)} - ids
    return Made(subjects=tuple(s for s in made.subjects if s.id in ids))


@watchlist.command(
    "check",
    epilog="""\b
Examples:
  jikimi watchlist check                  the watchlist of the settings
  jikimi watchlist check watchlist.toml --all
""",
)
@click.argument("file", required=False, type=_file)
@click.option("--all", "everything", is_flag=True, help="Show every warning.")
@pass_cli
def check(cli: Cli, file: Path | None, everything: bool) -> int:
    """Check a watchlist; exit code 3 when it holds mistakes, warnings do not count."""
    from detect.watchlist import digest
    from detect.watchlists.file import examine, read_text, report

    path = file or cli.settings.watchlist.file
    text = read_text(path)
    found, problems = examine(text, str(path))
    mistakes = [problem for problem in problems if problem.level == "error"]
    warnings = [problem for problem in problems if problem.level != "error"]
    for line in report(mistakes, text, str(path), found):
        click.echo(line, err=True)
    listed = report(warnings, text, str(path), found)
    for line in listed if everything else listed[:_SHOWN]:
        click.echo(line, err=True)
    if len(listed) > _SHOWN and not everything:
        click.echo(f"… {len(listed) - _SHOWN} more warnings; --all shows them", err=True)
    if mistakes or found is None:
        click.echo(f"{path}: {len(mistakes)} mistakes", err=True)
        return CONFIGURATION
    click.echo(f"{path}: ok, {len(found.subjects)} subjects, version {digest(found)}")
    return 0


@watchlist.command(
    "try",
    epilog="""\b
Examples:
  jikimi watchlist try "아린이 컴백한대" --file watchlist.toml
  echo "…" | jikimi watchlist try - --json
""",
)
@click.argument("text")
@click.option("--file", type=_file, help="The watchlist; else that of the settings.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@pass_cli
def try_(cli: Cli, text: str, file: Path | None, as_json: bool) -> None:
    """Show whom a text mentions and why; also what looked like a name and does not count.

    TEXT - reads standard input.
    """
    from detect.mentions import MentionMatcher
    from detect.watchlist import load_watchlist

    loaded = load_watchlist(file or cli.settings.watchlist.file)
    tried = sys.stdin.buffer.read().decode("utf-8", "replace") if text == "-" else text
    found = MentionMatcher(loaded).explain(tried)
    if as_json:
        click.echo(json.dumps(_as_object(found), ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("nobody on the watchlist is named here")
    for candidate in found:
        sign = "+" if candidate.why_not is None else "-"
        why = candidate.why_not or candidate.because or "sure spelling"
        click.echo(
            f"{sign} {candidate.start}-{candidate.end} {candidate.surface!r} "
            f"{candidate.subject}: {why}"
        )


def _as_object(found: tuple[Candidate, ...]) -> dict[str, object]:
    def row(candidate: Candidate) -> dict[str, object]:
        return {
            "subject": candidate.subject,
            "start": candidate.start,
            "end": candidate.end,
            "surface": candidate.surface,
            "spelling": candidate.spelling,
            "why": candidate.why_not or candidate.because or "sure spelling",
        }

    return {
        "mentions": [row(c) for c in found if c.why_not is None],
        "rejected": [row(c) for c in found if c.why_not is not None],
    }


command = watchlist
