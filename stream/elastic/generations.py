"""Generations of results: what a replay fills, and the switch of the aliases to it.

Results have an index each behind an alias. A replay fills the indices of another number and
takes over from those in force what is not of its stretch of time. What a replay made has the
external version 0, so that whatever the workers at work say of the same thing holds against
it. Before the aliases move, all in one step, writes to the old indices are blocked for a
moment: the indexer waits, what changed last is taken over, and nothing falls in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from elasticsearch import Elasticsearch

from stream.elastic.bulk import Action, Sender
from stream.elastic.client import CONFLICT, IndexUnavailableError, told
from stream.elastic.hits import Asking, Condition, Found, Sort
from stream.elastic.names import Names
from stream.elastic.replayed import replayed_document
from stream.records import Result
from stream.replay.plan import Plan, ReplayUnclearError

REPLAYED = ("clusters", "memberships", "bursts", "campaigns", "alerts", "findings")
"""What operators make, clusters before their memberships."""
AT_ONCE = 1000
EVERY = 1 << 40
BY_SEQ: Sort = [{"_seq_no": "asc"}]
WRITE = "write"
FIRST_LAST = ("jikimi.first_at", "jikimi.last_at")
TIMES = {"alerts": ("@timestamp", "jikimi.updated_at")}
"""Fields of when a result began and when it last changed; else ``first_at``, ``last_at``."""


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One set of indices; ``plan`` is of the replay that made it, None for the first."""

    number: int
    current: bool
    documents: int
    plan: Plan | None = None


class Taken(msgspec.Struct):
    """How far the documents of the indices in force were taken over."""

    seq: dict[str, int] = {}
    left: set[str] = set()
    """Clusters that lie in the stretch wholly and so were left behind."""
    copied: int = 0


