"""How well the language of short posts is told, on our own posts and on real ones.

    python -m tests.eval.language

Real posts are read from the shared data beside the repository and are left out where it is
absent; their labels are what a platform or a publisher says, and are often wrong for posts
of two words. Nothing of them is printed.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from math import sqrt
from pathlib import Path
from typing import Any

from detect.language import base_code, identify

OWN = Path(__file__).with_name("posts_by_language.tsv")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
NAMES = re.compile("LUMENA|Arin|arin|아린")
MOST = 4000
Z = 1.96
STREAM = {
    "English": "en", "Russian": "ru", "Italian": "it", "German": "de", "Ukrainian": "uk",
    "Bulgarian": "bg", "Serbian": "sr", "Spanish": "es", "French": "fr", "Arabic": "ar",
    "Vietnamese": "vi", "Farsi (Persian)": "fa", "Portuguese": "pt", "Indonesian": "id",
    "Korean": "ko", "Japanese": "ja", "Turkish": "tr",
}  # fmt: skip
X_FILES = (
    "kpop.jsonl", "2sets.jsonl", "flat.jsonl", "noflat.jsonl", "mentions_tweet.jsonl",
    "filtered_stream_bts_20210216.ndjson",
)  # fmt: skip

Row = tuple[str, str, list[tuple[int, int]]]
"""Language, text, and the spans of names that the matcher would have found."""


def own() -> Iterator[Row]:
    """The invented posts of this repository."""
    for line in OWN.read_text("utf-8").splitlines():
        code, _, text = line.partition("\t")
        yield code, text, [match.span() for match in NAMES.finditer(text)]


def stream() -> Iterator[Row]:
    """Tweets of the share stream, with the language that their publisher gave."""
    with gzip.open(SHARED / "coord_stream_share.ndjson.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["platform"] == "twitter" and row["lang"] in STREAM:
                yield STREAM[row["lang"]], row["text"], []


def headlines() -> Iterator[Row]:
    """Headlines of Hacker News, all English."""
    with gzip.open(SHARED / "coord_stream_share.ndjson.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["platform"] == "hackernews":
                yield "en", row["text"], []


def tweets() -> Iterator[Row]:
    """Posts of X with the language that X gave, each text once; those without one left out."""
    seen: set[str] = set()
    folder = SHARED / "api_payloads"
    for name in X_FILES:
        for line in (folder / "x_v2" / name).read_text("utf-8").splitlines():
            yield from _tweets(json.loads(line), seen) if line.strip() else ()
    with gzip.open(folder / "x_v1" / "nl_stream_v11_300.ndjson.gz", "rt") as lines:
        for line in lines:
            yield from _tweets(json.loads(line), seen)


def comments() -> Iterator[Row]:
    """Korean comments under news."""
    lines = (SHARED / "text_ko" / "beep_train.tsv").read_text("utf-8").splitlines()[1:]
    yield from (("ko", line.split("\t")[0], []) for line in lines)


def _tweets(value: Any, seen: set[str]) -> Iterator[Row]:
    if isinstance(value, dict):
        code = base_code(value.get("lang")) if isinstance(value.get("lang"), str) else None
        text = value.get("text")
        if code and isinstance(text, str) and text not in seen:
            seen.add(text)
            yield code, text, []
        for one in value.values():
            yield from _tweets(one, seen)
    elif isinstance(value, list):
        for one in value:
            yield from _tweets(one, seen)


def interval(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927)."""
    if not of:
        return 0.0, 1.0
    share, spread = right / of, Z * Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return middle - half, middle + half


def thinned(rows: Iterable[Row]) -> list[Row]:
    """At most ``MOST`` rows, evenly spread."""
    found = list(rows)
    step = max(1, len(found) // MOST)
    return found[::step][:MOST]


def table(rows: list[Row]) -> tuple[int, dict[str, list[int]], Counter[tuple[str, str]]]:
    """How many are right, by language right and of, and what was taken for what."""
    by_language: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    mistaken: Counter[tuple[str, str]] = Counter()
    for code, text, names in rows:
        told = identify(text, skip=names)
        by_language[code][0] += told == code
        by_language[code][1] += 1
        if told != code:
            mistaken[code, told] += 1
    return sum(right for right, _ in by_language.values()), dict(by_language), mistaken


def main() -> None:
    """Print the tables."""
    sets = {"own posts": list(own())}
    if SHARED.is_dir():
        real = {
            "X": tweets,
            "share stream": stream,
            "headlines": headlines,
            "comments": comments,
        }
        sets |= {name: thinned(read()) for name, read in real.items()}
    else:
        print(f"real posts are not here: {SHARED} does not exist")
    for name, rows in sets.items():
        right, by_language, mistaken = table(rows)
        low, high = interval(right, len(rows))
        print(
            f"{name}: {right}/{len(rows)} = {right / len(rows):.3f} ({low:.3f} to {high:.3f})"
        )
        for code, (good, of) in sorted(by_language.items(), key=lambda one: -one[1][1])[:17]:
            low, high = interval(good, of)
            print(f"    {code:<3} {good}/{of} = {good / of:.3f} ({low:.3f} to {high:.3f})")
        taken = ", ".join(f"{a} as {b} {n}" for (a, b), n in mistaken.most_common(6))
        print(f"    mistaken: {taken or 'none'}")


if __name__ == "__main__":
    main()
