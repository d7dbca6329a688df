"""Puts the parts of scale-out together from the settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dashboards.composing.compose import build_operators, matching, wall_clock

if TYPE_CHECKING:
    from detect.watchlist import Watchlist
    from stream.scale.address import KafkaAddress
    from stream.scale.collecting import CollectHost
    from stream.scale.host import ScaleHost
    from stream.scale.kafka_log import PostsProducer
    from stream.settings import Settings
    from stream.topics import Topics

COLLECT_FOLDER = "collect"
WORKER_FOLDER = "worker"


def kafka_address(settings: Settings) -> KafkaAddress:
    """Where Kafka is.

    Raises:
        ConfigError: settings that do not go together.
    """
    from stream.scale.address import KafkaAddress
    from stream.settings import ConfigError

    kafka = settings.kafka
    if kafka.sasl != "none" and not (kafka.username and kafka.password):
        raise ConfigError(
            f"kafka.sasl: found {kafka.sasl} without kafka.username and kafka.password; "
            "give the password as JIKIMI__KAFKA__PASSWORD_FILE"
        )
    if kafka.sasl == "PLAIN" and not kafka.tls:
        raise ConfigError(
            "kafka.sasl: found PLAIN without kafka.tls, which would send the password in "
            "the clear; set kafka.tls = true, or use SCRAM-SHA-512"
        )
    return KafkaAddress(
        bootstrap=kafka.bootstrap,
        tls=kafka.tls,
        ca_file=kafka.ca_file,
        cert_file=kafka.cert_file,
        key_file=kafka.key_file,
        key_password=kafka.key_password,
        sasl=kafka.sasl,
        username=kafka.username,
        password=kafka.password,
    )


def kafka_topics(settings: Settings) -> Topics:
    """The topics of this installation."""
    from stream.topics import topics

    return topics(
        settings.kafka.prefix,
        partitions=settings.kafka.partitions,
        routers=settings.kafka.router_partitions,
        retention_days=settings.kafka.retention_days,
    )


def build_collect_host(
    folder: Path, settings: Settings, watchlist: Watchlist, producer: PostsProducer
) -> CollectHost:
    """The collecting host over a folder; an empty one is filled from the topics.

    Raises:
        KafkaUnavailableError: the topics cannot be read.
    """
    from dashboards.composing.judging import build_judge
    from stream.scale.collecting import CollectHost
    from stream.scale.kafka_log import delivered_cursors, delivered_posts

    match, follow, doubt = matching(settings, watchlist)
    host = CollectHost(
        folder,
        match=match,
        follow=follow,
        doubt=doubt,
        judge=build_judge(settings),
        groups_of=watchlist.groups_of,
        producer=producer,
        now=wall_clock,
    )
    if host.fresh:
        address, names = kafka_address(settings), kafka_topics(settings)
        try:
            host.restore(delivered_cursors(address, names), delivered_posts(address, names))
        except BaseException:
            host.close()
            raise
    return host


def build_worker(
    folder: Path,
    settings: Settings,
    watchlist: Watchlist,
    *,
    only: Literal["router", "operators"] | None = None,
    forget_broken: bool = False,
) -> ScaleHost:
    """The host of a worker: router and operators, or one of the two."""
    from detect.watchlist import digest
    from stream.records import Versions
    from stream.scale.host import ScaleHost
    from stream.scale.operating import Operating
    from stream.scale.routing import RouterKind

    topics = kafka_topics(settings)
    router = RouterKind(topics, watchlist.groups_of, Versions(watchlist=digest(watchlist)))
    operating = Operating(topics, lambda: build_operators(settings, watchlist))
    return ScaleHost(
        folder,
        address=kafka_address(settings),
        topics=topics,
        group=settings.kafka.prefix,
        kinds=[kind for kind in (router, operating) if only in (None, kind.name)],
        forget_broken=forget_broken,
    )
