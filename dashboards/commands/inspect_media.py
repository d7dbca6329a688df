"""``jikimi inspect media``: what is known of pictures and clips, decoded in a cage."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import OK, PARTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detect.media.cage import Cage
    from detect.media.examined import Clip, Examined, Raster
    from detect.media.faces import Faces, People
    from detect.media.forgery import ForgeryModel
    from detect.media.nsfw import SexualContent
    from detect.media.provenance import Provenance

EPILOG = """\b
Examples:
  jikimi inspect media photo.jpg          size, hashes, what the file says of its origin
  jikimi inspect media clip.mp4           what it shows, and when
  jikimi inspect media *.png --json       one JSON object a file
"""


@click.command("media", epilog=EPILOG)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@pass_cli
def media(cli: Cli, files: tuple[Path, ...], as_json: bool) -> int:
    """Show size, hashes and claimed origin of FILES, pictures and clips.

    A file is decoded in a process of its own that can open neither files nor
    connections. Sexual content is scored, and faces are looked for, where
    `jikimi models fetch` has brought the models; what no model looked at has no
    score and stands under `not_asked`.
    """
    import msgspec

    from dashboards.composing.media import (
        enrolled_people,
        faces,
        forgery_models,
        sexual_content,
        trusted_signers,
    )
    from detect.media.cage import Cage

    failed = 0
    model, spotter = sexual_content(cli.settings), faces(cli.settings)
    judges = forgery_models(cli.settings)
    people = None if spotter is None else enrolled_people(cli.settings)
    with Cage(trust=trusted_signers(cli.settings)) as cage:
        for file in files:
            found = examine(file, cage, model, spotter, people, judges)
            failed += found["error"] is not None
            if as_json:
                click.echo(msgspec.json.encode(found).decode())
            else:
                _tell(found)
    return PARTIAL if failed else OK


def examine(
    file: Path,
    cage: Cage,
    model: SexualContent | None = None,
    spotter: Faces | None = None,
    people: People | None = None,
    judges: Sequence[ForgeryModel] = (),
) -> dict[str, Any]:
    """One file: hashes as exchanged, size, and what it claims of itself."""
    from detect.media.caged import HASHES, LARGEST, PIXELS
    from detect.media.provenance import read_provenance

    with file.open("rb") as opened:
        data = opened.read(LARGEST + 1)
    shown = model is not None or spotter is not None or bool(judges)
    seen = cage.examine(data, HASHES | PIXELS if shown else HASHES)
    too_large = len(data) > LARGEST
    return {
        "file": str(file),
        "sha256": None if too_large else hashlib.sha256(data).hexdigest(),
        "format": seen.format,
        "width": seen.width or None,
        "height": seen.height or None,
        "pdq": seen.pdq,
        "pdq_quality": None if seen.pdq is None else seen.quality,
        "views": seen.views,
        "cut_off": seen.cut_off,
        "clip": None if seen.clip is None else _clip(seen.clip),
        "faces": [] if spotter is None else _faces(seen, spotter, people),
        "nsfw": {"score": None} if model is None else _sexual(seen, model),
        "forgery": _forgery(seen, judges, spotter),
        "provenance": {} if too_large else _claims(read_provenance(data), seen),
        "error": seen.error,
        "not_asked": [
            name
            for name, asked in (("faces", spotter), ("nsfw", model), ("forgery", judges))
            if not asked
        ],
    }


def _claims(claimed: Provenance, seen: Examined) -> dict[str, Any]:
    from msgspec import to_builtins

    found: dict[str, Any] = to_builtins(claimed)
    if seen.signature is not None:
        found["signature"] = to_builtins(seen.signature)
    return found


def _sexual(seen: Examined, model: SexualContent) -> dict[str, Any]:
    """The score of a picture; of a clip its highest, and when; none where nothing was seen."""
    if seen.clip is None:
        if seen.raster is None:
            return {"score": None}
        return {"score": model.score(seen.raster), "model": model.version}
    scores = [
        (model.score(frame.raster), -frame.at_ms)
        for frame in seen.clip.frames
        if frame.raster is not None
    ]
    if not scores:
        return {"score": None}
    score, at = max(scores)
    return {"score": score, "model": model.version, "at_ms": -at}


def _faces(seen: Examined, spotter: Faces, people: People | None) -> list[dict[str, Any]]:
    """Faces of a picture, or of the pictures of a clip that are kept, with their time."""
    import numpy as np
    from msgspec import to_builtins

    from detect.media.faces import People as Nobody

    shown: list[tuple[int | None, Raster | None]] = [(None, seen.raster)]
    if seen.clip is not None:
        shown = [(frame.at_ms, frame.raster) for frame in seen.clip.frames]
    found: list[dict[str, Any]] = []
    for at, raster in shown:
        if raster is None:
            continue
        image = np.frombuffer(raster.data, np.uint8).reshape(raster.height, raster.width, 3)
        when: dict[str, int] = {} if at is None else {"at_ms": at}
        found.extend(
            to_builtins(face) | when for face in spotter.seen(image, people or Nobody())
        )
    return found


def _forgery(
    seen: Examined, judges: Sequence[ForgeryModel], spotter: Faces | None
) -> dict[str, Any]:
    """The band of the first model that applies; of a clip over time, with what looks forged."""
    import numpy as np
    from msgspec import to_builtins

    from detect.media.faces import People
    from detect.media.forgeries import Shown, judged_by

    if not judges:
        return {"score": None, "band": "not_applicable", "model": None}
    pictures: list[tuple[int, int, Raster | None]] = [(0, 0, seen.raster)]
    if seen.clip is not None:
        pictures = [(one.at_ms, one.until_ms, one.raster) for one in seen.clip.frames]
    shown: list[Shown] = []
    for at, until, raster in pictures:
        if raster is None:
            continue
        image = np.frombuffer(raster.data, np.uint8).reshape(raster.height, raster.width, 3)
        faces = () if spotter is None else spotter.seen(image, People())
        shown.append(Shown(raster=raster, faces=faces, at_ms=at, until_ms=until))
    doubt = "the file is cut off" if seen.cut_off else ""
    found = judged_by(judges, shown, clip=seen.clip is not None, doubt=doubt)
    told: dict[str, Any] = to_builtins(found.whole)
    if seen.clip is not None:
        told["stretches"] = to_builtins(found.stretches)
    return told


def _clip(clip: Clip) -> dict[str, Any]:
    return {
        "duration_ms": clip.duration_ms,
        "complete": clip.complete,
        "frames": [
            {
                "at_ms": frame.at_ms,
                "until_ms": frame.until_ms,
                "hash": frame.pdq,
                "quality": frame.quality,
            }
            for frame in clip.frames
        ],
    }


def _tell(found: dict[str, Any]) -> None:
    from detect.media.pdq import GOOD_QUALITY

    name = "".join(letter if letter.isprintable() else "?" for letter in found["file"])
    click.echo(click.style(name, bold=True))
    if found["sha256"] is not None:
        click.echo(f"    sha256 {found['sha256']}")
    if found["width"]:
        click.echo(f"    {found['format']}, {found['width']} x {found['height']} pixels")
    if found["pdq"] is not None:
        quality = found["pdq_quality"]
        doubt = "" if quality >= GOOD_QUALITY else ": too flat to be compared with others"
        click.echo(f"    pdq    {found['pdq']}, quality {quality}{doubt}")
    score = found["nsfw"]["score"]
    if score is not None:
        click.echo(f"    sexual content scores {score:.3f} of 1, a number for caution alone")
    if found["clip"] is not None:
        clip = found["clip"]
        seconds, more = clip["duration_ms"] / 1000, "" if clip["complete"] else " and more"
        click.echo(f"    {seconds:.1f} s, {len(clip['frames'])} different pictures{more}")
    if found["cut_off"]:
        click.echo("    the file ends before what it holds does")
    if found["forgery"]["model"] is not None:
        _tell_forgery(found["forgery"])
    for face in found["faces"]:
        click.echo(f"    {_told(face)}")
    if found["error"] is not None:
        click.echo(f"    {found['error']}")
    else:
        _tell_origin(found["provenance"])


def _tell_forgery(found: dict[str, Any]) -> None:
    why = f": {'; '.join(found['reasons'])}" if found.get("reasons") else ""
    score = "" if found.get("score") is None else f", score {found['score']:.2f}"
    click.echo(f"    forged: {found['band'].replace('_', ' ')}{score}{why} (a model's guess)")


def _told(face: dict[str, Any]) -> str:
    x, y, width, height = face["box"]
    when = f" at {face['at_ms'] / 1000:.1f} s" if "at_ms" in face else ""
    place = f"a face{when}, x {x:.0%}, y {y:.0%}, {width:.0%} x {height:.0%} of the picture"
    if face.get("subject") is None:
        return f"{place}: nobody who is enrolled"
    how = "like" if face.get("sure") else "perhaps like"
    return f"{place}: {how} {face['subject']} ({face['likeness']:.2f})"


def _tell_origin(claims: dict[str, Any]) -> None:
    signature = claims.pop("signature", {"state": "absent"})
    if signature["state"] != "absent":
        click.echo(f"    {_SIGNED[signature['state']]}")
        for name in ("issuer", "tool", "source_type"):
            if signature.get(name):
                click.echo(f"    signed {name.replace('_', ' ')}: {signature[name]}")
    elif not claims:
        click.echo("    says nothing of its origin, which proves nothing")
    for name, value in claims.items():
        text = ", ".join(value) if name == "generators" else value
        click.echo(f"    claims {name.replace('_', ' ')}: {text}")


_SIGNED = {
    "trusted": "signed by somebody you trust, and unchanged since",
    "valid": "signed and unchanged since; whether the signer is who it says, nobody vouches",
    "invalid": "signed, and changed since or wrongly signed: what the signature says is void",
    "unreadable": "holds a signature that cannot be read",
}
