"""What measured signals mean, in words a press officer understands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards.web.times import span
from dashboards.web.words import Words, gettext_noop
from stream.records import Evidence

Unit = Literal["count", "share", "seconds", "odds", "flag"]

SIGNALS: dict[str, tuple[str, Unit]] = {
    "accounts_in_window": (gettext_noop("Accounts at the same time"), "count"),
    "surprise": (gettext_noop("Chance that this happens by itself"), "odds"),
    "exact_copies": (gettext_noop("Word for word the same"), "share"),
    "span_seconds": (gettext_noop("All within"), "seconds"),
    "platforms": (gettext_noop("Platforms"), "count"),
    "new_accounts": (gettext_noop("Accounts younger than 30 days"), "share"),
    "recurring_accounts": (gettext_noop("Accounts known from earlier bursts"), "share"),
    "reposts": (gettext_noop("Plain reposts"), "share"),
    "openness": (gettext_noop("Open calls: votes, official links, fan projects"), "share"),
    "news_sites": (gettext_noop("News sites linked"), "count"),
    "one_article": (gettext_noop("One article, passed on word for word"), "share"),
    "settled_crowd": (
        gettext_noop("Nearly everybody has been there for longer than 30 days"),
        "share",
    ),
    "of_a_member": (gettext_noop("Posts about one member, who has an alert"), "share"),
    "template_numbers": (gettext_noop("Written by an app: only a number differs"), "flag"),
    "harm_threat": (gettext_noop("Threat to safety"), "share"),
    "harm_sexual_deepfake": (gettext_noop("Sexual deepfake: trade, request"), "share"),
    "harm_stalking": (gettext_noop("Stalking, sale of personal information"), "share"),
    "harm_sexual_harassment": (gettext_noop("Sexual harassment"), "share"),
    "harm_hate": (gettext_noop("Hate, demeaning abuse"), "share"),
    "harm_defamation": (gettext_noop("Claims told as facts"), "share"),
    "harm_deceptive_marketing": (gettext_noop("Deceptive marketing"), "share"),
    "harm_impersonation": (gettext_noop("Impersonation"), "share"),
    "telling_words": (gettext_noop("Posts with telling words"), "count"),
    "accounts": (gettext_noop("Accounts"), "count"),
    "copied_posts": (gettext_noop("Posts that repeat each other"), "share"),
    "trusted_company": (gettext_noop("Trust earned together elsewhere"), "share"),
    "shared_elsewhere": (gettext_noop("Accounts that also share something else"), "share"),
    "closed_circle": (
        gettext_noop("Chance that the same accounts meet again so often"),
        "odds",
    ),
    "disguised_text": (gettext_noop("Posts with disguised letters"), "share"),
    "burst_surprise": (gettext_noop("Chance of such a burst of copies"), "odds"),
    "posts_in_ten_minutes": (gettext_noop("Most posts in ten minutes"), "count"),
    "harm": (gettext_noop("Harm to the subject"), "share"),
    "appeals_to_report": (gettext_noop("Calls to report what others wrote"), "share"),
    "news_links": (gettext_noop("Links to news"), "share"),
    "own_words": (gettext_noop("Texts in own words"), "share"),
    "criticism": (gettext_noop("Judged to be criticism"), "share"),
    "media_face_sexual": (gettext_noop("Sexual pictures with the face of the person"), "count"),
    "media_official_altered_sexual": (
        gettext_noop("Official photo turned into a sexual picture"),
        "count",
    ),
    "media_official_face_altered": (
        gettext_noop("Official photo with a changed face"),
        "count",
    ),
    "media_known_bad": (gettext_noop("Known harmful picture"), "count"),
    "media_family_known_bad": (gettext_noop("Variant of a known harmful picture"), "count"),
    "media_official_altered": (gettext_noop("Official photo that was changed"), "count"),
    "media_face_machine_made": (
        gettext_noop("The file says that a machine made it"),
        "count",
    ),
    "media_forgery_likely": (
        gettext_noop("A model takes it for forged: supports, proves nothing"),
        "count",
    ),
    "media_machine_made": (
        gettext_noop("The file says itself that a machine made it, or a part of it"),
        "count",
    ),
    "media_signature_invalid": (
        gettext_noop("Signed, and changed since or wrongly signed"),
        "count",
    ),
    "media_signature_trusted": (
        gettext_noop("Signed by somebody you trust, and unchanged since"),
        "count",
    ),
    "media_forgery_unlikely": (
        gettext_noop("A model sees no forgery in it: proves little"),
        "count",
    ),
    "media_changed_area": (gettext_noop("Share of the photo that was changed"), "share"),
    "long_standing_accounts": (gettext_noop("Accounts older than 30 days"), "share"),
}

MOST_ODDS = 6
"""Beyond one in a million the exact chance says nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceBar:
    """One reason: the measured value as a bar, what was to be expected as a tick.

    ``fill`` and ``tick`` are between 0 and 100; ``fill`` is None where there is
    nothing to compare the value with.
    """

    label: str
    value: str
    expected: str | None
    fill: float | None
    tick: float | None
    post_ids: tuple[str, ...]


def evidence_bars(evidence: Sequence[Evidence], words: Words) -> list[EvidenceBar]:
    """Reasons ready to be drawn, in the order in which they were given."""
    return [_bar(one, words) for one in evidence]


def _bar(evidence: Evidence, words: Words) -> EvidenceBar:
    label, unit = SIGNALS.get(
        evidence.signal, (evidence.signal.replace("_", " ").capitalize(), "count")
    )
    expected = evidence.expected
    # Shares have a natural end; anything else is drawn against the larger of the two.
    top = 1.0 if unit == "share" else max(evidence.value, expected or 0.0)
    return EvidenceBar(
        label=words(label),
        value=_in_unit(evidence.value, unit, words),
        expected=None if expected is None else _in_unit(expected, unit, words),
        fill=None if expected is None and unit != "share" else _percent(evidence.value, top),
        tick=None if expected is None else _percent(expected, top),
        post_ids=evidence.post_ids,
    )


def _in_unit(value: float, unit: Unit, words: Words) -> str:
    if unit == "share":
        return f"{value * 100:.0f} %"
    if unit == "seconds":
        return span(round(value * 1000), words)
    if unit == "odds":
        if value >= MOST_ODDS:
            return words("less than 1 in a million")
        return words("1 in {n}", n=words.number(round(10 ** max(value, 0.0))))
    if unit == "flag":
        return words("yes") if value else words("no")
    return words.number(round(value, 1))


def _percent(value: float, top: float) -> float:
    return round(100 * min(max(value / top, 0.0), 1.0), 1) if top > 0 else 0.0
