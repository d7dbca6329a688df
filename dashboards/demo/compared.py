"""Compares what two hosts made of one scenario; nothing may differ.

Pictures are looked at beside the text path and told when they were looked at, so chance
decides in which order their posts reach an alert, of which it speaks when it doubles, and
which picture of a family is the first, after which family and alert are named. What it
amounts to is the same in any order, and so is what was found in each picture and which of
them are one family: families are compared under a name that all their pictures make.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dashboards.demo.playing import Outcome
from dashboards.demo.score import Score
from detect.records import PictureFinding
from stream.ids import derive_id
from stream.records import Alert, Result

MOST_TOLD = 100


class ScaledScore(Score, frozen=True, kw_only=True):
    """The object that ``jikimi demo --scale --headless --json`` prints.

    ``differs`` says in words what is not as in one process.
    """

    differs: tuple[str, ...]


def scaled_score(mine: Score, differs: list[str]) -> ScaledScore:
    """A score with what differs from the embedded host's, cut where it gets long."""
    told = differs[:MOST_TOLD]
    if len(differs) > MOST_TOLD:
        told.append(f"and {len(differs) - MOST_TOLD} more")
    fields = {name: getattr(mine, name) for name in Score.__struct_fields__}
    return ScaledScore(**fields, differs=tuple(told))


def differences(embedded: Outcome, scaled: Outcome) -> list[str]:
    """What is not the same: results by id and content, counters, the index's answers."""
    embedded, scaled = _renamed(embedded), _renamed(scaled)
    return [
        *_results(embedded.results, scaled.results),
        *_numbers("posts", embedded.posts, scaled.posts),
        *_numbers("index", embedded.indexed, scaled.indexed),
        *_alerts(embedded, scaled),
    ]


def _renamed(outcome: Outcome) -> Outcome:
    """The same with every family, and its alerts, named after its smallest finding id."""
    names: dict[str, str] = {}
    for result in outcome.results.values():
        if isinstance(result, PictureFinding) and result.family:
            first = names.get(result.family, result.finding_id)
            names[result.family] = min(first, result.finding_id)

    def renamed(result: Result) -> Result:
        if isinstance(result, PictureFinding):
            family = names.get(result.family, result.family)
            return msgspec.structs.replace(result, family=family, found_by="")
        if isinstance(result, Alert):
            return _of_family(result, names)
        return result

    results = {}
    for (kind, name), result in outcome.results.items():
        other = renamed(result)
        if isinstance(other, Alert) and other.family_id is not None:
            name = other.alert_id  # noqa: PLW2901 - another name is the point
        results[kind, name] = other
    alerts = tuple(_of_family(one, names) for one in outcome.alerts)
    return msgspec.structs.replace(outcome, results=results, alerts=alerts)


def _of_family(alert: Alert, names: Mapping[str, str]) -> Alert:
    if alert.kind != "media" or alert.family_id is None:
        return alert
    family = names.get(alert.family_id, alert.family_id)
    told = derive_id("al", "media", alert.subject, family)
    return msgspec.structs.replace(alert, alert_id=told, family_id=family)


def _results(
    embedded: Mapping[tuple[str, str], Result], scaled: Mapping[tuple[str, str], Result]
) -> list[str]:
    told: list[str] = []
    for key in sorted({*embedded, *scaled}):
        name = " ".join(key)
        if key not in scaled:
            told.append(f"{name}: only in one process")
        elif key not in embedded:
            told.append(f"{name}: only at scale")
        elif _content(embedded[key]) != _content(scaled[key]):
            told.append(f"{name}: other {_unlike(embedded[key], scaled[key])} at scale")
    return told


def _unlike(embedded: Result, scaled: Result) -> str:
    """The fields in which two results are not the same."""
    one, other = _content(embedded), _content(scaled)
    names = one.__struct_fields__
    return ", ".join(n for n in names if getattr(one, n) != getattr(other, n, None))


def _content(result: Result) -> Result:
    """A result without what only tells when its pictures were looked at."""
    if isinstance(result, PictureFinding):
        return msgspec.structs.replace(result, revision=0)
    if isinstance(result, Alert) and result.kind == "media":
        return msgspec.structs.replace(
            result,
            revision=0,
            created_at=0,
            updated_at=0,
            posts=0,
            accounts=0,
            platforms=(),
            post_ids=(),
            raised=None,
            evidence=tuple(
                msgspec.structs.replace(one, value=0.0, post_ids=()) for one in result.evidence
            ),
        )
    return result


def _numbers(what: str, embedded: Mapping[str, int], scaled: Mapping[str, int]) -> list[str]:
    return [
        f"{what} {name}: {embedded.get(name, 0)} in one process, {scaled.get(name, 0)} at scale"
        for name in sorted({*embedded, *scaled})
        if embedded.get(name, 0) != scaled.get(name, 0)
    ]


def _alerts(embedded: Outcome, scaled: Outcome) -> list[str]:
    if _shown(embedded) == _shown(scaled):
        return []
    return ["alerts: the pages over Elasticsearch do not show those of one process"]


def _shown(outcome: Outcome) -> tuple[list[Alert], dict[str, Result]]:
    """Alerts in the order of the page; those of pictures, whose place is chance, by id."""
    texts = [one for one in outcome.alerts if one.kind != "media"]
    return texts, {one.alert_id: _content(one) for one in outcome.alerts if one.kind == "media"}