class Generations:
    """The generations of an installation.

    Args:
        client: of Elasticsearch.
        names: of this installation.
        sender: sends in bulk.
    """

    def __init__(self, client: Elasticsearch, names: Names, sender: Sender) -> None:
        self._client = client
        self._names = names
        self._sender = sender
        self._ask = Asking(client)

    def all(self) -> list[Generation]:
        """Those that there are, by number.

        Raises:
            IndexUnavailableError: the cluster does not answer, or refuses.
        """
        current = self.current()
        made: list[Generation] = []
        for number in self._numbers():
            indices = [self._names.generation(noun, number) for noun in REPLAYED]
            count = sum(self._ask.count(index, {"match_all": {}}) for index in indices)
            plan = self._plan(number)
            made.append(
                Generation(number=number, current=number == current, documents=count, plan=plan)
            )
        return made

    def current(self) -> int:
        """The number to which all aliases lead.

        Raises:
            ReplayUnclearError: they lead to several.
        """
        numbers: set[int] = set()
        for noun in REPLAYED:
            with told():
                found = self._client.indices.get_alias(name=self._names.of(noun))
            numbers.update(n for index in found if (n := self._number(noun, index)))
        if len(numbers) != 1:
            raise ReplayUnclearError(
                f"aliases of {self._names.prefix} lead to generations "
                f"{', '.join(map(str, sorted(numbers))) or 'without number'}: one is wanted"
            )
        return numbers.pop()

    def make(self, number: int, plan: Plan) -> None:
        """Make the indices of a replay; those of the same replay are gone on with.

        Raises:
            ReplayUnclearError: there are indices of that number that are not its own.
        """
        current = self.current()
        if number < current or (number == current and self._plan(number) != plan):
            raise ReplayUnclearError(
                f"generation {number} is {'in force' if number == current else 'older'}: "
                f"--into {max(self._numbers()) + 1}"
            )
        meta = {"_meta": {"replay": msgspec.to_builtins(plan)}}
        for noun in REPLAYED:
            index = self._names.generation(noun, number)
            with told():
                there = bool(self._client.indices.exists(index=index))
            if not there:
                with told():
                    self._client.indices.create(index=index, mappings=meta)
            elif self._plan_of(index) != plan:
                raise ReplayUnclearError(
                    f"{index} is there and not of this replay: choose another --into, or "
                    f"`jikimi index drop {number}` first"
                )

    def fill(self, number: int, results: Sequence[Result]) -> None:
        """Write what a replay made, also in place of what it wrote before.

        Raises:
            IndexUnavailableError: not now; the same again changes nothing.
            ReplayUnclearError: Elasticsearch will never take one of them.
        """
        actions = [
            Action(self._names.generation(noun, number), key, body, version=0)
            for noun, key, body in map(replayed_document, results)
        ]
        places = [(action.index, action.id) for action in actions]
        held = {(one.index, one.id): one for one in self._ask.get_each(places)}
        writes = [_over(action, held.get((action.index, action.id))) for action in actions]
        for outcome in self._sender.send(writes):
            if not outcome.done and outcome.status != CONFLICT:
                raise ReplayUnclearError(f"a result cannot be written: {outcome.reason}")

    def switch(self, number: int) -> int:
        """Let the aliases lead to a generation, once all is there; documents taken over.

        Killed anywhere, the same again goes on.

        Raises:
            ReplayUnclearError: there is no such generation.
            IndexUnavailableError: not now; the same again goes on.
        """
        current = self.current()
        if number not in self._numbers():
            raise ReplayUnclearError(f"there is no generation {number}")
        if number == current:
            self._unblock()
            return 0
        taken = Taken()
        self._take_over(current, number, taken)
        old = [self._names.generation(noun, current) for noun in REPLAYED]
        try:
            with told():
                self._client.indices.add_block(index=",".join(old), block=WRITE)
            self._take_over(current, number, taken)
            self._move(current, number)
        finally:
            self._unblock()
        return taken.copied

    def drop(self, number: int) -> None:
        """Delete a generation that is not in force.

        Raises:
            ReplayUnclearError: it is, or there is none.
        """
        if number == self.current():
            raise ReplayUnclearError(f"generation {number} is in force")
        if number not in self._numbers():
            raise ReplayUnclearError(f"there is no generation {number}")
        indices = [self._names.generation(noun, number) for noun in REPLAYED]
        with told():
            self._client.indices.delete(index=",".join(indices), ignore_unavailable=True)

    def alerts_within(self, plan: Plan) -> set[str]:
        """Ids of the alerts in force that lie wholly in the stretch of a replay."""
        stretch = {"format": "epoch_millis"}
        within: Condition = {
            "bool": {
                "filter": [
                    {"range": {"@timestamp": {"gte": plan.since} | stretch}},
                    {"range": {"jikimi.updated_at": {"lt": plan.until} | stretch}},
                ]
            }
        }
        index = self._names.of("alerts")
        found = self._ask.walk(index, within, BY_SEQ, fields=("jikimi.id",), most=EVERY)
        return {one.source["jikimi"]["id"] for one in found}

    # --- taking over ---------------------------------------------------------------

    def _take_over(self, current: int, number: int, taken: Taken) -> None:
        """Copy what changed since the last time and is not of the stretch."""
        plan = self._plan(number)
        with told():
            self._client.indices.refresh(index=self._names.everything)
        for noun in REPLAYED:
            source = self._names.generation(noun, current)
            target = self._names.generation(noun, number)
            after: Condition = {"range": {"_seq_no": {"gt": taken.seq.get(noun, -1)}}}
            revived: list[str] = []
            for page in _pages(
                self._ask.walk(source, after, BY_SEQ, fields=("*",), most=EVERY)
            ):
                taken.seq[noun] = page[-1].seq_no
                kept = [
                    one
                    for one in page
                    if (number > current or not one.source["jikimi"].get("replayed"))
                    and _is_kept(noun, one, plan, taken, revived)
                ]
                self._copy(kept, target, taken)
            if revived:
                self._take_members(current, number, revived, taken)

    def _take_members(
        self, current: int, number: int, clusters: Sequence[str], taken: Taken
    ) -> None:
        """Copy the memberships of clusters that were first left behind."""
        source = self._names.generation("memberships", current)
        target = self._names.generation("memberships", number)
        for i in range(0, len(clusters), AT_ONCE):
            theirs: Condition = {"terms": {"jikimi.cluster": list(clusters[i : i + AT_ONCE])}}
            for page in _pages(
                self._ask.walk(source, theirs, BY_SEQ, fields=("*",), most=EVERY)
            ):
                self._copy(page, target, taken)

    def _copy(self, found: Sequence[Found], target: str, taken: Taken) -> None:
        actions = [
            Action(target, one.id, one.source, version=one.version, again=True) for one in found
        ]
        for outcome in self._sender.send(actions):
            if not outcome.done and outcome.status != CONFLICT:
                raise IndexUnavailableError(f"a result cannot be copied: {outcome.reason}")
        taken.copied += len(found)

    def _move(self, current: int, number: int) -> None:
        actions: list[dict[str, Any]] = []
        for noun in REPLAYED:
            alias = self._names.of(noun)
            old, new = (self._names.generation(noun, n) for n in (current, number))
            actions.append({"remove": {"index": old, "alias": alias}})
            actions.append({"add": {"index": new, "alias": alias, "is_write_index": True}})
        with told():
            indices = ",".join(self._names.generation(noun, number) for noun in REPLAYED)
            self._client.indices.refresh(index=indices)
            self._client.indices.update_aliases(actions=actions)

    def _unblock(self) -> None:
        """Let every generation be written: deletions reach those that are kept too."""
        for number in self._numbers():
            indices = ",".join(self._names.generation(noun, number) for noun in REPLAYED)
            with told():
                self._client.indices.put_settings(
                    index=indices,
                    settings={"index.blocks.write": None},
                    ignore_unavailable=True,
                )

    # --- names ---------------------------------------------------------------------

    def _numbers(self) -> list[int]:
        with told():
            found = self._client.indices.get(
                index=f"{self._names.of('clusters')}-*", features="aliases"
            )
        return sorted(n for index in found if (n := self._number("clusters", index)))

    def _number(self, noun: str, index: str) -> int | None:
        match = re.fullmatch(rf"{re.escape(self._names.of(noun))}-(\d{{6}})", index)
        return int(match[1]) if match else None

    def _plan(self, number: int) -> Plan | None:
        return self._plan_of(self._names.generation("clusters", number))

    def _plan_of(self, index: str) -> Plan | None:
        with told():
            answer = self._client.indices.get_mapping(index=index)
        said = answer[index]["mappings"].get("_meta", {}).get("replay")
        return None if said is None else msgspec.convert(said, Plan)


