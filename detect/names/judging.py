"""Decides which spellings found in a text count, by place, context and length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import ahocorasick_rs as aho
import msgspec

from detect.names.lexicon import Lexicon, Name
from detect.names.places import Page, Place

Found = list[tuple[int, int, int]]
Finder = Callable[[str], Found]

_LARGE = 200_000
"""Letters of all patterns above which a table of every transition takes too much memory."""


class Hit(msgspec.Struct):
    """A spelling found, and why it does not count (None: it does)."""

    start: int
    end: int
    name: Name
    subjects: tuple[str, ...]
    why_not: str | None = None
    because: str | None = None


class Judge:
    """Searches plain texts for a lexicon's names and decides about each."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._names = lexicon.names
        self._context = tuple(lexicon.context.values())
        self._latin = tuple(_is_latin(name.plain) for name in lexicon.names)
        self._open_latin = tuple(_is_latin(name.plain) for name in lexicon.open_names)
        self._excluded = tuple(lexicon.excludes.values())
        self._known = frozenset(name.plain for name in lexicon.names)
        self.search = finder([*(name.plain for name in lexicon.names), *lexicon.context])
        self.search_open = finder([name.plain for name in lexicon.open_names])
        self._search_excluded = finder(lexicon.excludes)

    def is_name(self, plain: str) -> bool:
        """Whether a plain text is a sure spelling of somebody."""
        return plain in self._known

    def counted(self, page: Page, found: Found, spoken: set[str]) -> list[Hit]:
        """The hits that count, in the order of the text.

        Args:
            page: the text.
            found: what :attr:`search` found in its plain form.
            spoken: subjects that something outside the names speaks for.
        """
        sure, words = self._sure(page, found, everything=False)
        self._exclude(page, sure)
        sure = _longest(sure)
        evidence = Evidence(self._lexicon, spoken, words, sure)
        if not evidence.any:
            return sure
        opened = self._open(page, evidence, everything=False)
        self._exclude(page, opened)
        return _longest([*sure, *opened])

    def all(self, page: Page) -> list[Hit]:
        """Every hit, those that do not count with the reason."""
        sure, words = self._sure(page, self.search(page.plain), everything=True)
        self._exclude(page, sure)
        evidence = Evidence(self._lexicon, set(), words, _longest(sure))
        opened = self._open(page, evidence, everything=True)
        self._exclude(page, opened)
        hits = [*sure, *opened]
        kept = {id(hit) for hit in _longest(hits)}
        for hit in hits:
            if hit.why_not is None and id(hit) not in kept:
                hit.why_not = "inside a longer name"
        return sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.subjects))

    def doubtful(self, page: Page, found: Found) -> list[Hit]:
        """Spellings that need context and stand as a name may.

        ``found``: what :attr:`search_open` found in the plain form.
        """
        hits: list[Hit] = []
        plain = page.plain
        for index, start, end in found:
            # Not in hashtags either: an ambiguous name counts there only if it is all of it.
            if self._open_latin[index] and _in_latin_word(plain, start, end):
                continue
            name = self._lexicon.open_names[index]
            place = Place(start, end, certain=False, capital=name.capital)
            if page.why_not(place) is None:
                hits.append(Hit(start, end, name, name.open))
        self._exclude(page, hits)
        return _longest(hits)

    def _sure(
        self, page: Page, found: Found, *, everything: bool
    ) -> tuple[list[Hit], set[str]]:
        hits: list[Hit] = []
        words: set[str] = set()
        names, latin, plain = self._names, self._latin, page.plain
        count = len(names)
        quick = not everything and "#" not in plain
        for index, start, end in found:
            if index >= count:
                if page.is_word(start, end):
                    words |= self._context[index - count]
                continue
            # Most hits are letters inside a Latin word; this throws them out cheaply.
            if quick and latin[index] and _in_latin_word(plain, start, end):
                continue
            name = names[index]
            why = page.why_not(Place(start, end, certain=True))
            if why is None or everything:
                hits.append(Hit(start, end, name, name.certain, why))
        return hits, words

    def _open(self, page: Page, evidence: Evidence, *, everything: bool) -> list[Hit]:
        hits: list[Hit] = []
        for index, start, end in self.search_open(page.plain):
            name = self._lexicon.open_names[index]
            spoken = evidence.best(name.open)
            if not (spoken or everything):
                continue
            why = page.why_not(Place(start, end, certain=False, capital=name.capital))
            if why is not None and not everything:
                continue
            for subject in name.open if everything else spoken:
                because = evidence.of(subject)
                missing = None if subject in spoken else _OUTDONE if because else _NO_CONTEXT
                hits.append(Hit(start, end, name, (subject,), why or missing, because))
        return hits

    def _exclude(self, page: Page, hits: list[Hit]) -> None:
        """Mark what stands inside a phrase in which its subject is not meant."""
        if not hits or not self._excluded:
            return
        for index, start, end in self._search_excluded(page.plain):
            for hit in hits:
                if hit.why_not is None and start <= hit.start and hit.end <= end:
                    left = tuple(s for s in hit.subjects if s not in self._excluded[index])
                    hit.subjects = left or hit.subjects
                    hit.why_not = None if left else "inside an excluded phrase"


