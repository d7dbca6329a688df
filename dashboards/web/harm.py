"""What pages say about the harm of a post, and when its text is hidden until asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from dashboards.web.words import gettext_noop
from detect.harm.judge import HarmJudge
from detect.language import base_code, identify
from detect.records import LIKELY, UNKNOWN_LANGUAGE, HarmScore, Judgement
from stream.index import IndexedPost

CATEGORY_WORDS: Mapping[str, str] = {
    "defamation": gettext_noop("Defamation"),
    "sexual_harassment": gettext_noop("Sexual harassment"),
    "sexual_deepfake": gettext_noop("Sexual deepfake"),
    "threat": gettext_noop("Threat"),
    "stalking": gettext_noop("Stalking"),
    "hate": gettext_noop("Hate"),
    "deceptive_marketing": gettext_noop("Deceptive marketing"),
    "impersonation": gettext_noop("Impersonation"),
    "criticism": gettext_noop("Criticism"),
}
TARGET_WORDS: Mapping[str, str] = {
    "subject": gettext_noop("a subject of the watchlist"),
    "fan": gettext_noop("fans"),
    "other": gettext_noop("somebody else"),
    "unknown": gettext_noop("nobody that can be told"),
}
LAYER_WORDS: Mapping[str, str] = {
    "words": gettext_noop("list of words"),
    "model": gettext_noop("model"),
}

LONGEST_LABEL = 200
"""Code points of a hashtag that are looked at."""
_SEAMS = re.compile(r"_+|(?<=[a-z])(?=[A-Z])")


def is_spared(judgement: Judgement | None) -> bool:
    """Whether readers of lists are spared the text: it more likely harms than not."""
    return judgement is not None and judgement.worst >= LIKELY


def shown_harm(judgement: Judgement | None) -> tuple[HarmScore, ...]:
    """The categories worth a word beside a post, the likeliest first."""
    if judgement is None:
        return ()
    return tuple(one for one in judgement.harm if one.score >= LIKELY)


def language_of(found: IndexedPost) -> str | None:
    """The language of the words, by the platform's name for it where that fits."""
    stated = found.post.lang
    told = found.judgement.language if found.judgement else UNKNOWN_LANGUAGE
    return stated if told in (UNKNOWN_LANGUAGE, base_code(stated)) else told


@lru_cache(maxsize=4096)
def label_harm(label: str) -> Judgement | None:
    """What the words of a hashtag do to people, where readers are spared them; else None.

    Hashtags are counted over many posts, so no judgement of one post speaks for them.
    """
    spaced = _SEAMS.sub(" ", label[:LONGEST_LABEL])
    (said,) = _words_alone().judge_texts([spaced], [()])
    return said if is_spared(said) else None


@lru_cache(maxsize=1)
def _words_alone() -> HarmJudge:
    return HarmJudge(identify)
