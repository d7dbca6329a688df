"""How a Kafka is looked at that answers, but is not ready yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stream.scale.address import KafkaAddress, KafkaUnavailableError, kafka_python
from stream.scale.admin import ensure_topics, patiently
from stream.scale.state import GroupState, look
from stream.topics import topics
from tests.scale.servers import own_kafka

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def just_started() -> Iterator[KafkaAddress]:
    with own_kafka() as servers:
        yield KafkaAddress(bootstrap=servers.bootstrap)


def test_a_broker_that_was_never_asked_for_a_group_is_given_time_to_get_ready(just_started):
    made = topics("state", partitions=2)
    ensure_topics(just_started, made.all(), replication=1)

    seen = look(just_started, {"nobody": [made.posts]})

    assert seen.brokers == 1
    assert seen.groups == {"nobody": GroupState(members=0, lag=0, began=False)}


def test_what_a_broker_says_by_way_of_not_yet_is_asked_again_for_a_while_only(just_started):
    errors = kafka_python("kafka.errors")
    asked: list[Any] = []

    def never_ready(admin: Any) -> None:
        asked.append(admin)
        raise errors.CoordinatorLoadInProgressError("loading")

    with pytest.raises(KafkaUnavailableError, match="loading"):
        patiently(just_started, never_ready, patience_s=1)
    assert 1 < len(set(map(id, asked))) == len(asked)


def test_a_refusal_is_taken_for_an_answer(just_started):
    errors = kafka_python("kafka.errors")
    asked: list[Any] = []

    def refused(admin: Any) -> None:
        asked.append(admin)
        raise errors.TopicAuthorizationFailedError("not yours")

    with pytest.raises(KafkaUnavailableError, match="not yours"):
        patiently(just_started, refused)
    assert len(asked) == 1
