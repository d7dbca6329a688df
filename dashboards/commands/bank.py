"""``jikimi bank``: known pictures as hashes: build, add, list, match, export, import."""

from __future__ import annotations

import getpass
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dashboards.bank_exchange import FORMS, ExchangeForm
from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE, OK, PARTIAL

if TYPE_CHECKING:
    from detect.media.examined import Examined, Look
    from stream.banks import BankKind, Banks, Match, Reference

KIND_NAMES = ("official", "known_bad", "ignore")

_files = click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
_data = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_kind = click.option(
    "--kind",
    type=click.Choice(KIND_NAMES),
    default="official",
    show_default=True,
    help="What the bank is for.",
)
_note = click.option("--note", default="", help="A remark that is kept.")
_subject = click.option(
    "--subject",
    default="",
    metavar="ID",
    help="Whom the pictures are about: posts that show them are kept though they name nobody.",
)


@click.group(
    epilog="""\b
Examples:
  jikimi bank build official photos/*.jpg         hashes of your own pictures
  jikimi bank match suspicious.png --json         is it one of them?
  jikimi bank import known list.txt --kind known_bad
  jikimi bank export official --format json       ThreatExchange's shape
  jikimi bank about ref_0123… haruel               who posts it is about haruel
  jikimi bank disable ref_0123… --note "wrong"    it matches no longer
"""
)
def command() -> None:
    """Known pictures: official originals, known harm, things to ignore.

    A bank keeps the hash of a picture (PDQ), a label and notes, and a record of who changed
    what. Pictures are matched as they are, turned and mirrored. Of official pictures it also
    keeps local features and a small grey picture: they are found in crops, collages and
    screenshots, with what was changed in them.
    """


@command.command()
@click.argument("name")
@_files
@_kind
@_note
@_subject
@_data
@pass_cli
def build(
    cli: Cli,
    name: str,
    files: tuple[Path, ...],
    kind: BankKind,
    note: str,
    subject: str,
    data: Path | None,
) -> int:
    """Make bank NAME of picture FILES, or add them to it."""
    _watched(cli, subject)
    with _banks(cli, data) as banks:
        banks.create(name, kind, who=_who(), now=_now())
        return _hashed(banks, name, kind, files, note, subject)


@command.command()
@click.argument("name")
@_files
@_note
@_subject
@_data
@pass_cli
def add(
    cli: Cli, name: str, files: tuple[Path, ...], note: str, subject: str, data: Path | None
) -> int:
    """Add picture FILES to bank NAME."""
    from stream.banks import BankRefusedError

    _watched(cli, subject)
    with _banks(cli, data) as banks:
        kinds: dict[str, BankKind] = {one.name: one.kind for one in banks.banks()}
        if name not in kinds:
            raise BankRefusedError(f"there is no bank {name!r}: jikimi bank build makes one")
        return _hashed(banks, name, kinds[name], files, note, subject)


@command.command("list")
@click.argument("name", required=False)
@click.option("--changes", is_flag=True, help="Who changed what, and when.")
@_json
@_data
@pass_cli
def list_(cli: Cli, name: str | None, changes: bool, as_json: bool, data: Path | None) -> int:
    """List the banks, the references of bank NAME, or what was changed."""
    import msgspec

    with _banks(cli, data) as banks:
        rows = banks.changes() if changes else banks.references(name) if name else banks.banks()
    for row in rows:
        if as_json:
            click.echo(msgspec.json.encode(row).decode())
        else:
            click.echo("  ".join(str(value) for value in msgspec.structs.astuple(row)))
    if not rows:
        click.echo("there is nothing yet: jikimi bank build --help", err=True)
    return OK


@command.command()
@_files
@click.option(
    "--within",
    type=click.IntRange(0, 64),
    default=31,
    show_default=True,
    help="Differing bits of 256 that still count as the same picture.",
)
@_json
@_data
@pass_cli
def match(
    cli: Cli, files: tuple[Path, ...], within: int, as_json: bool, data: Path | None
) -> int:
    """Compare pictures and clips, FILES, with all enabled references."""
    import msgspec

    from stream.bank_matching import matches_in

    with _banks(cli, data) as banks:
        known = banks.snapshot()
    failed = 0
    for file, seen in _seen(files, "query"):
        found = matches_in(known, seen, within)
        failed += seen.error is not None
        if as_json:
            line: dict[str, Any] = {
                "file": str(file),
                "matches": [_as_json(one) for one in found],
                "error": _doubt(seen),
            }
            click.echo(msgspec.json.encode(line).decode())
            continue
        click.echo(click.style(click.format_filename(file), bold=True))
        for one in found:
            click.echo(f"    {_told(one)}")
        if not found:
            click.echo(f"    {_doubt(seen) or 'no reference is near'}")
    return PARTIAL if failed else OK


@command.command()
@click.argument("name", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="json",
    show_default=True,
    help="pdq: a list of hashes; json: ThreatExchange's shape.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File; else standard output."
)
@_data
@pass_cli
def export(
    cli: Cli, name: str | None, form: ExchangeForm, out: Path | None, data: Path | None
) -> int:
    """Write the references of bank NAME, or of all, for others."""
    from dashboards.bank_exchange import written

    with _banks(cli, data) as banks:
        text = written(banks.references(name), form)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
    return OK


@command.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_kind
@_data
@pass_cli
def import_(cli: Cli, name: str, file: Path, kind: BankKind, data: Path | None) -> int:
    """Take a list of hashes from FILE into bank NAME: PDQ lists, CSV, JSON.

    All of a file is taken or nothing.
    """
    from dashboards.bank_exchange import read

    text = file.read_text(encoding="utf-8", errors="replace")
    with _banks(cli, data) as banks:
        references = list(read(text, bank=name, kind=kind))
        banks.create(name, kind, who=_who(), now=_now())
        new = banks.add(references, who=_who(), now=_now())
    click.echo(f"{new:,} new, {len(references) - new:,} known already")
    return OK


