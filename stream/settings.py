"""Settings: one frozen tree from one TOML file plus environment, decoded strictly once.

Parts of the program get plain arguments, never this tree. Every description
below is also the text of the example file, the JSON Schema and the reference.
Paths are relative to the folder in which jikimi is started. Defaults that are no plain
TOML values are made by factories, because JSON Schema cannot show them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from ingest.secret import Secret
from stream.config.calendar import CalendarSettings
from stream.config.decode import (
    HTTP_ADDRESS,
    INDEX_PREFIX,
    TOPIC_PREFIX,
    Options,
    Origins,
    TomlLines,
    decode,
    merge_environment,
    report,
)
from stream.config.kibana import KibanaSettings
from stream.config.matching import MatchingSettings, MatchReason
from stream.config.media import MediaSettings
from stream.config.section import Section

DEFAULT_FILE = "jikimi.toml"


class ConfigError(Exception):
    """Mistakes in the settings, one a line: ``file:line: key: found, allowed``."""


class DataSettings(Section, frozen=True, kw_only=True):
    """Where everything is kept."""

    folder: Annotated[
        Path, Meta(description="Folder of logs, state, index and decisions; made if absent.")
    ] = field(default_factory=lambda: Path("jikimi-data"))


class WatchlistSettings(Section, frozen=True, kw_only=True):
    """Whom to protect."""

    file: Annotated[
        Path, Meta(description="The watchlist: subjects, their names, what is official.")
    ] = field(default_factory=lambda: Path("watchlist.toml"))


class SourceSettings(Section, frozen=True, kw_only=True):
    """One place posts come from; ``[sources.NAME]``."""

    kind: Annotated[
        str, Meta(description="Which source it is (see `jikimi sources`); empty: its name.")
    ] = ""
    enabled: Annotated[bool, Meta(description="Whether `jikimi run` reads it.")] = True
    reasons: Annotated[
        tuple[MatchReason, ...] | None,
        Meta(description="Reasons for which its posts are kept; unset: as in [matching]."),
    ] = None
    keep_days: Annotated[
        Annotated[int, Meta(ge=1, le=36_500)] | None,
        Meta(description="Days that its posts are kept; unset: as in [retention]."),
    ] = None
    options: Annotated[
        Options, Meta(description="What this kind of source understands; see the sources page.")
    ] = field(default_factory=lambda: Options({}))


class JudgingSettings(Section, frozen=True, kw_only=True):
    """What is said of matched posts: language, harm, target."""

    enabled: Annotated[
        bool, Meta(description="Whether matched posts are judged when they are taken in.")
    ] = True
    model: Annotated[
        Path | None,
        Meta(description="Model of harm, ONNX; else the one that comes with jikimi, if any."),
    ] = None
    words: Annotated[
        Path | None,
        Meta(description="TOML file of own words of harm, beside those that come with jikimi."),
    ] = None


class PipelineSettings(Section, frozen=True, kw_only=True):
    """How posts are worked through."""

    batch: Annotated[
        int, Meta(description="Posts worked on in one transaction.", ge=1, le=100_000)
    ] = 500
    partitions: Annotated[
        int,
        Meta(description="Parts of the subject log; fixed once there is data.", ge=1, le=256),
    ] = 8
    index: Annotated[
        bool, Meta(description="Whether posts and results become searchable on the pages.")
    ] = True


class ClusterSettings(Section, frozen=True, kw_only=True):
    """When two texts count as the same."""

    threshold: Annotated[
        float,
        Meta(
            description="Jaccard similarity of character 5-grams from which texts are one.",
            ge=0.5,
            le=1.0,
        ),
    ] = 0.7
    days: Annotated[
        int,
        Meta(description="Days after which a text is forgotten.", ge=1, le=365),
    ] = 30
    max_texts: Annotated[
        int,
        Meta(description="Distinct texts remembered a subject.", ge=1_000, le=5_000_000),
    ] = 300_000


class BurstSettings(Section, frozen=True, kw_only=True):
    """When copies of one text count as a burst."""

    min_accounts: Annotated[
        int, Meta(description="Accounts that must post one text.", ge=2, le=10_000)
    ] = 5
    window_minutes: Annotated[
        int, Meta(description="Minutes within which they must post it.", ge=1, le=1_440)
    ] = 10


class AlertSettings(Section, frozen=True, kw_only=True):
    """How often people are called."""

    cooldown_hours: Annotated[
        int,
        Meta(
            description="Hours in which more of the same grows the alert that is there.",
            ge=1,
            le=720,
        ),
    ] = 24


class RetentionSettings(Section, frozen=True, kw_only=True):
    """How long things are kept; what is due goes the way of a deletion."""

    days: Annotated[
        Annotated[int, Meta(ge=1, le=36_500)] | None,
        Meta(description="Days that posts are kept; unset: for ever."),
    ] = None
    dead_letter_days: Annotated[
        Annotated[int, Meta(ge=1, le=36_500)] | None,
        Meta(description="Days that unreadable records are kept; unset: up to their number."),
    ] = None
    every_hours: Annotated[
        int,
        Meta(
            description="Hours between two runs of `jikimi run`; 0: only by "
            "`jikimi retention apply`.",
            ge=0,
            le=8_760,
        ),
    ] = 24


class WebSettings(Section, frozen=True, kw_only=True):
    """The pages."""

    host: Annotated[
        str, Meta(description="Address to listen on; others than loopback need a password.")
    ] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port; 0 takes a free one.", ge=0, le=65_535)] = 8000
    password: Annotated[
        Secret | None, Meta(description="Password of the pages; better given by environment.")
    ] = None
    public_url: Annotated[
        Annotated[str, Meta(pattern=HTTP_ADDRESS)] | None,
        Meta(description="Address under which people reach the pages, for links in alerts."),
    ] = None


class SinkSettings(Section, frozen=True, kw_only=True):
    """One place alerts are delivered to; ``[notify.NAME]``."""

    kind: Annotated[str, Meta(description="log or webhook; empty: its name.")] = ""
    enabled: Annotated[bool, Meta(description="Whether alerts go there.")] = True
    options: Annotated[
        Options, Meta(description="What this kind of sink understands; see the sinks page.")
    ] = field(default_factory=lambda: Options({}))


class LogSettings(Section, frozen=True, kw_only=True):
    """What jikimi says about itself on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="Least important message shown; -v and -q go before it."),
    ] = "info"
    format: Annotated[
        Literal["console", "json"],
        Meta(description="For people (console) or for a log collector (json)."),
    ] = "console"


