"""The query language of the search box: text in, a tree of conditions out; knows no index.

``subject:haneul AND text:"some rumour" since:7d (tag:x OR link:news.example) -lang:en``:
conditions beside each other must all hold, ``AND``, ``OR`` and ``NOT`` (upper case) and a
leading ``-`` combine them, parentheses group, quotes make a phrase, and a word without a
field is looked for in the text. Every index compiles the same tree.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

import msgspec

from detect.records import HARM_CATEGORIES
from stream.search.tokens import MIN_PREFIX, is_short_prefix
from stream.search.tree import (
    FIELD,
    FIELDS,
    FIXED,
    IDLE,
    METRICS,
    NUMBERS,
    OPERATORS,
    SCORES,
    TIMES,
    VALUE,
    And,
    Node,
    Not,
    Or,
    Term,
    joined,
)

MAX_LENGTH = 2000
"""Code points of a query."""
MAX_DEPTH = 20
"""Parentheses and negations inside each other."""
MAX_TERMS = 100
"""Conditions of a query."""

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_AGO = re.compile(r"([0-9]{1,5})([mhdw])")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_QUOTES = str.maketrans("“”„", '"""')


class QueryError(Exception):
    """A query that cannot be understood: a plain sentence, and the place it speaks of.

    ``template`` and ``values`` make the sentence, for pages in other languages; ``meant``
    is what was probably meant, or empty.
    """

    def __init__(
        self, template: str, start: int, end: int, *, meant: str = "", **values: object
    ) -> None:
        self.template = template
        self.values = values
        self.meant = meant
        self.start = start
        self.end = end
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The sentence in English."""
        said = self.template.format(**self.values)
        return f"{said}; did you mean {self.meant}?" if self.meant else said


def parse(text: str, *, now: int = 0, tz: tzinfo = UTC) -> Node | None:
    """The conditions of a query, None when it asks for nothing.

    Args:
        text: what a person typed.
        now: milliseconds, from which ``7d`` counts back.
        tz: where days begin and times without a zone are.

    Raises:
        QueryError: it cannot be understood, or is too long, deep or manifold.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(
            "the query has {length} characters, at most {limit} are allowed",
            MAX_LENGTH,
            len(text),
            length=len(text),
            limit=MAX_LENGTH,
        )
    return _Parser(_scan(text.translate(_QUOTES), now, tz)).whole()


class _Token(msgspec.Struct, frozen=True):
    kind: str
    start: int
    end: int
    term: Term | None = None


def _scan(text: str, now: int, tz: tzinfo) -> list[_Token]:
    found: list[_Token] = []
    at = count = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
            continue
        if char in "()" or (char == "-" and _negates(text, at + 1)):
            found.append(_Token("NOT" if char == "-" else char, at, at + 1))
            at += 1
            continue
        token = _word(text, at, now, tz)
        at = token.end
        if token.kind == "skip":
            continue
        count += token.kind == "term"
        if count > MAX_TERMS:
            raise QueryError(
                "the query has more than {limit} conditions",
                token.start,
                token.end,
                limit=MAX_TERMS,
            )
        found.append(token)
    return found


def _negates(text: str, at: int) -> bool:
    """Whether a dash before ``at`` speaks of what stands there, and is none of its own."""
    if text.startswith(("(", '"'), at):
        return True
    value = VALUE.match(text, at)
    return value is not None and not IDLE.fullmatch(value[0])


def _word(text: str, at: int, now: int, tz: tzinfo) -> _Token:
    """The condition, operator or punctuation that begins at ``at``."""
    match = FIELD.match(text, at)
    if match is None or text.startswith("//", match.end()):
        value, end, phrase = _value(text, at)
        if not phrase and value in OPERATORS:
            return _Token(value, at, end)
        if not value.strip() or (not phrase and IDLE.fullmatch(value)):
            return _Token("skip", at, end)
        _check_prefix(value, phrase, at, end)
        return _Token("term", at, end, Term("text", value, phrase=phrase))
    field = match[1].lower()
    if field not in FIELDS:
        raise QueryError(
            "“{field}” is no field (to look for it as text, put it in quotes)",
            at,
            match.end(1),
            field=match[1],
            meant=_near(_SYNONYMS.get(field, field), FIELDS),
        )
    value, end, phrase = _value(text, match.end())
    if not value.strip():
        raise QueryError(
            "{field} needs a value, as in {example}",
            at,
            match.end(),
            field=field,
            example=_EXAMPLES[field],
        )
    term = _term(field, match[2], value, phrase, (match.end(), end), now, tz)
    return _Token("term", at, end, term)


def _check_prefix(value: str, phrase: bool, start: int, end: int) -> None:
    if not phrase and is_short_prefix(value):
        raise QueryError(
            "at least {limit} letters must stand before *", start, end, limit=MIN_PREFIX
        )


def _value(text: str, at: int) -> tuple[str, int, bool]:
    """What stands at ``at``: its value, its end, whether it is quoted."""
    if text.startswith('"', at):
        quoted = _QUOTED.match(text, at)
        if quoted is None:
            raise QueryError("this quotation mark is never closed", at, at + 1)
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), quoted.end(), True
    plain = VALUE.match(text, at)
    return (plain[0], plain.end(), False) if plain else ("", at, False)