@command.command()
@click.argument("reference")
@_note
@_data
@pass_cli
def disable(cli: Cli, reference: str, note: str, data: Path | None) -> int:
    """Let a REFERENCE match no longer."""
    with _banks(cli, data) as banks:
        banks.enable(reference, False, who=_who(), now=_now(), note=note)
    return OK


@command.command()
@click.argument("reference")
@_note
@_data
@pass_cli
def enable(cli: Cli, reference: str, note: str, data: Path | None) -> int:
    """Let a REFERENCE match again."""
    with _banks(cli, data) as banks:
        banks.enable(reference, True, who=_who(), now=_now(), note=note)
    return OK


@command.command()
@click.argument("reference")
@click.argument("subject")
@_data
@pass_cli
def about(cli: Cli, reference: str, subject: str, data: Path | None) -> int:
    """Say that a REFERENCE is about SUBJECT of the watchlist; "" takes that back.

    Posts that show it are then kept though they name nobody.
    """
    _watched(cli, subject)
    with _banks(cli, data) as banks:
        banks.about(reference, subject, who=_who(), now=_now())
    return OK


def _watched(cli: Cli, subject: str) -> None:
    """Refuse a subject that nobody watches, while there is a watchlist to tell."""
    from stream.banks import BankRefusedError

    path = cli.settings.watchlist.file
    if not subject or not path.is_file():
        return
    from detect.watchlist import load_watchlist

    known = sorted(one.id for one in load_watchlist(path).subjects)
    if subject not in known:
        near = get_close_matches(subject, known, n=3)
        hint = f": did you mean {' or '.join(near)}?" if near else ""
        raise BankRefusedError(f"{path} has no subject {subject!r}{hint}")


def _hashed(
    banks: Banks,
    name: str,
    kind: BankKind,
    files: tuple[Path, ...],
    note: str,
    subject: str,
) -> int:
    from stream.banks import Reference as Made

    references: list[Reference] = []
    looks: dict[str, Look] = {}
    failed = 0
    for file, seen in _seen(files, "reference"):
        if (doubt := _doubt(seen)) is not None or seen.pdq is None:
            failed += 1
            click.echo(f"{click.format_filename(file)}: {doubt}", err=True)
            continue
        if seen.look is not None:
            looks[seen.pdq] = seen.look
        references.append(
            Made(
                reference_id="", bank=name, kind=kind, pdq=seen.pdq, quality=seen.quality,
                label=file.name, note=note, subject=subject,
            )
        )  # fmt: skip
    new = banks.add(references, who=_who(), now=_now(), looks=looks)
    click.echo(f"{new:,} new, {len(references) - new:,} known already, {failed:,} not usable")
    return FAILURE if failed and not references else PARTIAL if failed else OK


def _seen(files: tuple[Path, ...], use: str) -> Iterator[tuple[Path, Examined]]:
    from detect.media.cage import Cage
    from detect.media.caged import LARGEST, QUERY, REFERENCE

    wanted = QUERY if use == "query" else REFERENCE
    with Cage() as cage:
        for file in files:
            with file.open("rb") as opened:
                yield file, cage.examine(opened.read(LARGEST + 1), wanted)


def _as_json(one: Match) -> dict[str, Any]:
    from msgspec import to_builtins

    placed = one.placement
    return {
        "reference": one.reference.reference_id,
        "bank": one.reference.bank,
        "kind": one.reference.kind,
        "label": one.reference.label,
        "distance": one.distance,
        "method": f"{'pdq' if placed is None else 'features'}:{one.view}",
        "region": None if placed is None else placed.region,
        "placement": to_builtins(placed),
        "at_ms": one.at_ms,
        "until_ms": one.until_ms,
    }


def _told(one: Match) -> str:
    name = one.reference.label or one.reference.reference_id
    how = "" if one.view == "original" else f", {one.view}"
    what = f"{one.reference.kind}: {name} in {one.reference.bank}"
    if one.at_ms is not None and one.until_ms is not None:
        what += f", {one.at_ms / 1000:.1f} to {one.until_ms / 1000:.1f} s"
    placed = one.placement
    if placed is None:
        return f"{what}, {one.distance} bits apart{how}"
    xs, ys = [x for x, _ in placed.region], [y for _, y in placed.region]
    place = f"x {min(xs):.0f} to {max(xs):.0f}, y {min(ys):.0f} to {max(ys):.0f}"
    changed = f", {len(placed.changed)} parts changed" if placed.changed else ""
    return (
        f"{what}, inside this picture at {place}: {placed.inliers} points agree, "
        f"{placed.agreeing:.0%} of what can be compared is the same{changed}{how}"
    )


def _doubt(seen: Examined) -> str | None:
    """Why a picture is not compared; None if it is."""
    from detect.media.pdq import GOOD_QUALITY

    if seen.error is not None:
        return str(seen.error)
    if seen.clip is None and seen.quality < GOOD_QUALITY:
        return f"the picture is too flat to be compared (quality {seen.quality})"
    return None


@contextmanager
def _banks(cli: Cli, data: Path | None) -> Generator[Banks]:
    from stream.banks import BANKS_FILE
    from stream.banks import Banks as Opened

    with Opened((data or cli.settings.data.folder) / BANKS_FILE) as banks:
        yield banks


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _now() -> int:
    from dashboards.composing.compose import wall_clock

    return wall_clock()