def _over(action: Action, held: Found | None) -> Action:
    """The write in place of what the same replay wrote before; else as a first one."""
    if held is None or not held.source["jikimi"].get("replayed"):
        return action
    return Action(action.index, action.id, action.body, seen=(held.seq_no, held.primary_term))


def _is_kept(
    noun: str, one: Found, plan: Plan | None, taken: Taken, revived: list[str]
) -> bool:
    """Whether a document is of another time than the stretch that was judged anew."""
    if plan is None:
        return True
    if noun == "memberships":
        cluster = one.source["jikimi"].get("cluster")
        return cluster is not None and cluster not in taken.left
    first, last = (_moment(one, field) for field in TIMES.get(noun, FIRST_LAST))
    inside = plan.since <= first and last < plan.until
    if noun == "clusters":
        if inside:
            taken.left.add(one.id)
        elif one.id in taken.left:
            # It has grown out of the stretch since it was left behind.
            taken.left.discard(one.id)
            revived.append(one.id)
    return not inside


def _moment(one: Found, field: str) -> int:
    outer, _, inner = field.partition(".")
    written = one.source[outer][inner] if inner else one.source[outer]
    return round(datetime.fromisoformat(written).timestamp() * 1000)


def _pages(found: Iterable[Found]) -> Iterator[list[Found]]:
    page: list[Found] = []
    for one in found:
        page.append(one)
        if len(page) == AT_ONCE:
            yield page
            page = []
    if page:
        yield page
