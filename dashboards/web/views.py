"""Shared view models: how sources are doing, and one row of the alert list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards.web import times
from dashboards.web.words import Words, gettext_noop
from ingest.records import SourceState, SourceStatus

SILENT_MS = 10 * times.MINUTE
"""A live source that reports nothing for this long is worth a look."""

SEVERITIES = ("critical", "high", "medium", "low")
STATES = ("open", "acknowledged", "resolved")
REASONS = (
    "handled",
    "false alarm",
    "fan event",
    "criticism or opinion",
    "duplicate",
    "other",
)

Tone = Literal["good", "warn", "bad", "idle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """A source in plain words; ``tone`` never stands alone, ``word`` says the same."""

    name: str
    tone: Tone
    word: str
    advice: str
    problem: str | None
    status: SourceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All sources in one sentence, worst first."""

    tone: Tone
    sentence: str
    sources: tuple[SourceHealth, ...]


def health_of(statuses: Sequence[SourceStatus], now: int, words: Words) -> Health:
    """How the sources are doing, and what to do about those that are not well."""
    order = ("bad", "warn", "idle", "good")
    sources = sorted(
        (_source(status, now, words) for status in statuses),
        key=lambda one: (order.index(one.tone), one.name),
    )
    if not sources:
        return Health(tone="idle", sentence=words("No source has run yet"), sources=())
    unwell = [one for one in sources if one.tone in {"bad", "warn"}]
    if unwell:
        sentence = words.many(
            "{n} of {all} sources needs attention",
            "{n} of {all} sources need attention",
            len(unwell),
            all=len(sources),
        )
        return Health(tone=unwell[0].tone, sentence=sentence, sources=tuple(sources))
    behind = [now - s.status.last_item_at for s in sources if s.status.last_item_at is not None]
    sentence = words("Sources are well")
    if behind and any(one.status.state == "live" for one in sources):
        sentence = words("Sources are well, {span} behind", span=times.span(min(behind), words))
    return Health(tone="good", sentence=sentence, sources=tuple(sources))


def _source(status: SourceStatus, now: int, words: Words) -> SourceHealth:
    tone, word, advice = _STATES[status.state]
    quiet = now - (status.last_item_at or status.changed_at)
    if status.state == "live" and quiet > SILENT_MS:
        tone, word = "warn", gettext_noop("silent")
        advice = gettext_noop(
            "Connected, but nothing has come for a while. Check the network and the platform."
        )
    if status.problem and tone == "good":
        tone = "warn"
    return SourceHealth(
        name=status.source,
        tone=tone,
        word=words(word),
        advice=words(advice),
        problem=status.problem,
        status=status,
    )


_STATES: dict[SourceState, tuple[Tone, str, str]] = {
    "starting": ("idle", gettext_noop("starting"), gettext_noop("It connects now.")),
    "live": ("good", gettext_noop("live"), gettext_noop("Posts arrive as they are written.")),
    "catching_up": (
        "good",
        gettext_noop("catching up"),
        gettext_noop("It reads what was missed; alerts may be late until then."),
    ),
    "waiting": (
        "warn",
        gettext_noop("waiting"),
        gettext_noop("It tries again by itself; nothing is lost meanwhile."),
    ),
    "done": ("idle", gettext_noop("done"), gettext_noop("The file was read to its end.")),
    "failed": (
        "bad",
        gettext_noop("failed"),
        gettext_noop("It has stopped. Repair the cause, then start jikimi again."),
    ),
}
