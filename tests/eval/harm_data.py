"""Labelled and harmless posts for `make eval-harm`: our own, and real ones read in place."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from detect.harm import training

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("JIKIMI_SHARED", HERE.parents[2] / "shared")) / "data"
BEEP = SHARED / "text_ko" / "beep_train.tsv"
KMHAS = SHARED / "text_ko" / "kmhas_valid.txt"
STREAM = SHARED / "coord_stream_share.ndjson.gz"
FAN_SOURCES = {"kpop-tv-2017": "kpop tv tweets 2017", "kpop-youtube": "kpop YouTube comments"}
NO_HARM = "8"
"""K-MHaS: label of comments without hate."""
MARKED = re.compile("«([^»]*)»")


@dataclass(frozen=True)
class Case:
    """A post of our own: its category ("none" for harmless ones), target, words to disguise."""

    language: str
    category: str
    target: str
    text: str
    marked: tuple[str, ...]


def cases(file: str = "harm_cases.tsv") -> list[Case]:
    """Our own labelled posts of a file."""
    found = []
    for line in (HERE / file).read_text("utf-8").splitlines()[1:]:
        language, category, target, text = line.split("\t")
        marked = tuple(MARKED.findall(text))
        found.append(Case(language, category, target, MARKED.sub(r"\1", text), marked))
    return found


def harmless() -> list[tuple[str, str]]:
    """Harmless fan posts of our own: language, text."""
    lines = (HERE / "harm_harmless.tsv").read_text("utf-8").splitlines()[1:]
    return [tuple(line.split("\t")) for line in lines]  # type: ignore[misc]


def beep_held_out() -> list[training.Comment]:
    """Comments of the published training set that no model of ours was trained on."""
    return [
        one for one in training.read_comments(BEEP.read_text("utf-8"))
        if training.is_held_out(one.text)
    ]  # fmt: skip


def kmhas() -> list[tuple[str, bool]]:
    """Comments and whether they hold hate of any kind."""
    with KMHAS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    return [(row[0], row[1] != NO_HARM) for row in rows if len(row) == 2]


def fan_posts(source: str, most: int) -> list[str]:
    """Different real posts of a fan source, evenly over its time."""
    texts: dict[str, None] = {}
    labels = SHARED / "coord_stream_share.labels.csv.gz"
    with gzip.open(labels, "rt", encoding="utf-8", newline="") as file:
        wanted = {row["id"] for row in csv.DictReader(file) if row["source"] == source}
    with gzip.open(STREAM, "rt", encoding="utf-8") as file:
        for line in file:
            post = json.loads(line)
            if post["id"] in wanted and len(post["text"]) > 10:
                texts[post["text"]] = None
    every = max(1, len(texts) // most)
    return list(texts)[::every][:most]
