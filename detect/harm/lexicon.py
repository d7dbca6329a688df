"""Reads the words and rules of harm and finds the words in a text, disguised ones too.

Words stand in ``words/<language>.toml`` by group, what the groups mean in ``rules.toml``:
data that people read and correct. All of them are looked for in the plain text and in the
one without what was put into words; those that tell of grave harm also by what sounds or
looks alike, and by first consonants (``detect.wording.evasion``).
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import product
from typing import Any

import msgspec

from detect.harm.masked import Masks, without_names
from detect.harm.spelled import Look, Spelled, spelling
from detect.names.judging import Finder, finder
from detect.names.korean import is_syllable
from detect.records import HarmCategory
from detect.text import fold
from detect.wording.evasion import Disguised, agrees

SUBJECT, NUMBER = "subject", "number"
"""Groups that no list of words makes: names of watched people, telephone numbers."""
LANGUAGES = ("ko", "en", "ja", "zh", "es", "id", "th")
_INSIDE_FROM = 3
"""Syllables from which a Korean form may begin inside a word: people leave spaces out."""
_SMALL_LATIN = 4
"""Letters up to which a Latin form counts in texts of its own language only."""
_SPACES = 3
_DIGITS = 8
"""Hexadecimal digits of a version."""
_SHARED = "en"


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Groups that together speak for a category; see ``rules.toml``."""

    category: HarmCategory
    groups: tuple[str, ...]
    score: float
    within: int = 0
    firm: bool = False

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """For each place of the rule, the groups of which one must stand there."""
        return tuple(tuple(group.split("|")) for group in self.groups)


class Weaken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group whose words near by make a rule mean less."""

    group: str
    categories: tuple[HarmCategory, ...]
    factor: float
    reach: int


class _Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rules: tuple[Rule, ...]
    weaken: tuple[Weaken, ...]


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words of one language by group, and harmless words that hold some of them."""

    language: str
    exceptions: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One spelling of a group: where it may stand, and in which language it counts."""

    plain: str
    group: str
    inside: bool
    open_end: bool
    language: str | None

    def counts_in(self, language: str) -> bool:
        """Whether it counts in a text of a language ("und": of any)."""
        return self.language is None or language in (self.language, "und")

    def stands(self, text: str, start: int, end: int) -> bool:
        """Whether it stands there as a word and not as letters of another one."""
        before = text[start - 1] if start else " "
        if not self.inside and _same_word(text[start], before):
            return False
        after = text[end] if end < len(text) else " "
        return self.open_end or not _same_word(text[end - 1], after)


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A word of a group, in the plain text or, once taken there, in the original."""

    start: int
    end: int
    group: str


class HarmLexicon:
    """All words and rules, ready to be searched; the same for every thread."""

    def __init__(self, words: tuple[Words, ...], rules: _Rules, version: str) -> None:
        self.version = version
        self._words, self._rules = words, rules
        self.rules = rules.rules
        self.weaken = rules.weaken
        forms = [one for listed in words for one in _forms(listed)]
        self.known = frozenset(one.group for one in forms)
        _check(self.known, rules)
        first = {group for rule in rules.rules for group in rule.slots[0]}
        grave = [one for one in forms if one.group in _GRAVE]
        self._telling = _Search([one for one in forms if one.group in first], "plain")
        self._all = _Search(forms, "plain")
        self._loose = _Search([one for one in grave if _is_long(one.plain)], "loose")
        self._leads = _Search([one for one in grave if _is_cut_short(one.plain)], "leads")
        self._masks = Masks(
            (part for one in grave for part in one.plain.split()),
            (one.plain for one in grave if one.group in _TOLD_BY_ONE),
        )
        spared = sorted({fold(text.strip("*")) for one in words for text in one.exceptions})
        looks: tuple[Look, ...] = ("plain", "joined", "even", "loose")
        self._exceptions: dict[Look, Finder] = {
            look: finder({spelling(text, look) for text in spared}) for look in looks
        }

    def with_words(self, more: Words, version: str) -> HarmLexicon:
        """The lexicon with more words; ``version`` tells it from this one."""
        return HarmLexicon((*self._words, more), self._rules, f"{self.version}+{version}")

    def groups(
        self, text: Disguised, language: str, names: Iterable[tuple[int, int]] = ()
    ) -> dict[str, list[Hit]]:
        """The words of a text by group, in its order; none where nothing tells of harm.

        Positions are code points of the original. Words inside harmless ones
        (``exceptions``) do not count.

        Args:
            text: what was written, in its views.
            language: BCP 47, "und" where none could be told.
            names: where watched people are named, since words are glued to names.
        """
        every = [_Searched(text)]
        other = without_names(self._masks.undone(text.original), names)
        if other != text.original:
            every.append(_Searched(Disguised(other)))
        for one in every:
            one.hidden = list(self._hidden(one, language))
        if not any(self._tells(one, language) for one in every):
            return {}
        found: dict[str, dict[int, Hit]] = defaultdict(dict)
        for one in every:
            for look in one.looks:
                for hit in self._unspared(self._all, one.spelled, look, language):
                    _keep(found[hit.group], one.spelled, look, hit)
            for look, hit in one.hidden:
                _keep(found[hit.group], one.spelled, look, hit)
        return {
            group: sorted(hits.values(), key=lambda hit: hit.start)
            for group, hits in found.items()
        }

    def _tells(self, text: _Searched, language: str) -> bool:
        """Whether any word is there with which a rule begins."""
        return bool(text.hidden) or any(
            self._telling.any(text.spelled, look, language) for look in text.looks
        )

    def _unspared(
        self, search: _Search, text: Spelled, look: Look, language: str
    ) -> Iterator[Hit]:
        """What a search finds outside of harmless words."""
        spared: list[tuple[int, int, int]] | None = None
        for hit in search.hits(text, look, language):
            if spared is None:
                spared = self._exceptions[look](text.text(look))[:_MOST]
            if not any(start <= hit.start and hit.end <= end for _, start, end in spared):
                yield hit

    def _hidden(self, text: _Searched, language: str) -> Iterator[tuple[Look, Hit]]:
        """Words of grave harm that are written as they sound or by first consonants."""
        if text.seen.loose != text.seen.joined:
            for hit in self._unspared(self._loose, text.spelled, "loose", language):
                yield "loose", hit
        if _CUT_SHORT.search(text.seen.plain):
            for hit in self._leads.hits(text.spelled, "leads", language):
                yield "leads", hit


