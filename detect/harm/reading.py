"""Applies the rules of harm to one text: which of them speak, how strongly, at whom.

Words in their context, never a word alone: who stands near by (a watched person, fans,
somebody else, the writer), whether the text warns, reports, denies, quotes, sings, plays
a part or praises.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from detect.harm.lexicon import NUMBER, SUBJECT, HarmLexicon, Hit, Rule
from detect.records import OPINION, HarmCategory, Mention, Target
from detect.wording.evasion import Disguised

_NUMBER = re.compile(r"(?<!\d)(?:\+?82[-. ]?1|01)[016789][-. ]?\d{3,4}[-. ]?\d{4}(?!\d)")
_QUOTES = {"“": "”", "「": "」", "『": "』", "‘": "’", "《": "》", '"': '"'}
_QUOTED = 0.55
"""Factor of what stands in quotation marks inside a longer text."""
_QUOTE_FROM, _QUOTE_TO = 2, 200
_FIRM = 0.6
"""The least factor of a firm rule: an offer with an address is one, whatever else it says."""
_SELF = 0.25
_SELF_REACH = 14
_REACH = 80
"""Code points up to which a word near by can be the one aimed at."""
_FANS_OF = 4
"""Code points between a name and a word for fans that make them the ones aimed at."""
_LEAST = 0.05
_MILD: frozenset[HarmCategory] = frozenset({"threat", "hate"})
_TOLD_BY_OTHERS: frozenset[HarmCategory] = frozenset({"defamation", "stalking"})
"""Where others who are named are mostly those who tell or hide it."""
Span = tuple[int, int]


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that spoke: its category and score, its words, its target.

    ``plain_score`` is what the rule gives before anything weakens it.
    """

    category: HarmCategory
    score: float
    plain_score: float
    words: tuple[Span, ...]
    target: Target


def read(
    lexicon: HarmLexicon,
    text: Disguised,
    mentions: Sequence[Mention],
    language: str,
) -> list[Cue]:
    """The rules that speak in a text, those of the highest score first.

    Args:
        text: what was written, in its views.
        mentions: whom it is about.
        language: BCP 47, "und" where none could be told.
    """
    names = {
        (mention.start, mention.end)
        for mention in mentions
        if mention.start is not None and mention.end is not None
    }
    placed = lexicon.groups(text, language, names)
    if not placed:
        return []
    placed[SUBJECT] = sorted((Hit(*name, SUBJECT) for name in names), key=_start)
    if "personal" in placed:
        placed[NUMBER] = [
            Hit(*match.span(), NUMBER) for match in _NUMBER.finditer(text.original)
        ]
    return _Page(lexicon, text.original, placed, mentions).cues()