def _term(
    field: str, op: str, value: str, phrase: bool, place: tuple[int, int], now: int, tz: tzinfo
) -> Term:
    if field == "harm" and op in (":", "=") and not _NUMBER.fullmatch(value):
        return Term(field, _one_of(field, value, HARM_CATEGORIES, place))
    if field in NUMBERS:
        if not _NUMBER.fullmatch(value):
            raise QueryError(
                "{field} takes a number, as in {example}",
                *place,
                field=field,
                example=_EXAMPLES[field],
            )
        return Term(field, value, "=" if op == ":" else op, number=float(value))
    if op not in (":", "="):
        raise QueryError(
            "{field} cannot be compared with {op}, write {example}",
            *place,
            field=field,
            op=op,
            example=_EXAMPLES[field],
        )
    if field in TIMES:
        return Term(field, value, number=_moment(field, value, place, now, tz))
    if field == "text":
        _check_prefix(value, phrase, *place)
    allowed = FIXED.get(field)
    if allowed is not None:
        value = _one_of(field, value, allowed, place)
    return Term(field, value, phrase=phrase and field == "text")


def _one_of(field: str, value: str, allowed: Sequence[str], place: tuple[int, int]) -> str:
    if value.lower() not in allowed:
        raise QueryError(
            "{field} takes {allowed}",
            *place,
            field=field,
            allowed=", ".join(allowed),
            meant=_near(value.lower(), allowed),
        )
    return value.lower()


def _moment(field: str, value: str, place: tuple[int, int], now: int, tz: tzinfo) -> float:
    ago = _AGO.fullmatch(value)
    if ago:
        return float(now - int(ago[1]) * _UNIT_MS[ago[2]])
    if _DATE.fullmatch(value):
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=tz)
            return float(round(moment.timestamp() * 1000))
    raise QueryError(
        "{field} takes a time, as in {field}:7d, {field}:24h, {field}:2026-11-01 "
        "or {field}:2026-11-01T10:00",
        *place,
        field=field,
    )


_SYNONYMS = {
    "hashtag": "tag",
    "hashtags": "tag",
    "url": "link",
    "site": "link",
    "domain": "link",
    "user": "author",
    "account": "author",
    "by": "author",
    "from": "author",
    "after": "since",
    "before": "until",
    "idol": "subject",
    "group": "subject",
    "retweets": "reposts",
    "score": "likes",
    "words": "text",
}
"""What other search boxes call our fields."""

_EXAMPLES = {
    **{name: f"{name}:{name}" for name in FIELDS},
    "text": 'text:"two words"', "subject": "subject:haneul", "platform": "platform:reddit",
    "source": "source:bluesky", "lang": "lang:ko", "author": "author:@someone",
    "tag": "tag:comeback", "link": "link:news.example", "mention": "mention:@someone",
    "is": "is:reply", "has": "has:media", "reason": "reason:alias", "since": "since:7d",
    "until": "until:24h", "language": "language:ko", "target": "target:subject",
    **{name: f"{name}>0.5" for name in SCORES},
    **{name: f"{name}>=10" for name in METRICS},
}  # fmt: skip


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def whole(self) -> Node | None:
        if not self._tokens:
            return None
        node = self._either(0)
        token = self._next()
        if token is not None:
            raise QueryError("this parenthesis was never opened", token.start, token.end)
        return node

    def _next(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, kind: str) -> bool:
        token = self._next()
        if token is None or token.kind != kind:
            return False
        self._at += 1
        return True

    def _either(self, depth: int) -> Node:
        parts = [self._both(depth)]
        while self._take("OR"):
            parts.append(self._both(depth))
        return joined(Or, parts)

    def _both(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while True:
            token = self._next()
            if token is None or token.kind in ("OR", ")"):
                return joined(And, parts)
            self._take("AND")
            parts.append(self._one(depth))

    def _one(self, depth: int) -> Node:
        token = self._next()
        if token is None:
            last = self._tokens[-1]
            raise QueryError("something is missing after this", last.start, last.end)
        if depth > MAX_DEPTH:
            raise QueryError(
                "more than {limit} parentheses or negations inside each other",
                token.start,
                token.end,
                limit=MAX_DEPTH,
            )
        self._at += 1
        if token.term is not None:
            return token.term
        if token.kind == "NOT":
            part = self._one(depth + 1)
            return part.part if isinstance(part, Not) else Not(part)
        if token.kind == "(":
            close = self._next()
            if close is not None and close.kind == ")":
                raise QueryError("there is nothing between these", token.start, close.end)
            node = self._either(depth + 1)
            if not self._take(")"):
                raise QueryError("this parenthesis is never closed", token.start, token.end)
            return node
        raise QueryError("a word or a condition is missing before this", token.start, token.end)


def _near(value: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(value[:40], known, n=1, cutoff=0.6)
    return near[0] if near else ""
