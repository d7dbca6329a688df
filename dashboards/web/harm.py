"""What pages say about the harm of a post, and when its text is hidden until asked for."""

from __future__ import annotations

from detect.language import base_code
from detect.records import LIKELY, UNKNOWN_LANGUAGE, HarmScore, Judgement
from stream.index import IndexedPost


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
