"""An agency's own words of harm, laid over those that come with jikimi.

The file has the form of ``words/<language>.toml``: ``language``, ``exceptions`` (harmless
words) and ``[groups]``; all but ``language`` may be left out. Groups are those that the
rules know, since a group without a rule would say nothing.
"""

from __future__ import annotations

import difflib
import tomllib
from hashlib import sha256

import msgspec

from detect.harm.lexicon import LANGUAGES, HarmLexicon, Words, harm_lexicon
from detect.text import fold

MOST_FORMS = 20_000
"""Forms of one file: all of them are searched in every post."""
_LONGEST = 100
"""Characters of a form."""
_DIGITS = 8


class OwnWordsError(ValueError):
    """A mistake in a file of own words.

    Args:
        key: where it is, as keys that follow each other.
        message: what was found and what is allowed.
    """

    def __init__(self, key: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.key = key


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    language: str
    exceptions: tuple[str, ...] = ()
    groups: dict[str, tuple[str, ...]] = {}


def own_lexicon(raw: bytes) -> HarmLexicon:
    """The lexicon that comes with jikimi, and the words of a file.

    Its ``version`` names the bytes of the file, so that judgements tell by which words they
    were made.

    Raises:
        OwnWordsError: the file cannot be used.
    """
    own = _checked(raw)
    base = harm_lexicon()
    words = Words(language=own.language, exceptions=own.exceptions, groups=own.groups)
    return base.with_words(words, f"own.{sha256(raw).hexdigest()[:_DIGITS]}")


def _checked(raw: bytes) -> _File:
    try:
        own = msgspec.convert(tomllib.loads(raw.decode("utf-8-sig")), _File)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OwnWordsError((), f"no TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise OwnWordsError((), f"{error}; allowed: language, exceptions, groups") from None
    if own.language not in LANGUAGES:
        raise OwnWordsError(
            ("language",), f"found {own.language!r}; allowed: {', '.join(LANGUAGES)}"
        )
    known = harm_lexicon().known
    for group, forms in own.groups.items():
        if group not in known:
            close = difflib.get_close_matches(group, known, 1)
            more = f"; did you mean {close[0]}?" if close else ""
            raise OwnWordsError(
                ("groups", group), f"no such group; allowed: {', '.join(sorted(known))}{more}"
            )
        for form in forms:
            _check_form(("groups", group), form)
    for form in own.exceptions:
        _check_form(("exceptions",), form)
    if sum(map(len, own.groups.values())) > MOST_FORMS:
        raise OwnWordsError(("groups",), f"more than {MOST_FORMS:,} words")
    return own


def _check_form(key: tuple[str, ...], form: str) -> None:
    plain = fold(form.removeprefix("~").rstrip("*$"))
    if len(plain) < 2 or not plain[-1].isalnum():  # noqa: PLR2004 - one letter is in every text
        raise OwnWordsError(
            key, f"found {form!r}; allowed: two characters and more, with a letter at the end"
        )
    if len(form) > _LONGEST:
        raise OwnWordsError(
            key, f"found {form[:20]!r}…; allowed: at most {_LONGEST} characters"
        )
