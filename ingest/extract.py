"""Finds hashtags, @mentions and links in plain text, where a payload does not list them.

Linear in the length of the text, whatever it holds: no pattern can backtrack
over more than one word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice

from ingest.clean import ENTRY_LIMIT, LIST_LIMIT

Extractor = Callable[[str], tuple[str, ...]]

# Python's \w leaves out signs that continue a word: Thai and Devanagari vowels,
# combining kana marks, zero-width joiners.
_MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0900-\u0903\u093a-\u094f\u3099\u309a\u200c\u200d·"
# One behind the other without a space (#one#two) are two; in a link's fragment is none.
_HASHTAGS = re.compile(rf"(?<![\w/&#＃])(?:[#＃][\w{_MARKS}]+)+")
_HASH = re.compile("[#＃]")
_MENTION = re.compile(
    r"(?<![A-Za-z0-9_@＠./])[@＠]([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)"
)
# Other scripts belong to a link only right behind a separator: namu.wiki/w/이름 does,
# the sentence that goes on behind a short link without a space does not.
_LINK = re.compile(
    r"https?://[!#-;=?-\[\]-~]+(?:(?<=[/=_?&#-])[^\W\x00-\x7f]+[!#-;=?-\[\]-~]*)*",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?'*_~"
_PAIRS = {")": "(", "]": "["}


def hashtags(text: str) -> tuple[str, ...]:
    """Hashtags without ``#``, in order, without repeats; a bare number is none."""
    if "#" not in text and "＃" not in text:
        return ()
    words = (w for match in _HASHTAGS.finditer(text) for w in _HASH.split(match[0]))
    return _first(word[:ENTRY_LIMIT] for word in words if word and not word.isdecimal())


def mentions(text: str) -> tuple[str, ...]:
    """Handles without ``@``, in order, without repeats; mail addresses are none."""
    if "@" not in text and "＠" not in text:
        return ()
    return _first(match[1][:ENTRY_LIMIT] for match in _MENTION.finditer(text))


def links(text: str) -> tuple[str, ...]:
    """Web addresses in order, without repeats and without the sentence's punctuation."""
    if "://" not in text:
        return ()
    found = (_trim(match[0][:ENTRY_LIMIT]) for match in _LINK.finditer(text))
    return _first(link for link in found if not link.endswith("://"))


def _trim(link: str) -> str:
    """Without punctuation that closes the sentence or bracket around the link."""
    end = len(link)
    balance = {
        close: link.count(close) - link.count(opened) for close, opened in _PAIRS.items()
    }
    while end and (link[end - 1] in _TRAILING or balance.get(link[end - 1], 0) > 0):
        if link[end - 1] in balance:
            balance[link[end - 1]] -= 1
        end -= 1
    return link[:end]


def _first(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(islice(found, LIST_LIMIT)))
