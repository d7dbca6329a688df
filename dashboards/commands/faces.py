"""``jikimi faces``: whose face may be recognised: enrol, list, delete."""

from __future__ import annotations

import getpass
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE, OK

if TYPE_CHECKING:
    from detect.media.faces import Faces
    from stream.enrolled import Enrolled

_data = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)


@click.group(
    epilog="""\b
Examples:
  jikimi models fetch                         bring the two models of faces
  jikimi faces enrol seo-haneul photos/*.jpg --consent "signed 3 Nov 2026, file 12"
  jikimi faces list
  jikimi faces delete seo-haneul --note "asked by mail"
"""
)
def command() -> None:
    """Whose face may be recognised, and only theirs.

    Of reference photos a vector of 128 numbers and the SHA-256 are kept, in a file that
    backups leave out. Of people who are not enrolled nothing is ever kept but where in a
    picture a face is.
    """


@command.command()
@click.argument("subject")
@click.argument(
    "photos",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--consent", required=True, help="Who agreed, when, and where it is written.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.40,
    show_default=True,
    help="Likeness from which a face is theirs.",
)
@click.option(
    "--review-from",
    type=click.FloatRange(0, 1),
    default=0.33,
    show_default=True,
    help="Likeness from which somebody should look.",
)
@_data
@pass_cli
def enrol(
    cli: Cli,
    subject: str,
    photos: tuple[Path, ...],
    consent: str,
    threshold: float,
    review_from: float,
    data: Path | None,
) -> int:
    """Enrol SUBJECT, an id of the watchlist, from PHOTOS of that person alone.

    All photos are taken or none: each must show one face, and all the same person.
    """
    from stream.enrolled import EnrolmentRefusedError

    models = _models(cli)
    try:
        vectors = [_vector(models, file) for file in photos]
        with _enrolled(cli, data) as enrolled:
            new = enrolled.enrol(
                subject, vectors, consent=consent, threshold=threshold,
                review_from=review_from, who=_who(), now=_now(),
            )  # fmt: skip
    except (EnrolmentRefusedError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{subject}: {new} new, {len(vectors) - new} known already")
    return OK


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@_data
@pass_cli
def list_(cli: Cli, as_json: bool, data: Path | None) -> int:
    """Show who is enrolled."""
    import msgspec

    with _enrolled(cli, data) as enrolled:
        found = enrolled.listed()
    for one in found:
        if as_json:
            click.echo(msgspec.json.encode(one).decode())
        else:
            click.echo(
                f"{one.subject:24} {one.photos} photos, likeness {one.threshold:g} "
                f"(review from {one.review_from:g}): {one.consent}"
            )
    if not found and not as_json:
        click.echo("nobody is enrolled: jikimi faces enrol --help tells how")
    return OK


@command.command()
@click.argument("subject")
@click.option("--note", default="", help="Why; it is kept.")
@_data
@pass_cli
def delete(cli: Cli, subject: str, note: str, data: Path | None) -> int:
    """Forget the face of SUBJECT."""
    with _enrolled(cli, data) as enrolled:
        done = enrolled.delete(subject, who=_who(), now=_now(), note=note)
    if not done:
        click.echo(f"{subject} is not enrolled", err=True)
        return FAILURE
    click.echo(f"{subject}: deleted; running processes forget it when they start anew")
    return OK


def _models(cli: Cli) -> Faces:
    from dashboards.composing.media import faces

    found = faces(cli.settings)
    if found is None:
        raise click.ClickException("the models of faces are missing: jikimi models fetch")
    return found


def _vector(models: Faces, file: Path) -> tuple[str, bytes]:
    import numpy as np

    from detect.media.cage import Cage
    from detect.media.caged import HASHES, LARGEST, PIXELS

    with file.open("rb") as opened:
        raw = opened.read(LARGEST + 1)
    with Cage() as cage:
        seen = cage.examine(raw, HASHES | PIXELS)
    if seen.raster is None:
        raise ValueError(f"{click.format_filename(file)}: {seen.error or 'this is no photo'}")
    raster = seen.raster
    image = np.frombuffer(raster.data, np.uint8).reshape(raster.height, raster.width, 3)
    try:
        return hashlib.sha256(raw).hexdigest(), models.to_enrol(image)
    except ValueError as error:
        raise ValueError(f"{click.format_filename(file)}: {error}") from None


def _enrolled(cli: Cli, data: Path | None) -> Enrolled:
    from stream.enrolled import FACES_FILE
    from stream.enrolled import Enrolled as Opened

    return Opened((data or cli.settings.data.folder) / FACES_FILE)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _now() -> int:
    from dashboards.composing.compose import wall_clock

    return wall_clock()
