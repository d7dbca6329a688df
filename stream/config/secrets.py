"""Keeps secrets out of everything that is printed: masks text, addresses and settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast
from urllib.parse import urlsplit, urlunsplit

from ingest.secret import MASK, Secret

_WORDS = r"pass(?:word|wd|phrase)|secret|token|authorization|api[_-]?key|credential|cookie"
LONGEST = 4_000
"""Characters of a message that are looked through and shown; the rest is cut."""

_KEY = re.compile(_WORDS, re.IGNORECASE)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>]+", re.IGNORECASE)
_NAME = re.compile(r"""(?<![\w-])(?P<key>[\w-]++)["']?\s*+[:=]\s*+""")
_VALUE = re.compile(
    r"""(?:(?:Bearer|Basic|ApiKey)\s++)?(?:"[^"]*+"|'[^']*+'|[^\s,;&"']++)""", re.IGNORECASE
)
_BEARER = re.compile(r"\b(?P<scheme>Bearer|Basic|ApiKey)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_OWN = re.compile(r"\bjk_[0-9a-f]{8}_[\w-]+", re.ASCII)
"""Keys of our own HTTP API (``dashboards/keys.py``)."""


def is_secret_key(key: str) -> bool:
    """Whether what is kept under ``key`` must not be shown."""
    return _KEY.search(key) is not None


def mask_text(text: str) -> str:
    """``text`` without passwords, tokens, and user names and queries of URLs."""
    if len(text) > LONGEST:
        # The patterns look back and forth; no message for people is this long.
        text = f"{text[:LONGEST]} (and {len(text) - LONGEST:,} characters more)"
    text = _URL.sub(lambda found: mask_url(found[0]), text)
    text = _OWN.sub(f"jk_{MASK}", _mask_assigned(text))
    return _BEARER.sub(lambda found: f"{found['scheme']} {MASK}", text)


def _mask_assigned(text: str) -> str:
    """Mask values behind names such as ``password=``; in one pass, whatever the text."""
    kept: list[str] = []
    done = at = 0
    while name := _NAME.search(text, at):
        at = name.end()
        value = _VALUE.match(text, at) if _KEY.search(name["key"]) else None
        if value is not None:
            kept += [text[done:at], MASK]
            done = at = value.end()
    return "".join([*kept, text[done:]])


def mask_url(url: str) -> str:
    """The URL with its user part, query and fragment masked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    host = parts.netloc.rpartition("@")
    netloc = f"{MASK}@{host[2]}" if host[1] else parts.netloc
    query = MASK if parts.query else ""
    fragment = MASK if parts.fragment else ""
    return urlunsplit((parts.scheme, netloc, parts.path, query, fragment))


def mask_value(value: object, key: str = "") -> object:
    """``value`` as it may be shown under ``key``; lists and mappings are walked through."""
    hidden = key and is_secret_key(key) and value not in (None, "", False, True)
    if hidden or isinstance(value, Secret):
        return MASK
    if isinstance(value, Mapping):
        table = cast("Mapping[object, object]", value)
        return {str(name): mask_value(item, str(name)) for name, item in table.items()}
    if isinstance(value, (list, tuple)):
        return [mask_value(item) for item in cast("Sequence[object]", value)]
    if isinstance(value, BaseException):
        return mask_text(f"{type(value).__name__}: {value}")
    return mask_text(value) if isinstance(value, str) else value
