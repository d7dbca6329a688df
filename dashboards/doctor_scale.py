"""What ``jikimi doctor`` looks at where Kafka or Elasticsearch are set: lines with a fix."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dashboards.doctor import Check, Outcome
from stream.settings import ConfigError, KafkaSettings, Settings

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from stream.elastic.names import Names
    from stream.elastic.state import ElasticState
    from stream.scale.state import GroupState
    from stream.topics import Topic

OLDEST_KAFKA = (4, 0)
OLDEST_ELASTICSEARCH = 9
FAR_BEHIND = 100_000
"""Records; more than a minute of work for one member."""
SKEW_MS, WRONG_MS = 5_000, 300_000
SHOWN = 3


def check_servers(settings: Settings) -> Iterator[Check]:
    """Look at the servers that are set; none are, unless for scale-out."""
    wanted = settings.elasticsearch.url is not None
    if wanted or settings.kafka != KafkaSettings():
        yield from check_kafka(settings)
    if wanted:
        yield from check_elasticsearch(settings)


def check_kafka(settings: Settings) -> Iterator[Check]:
    """Brokers, version, topics, and how far workers and indexers are behind."""
    from dashboards.composing.scale import kafka_address, kafka_topics
    from stream.scale.address import KafkaUnavailableError
    from stream.scale.admin import TopicsChangedError, ensure_topics
    from stream.scale.state import knock, look

    topics = kafka_topics(settings)
    prefix = settings.kafka.prefix
    try:
        address = kafka_address(settings)
        knock(address)
        changes = ensure_topics(address, topics.all(), replication=1, dry_run=True)
        missing = {change.topic for change in changes if change.action == "create"}
        groups: dict[str, list[Topic]] = {
            f"{prefix}.workers": [topics.posts, topics.subjects],
            f"{prefix}.index": [topics.subjects, topics.results, topics.sources],
        }
        held = {
            name: [topic for topic in read if topic.name not in missing]
            for name, read in groups.items()
        }
        state = look(address, held)
    except ConfigError as error:
        yield Check(name="kafka", outcome="FAIL", found=str(error), fix="correct [kafka]")
        return
    except (KafkaUnavailableError, OSError) as error:
        fix = "start it, or correct kafka.bootstrap, kafka.tls, kafka.sasl and its files"
        yield Check(name="kafka", outcome="FAIL", found=str(error), fix=fix)
        return
    except TopicsChangedError as error:
        fix = "set kafka.partitions to what the topics have"
        yield Check(name="kafka topics", outcome="FAIL", found=str(error), fix=fix)
        return
    yield _brokers(state.version, state.brokers, settings.kafka.replication)
    other = [change.topic for change in changes if change.action != "create"]
    yield _made("kafka topics", sorted(missing), other, len(topics.all()))
    yield _group("workers", state.groups[f"{prefix}.workers"], "jikimi worker")
    if settings.elasticsearch.url is not None:
        yield _group("indexers", state.groups[f"{prefix}.index"], "jikimi index run")


def _brokers(version: tuple[int, ...], brokers: int, replication: int) -> Check:
    found = f"{'.'.join(map(str, version))} or newer, {brokers} brokers"
    if version < OLDEST_KAFKA:
        fix = "use Apache Kafka 4.0 or newer"
        return Check(name="kafka", outcome="FAIL", found=found, fix=fix)
    if brokers < replication:
        fix = f"start more brokers, or set kafka.replication to {brokers}"
        return Check(name="kafka", outcome="FAIL", found=found, fix=fix)
    return Check(name="kafka", outcome="OK", found=found)


def _made(name: str, missing: list[str], other: list[str], total: int) -> Check:
    if not missing and not other:
        return Check(name=name, outcome="OK", found=f"all {total} as they must be")
    parts = [f"missing: {_few(missing)}"] if missing else []
    parts += [f"out of date: {_few(other)}"] if other else []
    outcome: Outcome = "FAIL" if missing else "WARN"
    fix = "run `jikimi setup`"
    return Check(name=name, outcome=outcome, found="; ".join(parts), fix=fix)


def _group(name: str, state: GroupState, command: str) -> Check:
    found = f"{state.members} running, {state.lag:,} records behind"
    if not state.members and (state.lag or not state.began):
        fix = f"start `{command}`"
        return Check(name=name, outcome="WARN", found=found, fix=fix)
    if state.lag > FAR_BEHIND:
        fix = f"see what its log says; if it only has much to do, start one more `{command}`"
        return Check(name=name, outcome="WARN", found=found, fix=fix)
    return Check(name=name, outcome="OK", found=found)


def check_elasticsearch(settings: Settings) -> Iterator[Check]:
    """Version, clock, templates, aliases, disks and blocks."""
    from dashboards.composing.compose import elastic_client
    from stream.elastic.names import Names
    from stream.index import SearchUnavailableError

    try:
        with elastic_client(settings) as client:
            yield from _looked(client, Names(settings.elasticsearch.prefix))
    except ConfigError as error:
        fix = "correct [elasticsearch]"
        yield Check(name="elasticsearch", outcome="FAIL", found=str(error), fix=fix)
    except SearchUnavailableError as error:
        fix = "start it, or correct [elasticsearch]; the line above says what is wrong"
        yield Check(name="elasticsearch", outcome="FAIL", found=str(error), fix=fix)


def _looked(client: Elasticsearch, names: Names) -> Iterator[Check]:
    from stream.elastic.setting_up import check
    from stream.elastic.state import look

    asked = time.time_ns() // 1_000_000
    state = look(client, names)
    yield _node(state)
    yield server_clock(state.now - asked)
    todo = check(client, names)
    missing = [done.step.name for done in todo if done.change == "made"]
    other = [done.step.name for done in todo if done.change == "changed"]
    yield _made("index templates", missing, other, len(state.aliases))
    yield check_aliases(state)
    yield from check_room(state)
    yield check_blocks(state)


def _node(state: ElasticState) -> Check:
    found = f"{state.version}, {state.status}"
    major = state.version.partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST_ELASTICSEARCH:
        fix = f"use Elasticsearch {OLDEST_ELASTICSEARCH} or newer"
        return Check(name="elasticsearch", outcome="FAIL", found=found, fix=fix)
    if state.status == "red":
        fix = "some data cannot be read: see GET _cluster/allocation/explain"
        return Check(name="elasticsearch", outcome="FAIL", found=found, fix=fix)
    return Check(name="elasticsearch", outcome="OK", found=found)


def server_clock(ahead_ms: int) -> Check:
    """Our clock and the server's must agree; it tells whole seconds."""
    found = f"within {max(1, abs(ahead_ms) // 1000)} s of ours"
    if abs(ahead_ms) > SKEW_MS:
        way = "ahead of" if ahead_ms > 0 else "behind"
        found = f"{abs(ahead_ms) / 1000:.0f} s {way} ours"
        outcome: Outcome = "FAIL" if abs(ahead_ms) > WRONG_MS else "WARN"
        fix = "synchronise the clocks of both machines: `timedatectl set-ntp true`"
        return Check(name="elasticsearch clock", outcome=outcome, found=found, fix=fix)
    return Check(name="elasticsearch clock", outcome="OK", found=found)


