"""``jikimi setup``: what Elasticsearch must know before anything is written."""

from __future__ import annotations

import json

import click

from dashboards.context import Cli, pass_cli
from dashboards.exits import OK

EPILOG = """\b
Examples:
  jikimi setup --dry-run            every document as JSON; nothing is asked or changed
  jikimi setup                      make what is missing, bring up to date what is not
  jikimi setup --roles              the least that each part of jikimi must be allowed

\b
Run it before the first start and after every update; again it changes nothing.
"""


@click.command(epilog=EPILOG)
@click.option("--dry-run", is_flag=True, help="Print every document instead.")
@click.option("--roles", is_flag=True, help="Print roles of least privilege instead.")
@pass_cli
def command(cli: Cli, dry_run: bool, roles: bool) -> int:
    """Make templates, indices and aliases in Elasticsearch, for scale-out."""
    from stream.elastic import templates
    from stream.elastic.names import Names

    cli.start_logging()
    names = Names(cli.settings.elasticsearch.prefix)
    if roles or dry_run:
        shown: dict[str, object] = {"roles": templates.roles(names)}
        if not roles:
            steps = [
                {"kind": step.kind, "name": step.name, "body": step.body}
                for step in templates.steps(names)
            ]
            shown = {"steps": steps} | shown
        click.echo(json.dumps({"elasticsearch": shown}, indent=2, ensure_ascii=False))
        return OK
    _elasticsearch(cli, names.prefix)
    return OK


def _elasticsearch(cli: Cli, prefix: str) -> None:
    from dashboards.compose import elastic_client
    from stream.elastic.names import Names
    from stream.elastic.setting_up import set_up

    counts = {"made": 0, "changed": 0, "there": 0}
    with elastic_client(cli.settings) as client:
        for done in set_up(client, Names(prefix)):
            counts[done.change] += 1
            if done.change != "there":
                kind = done.step.kind.replace("_", " ")
                click.echo(f"{done.change} {kind} {done.step.name}")
    click.echo(
        f"Elasticsearch is ready: {counts['made']} made, {counts['changed']} changed, "
        f"{counts['there']} were there"
    )
