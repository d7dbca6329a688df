"""A grammar's voice: its agency, its words in five languages, its sites and its habits."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from dashboards.demo import words_en, words_ja, words_ko
from dashboards.demo.grammar import Draw, Grammar
from dashboards.simulator.plan import GrammarName
from detect.watchlist import Subject, load_watchlist

HERE = Path(__file__).parent
ENGLISH = "en"
_NAMES = ("who", "song")
_DEMO: Mapping[str, Mapping[str, Sequence[str]]] = {
    "ko": words_ko.RULES,
    "en": words_en.RULES,
    "ja": words_ja.RULES,
}


class Habits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``idiom.toml``: how the people of a grammar behave, and where they post from.

    Attributes:
        native: how platforms number posts.
        attention: what people meet; ``fading``: anything lately seen, ``recent``:
            the newest first.
        tags: where a hashtag stands in a text.
        rush: how a crowd comes; ``front``: at once and then fewer, ``waves``: again
            at every reminder.
        rhythm: how a ring posts; ``spread``: each on its own, ``shifts``: one
            operator after the other through several accounts.
        langs: by language: share, hours from UTC, how flat the day is.
        does: by platform: share of own posts, replies and reposts; the rest are quotes.
    """

    name: GrammarName
    agency: str
    native: Literal["hex", "decimal"]
    attention: Literal["fading", "recent"]
    tags: Literal["end", "inline"]
    rush: Literal["front", "waves"]
    rhythm: Literal["spread", "shifts"]
    zipf: float
    shift: float
    typos: float
    tagged: float
    pictured: float
    linked: float
    hateful: float
    nobody: float
    loyal: float
    young: float
    shorteners: tuple[str, ...]
    gossip: tuple[str, ...]
    papers: tuple[str, ...]
    pages: tuple[str, ...]
    votes: str
    streams: str
    shops: tuple[str, ...]
    rooms: tuple[str, ...]
    heads: tuple[str, ...]
    tails: tuple[str, ...]
    popularity: dict[str, float]
    langs: dict[str, tuple[float, float, float]]
    does: dict[str, tuple[float, float, float]]
    platforms: dict[str, dict[str, float]]
    official: dict[str, tuple[str, ...]]
    callers: dict[str, str]
    event_tags: dict[str, tuple[str, ...]]
    songs: dict[str, dict[str, tuple[str, ...]]]


class Star(msgspec.Struct, frozen=True):
    """A subject as posts speak of it."""

    id: str
    group: str
    weight: float
    spoken: Mapping[str, tuple[str, ...]]
    songs: Mapping[str, tuple[str, ...]]
    tags: tuple[str, ...]


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    shapes: tuple[str, ...]
    gripes: tuple[str, ...]
    rules: dict[str, list[str]]
    claims: dict[str, list[str]]


class Voice(msgspec.Struct, frozen=True):
    """One language: its grammar, which rules it has, and how many shapes a rumour takes."""

    grammar: Grammar
    rules: frozenset[str]
    shapes: int


class Idiom:
    """Everything that differs between the grammars.

    Args:
        name: the folder it is read from.

    Raises:
        ValueError: words or habits that do not fit together.
    """

    def __init__(self, name: GrammarName) -> None:
        folder = HERE / name
        self.habits = msgspec.convert(_toml(folder / "idiom.toml"), Habits)
        self.agency_file = (folder / self.habits.agency).resolve()
        self.watchlist = load_watchlist(self.agency_file)
        words = {
            lang: msgspec.convert(_toml(folder / f"{lang}.toml"), _Words)
            for lang in self.habits.langs
        }
        self.claims = tuple(words[ENGLISH].claims)
        self.voices = {
            lang: _voice(found, _DEMO.get(lang, {}) if name == "first" else {})
            for lang, found in words.items()
        }
        by_id = {subject.id: subject for subject in self.watchlist.subjects}
        self.stars = {
            star: self._star(by_id[star], weight)
            for star, weight in self.habits.popularity.items()
        }
        self.groups = tuple(dict.fromkeys(star.group for star in self.stars.values()))
        self.of_group = {
            group: tuple(star for star in self.stars.values() if star.group == group)
            for group in self.groups
        }

    def _star(self, subject: Subject, weight: float) -> Star:
        group = subject.groups[0] if subject.groups else subject.id
        names, songs = subject.names, self.habits.songs[group]
        spoken = {
            lang: (
                *names.get(lang, names[ENGLISH]) * 5,
                *subject.aliases.get(lang, ()),
            )
            for lang in self.habits.langs
        }
        return Star(
            id=subject.id,
            group=group,
            weight=weight,
            spoken=spoken,
            songs={lang: songs.get(lang, songs[ENGLISH]) for lang in self.habits.langs},
            tags=subject.hashtags,
        )

    def say(self, rule: str, lang: str, star: Star, draw: Draw) -> str:
        """A text of ``rule`` about ``star``; in English where the language has no such rule."""
        voice = self.voices[lang]
        if rule not in voice.rules:
            lang, voice = ENGLISH, self.voices[ENGLISH]
        spoken, songs = star.spoken[lang], star.songs[lang]
        names = {
            "who": spoken[int(draw() * len(spoken))],
            "song": songs[int(draw() * len(songs))],
        }
        return voice.grammar.write(rule, draw, names)

    def rumour(self, claim: str, lang: str, star: Star, draw: Draw, shape: int) -> str:
        """The claim in shape ``shape`` (taken modulo); below zero: in any shape."""
        if shape < 0:
            return self.say(f"rumour_{claim}", lang, star, draw)
        return self.say(f"rumour_{claim}_{shape % self.voices[lang].shapes}", lang, star, draw)


@cache
def idiom(name: GrammarName) -> Idiom:
    """The idiom of that name, read once."""
    return Idiom(name)


def _voice(words: _Words, base: Mapping[str, Sequence[str]]) -> Voice:
    rules: dict[str, Sequence[str]] = {**base, **words.rules}
    for claim, choices in words.claims.items():
        rules[f"claim_{claim}"] = choices
        shaped = [shape.replace("{claim}", f"{{claim_{claim}}}") for shape in words.shapes]
        rules[f"rumour_{claim}"] = shaped
        for n, shape in enumerate(shaped):
            rules[f"rumour_{claim}_{n}"] = [shape]
        rules[f"gripe_{claim}"] = [
            gripe.replace("{claim}", f"{{claim_{claim}}}") for gripe in words.gripes
        ]
    return Voice(Grammar(rules, _NAMES), frozenset(rules), len(words.shapes))


def _toml(path: Path) -> dict[str, object]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
