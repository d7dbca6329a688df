"""Puts the parts together: watchlist, matcher, operators, index and host from settings."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from detect.records import Mention
from ingest.records import Post
from stream.records import Versions

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from detect.watchlist import Watchlist
    from ingest.source import Source
    from stream.care.retention import Policy
    from stream.elastic_index import ElasticIndex
    from stream.embedded import EmbeddedHost
    from stream.hosting.echoes import Doubt
    from stream.hosting.intake import Follow, Match
    from stream.index import Index
    from stream.operator import Operator
    from stream.settings import Settings

EVERYTHING = "all"
"""The one subject of a data set that is analysed without a watchlist."""

INDEX_FOLDER = "index"
DESK_FILE = "desk.db"


def wall_clock() -> int:
    """Now, in milliseconds."""
    return time.time_ns() // 1_000_000


def match_everything(post: Post) -> tuple[Mention, ...]:
    """Every post of the data set belongs to the subject ``all``."""
    del post
    return _EVERYTHING


_EVERYTHING = (Mention(subject=EVERYTHING, reason="dataset"),)


def build_host(
    folder: Path,
    settings: Settings,
    watchlist: Watchlist | None,
    index: Index | None,
    *,
    expires: bool = False,
    pictures: bool = False,
    operators: Sequence[Operator] = (),
) -> EmbeddedHost:
    """The embedded host over a data folder; without a watchlist every post counts.

    Nobody is there to be harmed in a data set without a watchlist: its posts are not judged.
    With ``expires`` it erases by itself what is due by the settings, with ``pictures`` it
    looks at those of posts, if the settings want it. ``operators`` take the place of those
    of the pipeline, for measuring.
    """
    from dashboards.composing.judging import build_judge
    from dashboards.composing.media import media_beside
    from detect.watchlist import Watchlist as Subjects
    from detect.watchlist import digest
    from stream.embedded import EmbeddedHost
    from stream.storage.memory import few_arenas

    few_arenas()
    subjects = watchlist or Subjects()
    match, follow, doubt = matching(settings, watchlist)
    return EmbeddedHost(
        folder,
        match=match,
        follow=follow,
        doubt=doubt,
        judge=None if watchlist is None else build_judge(settings),
        groups_of=subjects.groups_of,
        operators=operators or build_operators(settings, subjects),
        now=wall_clock,
        index=index,
        media=media_beside(settings, folder, subjects) if pictures else None,
        versions=Versions(watchlist=digest(subjects)),
        partitions=settings.pipeline.partitions,
        policy=retention_policy(settings, scheduled=expires),
        unnamed=settings.media.unnamed,
    )


def pages_index(settings: Settings, folder: Path, *, local: bool = False) -> Index:
    """The index that pages read: Elasticsearch where it is set, else the data folder's.

    Args:
        local: the data folder's in any case, as beside the embedded host that fills it.
    """
    if settings.elasticsearch.url is not None and not local:
        return elastic_index(settings)
    from stream.local_index import LocalIndex

    return LocalIndex(folder / INDEX_FOLDER, read_only=True)


def elastic_index(settings: Settings, *, patience_s: float = 60.0) -> ElasticIndex:
    """Elasticsearch as the index; writes that it does not take are tried again so long.

    Raises:
        ConfigError: no address is set, or the certificates cannot be read.
    """
    from stream.elastic.bulk import Sender
    from stream.elastic.names import Names
    from stream.elastic_index import ElasticIndex

    client = elastic_client(settings)
    names = Names(settings.elasticsearch.prefix)
    return ElasticIndex(client, names, Sender(client, patience_s=patience_s))


def elastic_client(settings: Settings) -> Elasticsearch:
    """A client of Elasticsearch; it connects with the first question.

    Raises:
        ConfigError: no address is set, or the certificates cannot be read.
    """
    from stream.elastic.client import connect
    from stream.settings import ConfigError

    wanted = settings.elasticsearch
    if wanted.url is None:
        raise ConfigError(
            "elasticsearch.url: not set; name the nodes, as in "
            'url = "https://search.example.org:9200"'
        )
    if wanted.ca_file is not None and not wanted.ca_file.is_file():
        raise ConfigError(
            f"elasticsearch.ca_file: found {wanted.ca_file}, which does not exist"
        )
    try:
        return connect(
            [url.strip() for url in wanted.url.split(",")],
            api_key=wanted.api_key.reveal() if wanted.api_key else None,
            ca_file=wanted.ca_file,
            timeout_s=wanted.timeout_s,
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"elasticsearch: {error}") from None


def retention_policy(settings: Settings, *, scheduled: bool = False) -> Policy:
    """How long things are kept, by the name that posts of a source carry."""
    from stream.care.retention import Policy

    kept = {
        name: source.keep_days
        for name, source in settings.sources.items()
        if source.keep_days is not None
    }
    everywhere = settings.retention
    return Policy(
        days=everywhere.days,
        sources=kept,
        letters=everywhere.dead_letter_days,
        every_ms=everywhere.every_hours * 3_600_000 or None if scheduled else None,
    )


def build_operators(settings: Settings, watchlist: Watchlist) -> list[Operator]:
    """Fresh operators in pipeline order."""
    from stream.pipeline import operators

    return operators(
        watchlist,
        threshold=settings.clusters.threshold,
        days=settings.clusters.days,
        max_texts=settings.clusters.max_texts,
        min_accounts=settings.bursts.min_accounts,
        window_minutes=settings.bursts.window_minutes,
        cooldown_hours=settings.alerts.cooldown_hours,
    )


def watchlist_file(settings: Settings) -> Path:
    """The watchlist of the settings.

    Raises:
        ConfigError: there is none.
    """
    from stream.settings import ConfigError

    path = settings.watchlist.file
    if not path.is_file():
        raise ConfigError(
            f"watchlist.file: found {path}, which does not exist; write one, or make one "
            "from name lists with `jikimi watchlist import`"
        )
    return path


def matching(
    settings: Settings, watchlist: Watchlist | None
) -> tuple[Match, Follow | None, Doubt | None]:
    """How a post finds its subjects: by itself, by the thread it stands in, by others like it.

    Each source may switch reasons off; its posts carry its name.
    """
    if watchlist is None:
        return match_everything, None, None
    from detect.mentions import MentionMatcher, thread_mentions

    everywhere = frozenset(settings.matching.reasons)
    matchers = {frozenset(everywhere): MentionMatcher(watchlist, reasons=everywhere)}
    by_source: dict[str, MentionMatcher] = {}
    for name, source in settings.sources.items():
        reasons = settings.reasons_for(name)
        if reasons not in matchers:
            matchers[reasons] = MentionMatcher(watchlist, reasons=reasons)
        for known_as in {name, source.kind or name}:
            by_source[known_as] = matchers[reasons]
    default = matchers[everywhere]

    def match(post: Post) -> tuple[Mention, ...]:
        return by_source.get(post.source, default).match(post)

    def follow(post: Post, known: Mapping[str, tuple[str, ...]]) -> tuple[Mention, ...]:
        if "thread" not in settings.reasons_for(post.source):
            return ()
        return thread_mentions(post, known)

    def doubt(post: Post) -> tuple[Mention, ...]:
        return by_source.get(post.source, default).doubtful(post)

    return match, follow, doubt if any("copy" in reasons for reasons in matchers) else None


def build_sources(settings: Settings) -> list[Source]:
    """The enabled sources of the settings.

    Raises:
        ConfigError: a source of a kind that is not registered.
        SourceMisconfigured: options a source does not accept.
    """
    from ingest import plugins
    from stream.settings import ConfigError

    built: list[Source] = []
    for name, source in settings.sources.items():
        if not source.enabled:
            continue
        kind = source.kind or name
        try:
            factory = plugins.load(plugins.SOURCES, kind)
        except KeyError:
            allowed = ", ".join(plugins.names(plugins.SOURCES))
            raise ConfigError(
                f"sources.{name}.kind: found {kind!r}, allowed: {allowed}"
            ) from None
        built.append(factory.from_settings(name, dict(source.options)))
    return built
