"""The how-to about forgery models shows an entry that the registry reads."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec

from detect.media.registry import Card, Entry, parse_registry, refusal

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "models.md"
TEXT = PAGE.read_text("utf-8")


def shown() -> Entry:
    [block] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    [entry] = parse_registry(block)
    return entry


def test_the_entry_that_is_shown_is_read_and_refused_until_it_was_measured() -> None:
    entry = shown()
    raw = b"a model"
    known = msgspec.structs.replace(entry, sha256="0" * 63 + "1")
    assert "another SHA-256" in (refusal(known, raw) or "")

    right = msgspec.structs.replace(entry, sha256=hashlib.sha256(raw).hexdigest())
    assert "fewer than 100" in (refusal(right, raw) or "")
    assert refusal(right, raw, measuring=True) is None


def test_every_field_of_a_card_stands_in_the_entry_that_is_shown() -> None:
    assert all(f"\n{name} = " in TEXT for name in Card.__struct_fields__)
