"""Makes what Elasticsearch must know before anything is written; again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast

import msgspec
from elasticsearch import Elasticsearch, NotFoundError

from stream.elastic.client import told
from stream.elastic.names import Names
from stream.elastic.templates import Step, steps

Change = Literal["made", "changed", "there"]


class Done(msgspec.Struct, frozen=True):
    """A step, and what had to be done for it."""

    step: Step
    change: Change


def set_up(client: Elasticsearch, names: Names) -> Iterator[Done]:
    """Bring the cluster up to date, step by step; what is as it should be is not touched.

    Raises:
        IndexUnavailableError: the cluster does not answer, or refuses.
    """
    for step in steps(names):
        with told():
            change = _indices(client, step) if step.kind == "index" else _template(client, step)
        yield Done(step, change)


def check(client: Elasticsearch, names: Names) -> list[Done]:
    """What :func:`set_up` would have to make or change; nothing is touched.

    Raises:
        IndexUnavailableError: the cluster does not answer, or refuses.
    """
    found: list[Done] = []
    for step in steps(names):
        with told():
            if step.kind == "index":
                change: Change = "there" if _stands(client, step) else "made"
            else:
                held = _held(client, step)
                change = "made" if held is None else "there"
                if held is not None and not _says(held, step.body):
                    change = "changed"
        if change != "there":
            found.append(Done(step, change))
    return found


def _template(client: Elasticsearch, step: Step) -> Change:
    found = _held(client, step)
    if found is not None and _says(found, step.body):
        return "there"
    if step.kind == "index_template":
        client.indices.put_index_template(name=step.name, body=step.body)
    else:
        client.cluster.put_component_template(name=step.name, body=step.body)
    return "made" if found is None else "changed"


def _held(client: Elasticsearch, step: Step) -> dict[str, Any] | None:
    """The template as the cluster has it."""
    try:
        if step.kind == "index_template":
            answer = client.indices.get_index_template(name=step.name)
            found: dict[str, Any] = answer["index_templates"][0]["index_template"]
        else:
            answer = client.cluster.get_component_template(name=step.name)
            found = answer["component_templates"][0]["component_template"]
    except NotFoundError:
        return None
    return found


def _indices(client: Elasticsearch, step: Step) -> Change:
    if not _stands(client, step):
        client.indices.create(index=step.name, body=step.body)
        return "made"
    return "there"


def _stands(client: Elasticsearch, step: Step) -> bool:
    """Whether the index is there; after a replay its alias may lead to a later one."""
    alias = next(iter(step.body.get("aliases", {})), step.name)
    return bool(client.indices.exists(index=alias))


def _says(found: Any, wanted: dict[str, Any]) -> bool:
    """Whether the cluster says the same; it adds dates, and writes numbers as text."""
    said = {key: part for key, part in dict(found).items() if not key.endswith("_date_millis")}
    return bool(_plain(said) == _plain(wanted))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        parts = cast("dict[str, object]", value).items()
        return {key: _plain(part) for key, part in parts if part not in ({}, None)}
    if isinstance(value, list):
        return [_plain(part) for part in cast("list[object]", value)]
    return str(value).lower() if isinstance(value, bool | int) else value
