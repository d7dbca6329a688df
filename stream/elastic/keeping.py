"""Care for the indices of Elasticsearch: months beyond their time, and deleted words."""

from __future__ import annotations

import re

import msgspec
from elasticsearch import Elasticsearch

from stream.elastic.client import told
from stream.elastic.names import Names
from stream.elastic.templates import steps

MONTHS_A_YEAR = 12


class Month(msgspec.Struct, frozen=True):
    """One monthly index."""

    index: str
    posts: int


def beyond(client: Elasticsearch, names: Names, keep_months: int, now: int) -> list[Month]:
    """Months that ended more than ``keep_months`` before ``now`` (ms), the oldest first.

    Raises:
        IndexUnavailableError: the cluster does not answer, or refuses.
    """
    this = _number(names, names.month(now)) or 0
    with told():
        found = client.indices.stats(index=names.months, metric="docs")["indices"]
    months = [
        (number, Month(index, said["primaries"]["docs"]["count"]))
        for index, said in found.items()
        if (number := _number(names, index)) is not None and number < this - keep_months
    ]
    return [month for _, month in sorted(months)]


def drop(client: Elasticsearch, months: list[Month]) -> None:
    """Delete months with everything in them.

    Raises:
        IndexUnavailableError: the cluster does not answer, or refuses.
    """
    for month in months:
        with told():
            client.indices.delete(index=month.index)


def expunge(client: Elasticsearch, names: Names) -> None:
    """Have segments written again in which deleted or edited posts stood.

    Lucene only marks what was overwritten. What the server still keeps as history of a shard
    stays until a later run.

    Raises:
        IndexUnavailableError: the cluster does not answer, or refuses.
    """
    with told():
        client.indices.flush(index=names.everything)
        client.options(request_timeout=3600).indices.forcemerge(
            index=names.everything, only_expunge_deletes=True
        )
        client.indices.flush(index=names.everything)


def forget(client: Elasticsearch, names: Names) -> None:
    """Delete every index and template of an installation.

    Raises:
        IndexUnavailableError: the cluster does not answer, or refuses.
    """
    with told():
        held = list(client.indices.get(index=names.everything))
        if held:
            client.indices.delete(index=held)
        for step in reversed(list(steps(names))):
            # A component can go once no template is made of it.
            if step.kind == "index_template":
                client.options(ignore_status=404).indices.delete_index_template(name=step.name)
            elif step.kind == "component_template":
                client.options(ignore_status=404).cluster.delete_component_template(
                    name=step.name
                )


def _number(names: Names, index: str) -> int | None:
    """Months since the year 0, None for an index that is no month."""
    match = re.fullmatch(rf"{re.escape(names.posts)}-(\d{{4}})\.(\d{{2}})", index)
    return int(match[1]) * MONTHS_A_YEAR + int(match[2]) if match else None