class _Searched:
    """One spelling of a text under search: in which views, and what is hidden in it."""

    def __init__(self, text: Disguised) -> None:
        self.seen = text
        self.spelled = Spelled(text)
        self.looks: list[Look] = ["plain"]
        if text.joined != text.plain:
            self.looks.append("joined")
        if self.spelled.even != text.joined:
            self.looks.append("even")
        self.hidden: list[tuple[Look, Hit]] = []


_GRAVE = frozenset((
    "threat", "death_wish", "slur", "profanity", "deepfake", "deepfake_sexual", "personal",
    "stalk", "sexual_abuse", "sexual", "claim", "sell", "means", "violence",
    "invest",
))  # fmt: skip
"""Groups whose words people disguise."""
_TOLD_BY_ONE = frozenset((
    "slur", "profanity", "death_wish", "sexual", "violence", "deepfake", "means", "claim",
    "personal",
))  # fmt: skip
"""Groups whose words of two letters are told when one of them is masked (씨*)."""
_MOST = 64
"""Most hits of a group, and most exceptions, that are looked at: repetition adds nothing."""
_LOOSE_FROM, _LEADS_FROM = 2, 2
_CUT_SHORT = re.compile("[ㄱ-ㅊㅌㅍ]|[ㅋㅎ][가-힣]|[가-힣][ㅋㅎ](?![ㅋㅎ])")
"""Consonants by themselves; laughter (ㅋㅋ, ㅎㅎ) tells nothing."""
_WHOLLY, _WHOLLY_ALONE = 4, 3
"""Syllables from which first consonants alone tell, inside a word and as a word."""
_SUFFICIENT = frozenset({"threat", "death_wish", "slur", "stalk", "sexual_abuse"})
"""Groups that need no other word near them: three consonants are too few for them."""
_APART_FROM = 2
"""Letters from which a word counts that was put together inside a longer one."""


def _is_long(plain: str) -> bool:
    return sum(map(is_syllable, plain)) >= _LOOSE_FROM or len(plain) > _SMALL_LATIN


def _is_cut_short(plain: str) -> bool:
    syllables = sum(map(is_syllable, plain))
    return syllables >= _LEADS_FROM and syllables + plain.count(" ") == len(plain)


def _keep(hits: dict[int, Hit], text: Spelled, look: Look, hit: Hit) -> None:
    """Note a hit by where it begins in the original: of several the longest."""
    if len(hits) >= _MOST:
        return
    start, end = text.span(look, hit.start, hit.end)
    known = hits.get(start)
    if known is None or known.end < end:
        hits[start] = Hit(start, end, hit.group)


