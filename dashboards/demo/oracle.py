"""What the scenario knows and the pipeline never sees: who planted which post."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from dashboards.demo.harms import PlantedHarm
from dashboards.demo.organic import ORDINARY
from dashboards.demo.scenario import Scenario, campaigns, generate, planted_harm
from dashboards.demo.smears import Campaign
from dashboards.demo.writing import Staged
from ingest.records import Post


class Oracle(msgspec.Struct, frozen=True, kw_only=True):
    """The truth of one scenario.

    ``labels`` holds every post that is not ordinary: ``campaign:<id>``,
    ``harm:<category>``, ``harm_warning``, ``fan_event``, ``criticism``, ``news``,
    ``official``, ``hater``, ``picture``. ``kinds`` counts posts by kind, each
    once. Posts with which campaign accounts look like fans are ordinary.
    """

    campaigns: tuple[Campaign, ...]
    labels: Mapping[str, str]
    kinds: Mapping[str, int]
    harm: tuple[PlantedHarm, ...] = ()

    @staticmethod
    def of(scenario: Scenario) -> Oracle:
        """Runs the scenario once and keeps its labels."""
        return Oracle.watch(scenario, generate(scenario))

    @staticmethod
    def watch(scenario: Scenario, staged: Iterable[Staged]) -> Oracle:
        """The oracle of a scenario whose items are at hand."""
        labels: dict[str, str] = {}
        kinds: dict[str, int] = {}
        known: set[str] = set()
        for _, item, kind in staged:
            if not isinstance(item, Post) or item.id in known:
                continue
            known.add(item.id)
            kinds[kind] = kinds.get(kind, 0) + 1
            if kind != ORDINARY:
                labels[item.id] = kind
        return Oracle(
            campaigns=campaigns(scenario),
            labels=labels,
            kinds=kinds,
            harm=planted_harm(scenario),
        )

    def label(self, post_id: str) -> str:
        """The kind of a post; unknown posts count as ordinary."""
        return self.labels.get(post_id, ORDINARY)
