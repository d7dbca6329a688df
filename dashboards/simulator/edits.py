"""Small edits that leave a text readable: what evaders do, and what tired fingers do."""

# Probabilities read best where they are drawn.
# ruff: noqa: PLR2004

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from random import Random

from dashboards.simulator.plan import GrammarName

_FIRST_SYLLABLE, _LAST_SYLLABLE = "가", "힣"
_EMOJI: Mapping[GrammarName, tuple[str, ...]] = {
    "first": ("😡", "🤮", "‼️", "🔥", "💢", "👀", "🤡", "🐍"),
    "second": ("🚩", "🧢", "🗑️", "⚠️", "🤦", "😒", "🫠", "🪤"),
}
_INVISIBLE: Mapping[GrammarName, tuple[str, ...]] = {
    "first": ("\u200b", "\u200d", "\u2060"),
    "second": ("\u200c", "\ufeff", "\u00ad", "\u180e"),
}
_LOOKALIKES: Mapping[GrammarName, Mapping[str, str]] = {
    "first": {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "i": "і", "x": "х"},
    "second": {"a": "ɑ", "o": "0", "i": "1", "e": "ｅ", "s": "ѕ", "v": "ν", "u": "υ"},
}
_TAGS: Mapping[GrammarName, tuple[str, ...]] = {
    "first": ("아이돌", "실화", "충격", "연예", "오늘의이슈", "kpop", "알려주세요", "idol"),
    "second": ("이슈", "속보", "드루와", "trending", "nowplaying", "cancelled", "热搜", "拡散"),
}
_SYNONYMS: Mapping[str, str] = {
    "다들": "모두", "진짜": "정말", "실망이다": "실망스럽다", "회사는": "소속사는",
    "있다": "있음",
    "말로는": "얘기로는", "해명해라": "해명하라", "여러분": "님들", "와중에": "상황에",
    "so": "and", "says": "said", "company": "agency", "people": "folks", "stop": "quit",
    "everywhere": "all over", "somebody": "someone", "disgusting": "gross", "drop": "ditch",
    "dropped": "leaked", "when": "while", "posted": "wrote", "dicen": "cuentan",
    "みんな": "皆", "本当": "ほんと", "公司": "那家公司", "espalhem": "compartilhem",
}  # fmt: skip


def light(rng: Random, text: str, amount: float, name: GrammarName) -> str:
    """About ``amount`` of the edits of evaders, from the alphabet of that grammar."""
    for _ in range(int(amount + rng.random())):
        text = _EDITS[int(rng.random() * len(_EDITS))](rng, text, name)
    return text


def typo(rng: Random, text: str) -> str:
    """One slip: a character doubled, dropped or swapped with the next."""
    if len(text) < 4:
        return text
    place = int(rng.random() * (len(text) - 1))
    luck = rng.random()
    if luck < 0.35:
        return text[:place] + text[place] + text[place:]
    if luck < 0.7:
        return text[:place] + text[place + 1 :]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _emoji(rng: Random, text: str, name: GrammarName) -> str:
    return f"{text} {rng.choice(_EMOJI[name])}"


def _invisible(rng: Random, text: str, name: GrammarName) -> str:
    place = int(rng.random() * len(text))
    return text[:place] + rng.choice(_INVISIBLE[name]) + text[place:]


def _lookalike(rng: Random, text: str, name: GrammarName) -> str:
    table = _LOOKALIKES[name]
    places = [n for n, letter in enumerate(text) if letter in table]
    for place in rng.sample(places, min(len(places), 1 + int(rng.random() * 3))):
        text = text[:place] + table[text[place]] + text[place + 1 :]
    return text


def _jamo(rng: Random, text: str, name: GrammarName) -> str:
    places = [n for n, x in enumerate(text) if _FIRST_SYLLABLE <= x <= _LAST_SYLLABLE]
    if not places:
        return _lookalike(rng, text, name)
    place = rng.choice(places)
    return text[:place] + unicodedata.normalize("NFKD", text[place]) + text[place + 1 :]


def _spacing(rng: Random, text: str, name: GrammarName) -> str:
    del name
    place = 1 + int(rng.random() * max(1, len(text) - 2))
    gap = text.find(" ", place)
    if gap > 0 and rng.random() < 0.5:
        return text[:gap] + text[gap + 1 :]
    return f"{text[:place]} {text[place:]}"


def _tags(rng: Random, text: str, name: GrammarName) -> str:
    tags = " ".join("#" + tag for tag in rng.sample(_TAGS[name], 1 + int(rng.random() * 2)))
    return f"{tags} {text}" if rng.random() < 0.4 else f"{text} {tags}"


def _synonym(rng: Random, text: str, name: GrammarName) -> str:
    words = text.split(" ")
    places = [n for n, word in enumerate(words) if word in _SYNONYMS]
    if not places:
        return _emoji(rng, text, name)
    place = rng.choice(places)
    words[place] = _SYNONYMS[words[place]]
    return " ".join(words)


_EDITS: tuple[Callable[[Random, str, GrammarName], str], ...] = (
    _emoji, _invisible, _lookalike, _jamo, _spacing, _tags, _synonym,
)  # fmt: skip
