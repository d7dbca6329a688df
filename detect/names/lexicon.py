"""Turns a watchlist into patterns: what to look for, whom it may mean, how sure it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from detect.names.common_words import ENGLISH, FUNCTION_WORDS
from detect.names.spellings import is_hangul, spellings, written_forms
from detect.text import fold
from detect.watchlist import Subject, Watchlist

_LOWER_CASE_WORDS = ENGLISH | FUNCTION_WORDS
"""Names of this kind count only with a capital letter: fans write TWICE, not twice."""
_SPACED_LATIN = (3, 8)
_SPACED_HANGUL = (3, 6)


class Name(msgspec.Struct, frozen=True):
    """A spelling: the subjects it may mean, and whether it needs context.

    ``certain`` subjects are meant wherever it stands; the ``open`` ones only near
    something else that speaks for them. ``capital`` asks for a capital letter.
    """

    plain: str
    certain: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    capital: bool = False
    tag: bool = False


class Lexicon(msgspec.Struct, frozen=True):
    """Patterns of a watchlist, in plain form."""

    names: tuple[Name, ...]
    """Spellings with a certain subject."""
    open_names: tuple[Name, ...]
    """Spellings that need context for some subject."""
    context: dict[str, frozenset[str]]
    """Context word -> subjects it speaks for."""
    excludes: dict[str, frozenset[str]]
    """Phrase -> subjects that are not meant inside it."""
    families: dict[str, frozenset[str]]
    """Subject -> itself, its groups and the groups of these, its agency."""


def build(watchlist: Watchlist) -> Lexicon:
    """The patterns of a watchlist.

    A spelling that several subjects share needs context for each of them.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    marked: dict[str, set[str]] = defaultdict(set)
    for subject in watchlist.subjects:
        doubtful = {form for text in subject.ambiguous for form in written_forms(text)}
        for plain in _forms(subject):
            owners[plain].add(subject.id)
            if plain in doubtful:
                marked[plain].add(subject.id)
    for plain, subjects in list(owners.items()):
        if len(subjects) == 1 and plain not in marked:
            for spaced in _spaced(plain):
                owners.setdefault(spaced, set(subjects))
    names: list[Name] = []
    open_names: list[Name] = []
    for plain, subjects in owners.items():
        open_for = set(subjects) if len(subjects) > 1 else marked[plain]
        certain = tuple(sorted(subjects - open_for))
        if certain:
            names.append(Name(plain, certain=certain, tag=plain.startswith("#")))
        if open_for:
            capital = plain in _LOWER_CASE_WORDS or (len(plain) == 1 and plain.isascii())
            open_names.append(
                Name(
                    plain,
                    open=tuple(sorted(open_for)),
                    capital=capital,
                    tag=plain.startswith("#"),
                )
            )
    return Lexicon(
        names=tuple(names),
        open_names=tuple(open_names),
        context=_speakers(watchlist, "context"),
        excludes=_speakers(watchlist, "exclude"),
        families=_families(watchlist),
    )


def _forms(subject: Subject) -> Iterator[str]:
    for spelling in spellings(subject):
        yield from written_forms(spelling)
    for tag in subject.hashtags:
        plain = fold(tag).strip().lstrip("#").replace(" ", "")
        if plain:
            yield f"#{plain}"


def _spaced(plain: str) -> Iterator[str]:
    """A sure name with its letters pulled apart, as some write to escape notice."""
    low, high = _SPACED_HANGUL if is_hangul(plain) else _SPACED_LATIN
    letters = is_hangul(plain) or (plain.isascii() and plain.isalnum())
    if letters and " " not in plain and low <= len(plain) <= high:
        yield " ".join(plain)
        yield ".".join(plain)


def _speakers(watchlist: Watchlist, key: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for subject in watchlist.subjects:
        for phrase in getattr(subject, key):
            for plain in written_forms(phrase):
                found[plain].add(subject.id)
    return {plain: frozenset(subjects) for plain, subjects in found.items()}


def _families(watchlist: Watchlist) -> dict[str, frozenset[str]]:
    families: dict[str, frozenset[str]] = {}
    brands = {fold(one.name): one.id for one in watchlist.subjects if one.kind == "brand"}
    for subject in watchlist.subjects:
        reached = {subject.id}
        if subject.agency and (brand := brands.get(fold(subject.agency))):
            reached.add(brand)
        waiting = list(subject.groups)
        while waiting:
            group = waiting.pop()
            if group not in reached:
                reached.add(group)
                waiting.extend(watchlist.groups_of(group))
        families[subject.id] = frozenset(reached)
    return families
