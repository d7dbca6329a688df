"""``jikimi setup``: what Elasticsearch, Kafka and Kibana must hold before the start."""

from __future__ import annotations

import json
from typing import Any

import click

from dashboards.terminal.context import Cli, pass_cli
from dashboards.terminal.exits import OK

EPILOG = """\b
Examples:
  jikimi setup --dry-run             every document as JSON; nothing is asked or changed
  jikimi setup                       make what is missing, bring up to date what is not
  jikimi setup --roles               the least that each part of jikimi must be allowed
  jikimi setup --only elasticsearch  where others look after Kafka
  jikimi setup --only kibana         put the dashboards there again

\b
Run it before the first start and after every update; again it changes nothing.
"""

ELASTICSEARCH, KAFKA, KIBANA = "elasticsearch", "kafka", "kibana"


@click.command(epilog=EPILOG)
@click.option("--dry-run", is_flag=True, help="Print every document instead.")
@click.option("--roles", is_flag=True, help="Print roles of least privilege instead.")
@click.option(
    "--only", type=click.Choice([ELASTICSEARCH, KAFKA, KIBANA]), help="Only this server."
)
@pass_cli
def command(cli: Cli, dry_run: bool, roles: bool, only: str | None) -> int:
    """Scale-out: make indices in Elasticsearch, topics in Kafka, dashboards in Kibana.

    Kibana is left alone unless kibana.url is set.
    """
    cli.start_logging()
    servers = [only] if only else [ELASTICSEARCH, KAFKA]
    if only is None and cli.settings.kibana.url is not None:
        servers.append(KIBANA)
    if roles or dry_run:
        shown: dict[str, Any] = {}
        if roles or ELASTICSEARCH in servers:
            shown[ELASTICSEARCH] = _documents(cli, roles_only=roles)
        if not roles and KAFKA in servers:
            shown[KAFKA] = _topics(cli)
        if not roles and KIBANA in servers:
            shown[KIBANA] = _objects(cli)
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return OK
    if ELASTICSEARCH in servers:
        _elasticsearch(cli)
    if KAFKA in servers:
        _kafka(cli)
    if KIBANA in servers:
        _kibana(cli)
    return OK


def _documents(cli: Cli, *, roles_only: bool) -> dict[str, Any]:
    from stream.elastic import templates
    from stream.elastic.names import Names

    names = Names(cli.settings.elasticsearch.prefix)
    shown: dict[str, Any] = {"roles": templates.roles(names)}
    if roles_only:
        return shown
    steps = [
        {"kind": step.kind, "name": step.name, "body": step.body}
        for step in templates.steps(names)
    ]
    return {"steps": steps} | shown


def _topics(cli: Cli) -> dict[str, Any]:
    from dashboards.composing.scale import kafka_topics

    copies = cli.settings.kafka.replication
    topics = [
        {"name": topic.name, "partitions": topic.partitions, "config": topic.config(copies)}
        for topic in kafka_topics(cli.settings).all()
    ]
    return {"replication": copies, "topics": topics}


def _elasticsearch(cli: Cli) -> None:
    from dashboards.composing.compose import elastic_client
    from stream.elastic.names import Names
    from stream.elastic.setting_up import set_up

    counts = {"made": 0, "changed": 0, "there": 0}
    with elastic_client(cli.settings) as client:
        for done in set_up(client, Names(cli.settings.elasticsearch.prefix)):
            counts[done.change] += 1
            if done.change != "there":
                kind = done.step.kind.replace("_", " ")
                click.echo(f"{done.change} {kind} {done.step.name}")
    click.echo(
        f"Elasticsearch is ready: {counts['made']} made, {counts['changed']} changed, "
        f"{counts['there']} were there"
    )


def _kafka(cli: Cli) -> None:
    from dashboards.composing.scale import kafka_address, kafka_topics
    from stream.scale.admin import ensure_topics

    topics = kafka_topics(cli.settings).all()
    replication = cli.settings.kafka.replication
    changes = ensure_topics(kafka_address(cli.settings), topics, replication=replication)
    for change in changes:
        click.echo(f"{change.action} topic {change.topic}")
    click.echo(f"Kafka is ready: {len(topics)} topics, {len(changes)} made or changed")


def _objects(cli: Cli) -> dict[str, Any]:
    from dashboards.kibana.importing import documents

    found = documents(cli.settings.elasticsearch.prefix)
    return {
        file: [json.loads(line) for line in body.splitlines()] for file, body in found.items()
    }


def _kibana(cli: Cli) -> None:
    from dashboards.kibana.importing import import_all
    from stream.settings import ConfigError

    wanted, elastic = cli.settings.kibana, cli.settings.elasticsearch
    if wanted.url is None:
        raise ConfigError("kibana.url: not set; name Kibana, as in https://kibana.example.org")
    if wanted.ca_file is not None and not wanted.ca_file.is_file():
        raise ConfigError(f"kibana.ca_file: found {wanted.ca_file}, which does not exist")
    objects = 0
    for done in import_all(
        wanted.url,
        elastic.prefix,
        space=wanted.space,
        api_key=wanted.api_key or elastic.api_key,
        ca_file=wanted.ca_file,
    ):
        objects += done.objects
        click.echo(f"imported {done.file}: {done.objects} objects")
    click.echo(f"Kibana is ready: {objects} objects, each replaced if it was there")
