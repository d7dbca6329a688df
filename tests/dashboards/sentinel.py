"""Looks for words in every byte of a folder: as text, decompressed, in term dictionaries.

    python sentinel.py FOLDER WORD...

Prints one line for each file that holds a word. A process of its own, because opening
a live SQLite file in the process that uses it would drop SQLite's locks.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import sys
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import tantivy
import zstandard

MAGIC: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress),
    (
        b"\x28\xb5\x2f\xfd",
        lambda raw: zstandard.ZstdDecompressor().decompressobj().decompress(raw),
    ),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ", lzma.decompress),
    (b"\x78\x9c", zlib.decompress),
    (b"\x78\x01", zlib.decompress),
    (b"\x78\xda", zlib.decompress),
)


def forms(word: str) -> set[bytes]:
    """How a word may stand in bytes."""
    spelled = {word, word.casefold(), word.upper(), word[::-1], word.casefold()[::-1]}
    spelled |= {unicodedata.normalize(form, word) for form in ("NFD", "NFKC", "NFKD")}
    found = {
        one.encode(code) for one in spelled for code in ("utf-8", "utf-16-le", "utf-32-le")
    }
    return found | {one.encode("utf-8")[::-1] for one in spelled}


def decompressed(raw: bytes) -> Iterator[bytes]:
    """The bytes, and what any compressed stream inside of them holds."""
    yield raw
    for magic, inflate in MAGIC:
        for match in re.finditer(re.escape(magic), raw):
            try:
                yield inflate(raw[match.start() :])
            except Exception:  # noqa: BLE001 - most are no such stream
                continue


def terms(folder: Path, word: str) -> list[str]:
    """Terms of a tantivy folder that contain the word, of removed documents too."""
    searcher = tantivy.Index.open(str(folder)).searcher()
    found: list[str] = []
    for name in ("words", "singles", "tag", "link", "domain", "mention", "author", "account"):
        try:
            held = searcher.terms_with_prefix(name, "")
        except ValueError:
            continue
        found += [term for term, _ in held if word.casefold() in term.casefold()]
    return found


def main(folder: Path, words: list[str]) -> None:
    """Print where any of the words stands."""
    wanted = [form for word in words for form in forms(word)]
    for file in sorted(folder.rglob("*")):
        try:
            if file.is_dir():
                if (file / "meta.json").exists() and any(terms(file, word) for word in words):
                    print(f"{file.relative_to(folder)}: terms")
                continue
            raw = file.read_bytes()
        except (FileNotFoundError, ValueError):
            continue  # replaced meanwhile
        for piece in decompressed(raw):
            if any(form in piece for form in wanted):
                print(file.relative_to(folder))
                break


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
