"""The judge of posts: language, words in context, the model, and one record from them.

It does no input or output and remembers nothing. The words come first: where they speak
they alone decide; what the model says elsewhere is held below the threshold of alerts, and
a reason of the layer "model" marks it, so that whoever must rest on words can.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from detect.harm.lexicon import HarmLexicon, harm_lexicon
from detect.harm.model import HarmModel, Scores
from detect.harm.reading import Cue, general_target, read
from detect.harm.thresholds import FLOOR, MODEL_ALONE, SURE_FROM, UNSURE_FROM
from detect.records import (
    HARM_CATEGORIES,
    MODEL,
    OPINION,
    WORDS,
    HarmCategory,
    HarmReason,
    HarmScore,
    Judgement,
    Mention,
)
from detect.text import fold
from detect.wording.evasion import Disguised
from ingest.records import Post

LONGEST = 40_000
"""Code points of a post that are judged."""
_REASONS = 6
_HANGUL_LANGUAGE = "ko"
_TONES = 3


class Identify(Protocol):
    """Tells the language of a text, as :func:`detect.language.identify` does."""

    def __call__(
        self, text: str, *, skip: Iterable[tuple[int, int]] = (), hint: str | None = None
    ) -> str:
        """BCP 47, "und" where none can be told."""
        ...


class HarmJudge:
    """Judges posts; may be shared between threads.

    Args:
        identify: tells the language of a text.
        model: a trained model; without one the words speak alone.
        lexicon: words and rules, else those that come with jikimi.
    """

    def __init__(
        self,
        identify: Identify,
        model: HarmModel | None = None,
        lexicon: HarmLexicon | None = None,
    ) -> None:
        self._identify = identify
        self._model = model
        self._lexicon = lexicon or harm_lexicon()
        by_model = f"+model.{model.version}" if model else ""
        self.version = f"harm/1+{self._lexicon.version}{by_model}"

    def judge(
        self, posts: Sequence[Post], mentions: Sequence[tuple[Mention, ...]], /
    ) -> list[Judgement]:
        """One judgement for each post, in the same order."""
        hints = [post.lang for post in posts]
        return self.judge_texts([post.text for post in posts], mentions, hints)

    def judge_texts(
        self,
        texts: Sequence[str],
        mentions: Sequence[tuple[Mention, ...]],
        hints: Sequence[str | None] = (),
    ) -> list[Judgement]:
        """One judgement for each text, given whom it is about.

        Args:
            texts: what was said.
            mentions: whom each is about.
            hints: the language that the platform says, for each text or for none.
        """
        seen = [Disguised(text[:LONGEST]) for text in texts]
        scores = None
        if self._model is not None and seen:
            said = [
                _without_names(text, about) for text, about in zip(seen, mentions, strict=True)
            ]
            scores = self._model.scores(said)
        return [
            self._one(text, about, language, scores, row)
            for row, (text, about, language) in enumerate(
                zip(seen, mentions, self._languages(seen, mentions, hints), strict=True)
            )
        ]

    def _languages(
        self,
        texts: Sequence[Disguised],
        mentions: Sequence[tuple[Mention, ...]],
        hints: Sequence[str | None],
    ) -> list[str]:
        return [
            self._identify(
                text.original,
                skip=[
                    (one.start, one.end)
                    for one in about
                    if one.start is not None and one.end is not None
                ],
                hint=hint,
            )
            for text, about, hint in zip(
                texts, mentions, hints or [None] * len(texts), strict=True
            )
        ]

    def _one(
        self,
        text: Disguised,
        mentions: tuple[Mention, ...],
        language: str,
        scores: Scores | None,
        row: int,
    ) -> Judgement:
        cues = read(self._lexicon, text, mentions, language)
        known = {} if scores is None else self._of_model(scores, row, language)
        harm = sorted(
            (
                HarmScore(
                    category=category,
                    score=score,
                    unsure=UNSURE_FROM <= score < SURE_FROM,
                )
                for category in HARM_CATEGORIES
                if (score := _together(category, cues, known)) >= FLOOR
            ),
            key=lambda one: -one.score,
        )
        kept = {one.category for one in harm}
        aimed = [cue for cue in cues if cue.category in kept]
        aimed.sort(key=lambda cue: (cue.category == OPINION, -cue.score))
        return Judgement(
            language=language,
            harm=tuple(harm),
            target=aimed[0].target if aimed else general_target(mentions),
            reasons=tuple(self._reasons(text, mentions, aimed, known, harm)),
            version=self.version,
        )

    def _of_model(self, scores: Scores, row: int, language: str) -> dict[HarmCategory, float]:
        found = dict(zip(HARM_CATEGORIES, scores.categories[row].tolist(), strict=True))
        if language == _HANGUL_LANGUAGE:
            # Only Korean comments taught it a tone.
            found["hate"] = max(found["hate"], float(scores.tone[row, 2]))
        return found

    def _reasons(
        self,
        text: Disguised,
        mentions: tuple[Mention, ...],
        cues: Sequence[Cue],
        known: dict[HarmCategory, float],
        harm: Sequence[HarmScore],
    ) -> list[HarmReason]:
        found: dict[HarmReason, None] = {}
        for cue in cues:
            for start, end in cue.words:
                reason = HarmReason(
                    layer=WORDS,
                    category=cue.category,
                    surface=text.original[start:end],
                    start=start,
                    end=end,
                )
                found[reason] = None
        kept = list(found)[:_REASONS]
        worded = {cue.category for cue in cues}
        for one in harm:
            if one.category not in worded and one.category in known:
                kept += self._said_by_model(text, mentions, one.category)
        return kept

    def _said_by_model(
        self, text: Disguised, mentions: tuple[Mention, ...], category: HarmCategory
    ) -> list[HarmReason]:
        """What in a text spoke for a category to the model."""
        if self._model is None:
            return []
        said = _without_names(text, mentions)
        columns = [_TONES + HARM_CATEGORIES.index(category)]
        if category == "hate" and self._model.knows_tone:
            columns.append(_TONES - 1)
        if said != text.joined:
            # Names were taken out: positions in what the model saw lead nowhere.
            return [HarmReason(layer=MODEL, category=category)]
        spans = {span for column in columns for span in self._model.telling(said, column)}
        places = sorted({text.span("joined", start, end) for start, end in spans})
        return [
            HarmReason(
                layer=MODEL,
                category=category,
                surface=text.original[start:end],
                start=start,
                end=end,
            )
            for start, end in places
        ] or [HarmReason(layer=MODEL, category=category)]


def _together(
    category: HarmCategory, cues: Sequence[Cue], known: dict[HarmCategory, float]
) -> float:
    """The score of a category: of its words, or of the model where no word speaks.

    Where words were weakened, since a text warns, reports or sings, the model is not asked:
    it knows little of that.
    """
    own = [cue.score for cue in cues if cue.category == category]
    if own:
        return round(max(own), 3)
    said = known.get(category, 0.0)
    return round(min(said, MODEL_ALONE), 3) if said >= UNSURE_FROM else 0.0


def _without_names(text: Disguised, mentions: Sequence[Mention]) -> str:
    """What the model sees: no names of subjects, so that it cannot learn to dislike one."""
    said = text.joined
    for surface in {mention.surface for mention in mentions if mention.surface}:
        said = said.replace(fold(surface), "○")
    return said