def check_aliases(state: ElasticState) -> Check:
    """Each alias leads to one index; that of posts to one a month."""
    posts, *others = state.aliases
    none = [alias for alias in state.aliases if not state.aliases[alias]]
    several = [alias for alias in others if len(state.aliases[alias]) > 1]
    if none or several:
        parts = [f"lead nowhere: {_few(none)}"] if none else []
        parts += [f"lead to several: {_few(several)}"] if several else []
        fix = "run `jikimi setup`" if none else "run `jikimi index switch` again"
        return Check(name="aliases", outcome="FAIL", found="; ".join(parts), fix=fix)
    found = f"{len(others)} and {len(state.aliases[posts])} indices of posts"
    return Check(name="aliases", outcome="OK", found=found)


def check_room(state: ElasticState) -> Iterator[Check]:
    """The server stops taking writes when a disk passes its flood stage."""
    for room in state.room:
        found = f"{room.free / 2**30:.1f} of {room.total / 2**30:.1f} GiB free"
        name = f"disk of {room.node or 'a node'}"
        if not state.watched:
            found += "; the server heeds no watermark"
        if room.passed == "flood_stage":
            fix = "make room: `jikimi index tidy --keep-months N`, or a larger disk"
            found += ", beyond the flood stage: it takes no writes"
            outcome: Outcome = "FAIL" if state.watched else "WARN"
            yield Check(name=name, outcome=outcome, found=found, fix=fix)
        elif room.passed:
            fix = "make room soon: `jikimi index tidy --keep-months N`, or a larger disk"
            found += f", beyond the {room.passed} watermark"
            yield Check(name=name, outcome="WARN", found=found, fix=fix)
        else:
            yield Check(name=name, outcome="OK", found=found)


def check_blocks(state: ElasticState) -> Check:
    """Nothing may forbid writing; the server does when its disk was full."""
    if not state.blocked:
        return Check(name="write blocks", outcome="OK", found="none")
    index, blocks = next(iter(state.blocked.items()))
    found = f"{_few(list(state.blocked))}: {', '.join(blocks)}"
    fix = (
        f'make room, then PUT {index}/_settings {{"index.blocks.{blocks[0]}": null}}; '
        "during a replay's switch it passes by itself"
    )
    return Check(name="write blocks", outcome="FAIL", found=found, fix=fix)


def _few(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
