"""How Kafka and the groups on it stand: brokers, version, and how far each group is behind."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog

from stream.scale.address import KafkaAddress, KafkaUnavailableError, kafka_python
from stream.scale.admin import patiently
from stream.topics import Topic

KNOCK_S = 3.0

log = structlog.get_logger(__name__)


class GroupState(msgspec.Struct, frozen=True, kw_only=True):
    """A group of consumers: who is in it, and records that it has not taken yet."""

    members: int
    lag: int
    began: bool


class KafkaState(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at Kafka tells. ``version`` is the least that its brokers can be."""

    version: tuple[int, ...]
    brokers: int
    groups: Mapping[str, GroupState]


def knock(address: KafkaAddress) -> None:
    """See whether anybody listens at any of the brokers.

    Raises:
        KafkaUnavailableError: nobody does; the message has the last reason.
    """
    problem = "no broker is named"
    for server in address.servers():
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), KNOCK_S).close()
        except (OSError, ValueError) as error:
            problem = f"{server}: {error}"
        else:
            return
    raise KafkaUnavailableError(f"Kafka at {address.bootstrap}: nobody listens ({problem})")


def look(address: KafkaAddress, groups: Mapping[str, Sequence[Topic]]) -> KafkaState:
    """Look at the brokers and at groups, by the topics that each reads.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached or refuses.
    """

    def state(admin: Any) -> KafkaState:
        cluster = admin.describe_cluster()
        found = {name: _group(admin, name, topics) for name, topics in groups.items()}
        version = tuple(int(n) for n in admin._manager.broker_version)  # noqa: SLF001
        return KafkaState(version=version, brokers=len(cluster["brokers"]), groups=found)

    return patiently(address, state)


def _group(admin: Any, name: str, topics: Sequence[Topic]) -> GroupState:
    kafka, kinds = kafka_python(), kafka_python("kafka.admin")
    places = [
        kafka.TopicPartition(topic.name, partition)
        for topic in topics
        for partition in range(topic.partitions)
    ]
    first = admin.list_partition_offsets(dict.fromkeys(places, kinds.OffsetSpec.EARLIEST))
    last = admin.list_partition_offsets(dict.fromkeys(places, kinds.OffsetSpec.LATEST))
    committed: dict[Any, Any] = {}
    members = 0
    try:
        committed = admin.list_group_offsets(name)[name]
        members = len(admin.describe_groups([name])[name]["members"])
    except (kafka.errors.GroupIdNotFoundError, KeyError):
        log.debug("group_unknown", group=name)
    lag = 0
    for place in places:
        held = committed.get(place)
        reached = held.offset if held is not None and held.offset >= 0 else first[place].offset
        lag += max(0, last[place].offset - reached)
    return GroupState(members=members, lag=lag, began=bool(committed))
