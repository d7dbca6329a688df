"""Rewrites or thins out the labelled operation of the share stream, as evaders would."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from string import ascii_lowercase
from typing import Any, Literal

Way = Literal["wrap", "reword", "delay"]

FEWEST_LEFT = 3
REWORDED = 0.2
LONGEST_DELAY_S = 6 * 60 * 60
_EVERY = 7
_LINK = re.compile(r"https?://\S+")

Row = dict[str, Any]
"""A post or a label as its file has it; the formats are not ours."""


def read_posts(path: Path) -> list[Row]:
    """The posts of a gzip file, one JSON object a line."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_labels(path: Path) -> list[dict[str, str]]:
    """The labels of a gzip CSV file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def write_posts(path: Path, posts: Iterable[Row]) -> None:
    """Write posts as they were read."""
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as lines:
        for post in posts:
            lines.write(json.dumps(post, ensure_ascii=False) + "\n")


def evade(posts: Iterable[Row], labels: Iterable[Mapping[str, str]], way: Way) -> list[Row]:
    """The stream after the operation's posts were rewritten.

    ``wrap`` puts random short hashtags around the text and a fresh link behind
    it; ``reword`` also replaces a fifth of the words; ``delay`` moves every post
    by up to six hours. The same numbers are drawn in the same order as by the
    script the published figures come from.
    """
    rng = Random(1)  # noqa: S311 - a simulation, no secret
    hostile = {row["id"] for row in labels if row["label"] == "1"}
    found = [dict(post) for post in posts]
    words = [w for post in found[::_EVERY] for w in post["text"].split() if w.isalpha()]
    for post in found:
        if post["id"] not in hostile:
            continue
        if way == "delay":
            moved = datetime.fromisoformat(post["created_at"]) + timedelta(
                seconds=rng.uniform(0, LONGEST_DELAY_S)
            )
            post["created_at"] = moved.strftime("%Y-%m-%dT%H:%M:%SZ")
        else:
            _wrap(rng, post, words if way == "reword" else None)
    found.sort(key=_created_at)
    return found


def dilute(labels: Iterable[dict[str, str]], share: float, seed: int) -> list[dict[str, str]]:
    """Labels without most of the operation: each campaign keeps that share of its accounts."""
    rows = list(labels)
    rng = Random(seed)  # noqa: S311 - a simulation, no secret
    campaigns: dict[str, set[str]] = {}
    for row in rows:
        if row["label"] == "1":
            campaigns.setdefault(row["campaign"], set()).add(row["author_id"])
    gone: set[str] = set()
    for name in sorted(campaigns):
        accounts = sorted(campaigns[name])
        keep = max(FEWEST_LEFT, round(len(accounts) * share))
        gone |= set(rng.sample(accounts, len(accounts) - keep))
    return [row for row in rows if row["author_id"] not in gone]


def only(posts: Iterable[Row], labels: Iterable[Mapping[str, str]]) -> Iterator[Row]:
    """The posts that are labelled."""
    ids = {row["id"] for row in labels}
    return (post for post in posts if post["id"] in ids)


def _wrap(rng: Random, post: Row, words: list[str] | None) -> None:
    text = _LINK.sub("", post["text"])
    if words is not None:
        text = " ".join(
            rng.choice(words) if rng.random() < REWORDED and word.isalpha() else word
            for word in text.split()
        )
    before, after = _tag(rng), _tag(rng)
    link = f"https://t.co/{_tag(rng)}{rng.randrange(10**6)}"
    post["text"] = f"#{before} {text} #{after} {link}"
    post["hashtags"] = [before, *(post.get("hashtags") or []), after]
    post["urls"] = [link]


def _tag(rng: Random) -> str:
    return "".join(rng.choice(ascii_lowercase) for _ in range(rng.randint(2, 6)))


def _created_at(post: Row) -> str:
    return str(post["created_at"])
