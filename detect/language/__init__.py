"""Which language a short post is in; names, links, tags and handles do not decide."""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import normalize

from detect.language.grams import FAMILIES, rank
from detect.language.scripts import FAMILY_SCRIPTS, weigh
from detect.records import UNKNOWN_LANGUAGE
from detect.text import IGNORABLE

LIMIT = 2000
"""Code points of a text that are looked at."""
SURE = 60.0
"""How far the best language must lead, over all pieces of words, to need no hint."""

_NOISE = re.compile(
    r"https?://\S+|www\.\S+|(?<![^\W_])[@#＃][^\s@#＃]+|\bRT\b|[0-9_]+|&[a-z]{2,6};"
)
_LATIN_LOWER = "a-z\u00df-\u024f\u1e00-\u1eff"
_UNSEEN = re.compile(f"[{IGNORABLE}]+")
_WORDS = {
    "latin": re.compile(
        "[a-z\u00df-\u024f\u1e00-\u1eff]+(?:['’][a-z\u00df-\u024f\u1e00-\u1eff]+)*"
    ),
    "cyrillic": re.compile("[\u0400-\u052f]+"),
    "arabic": re.compile("[\u0620-\u065f\u066e-\u06d3\u06fa-\u06ff]+"),
    "devanagari": re.compile("[\u0900-\u0963\u0971-\u097f]+"),
}
_FAMILY: dict[str, tuple[str, ...]] = dict(zip(FAMILY_SCRIPTS, FAMILIES, strict=True))
_EVERYWHERE = frozenset((
    "comeback", "fancam", "fancams", "lightstick", "teaser", "stage", "stream", "streaming",
    "mv", "live", "concert", "album", "fan", "fans", "kpop", "idol", "vote", "voting", "solo",
    "performance", "photocard", "fandom", "debut", "lol", "omg", "ost",
))  # fmt: skip
"""Fans of every language write these; they say nothing where there are other words."""
_OTHER_CODES = {"in": "id", "iw": "he", "ji": "yi", "fil": "tl", "nb": "no", "nn": "no"}
_CODE = re.compile("[a-z]{2,3}")
_NO_CODES = frozenset(("", "und", "mul", "zxx", "qme", "qst", "qht", "qam", "qct", "art"))


def identify(
    text: str, *, skip: Iterable[tuple[int, int]] = (), hint: str | None = None
) -> str:
    """The language of a post as a BCP 47 code, ``und`` where none can be told.

    Args:
        text: what was written, in any script.
        skip: spans (code points) of names, which belong to no language.
        hint: what the platform says; it decides where the words themselves do not.
    """
    clean = _NOISE.sub(" ", _without(text[:LIMIT], skip))
    if clean.isascii():
        return _of_family("latin", clean, hint)
    clean = normalize("NFC", _UNSEEN.sub("", clean))
    scripts = weigh(clean)
    if not scripts:
        return _said(hint)
    if "latin" in scripts and len(scripts) > 1:
        scripts["latin"] = sum(map(len, _telling(_WORDS["latin"].findall(clean.lower()))))
    script = max(scripts, key=scripts.__getitem__)
    return _of_family(script, clean, hint) if script in _FAMILY else script


def base_code(code: str | None) -> str | None:
    """The language of a code with or without a region, in its present form."""
    base = (code or "").strip().casefold().replace("_", "-").partition("-")[0]
    if base in _NO_CODES or not _CODE.fullmatch(base):
        return None
    return _OTHER_CODES.get(base, base)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        if start < len(text):
            # Not by spaces: a name inside a handle or tag must leave it one.
            text = text[:start] + "_" * (min(end, len(text)) - start) + text[end:]
    return text


def _of_family(script: str, text: str, hint: str | None) -> str:
    words: list[str] = _WORDS[script].findall(text.lower())
    ranked = rank(_telling(words) or words, _FAMILY[script])
    if ranked is None:
        return _said(hint)
    if ranked.lead >= SURE:
        return ranked.best
    said = base_code(hint) or ""
    return said if said in _FAMILY[script] else ranked.best


def _telling(words: list[str]) -> list[str]:
    return [word for word in words if word not in _EVERYWHERE]


def _said(hint: str | None) -> str:
    return base_code(hint) or UNKNOWN_LANGUAGE
