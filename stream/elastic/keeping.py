"""Care for the indices of Elasticsearch: months beyond their time, and deleted words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import msgspec
from elasticsearch import Elasticsearch

from stream.elastic.bulk import Action, Sender
from stream.elastic.client import CONFLICT, NOT_FOUND, told
from stream.elastic.hits import Asking, Condition, Found, Sort
from stream.elastic.names import Names
from stream.elastic.templates import steps
from stream.search.minutes import held

MONTHS_A_YEAR = 12
AT_ONCE = 500
PAUSE_S = 5.0
EVERY = 1 << 40
BY_SEQ: Sort = [{"_seq_no": "asc"}]


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


def expunge(
    client: Elasticsearch,
    names: Names,
    *,
    wait_s: float = 0.0,
    pause: Callable[[float], object] = time.sleep,
) -> int:
    """Have segments written again in which deleted or edited documents stood.

    Lucene only marks what was overwritten. What the server still keeps as history of a
    shard, by default for up to half a minute, stays until that passes.

    Args:
        wait_s: how long to wait for that, trying again.

    Returns:
        How many deleted documents are still kept.

    Raises:
        IndexUnavailableError: the cluster does not answer, or refuses.
    """
    waited = 0.0
    while True:
        with told():
            client.indices.flush(index=names.everything)
            client.options(request_timeout=3600).indices.forcemerge(
                index=names.everything, only_expunge_deletes=True
            )
            # Frees the files of the segments that were merged, and the transaction log.
            client.indices.flush(index=names.everything, force=True)
            client.indices.refresh(index=names.everything)
        left = _deleted(client, names)
        if not left or waited >= wait_s:
            return left
        step = min(PAUSE_S, wait_s - waited)
        pause(step)
        waited += step


def _deleted(client: Elasticsearch, names: Names) -> int:
    """Documents that are marked as deleted and still stand in segments."""
    with told():
        found = client.indices.segments(index=names.everything)["indices"]
    return sum(
        segment["deleted_docs"]
        for index in found.values()
        for copies in index["shards"].values()
        for copy in copies
        for segment in copy["segments"].values()
    )


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Times (ms) before which things that ended are due; None keeps them for ever."""

    results: int | None = None
    alerts: int | None = None
    takedowns: int | None = None

    def due(self) -> dict[str, Condition]:
        """What is due, by noun, in the order in which it goes."""
        times = (
            ("clusters", "jikimi.last_at", self.results),
            ("bursts", "jikimi.last_at", self.results),
            ("campaigns", "jikimi.last_at", self.results),
            ("gaps", "@timestamp", self.results),
            ("alerts", "jikimi.updated_at", self.alerts),
            ("takedowns", "@timestamp", self.takedowns),
        )
        return {
            noun: {"range": {field: {"lt": held(limit), "format": "epoch_millis"}}}
            for noun, field, limit in times
            if limit is not None
        }


def expired(client: Elasticsearch, names: Names, limits: Limits) -> dict[str, int]:
    """How many documents are due, by noun; of clusters only those that stand for themselves.

    Raises:
        IndexUnavailableError: the cluster does not answer, or refuses.
    """
    ask = Asking(client)
    return {
        noun: ask.count(names.of(noun), _alone(due) if noun == "clusters" else due)
        for noun, due in limits.due().items()
    }


def expire(client: Elasticsearch, names: Names, sender: Sender, limits: Limits) -> int:
    """Remove what is due, with the memberships of clusters; how many documents went.

    What changes meanwhile stays. Killed anywhere, the next run goes on: a cluster goes
    after its memberships and after those that were merged into it.

    Raises:
        IndexUnavailableError: the cluster does not answer, or refuses.
    """
    ask = Asking(client)
    removed = 0
    for noun, due in limits.due().items():
        wanted = _alone(due) if noun == "clusters" else due
        found: list[Found] = []
        for one in ask.walk(names.of(noun), wanted, BY_SEQ, fields=(), most=EVERY):
            found.append(one)
            if len(found) == AT_ONCE:
                removed += _remove(ask, names, sender, noun, found)
                found = []
        removed += _remove(ask, names, sender, noun, found)
    return removed


def _alone(due: Condition) -> Condition:
    merged: Condition = {"exists": {"field": "jikimi.merged_into"}}
    return {"bool": {"filter": [due], "must_not": [merged]}}


def _remove(ask: Asking, names: Names, sender: Sender, noun: str, found: list[Found]) -> int:
    if not found:
        return 0
    if noun != "clusters":
        return _delete(sender, found)
    levels = [found]
    while level := _matching(ask, names.of("clusters"), "merged_into", levels[-1]):
        levels.append(level)
    removed = 0
    for level in reversed(levels):
        removed += _delete(sender, _matching(ask, names.of("memberships"), "cluster", level))
        removed += _delete(sender, level)
    return removed


def _matching(ask: Asking, index: str, field: str, found: list[Found]) -> list[Found]:
    """Documents that name any of these in a field."""
    wanted: Condition = {"terms": {f"jikimi.{field}": [one.id for one in found]}}
    return list(ask.walk(index, wanted, BY_SEQ, fields=(), most=EVERY))


def _delete(sender: Sender, found: list[Found]) -> int:
    actions = [
        Action(one.index, one.id, None, seen=(one.seq_no, one.primary_term)) for one in found
    ]
    outcomes = sender.send(actions)
    return sum(one.done for one in outcomes if one.status not in (CONFLICT, NOT_FOUND))


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
