"""``jikimi models train-forgery``: a forgery model from an agency's own photographs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli

if TYPE_CHECKING:
    from dashboards.training.forgery import Trained

EPILOG = """\b
Examples:
  jikimi models fetch yunet sface
  jikimi models train-forgery photos --out trained --licence "our own"
  jikimi models train-forgery photos --out trained --licence "our own" --json

\b
PHOTOS holds photographs that you may use for this, one face to a photo; sub-folders of it
name people, and then no person is both learnt from and measured on. 24 photos with a face
are needed, about 400 for a model that may be used. Photos are read and not kept. Needs the
package onnx: pip install 'jikimi[train]'. See docs/how-to/train-a-forgery-model.md.
"""

_NAMED = 10


@click.command("train-forgery", epilog=EPILOG)
@click.argument("photos", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="A new folder for the model, its models.toml and report.json.",
)
@click.option(
    "--licence", required=True, help="Under which the photos, and so the model, may be used."
)
@click.option(
    "--source",
    default="trained by ourselves on our own photos",
    show_default=True,
    help="Whose photos these are.",
)
@click.option(
    "--id", "name", default="own-photos", show_default=True, help="Of the model in models.toml."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=7,
    show_default=True,
    help="Of the split, the blending and the network.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1, 200),
    default=16,
    show_default=True,
    help="How often everything is learnt from.",
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@pass_cli
def train_forgery(
    cli: Cli,
    photos: Path,
    out: Path,
    licence: str,
    source: str,
    name: str,
    seed: int,
    epochs: int,
    as_json: bool,
) -> int:
    """Train a model that sees where faces in PHOTOS were blended in, and measure it.

    Every photo is blended with a changed copy of itself (self-blended images); photos that
    were held out say what was reached. The model is written to a folder of its own, and is
    used only once you put it into the folder of models. Exit code 4: it is written, and its
    card says too little for it to be used.
    """
    import re

    import msgspec

    from dashboards.terminal.exits import OK, PARTIAL
    from dashboards.training.forgery import Wanted
    from dashboards.training.forgery import train_forgery as train
    from detect.media.registry import is_licence

    if not is_licence(licence):
        raise click.BadParameter(
            "say under which licence the photos may be used for this", param_hint="--licence"
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
        raise click.BadParameter(
            "small letters, digits, '.', '_' and '-', at most 64", param_hint="--id"
        )
    wanted = Wanted(
        photos=photos, out=out, name=name, licence=licence, source=source, seed=seed,
        epochs=epochs,
    )  # fmt: skip
    try:
        found = train(cli.settings, wanted, _shows)
    except ImportError:
        raise click.ClickException(
            "the package onnx is missing: pip install 'jikimi[train]'"
        ) from None
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _tell(found, out)
    return OK if found.refused is None else PARTIAL


@contextmanager
def _shows(label: str, unit: str) -> Generator[Callable[[int, int], None]]:
    from dashboards.terminal.progress import Steps

    click.echo(f"{label} …", err=True)
    with Steps(label, unit) as shown:
        yield shown.update


def _tell(found: Trained, out: Path) -> None:
    for one in found.left_out[:_NAMED]:
        click.echo(f"left out: {click.format_filename(one.file)}: {one.reason}", err=True)
    if len(found.left_out) > _NAMED:
        more = len(found.left_out) - _NAMED
        click.echo(f"left out: {more} more, all in {out / 'report.json'}", err=True)
    click.echo(
        f"{found.photos} photos of {found.groups} people or scenes: learnt from {found.train}, "
        f"chosen by {found.validation}, measured on {found.held_out}"
    )
    reached = found.reached
    for label, span, share in (
        ("AUC", reached.auc, False),
        ("TPR at 1 % FPR", reached.tpr_at_1_fpr, True),
        ("ECE", reached.ece, False),
        ("real ones called likely", reached.false_alarms, True),
        ("forged ones called likely", reached.found, True),
        ("forged ones called unlikely", reached.missed, True),
        ("left inconclusive", reached.open, True),
    ):
        form = "{:.1%} ({:.1%} to {:.1%})" if share else "{:.3f} ({:.3f} to {:.3f})"
        click.echo(f"  {label}: {form.format(span.value, span.low, span.high)}")
    click.echo("  on self-blended images alone: of other forgeries this says nothing")
    click.echo(f"{out}: {found.file}, models.toml, report.json")
    if found.refused is not None:
        click.echo(f"it will not be used: {found.refused}")
