"""Mappings and settings of the indices, as data: ECS names, and ``jikimi.`` for our own.

``dynamic: false`` everywhere: a field that is not named here is kept and not indexed, so
that no post can blow up a mapping. What our own pages read is ``jikimi.record``, the record
as it crossed the log; every other field is for searching and counting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from detect.records import HARM_CATEGORIES
from stream.search.tree import METRICS

VERSION = 3
"""Raise it with every change of a mapping: `jikimi setup` then brings templates up to date."""

ECS_VERSION = "9.0.0"

KEYWORD = {"type": "keyword", "ignore_above": 1024}
KEY = {"type": "keyword", "ignore_above": 8000}
DATE = {"type": "date"}
INTEGER = {"type": "integer"}
LONG = {"type": "long"}
FLOAT = {"type": "float"}
DOUBLE = {"type": "double"}
BINARY = {"type": "binary"}
OPAQUE = {"type": "keyword", "index": False, "doc_values": False}

SETTINGS: dict[str, Any] = {
    "index": {
        "number_of_shards": 1,
        "auto_expand_replicas": "0-1",
        "refresh_interval": "1s",
        "codec": "best_compression",
        "max_terms_count": 100_000,
        # Else up to a tenth of a segment stays, and with it the words of deleted posts.
        "merge": {"policy": {"expunge_deletes_allowed": 0}},
    }
}
"""One shard an index: a month of an agency is far below what one carries."""

EVENT = {
    "kind": KEYWORD,
    "dataset": KEYWORD,
    "provider": KEYWORD,
    "created": DATE,
    "ingested": DATE,
    "severity": INTEGER,
}

ECS: dict[str, Any] = {
    "@timestamp": DATE,
    "ecs": {"properties": {"version": KEYWORD}},
    "event": {"properties": EVENT},
    "message": {"type": "text", "norms": False},
    "tags": KEYWORD,
    "rule": {"properties": {"name": KEYWORD}},
    "url": {
        "properties": {"full": {"type": "keyword", "ignore_above": 2048}, "domain": KEYWORD}
    },
    "user": {"properties": {"id": KEYWORD, "name": KEYWORD}},
    "related": {"properties": {"user": KEYWORD}},
}

WHITESPACE = {"type": "text", "analyzer": "whitespace", "norms": False}

POST: dict[str, Any] = {
    "id": KEY,
    "tie": INTEGER,
    "revision": INTEGER,
    "gone": {"type": "boolean"},
    "record": BINARY,
    "standings": BINARY,
    "subjects": KEYWORD,
    "reasons": KEYWORD,
    "platform": KEYWORD,
    "source": KEYWORD,
    "lang": KEYWORD,
    "lang_told": KEYWORD,
    "container": KEYWORD,
    "account": KEYWORD,
    "authors": KEYWORD,
    "tags": KEYWORD,
    "links": KEYWORD,
    "domains": KEYWORD,
    "mentions": KEYWORD,
    "marks": KEYWORD,
    "reply_to": KEY,
    "repost_of": KEY,
    "quote_of": KEY,
    "root": KEY,
    "words": WHITESPACE,
    "singles": {**WHITESPACE, "index_options": "docs"},
    **dict.fromkeys(METRICS, LONG),
    "judgement": BINARY,
    "language": KEYWORD,
    "target": KEYWORD,
    "found": KEYWORD,
    "harm": DOUBLE,
    "scores": {"properties": dict.fromkeys(HARM_CATEGORIES, DOUBLE)},
}

RESULT: dict[str, Any] = {
    "id": KEY,
    "subject": KEYWORD,
    "revision": INTEGER,
    "operator_version": KEYWORD,
    "replayed": {"type": "boolean"},
    "record": BINARY,
}
"""What all results have."""

OWN: dict[str, dict[str, Any]] = {
    "memberships": {
        "post": KEY, "subject": KEYWORD, "cluster": KEY, "similarity": FLOAT,
        "revision": INTEGER, "replayed": {"type": "boolean"}, "record": BINARY,
    },
    "clusters": RESULT | {
        "kind": KEYWORD, "founder": KEY, "first_at": DATE, "last_at": DATE, "posts": INTEGER,
        "accounts": INTEGER, "platforms": KEYWORD, "merged_into": KEY,
        "duration_minutes": INTEGER,
    },
    "bursts": RESULT | {
        "kind": KEYWORD, "cluster": KEY, "first_at": DATE, "last_at": DATE, "posts": INTEGER,
        "accounts": INTEGER, "peak_accounts": INTEGER, "expected_accounts": FLOAT,
    },
    "campaigns": RESULT | {
        "kind": KEYWORD, "first_at": DATE, "last_at": DATE, "posts": INTEGER,
        "accounts": INTEGER, "coordination": FLOAT, "harm": FLOAT, "openness": FLOAT,
        "independence": FLOAT, "platforms": KEYWORD, "merged_into": KEY,
    },
    "alerts": RESULT | {
        "kind": KEYWORD, "severity": KEYWORD, "cluster": KEY, "campaign": KEY,
        "updated_at": DATE, "posts": INTEGER, "accounts": INTEGER, "platforms": KEYWORD,
    },
    "findings": RESULT | {
        "post": KEY, "account": KEYWORD, "platform": KEYWORD,
        "family": KEYWORD, "sha256": KEYWORD, "pdq": KEYWORD, "severity": KEYWORD,
        "reasons": KEYWORD, "gate": KEYWORD, "banks": KEYWORD, "partial": KEYWORD,
        "gone": {"type": "boolean"},
    },
    "gaps": {
        "source": KEYWORD, "since": LONG, "until": LONG, "minutes": INTEGER, "reason": KEYWORD,
    },
    "sources": {
        "source": KEYWORD, "state": KEYWORD, "changed_at": DATE, "last_item_at": DATE,
        "read": LONG, "logged": LONG, "unmatched": LONG, "malformed": LONG, "skipped": LONG,
        "record": BINARY,
    },
    "takedowns": {
        "subjects": KEYWORD, "platform": KEYWORD, "source": KEYWORD, "hours": FLOAT,
    },
    "strays": {"gone": {"type": "boolean"}, "index": OPAQUE, "standings": BINARY},
    "state": {"checkpoint": OPAQUE, "records": OPAQUE},
}  # fmt: skip
"""Fields under ``jikimi.`` by noun."""


def of_posts() -> dict[str, Any]:
    """The mapping of the monthly indices.

    Search words are left out of the stored document: they can be made again from it.
    """
    return {
        "dynamic": False,
        "_source": {"excludes": ["jikimi.words", "jikimi.singles"]},
        "properties": ECS | {"jikimi": {"properties": POST}},
    }


def of_noun(noun: str) -> dict[str, Any]:
    """The mapping of the index of one of ``names.NOUNS``."""
    return {"dynamic": False, "properties": ECS | {"jikimi": {"properties": OWN[noun]}}}


def fields(mapping: Mapping[str, Any]) -> dict[str, str]:
    """Every field of a mapping by its full name, with its type."""
    return dict(_walk("", mapping["properties"]))


def _walk(prefix: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, said in properties.items():
        full = f"{prefix}{name}"
        if "properties" in said:
            yield from _walk(f"{full}.", said["properties"])
        else:
            yield full, said["type"]
