"""What must be there before anything is written: templates, indices, aliases, roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from stream.elastic import mappings
from stream.elastic.names import NOUNS, Names

PRIORITY = 300
"""Above the templates that Elasticsearch brings along (100 and 200)."""


class Step(msgspec.Struct, frozen=True):
    """One thing that must be there: what it is, its name, and its document."""

    kind: str
    name: str
    body: dict[str, Any]


def steps(names: Names) -> Iterator[Step]:
    """Everything that `jikimi setup` sees to, in order."""
    yield Step("component_template", f"{names.prefix}-settings", _settings())
    yield Step("index_template", names.posts, _posts(names))
    for noun in NOUNS:
        yield Step("index_template", names.of(noun), _noun(names, noun))
    yield Step("index", names.no_month, {})
    for noun in NOUNS:
        alias = {names.of(noun): {"is_write_index": True}}
        yield Step("index", names.generation(noun), {"aliases": alias})


def roles(names: Names) -> dict[str, dict[str, Any]]:
    """Least privileges by role: who sets up, who writes, who only reads.

    Each is the body of ``PUT _security/role/NAME``, or of ``role_descriptors`` of an API key.
    """
    own = [names.everything]
    return {
        f"{names.prefix}-setup": {
            "cluster": ["manage_index_templates", "monitor"],
            "indices": [{"names": own, "privileges": ["manage", "view_index_metadata"]}],
        },
        f"{names.prefix}-index": {
            "cluster": ["monitor"],
            "indices": [
                {
                    "names": own,
                    "privileges": [
                        "auto_configure", "create_index", "index", "create", "delete", "read",
                        "maintenance", "view_index_metadata",
                    ],
                },
                # Retention and the switch of an alias after a replay.
                {"names": own, "privileges": ["delete_index", "manage"]},
            ],
        },
        f"{names.prefix}-web": {
            "cluster": ["monitor"],
            "indices": [{"names": own, "privileges": ["read", "view_index_metadata"]}],
        },
    }  # fmt: skip


def _settings() -> dict[str, Any]:
    return {"template": {"settings": mappings.SETTINGS}, "_meta": _meta()}


def _posts(names: Names) -> dict[str, Any]:
    # A tombstone has no time, and so does not show to anybody who asks the alias.
    alias = {names.posts: {"filter": {"exists": {"field": "@timestamp"}}}}
    return _template(names, names.months, mappings.of_posts(), alias)


def _noun(names: Names, noun: str) -> dict[str, Any]:
    return _template(names, f"{names.of(noun)}-*", mappings.of_noun(noun), {})


def _template(
    names: Names, pattern: str, mapping: dict[str, Any], aliases: dict[str, Any]
) -> dict[str, Any]:
    return {
        "index_patterns": [pattern],
        "priority": PRIORITY,
        "composed_of": [f"{names.prefix}-settings"],
        "template": {"mappings": mapping, "aliases": aliases},
        "_meta": _meta(),
        "version": mappings.VERSION,
    }


def _meta() -> dict[str, Any]:
    return {"owner": "jikimi", "version": mappings.VERSION}
