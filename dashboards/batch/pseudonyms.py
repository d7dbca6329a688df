"""Pseudonyms by a keyed hash: who holds the key can make them again, nobody else can guess.

HMAC-SHA256 (RFC 2104), cut to 128 bits, over what it names and the name itself. Without
the key a pseudonym cannot be tested against a list of known names, as a plain hash could.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from dashboards.batch.rows import (
    AccountRow,
    AlertRow,
    CampaignRow,
    CarrierRow,
    CascadeRow,
    ClusterRow,
    EdgeRow,
    EvidenceRow,
    HopRow,
    MembershipRow,
    PostRow,
    SpreadRow,
)

LEAST_KEY = 16
"""Bytes of a key, at least."""
Kind = Literal["account", "post", "handle", "url", "result"]
_LETTERS = {"account": "a", "post": "p", "handle": "h", "url": "u", "result": "r"}
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_MENTION = re.compile(r"[@＠]([\w.\-]*\w(?:@[\w.\-]*\w)?)")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the file that leads back; keep it apart from the data."""

    kind: Kind
    pseudonym: str
    original: str


class Pseudonyms:
    """Names for names; remembers what it gave out.

    Args:
        key: secret, at least ``LEAST_KEY`` bytes.
        names: original names of accounts without their platform, and handles; where one
            of them stands in a text as a word of its own, it is replaced.

    Raises:
        ValueError: the key is too short.
    """

    def __init__(self, key: bytes, names: frozenset[str] = frozenset()) -> None:
        if len(key) < LEAST_KEY:
            raise ValueError(f"the key has {len(key)} bytes; at least {LEAST_KEY} are needed")
        self._key = key
        self._names = frozenset(name.casefold() for name in names if name)
        self._given: dict[tuple[Kind, str], str] = {}

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without giving them away."""
        return self._digest("fingerprint", "")[:16]

    def of(self, kind: Kind, name: str) -> str:
        """The pseudonym of a name; always the same under one key."""
        found = self._given.get((kind, name))
        if found is None:
            found = self._given[kind, name] = f"{_LETTERS[kind]}_{self._digest(kind, name)}"
        return found

    def account(self, name: str) -> str:
        """Of ``platform:author_id``; the platform stays."""
        platform, _, _ = name.partition(":")
        return f"{platform}:{self.of('account', name)}"

    def text(self, text: str) -> str:
        """A text without links, handles and known names, each replaced by its pseudonym."""
        text = _URL.sub(lambda found: self.of("url", found[0]), text)
        text = _MENTION.sub(lambda found: "@" + self.of("handle", found[1].casefold()), text)
        return _WORD.sub(self._known, text) if self._names else text

    def entries(self) -> Iterator[Entry]:
        """Everything that was given out, in order of kind and original."""
        for (kind, name), pseudonym in sorted(self._given.items()):
            yield Entry(kind=kind, pseudonym=pseudonym, original=name)

    def _known(self, found: re.Match[str]) -> str:
        name = found[0].casefold()
        return self.of("handle", name) if name in self._names else found[0]

    def _digest(self, kind: str, name: str) -> str:
        told = f"{kind}\0{name}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, told, hashlib.sha256).hexdigest()[:32]


_WORD = re.compile(r"[\w:.\-]*\w")
Row = (
    AccountRow
    | AlertRow
    | CampaignRow
    | CascadeRow
    | ClusterRow
    | EdgeRow
    | MembershipRow
    | PostRow
    | SpreadRow
)


class Mask:
    """Rows with pseudonyms in every field that names an account, a post or a result."""

    def __init__(self, names: Pseudonyms) -> None:
        self._names = names

    def row(self, row: Row) -> Row:
        """The row as it may be given away."""
        fields = {
            field: change(getattr(row, field))
            for field in row.__struct_fields__
            if (change := self._change(field)) is not None
        }
        if isinstance(row, AccountRow):
            full = f"{row.platform}:{row.author_id}"
            fields["author_id"] = self._names.of("account", full)
        return msgspec.structs.replace(row, **fields)

    def name(self, account: str) -> str:
        """An account as the files name it."""
        return self._names.account(account)

    def _change(self, field: str) -> Callable[[object], object] | None:
        if field in _POSTS:
            return self._each(lambda one: self._names.of("post", one))
        if field in _ACCOUNTS:
            return self._each(self._names.account)
        if field in _RESULTS:
            return self._each(lambda one: self._names.of("result", one))
        if field in _TEXTS:
            return self._each(self._names.text)
        return self._parts if field in _PARTS else None

    def _each(self, change: Callable[[str], str]) -> Callable[[object], object]:
        def changed(value: object) -> object:
            if isinstance(value, str):
                return change(value)
            if isinstance(value, tuple):
                return tuple(change(str(one)) for one in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            return value

        return changed

    def _parts(self, value: object) -> object:
        if not isinstance(value, tuple):
            return value
        return tuple(
            self.row(one) if isinstance(one, _PART_TYPES) else one  # type: ignore[arg-type]
            for one in value  # pyright: ignore[reportUnknownVariableType]
        )


_POSTS = {"post_id", "post_ids", "top", "first_post", "reply_to", "repost_of", "quote_of"}
_ACCOUNTS = {"accounts", "account", "source", "target"}
_RESULTS = {"campaign_id", "campaigns", "cluster_id", "alert_id", "narrative"}
_TEXTS = {"text", "title"}
_PARTS = {"evidence", "counter_evidence", "hops", "movers", "carriers"}
_PART_TYPES = (EvidenceRow, HopRow, CarrierRow)