_WORD = "a context word"
_OUTDONE = "ambiguous, and more here speaks for another subject of that name"
_NO_CONTEXT = "ambiguous, and nothing else here speaks for the subject"


class Evidence:
    """What in a post speaks for subjects whose spelling alone would not do.

    A context word speaks for its subjects alone, since it may be a general one; a sure
    name for its subject, the groups and agency of that subject and everyone in them.
    """

    def __init__(
        self, lexicon: Lexicon, spoken: set[str], words: set[str], sure: Iterable[Hit]
    ) -> None:
        self._families = lexicon.families
        self._words = words
        self.subjects: dict[str, str] = {}
        for subject in sorted(spoken):
            self._speak(subject, f"the place or account of {subject}")
        for hit in sure:
            for subject in hit.subjects if hit.why_not is None else ():
                self._speak(subject, f"{hit.name.plain!r} names {subject}")

    def _speak(self, subject: str, why: str) -> None:
        for relative in self._families.get(subject, ()):
            self.subjects.setdefault(relative, why)

    @property
    def any(self) -> bool:
        """Whether anything speaks for anybody."""
        return bool(self._words or self.subjects)

    def best(self, subjects: tuple[str, ...]) -> list[str]:
        """Those that something speaks for; a context word only where nothing else does."""
        named = [subject for subject in subjects if self.of(subject) not in (None, _WORD)]
        return named or [subject for subject in subjects if subject in self._words]

    def of(self, subject: str) -> str | None:
        """What speaks for a subject; None when nothing does."""
        for relative in (subject, *sorted(self._families.get(subject, ()))):
            if relative in self.subjects:
                return self.subjects[relative]
        return _WORD if subject in self._words else None


def _longest(hits: Iterable[Hit]) -> list[Hit]:
    """Of overlapping hits the longest, then the first; equal spans stay together."""
    kept: list[Hit] = []
    ordered = sorted(
        (hit for hit in hits if hit.why_not is None),
        key=lambda hit: (hit.start, -hit.end),
    )
    for group in _overlapping(ordered):
        taken: list[Hit] = []
        for hit in sorted(group, key=lambda hit: (hit.start - hit.end, hit.start)):
            same = any(hit.start == t.start and hit.end == t.end for t in taken)
            if same or not any(hit.start < t.end and hit.end > t.start for t in taken):
                taken.append(hit)
        kept.extend(taken)
    return sorted(kept, key=lambda hit: (hit.start, hit.subjects))


def _overlapping(ordered: list[Hit]) -> Iterator[list[Hit]]:
    """Runs of hits that touch each other; few in each, so that long texts stay cheap."""
    group: list[Hit] = []
    reach = -1
    for hit in ordered:
        if group and hit.start >= reach:
            yield group
            group = []
            reach = -1
        group.append(hit)
        reach = max(reach, hit.end)
    if group:
        yield group


def _in_latin_word(plain: str, start: int, end: int) -> bool:
    if start and "a" <= plain[start - 1] <= "z":
        return True
    after = plain[end : end + 1]
    return "a" <= after <= "z" and after != "s"


def _is_latin(plain: str) -> bool:
    return plain.isascii() and plain[0].isalnum() and plain[-1].isalnum()


def finder(patterns: Iterable[str]) -> Finder:
    """A search for all patterns at once, overlapping ones too."""
    listed = list(patterns)
    if not listed:
        return lambda _: []
    small = sum(map(len, listed)) < _LARGE
    automaton = aho.AhoCorasick(
        listed,
        matchkind=aho.MatchKind.Standard,
        store_patterns=False,
        implementation=aho.Implementation.DFA if small else aho.Implementation.ContiguousNFA,
    )
    return lambda plain: automaton.find_matches_as_indexes(plain, overlapping=True)
