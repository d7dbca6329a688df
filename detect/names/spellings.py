"""All spellings of a subject, and which of them need context to count."""

from __future__ import annotations

import re
from collections.abc import Iterator

from detect.names.common_words import ENGLISH, FUNCTION_WORDS, KOREAN, WESTERN_NAMES
from detect.text import fold
from detect.watchlist import Subject

_HANGUL = re.compile("[가-힣 ]+")
_SHORT_LATIN = 2
_SPLIT_FROM = 4
_SPACES = re.compile(r"[\s\-_·・.]+")


def spellings(subject: Subject) -> Iterator[str]:
    """Every way to write the subject that the watchlist gives, as it gives it."""
    yield subject.name
    if subject.legal_name:
        yield subject.legal_name
    if subject.hangul_name:
        yield subject.hangul_name
    for table in (subject.names, subject.aliases):
        for listed in table.values():
            yield from listed
    yield from subject.romanisations
    yield from subject.ambiguous


def is_hangul(text: str) -> bool:
    """Whether a spelling is written in Hangul syllables alone."""
    return bool(_HANGUL.fullmatch(text))


def why_ambiguous(spelling: str) -> str | None:
    """Why a spelling by itself names nobody for certain; None when it does."""
    plain = fold(spelling).strip()
    letters = _SPACES.sub("", plain)
    if not any(ch.isalpha() for ch in letters):
        return "has no letters"
    if len(letters) == 1:
        return "is one character"
    if letters.isascii() and len(letters) <= _SHORT_LATIN:
        return "has two letters or fewer"
    both = {plain, letters}
    if both & (ENGLISH | FUNCTION_WORDS | KOREAN):
        return "is an ordinary word"
    return "is a common given name" if both & WESTERN_NAMES else None


def written_forms(spelling: str) -> tuple[str, ...]:
    """The plain form with its spaces and hyphens kept, exchanged and left out.

    ``Red-Velvet`` is also written ``red velvet`` and ``redvelvet``, ``Kim Ji-soo`` also
    ``kim jisoo``; a long Hangul name with a space somewhere (레드 벨벳).
    """
    plain = " ".join(fold(spelling).split())
    if not plain:
        return ()
    joined = plain.replace(" ", "").replace("-", "")
    forms = {plain: None}
    if "-" in plain or " " in plain:
        forms[plain.replace("-", "")] = None
        parts = plain.replace("-", " ")
        # "do-i" pulled apart would be found in every question.
        if "-" not in plain or not FUNCTION_WORDS.intersection(parts.split()):
            forms[parts] = None
        if " " not in plain or "-" not in plain:
            forms[plain.replace(" ", "-")] = None
        forms[joined] = None
    if is_hangul(joined) and len(joined) >= _SPLIT_FROM:
        for at in range(2, len(joined) - 1):
            forms[f"{joined[:at]} {joined[at:]}"] = None
    return tuple(form for form in forms if form.strip("- "))
