"""``jikimi forget``: delete posts or accounts everywhere, as their platform would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import FAILURE, OK, PARTIAL

if TYPE_CHECKING:
    from stream.care.requests import Outcome

EPILOG = """\b
Examples:
  jikimi forget bluesky:at://did:plc:…/app.bsky.feed.post/… --reason "asked by its author"
  jikimi forget bluesky:did:plc:… --reason "account asked for erasure"   all its posts
  jikimi forget ID ID ID --reason "court order 12/2026" --json

\b
Works while `jikimi run` uses the folder. Within a minute the words are gone from
log, search, memory of the operators, dead letters and unused parts of the files.
Not recalled: what was delivered to a webhook, exports, backups made earlier, and what
people wrote in decisions. The ids and the reason are kept as proof.
Exit code 4: nothing was known of some of the ids; 1: of none of them.
"""


@click.command(epilog=EPILOG)
@click.argument("ids", nargs=-1, required=True, metavar="POST_ID|ACCOUNT_ID...")
@click.option("--reason", required=True, help="Why; kept together with the ids.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Data folder; else data.folder of the settings.",
)
@click.option("--json", "as_json", is_flag=True, help="Print counts as one JSON object.")
@pass_cli
def command(
    cli: Cli, ids: tuple[str, ...], reason: str, data: Path | None, as_json: bool
) -> int:
    """Delete posts or whole accounts here, everywhere and for good."""
    import msgspec

    from dashboards.asking import carry_out, requester
    from stream.care.requests import Forget

    cli.start_logging()
    for id_ in ids:
        if not id_.partition(":")[2]:
            raise click.UsageError(f"{id_!r} is no id: expected platform:id, as pages show it")
    if not reason.strip():
        raise click.UsageError("--reason: found nothing; say why, for whoever asks later")
    outcome = carry_out(
        cli,
        data or cli.settings.data.folder,
        Forget(ids=ids, reason=reason.strip(), who=requester()),
    )
    if as_json:
        click.echo(msgspec.json.encode(outcome.counts).decode())
    else:
        _tell(outcome)
    unknown = outcome.counts.get("unknown", 0)
    return OK if not unknown else FAILURE if unknown == len(set(ids)) else PARTIAL


def _tell(outcome: Outcome) -> None:
    counts = outcome.counts
    click.echo(
        f"forgotten: {counts['posts']:,} posts, {counts['dead_letters']:,} dead letters"
        + (f", {counts['accounts']:,} whole accounts" if counts["accounts"] else "")
    )
    if counts["unknown"]:
        click.echo(f"nothing is known of {counts['unknown']:,} of the ids", err=True)
