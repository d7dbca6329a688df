"""How Elasticsearch stands: version, clock, aliases, room on its disks, blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec
from elasticsearch import Elasticsearch

from stream.elastic.client import told
from stream.elastic.names import NOUNS, Names

WATERMARKS = ("low", "high", "flood_stage")
_SIZES = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}


class Room(msgspec.Struct, frozen=True):
    """The disk of a node, and the free bytes below which the server acts, by watermark."""

    node: str
    free: int
    total: int
    least: Mapping[str, int]

    @property
    def passed(self) -> str:
        """The worst watermark that is passed, empty for none."""
        return next((n for n in reversed(WATERMARKS) if self.free < self.least[n]), "")


class ElasticState(msgspec.Struct, frozen=True, kw_only=True):
    """What one look tells. ``now`` is the server's clock in ms.

    ``version`` is that of the oldest node. ``aliases`` has the indices behind each alias that
    must be there; ``blocked`` the
    settings that forbid writes, by index. ``watched``: whether the server heeds watermarks.
    """

    version: str
    status: str
    now: int
    aliases: Mapping[str, tuple[str, ...]]
    room: tuple[Room, ...]
    watched: bool
    blocked: Mapping[str, tuple[str, ...]]


def look(client: Elasticsearch, names: Names) -> ElasticState:
    """Look at the cluster.

    Raises:
        IndexUnavailableError: it does not answer, or refuses.
    """
    with told():
        # Not GET /: the core distribution has no such page.
        nodes = client.nodes.info(filter_path="nodes.*.version")["nodes"]
        health: Any = client.cat.health(format="json", h="epoch,status")
        found = client.indices.get_alias(index=names.everything)
        stats = client.nodes.stats(metric="fs")["nodes"]
        settings = client.cluster.get_settings(include_defaults=True, flat_settings=True)
        blocks = client.indices.get_settings(index=names.everything, name="index.blocks.*")
    flat: dict[str, str] = {}
    for level in ("defaults", "persistent", "transient"):
        flat |= settings.get(level, {})
    disk = "cluster.routing.allocation.disk"
    return ElasticState(
        version=min((str(node["version"]) for node in nodes.values()), key=_ordered),
        status=str(health[0]["status"]),
        now=int(health[0]["epoch"]) * 1000,
        aliases=_aliases(names, found.body),
        room=tuple(_room(node, flat) for node in stats.values() if node["fs"].get("total")),
        watched=str(flat.get(f"{disk}.threshold_enabled", "true")) == "true",
        blocked=_blocked(blocks.body),
    )


def _ordered(version: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", version)]


def _aliases(names: Names, found: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    wanted = [names.posts, *map(names.of, NOUNS)]
    return {
        alias: tuple(sorted(index for index, said in found.items() if alias in said["aliases"]))
        for alias in wanted
    }


def _room(node: Mapping[str, Any], flat: Mapping[str, str]) -> Room:
    total = int(node["fs"]["total"]["total_in_bytes"])
    free = int(node["fs"]["total"]["available_in_bytes"])
    prefix = "cluster.routing.allocation.disk.watermark"
    least = {
        name: least_free(
            str(flat.get(f"{prefix}.{name}", "100%")),
            str(flat.get(f"{prefix}.{name}.max_headroom", "-1")),
            total,
        )
        for name in WATERMARKS
    }
    return Room(str(node.get("name", "")), free, total, least)


def least_free(mark: str, headroom: str, total: int) -> int:
    """Bytes that must be free by a watermark: ``85%``, ``0.85``, or bytes such as ``10gb``."""
    if re.fullmatch(r"[\d.]+%", mark):
        share = float(mark[:-1]) / 100
    elif re.fullmatch(r"[01](\.\d+)?", mark):
        share = float(mark)
    else:
        return _bytes(mark)
    free = int(total * (1 - share))
    most = _bytes(headroom)
    return free if most < 0 else min(free, most)


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(-?[\d.]+)([kmgtp]?b)?", text.lower())
    return int(float(match[1]) * _SIZES.get(match[2] or "b", 1)) if match else -1


def _blocked(found: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    blocked: dict[str, tuple[str, ...]] = {}
    for index, said in sorted(found.items()):
        blocks = cast("dict[str, object]", said["settings"].get("index", {}).get("blocks", {}))
        on = tuple(sorted(name for name, value in blocks.items() if str(value) == "true"))
        if on:
            blocked[index] = on
    return blocked