class _Search:
    """An automaton over forms as a view writes them, and what each pattern stands for."""

    def __init__(self, forms: Iterable[Form], look: Look) -> None:
        table: dict[str, list[Form]] = defaultdict(list)
        for one in forms:
            table[spelling(one.plain, look) or one.plain].append(one)
        self._forms = tuple(tuple(some) for some in table.values())
        self._find = finder(table)
        self._leads = look == "leads"

    def any(self, text: Spelled, look: Look, language: str) -> bool:
        """Whether any form stands in a view."""
        return next(self.hits(text, look, language), None) is not None

    def hits(self, text: Spelled, look: Look, language: str) -> Iterator[Hit]:
        """The forms that stand in a view as words."""
        searched = text.text(look)
        plain = text.spelt if self._leads else searched
        tried = _MOST
        for index, start, end in self._find(searched):
            for one in self._forms[index]:
                if not one.counts_in(language):
                    continue
                if not one.stands(plain, start, end):
                    if look == "plain" or self._leads or end - start < _APART_FROM or not tried:
                        continue
                    tried -= 1
                    if not _stood_apart(one, text, look, start, end):
                        continue
                if self._leads and not _is_abridged(one, plain, start, end):
                    continue
                yield Hit(start, end, one.group)


def _stood_apart(one: Form, text: Spelled, look: Look, start: int, end: int) -> bool:
    """Whether a word was drawn together with its neighbours only when a view was made."""
    first, last = text.span(look, start, end)
    if last - first <= end - start:
        return False
    return one.stands(text.original, first, last)


def _is_abridged(one: Form, text: str, start: int, end: int) -> bool:
    """Whether a term is written with first consonants, and with enough else to tell it."""
    term, found = one.plain, text[start:end]
    cut = sum("ㄱ" <= ch <= "ㅎ" for ch in found)
    if not cut or not agrees(term, found):
        return False
    if cut < len(term) - term.count(" ") or cut >= _WHOLLY:
        return True
    alone = not _is_hangul(text[start - 1 : start]) and not _is_hangul(text[end : end + 1])
    return alone and cut >= _WHOLLY_ALONE and one.group not in _SUFFICIENT


def _is_hangul(ch: str) -> bool:
    return bool(ch) and (is_syllable(ch) or "ㄱ" <= ch <= "ㅣ")


def _forms(words: Words) -> Iterator[Form]:
    for group, listed in words.groups.items():
        for text in listed:
            inside, open_end = text.startswith("~"), text.endswith("*")
            closed = text.endswith("$")
            plain = fold(text.removeprefix("~").rstrip("*$"))
            latin = plain[-1].isalnum() and plain[-1] < "\u0370"
            small = plain[0].isascii() and len(plain) <= _SMALL_LATIN
            for written in _spellings(plain):
                long = is_syllable(written[0]) and len(written) >= _INSIDE_FROM
                yield Form(
                    plain=written,
                    group=group,
                    inside=inside or (long and " " not in written),
                    open_end=open_end or (not latin and not closed),
                    language=words.language if small and words.language != _SHARED else None,
                )


def _spellings(plain: str) -> Iterator[str]:
    """A form with its spaces and, in Korean, without any of them."""
    parts = plain.split(" ")
    spaces = len(parts) - 1
    if not 0 < spaces <= _SPACES or not any(map(is_syllable, plain)):
        yield plain
        return
    for gaps in product((" ", ""), repeat=spaces):
        spelling = parts[0]
        for gap, part in zip(gaps, parts[1:], strict=True):
            spelling += gap + part
        yield spelling


def _same_word(ch: str, beside: str) -> bool:
    """Whether a letter beside belongs to the same word, in scripts that have words."""
    if is_syllable(ch):
        return is_syllable(beside)
    if "ㄱ" <= ch <= "ㅣ":
        return "ㄱ" <= beside <= "ㅣ"
    return ch < "\u0370" and ch.isalnum() and beside < "\u0370" and beside.isalnum()


def _check(known: frozenset[str], rules: _Rules) -> None:
    used = {group for rule in rules.rules for slot in rule.slots for group in slot}
    used |= {one.group for one in rules.weaken}
    if unknown := sorted(used - known - {SUBJECT, NUMBER}):
        raise ValueError(f"rules.toml: groups without words: {', '.join(unknown)}")


@cache
def harm_lexicon() -> HarmLexicon:
    """The lexicon that comes with jikimi; about a tenth of a second the first time.

    Raises:
        msgspec.ValidationError: a data file does not have the form it should have.
    """
    here = files("detect.harm")
    lists = [here.joinpath("words", f"{one}.toml").read_bytes() for one in LANGUAGES]
    ruled = here.joinpath("rules.toml").read_bytes()
    words = tuple(msgspec.convert(_toml(raw), Words) for raw in lists)
    rules = msgspec.convert(_toml(ruled), _Rules)
    return HarmLexicon(words, rules, f"words.{_digest((*lists, ruled))}")


def _digest(parts: Iterable[bytes]) -> str:
    """A name for the data of the lexicon: other words, another name."""
    whole = sha256()
    for raw in parts:
        whole.update(sha256(raw).digest())
    return whole.hexdigest()[:_DIGITS]


def _toml(raw: bytes) -> dict[str, Any]:
    return tomllib.loads(raw.decode("utf-8"))
