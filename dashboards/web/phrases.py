"""Where a wording differs from the most frequent one, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from markupsafe import Markup

from dashboards.queries.clusters import Variant
from dashboards.web.text import marked, preview

MOST = 200
"""Words compared; where there are more nothing is marked, so that time is bounded."""
_WORD = re.compile(r"\S+")


def differing(variants: Sequence[Variant]) -> dict[str, Markup]:
    """By first post, each wording but the first with what that one does not have marked."""
    if not variants:
        return {}
    first = preview(variants[0].first.post.text)
    return {
        one.first.post.id: marked(text, changed(text, first))
        for one in variants[1:]
        for text in [preview(one.first.post.text)]
    }


def changed(text: str, first: str) -> list[tuple[int, int]]:
    """Stretches of ``text`` that are not in ``first``, in whole words, in order and apart."""
    ours = list(_WORD.finditer(text))
    theirs = _WORD.findall(first)
    if max(len(ours), len(theirs)) > MOST:
        return []
    matcher = SequenceMatcher(None, theirs, [one[0] for one in ours], autojunk=False)
    return [
        (ours[start].start(), ours[end - 1].end())
        for kind, _, _, start, end in matcher.get_opcodes()
        if kind in {"insert", "replace"} and end > start
    ]