class _Page:
    """One text with the words that were found in it."""

    def __init__(
        self,
        lexicon: HarmLexicon,
        text: str,
        placed: Mapping[str, list[Hit]],
        mentions: Sequence[Mention],
    ) -> None:
        self._lexicon = lexicon
        self._text = text
        self._placed = placed
        self._starts = {group: [hit.start for hit in hits] for group, hits in placed.items()}
        self._mentions = mentions
        self._quoted: list[Span] | None = None

    def cues(self) -> list[Cue]:
        """The best cue of every rule."""
        found = [cue for rule in self._lexicon.rules if (cue := self._best(rule)) is not None]
        return sorted(found, key=lambda cue: (-cue.score, cue.words))

    def _best(self, rule: Rule) -> Cue | None:
        slots = rule.slots
        best: Cue | None = None
        for group in slots[0]:
            for hit in self._placed.get(group, ()):
                words = self._complete(hit, slots[1:], rule.within)
                if words is None:
                    continue
                score = rule.score * self._factor(rule, hit)
                if score > _LEAST and (best is None or score > best.score):
                    best = Cue(
                        category=rule.category,
                        score=score,
                        plain_score=rule.score,
                        words=tuple(sorted({(hit.start, hit.end), *words})),
                        target=self._target(hit, rule.category),
                    )
        return best

    def _complete(
        self, hit: Hit, slots: Sequence[tuple[str, ...]], within: int
    ) -> list[Span] | None:
        """Words of the other groups of a rule near its first one; None when one lacks."""
        words: list[Span] = []
        for slot in slots:
            near = self._nearest(hit, slot, within, words)
            if near is None:
                return None
            words.append((near.start, near.end))
        return words

    def _nearest(
        self, hit: Hit, groups: Iterable[str], within: int, taken: Sequence[Span] = ()
    ) -> Hit | None:
        """The closest word of some groups that overlaps none of a rule's; None when far."""
        best: Hit | None = None
        least = within + 1
        for group in groups:
            hits = self._placed.get(group)
            if not hits:
                continue
            place = bisect_left(self._starts[group], hit.start)
            for other in hits[max(0, place - 3) : place + 3]:
                gap = max(other.start - hit.end, hit.start - other.end)
                used = any(other.start < end and other.end > start for start, end in taken)
                if 0 <= gap < least and not used:
                    best, least = other, gap
        return best

    def _factor(self, rule: Rule, hit: Hit) -> float:
        factor = 1.0
        for weaken in self._lexicon.weaken:
            if rule.category not in weaken.categories or weaken.group in rule.slots[0]:
                continue
            if self._nearest(hit, (weaken.group,), weaken.reach) is not None:
                factor *= weaken.factor
        if rule.category != OPINION and self._is_quoted(hit):
            factor *= _QUOTED
        if rule.category in _MILD and self._is_self(hit):
            factor *= _SELF
        return max(factor, _FIRM) if rule.firm else factor

    def _is_self(self, hit: Hit) -> bool:
        """Whether the writer is nearer than anybody else."""
        own = self._nearest(hit, ("self",), _SELF_REACH)
        if own is None:
            return False
        reach = max(own.start - hit.end, hit.start - own.end)
        # "I will kill you" has a writer too.
        return self._nearest(hit, (SUBJECT, "you", "fan", "intent"), reach + 12) is None

    def _is_quoted(self, hit: Hit) -> bool:
        if self._quoted is None:
            self._quoted = _quotations(self._text)
        return any(start < hit.start and hit.end <= end for start, end in self._quoted)

    def _have_fans(self, subject: Hit) -> bool:
        """Whether a name says whose fans: "X fans", "las fans de X", "แฟนคลับ X"."""
        fan = self._nearest(subject, ("fan",), _FANS_OF)
        if fan is None:
            return False
        # Where words for fans come first nothing but "of" stands between.
        first = self._text[fan.start]
        return fan.start >= subject.end or first < "\u0370" or "\u0e00" <= first <= "\u0e7f"

    def _target(self, hit: Hit, category: HarmCategory) -> Target:
        """At whom a word is aimed: the nearest who is named, fans where a name is theirs."""
        subject = self._nearest(hit, (SUBJECT,), _REACH)
        fan = self._nearest(hit, ("fan",), _REACH)
        other = self._nearest(hit, ("other",), _REACH)
        if category in _TOLD_BY_OTHERS and subject is not None:
            other = None
        ranked = sorted(
            (max(near.start - hit.end, hit.start - near.end), order, kind)
            for order, (near, kind) in enumerate(((subject, "s"), (fan, "f"), (other, "o")))
            if near is not None
        )
        if subject is not None and fan is not None and self._have_fans(subject):
            return "fan"
        if ranked:
            return {"s": "subject", "f": "fan", "o": "other"}[ranked[0][2]]  # type: ignore[return-value]
        return general_target(self._mentions)


def general_target(mentions: Sequence[Mention]) -> Target:
    """At whom a text is aimed as far as whom it names tells.

    A post about a subject in its own place or by its thread may be aimed at anybody there.
    """
    direct = any(mention.reason in {"alias", "copy", "official"} for mention in mentions)
    return "subject" if direct else "unknown"


def _quotations(text: str) -> list[Span]:
    """Stretches in quotation marks that are not the whole text; one pass."""
    found: list[Span] = []
    opened, closing = -1, ""
    for at, ch in enumerate(text):
        if closing and ch == closing:
            if _QUOTE_FROM <= at - opened <= _QUOTE_TO:
                found.append((opened, at))
            closing = ""
        elif ch in _QUOTES and not (closing and at - opened <= _QUOTE_TO):
            opened, closing = at, _QUOTES[ch]
    whole = len(text.strip()) - 1
    return [span for span in found if span[1] - span[0] < whole]


def _start(hit: Hit) -> int:
    return hit.start