class KafkaSettings(Section, frozen=True, kw_only=True):
    """Kafka, for scale-out; `jikimi run` does not use it."""

    bootstrap: Annotated[
        str, Meta(description="Brokers to begin with, as host:port, divided by commas.")
    ] = "127.0.0.1:9092"
    prefix: Annotated[
        str,
        Meta(
            description="Beginning of the names of topics and groups; one an installation.",
            pattern=TOPIC_PREFIX,
        ),
    ] = "jikimi"
    partitions: Annotated[
        int,
        Meta(description="Parts of the topics; fixed once there is data.", ge=1, le=256),
    ] = 8
    router_partitions: Annotated[
        Annotated[int, Meta(ge=1, le=256)] | None,
        Meta(
            description="Parts of the posts topic, where the router works; unset: as many as "
            "partitions. One keeps posts in the order in which they were collected, and so "
            "the ids of results those of one process."
        ),
    ] = None
    replication: Annotated[
        int, Meta(description="Brokers that hold each record.", ge=1, le=16)
    ] = 1
    retention_days: Annotated[
        int,
        Meta(description="Days after which posts leave the topics.", ge=1, le=3_650),
    ] = 90
    tls: Annotated[bool, Meta(description="Whether the brokers speak TLS.")] = False
    ca_file: Annotated[
        Path | None, Meta(description="Certificates to trust, PEM; unset: the system's.")
    ] = None
    cert_file: Annotated[
        Path | None, Meta(description="Our own certificate, PEM, where brokers ask for one.")
    ] = None
    key_file: Annotated[Path | None, Meta(description="The key to our certificate, PEM.")] = (
        None
    )
    key_password: Annotated[
        Secret | None, Meta(description="Password of that key; better given by environment.")
    ] = None
    sasl: Annotated[
        Literal["none", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        Meta(description="How we log in. PLAIN is refused without TLS."),
    ] = "none"
    username: Annotated[str | None, Meta(description="Name to log in with.")] = None
    password: Annotated[
        Secret | None, Meta(description="Password of that name; better given by environment.")
    ] = None


class ElasticsearchSettings(Section, frozen=True, kw_only=True):
    """Elasticsearch as the index, for scale-out; `jikimi run` fills the one in its folder."""

    url: Annotated[
        Annotated[str, Meta(pattern=HTTP_ADDRESS)] | None,
        Meta(
            description="Addresses of nodes, divided by commas; unset: pages read the index "
            "in the data folder."
        ),
    ] = None
    prefix: Annotated[
        str,
        Meta(
            description="Beginning of the names of indices; one an installation.",
            pattern=INDEX_PREFIX,
        ),
    ] = "jikimi"
    api_key: Annotated[
        Secret | None,
        Meta(description="API key (base64) of the role; better given by environment."),
    ] = None
    ca_file: Annotated[
        Path | None, Meta(description="Certificates to trust, PEM; unset: the system's.")
    ] = None
    timeout_s: Annotated[
        int, Meta(description="Seconds that an answer may take.", ge=1, le=600)
    ] = 30


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set; every part has a default."""

    data: DataSettings = field(default_factory=DataSettings)
    watchlist: WatchlistSettings = field(default_factory=WatchlistSettings)
    calendar: CalendarSettings = field(default_factory=CalendarSettings)
    sources: dict[str, SourceSettings] = field(
        default_factory=lambda: {"bluesky": SourceSettings()}
    )
    matching: MatchingSettings = field(default_factory=MatchingSettings)
    judging: JudgingSettings = field(default_factory=JudgingSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)
    clusters: ClusterSettings = field(default_factory=ClusterSettings)
    bursts: BurstSettings = field(default_factory=BurstSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    web: WebSettings = field(default_factory=WebSettings)
    notify: dict[str, SinkSettings] = field(default_factory=dict[str, SinkSettings])
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    elasticsearch: ElasticsearchSettings = field(default_factory=ElasticsearchSettings)
    kibana: KibanaSettings = field(default_factory=KibanaSettings)
    log: LogSettings = field(default_factory=LogSettings)

    def reasons_for(self, source: str) -> frozenset[MatchReason]:
        """Reasons for which posts of the source of that name are kept."""
        own = self.sources.get(source, SourceSettings()).reasons
        return frozenset(self.matching.reasons if own is None else own)


def find_file(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The settings file in force: the given one, ``JIKIMI_CONFIG``, ``./jikimi.toml``, none."""
    if given is not None:
        return given
    if environ.get("JIKIMI_CONFIG"):
        return Path(environ["JIKIMI_CONFIG"])
    default = Path(DEFAULT_FILE)
    return default if default.is_file() else None


def load_settings(
    file: Path | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read and check the settings; without a file all defaults hold.

    Raises:
        ConfigError: with all mistakes of file and environment at once.
    """
    environ = os.environ if environ is None else environ
    path = find_file(file, environ)
    text = "" if path is None else _read(path)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_broken(path, error, text)) from None
    origins = Origins(file=str(path or DEFAULT_FILE), lines=TomlLines(text))
    problems = merge_environment(tree, environ, origins)
    settings, more = decode(tree, Settings)
    problems += more
    if problems or settings is None:
        raise ConfigError("\n".join(report(problem, origins) for problem in problems))
    return settings


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file; `jikimi config example > {path}` writes one"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None


def _broken(path: Path | None, error: tomllib.TOMLDecodeError, text: str) -> str:
    # Python 3.11 gives the place only inside the message.
    message, _, place = str(error).partition(" (at ")
    digits = place.removeprefix("line ").partition(",")[0]
    line = int(digits) if digits.isdigit() else text.count("\n") + 1
    return f"{path}:{line}: not valid TOML: {message}"
