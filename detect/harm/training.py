"""Trains the model of harm: logistic regression on hashed runs, calibrated, the same each time.

Two heads share the features: ``tone`` (none, offensive, hate), learnt from labelled Korean
comments, and one probability a category, learnt from sentences of our own and from
comments without hate. Weights are found by L-BFGS (Nocedal 1980) on the whole set; random
numbers serve only to draw variants of the sentences, with a fixed seed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from importlib.resources import files

import msgspec
import numpy as np
from numpy.typing import NDArray

from detect.harm.features import BITS, as_seen, features
from detect.harm.solver import Design, calibrate, fit
from detect.records import HARM_CATEGORIES, HarmCategory
from detect.text import fold

TONES = ("none", "offensive", "hate")
HELD_OUT = 6
"""Per cent of the comments that are never trained on, as many as the published dev set has."""
FOLDS = 5
"""One of so many parts calibrates: it is judged by weights that did not learn from it."""
VARIANTS = 8
"""Variants drawn of one sentence of our own."""
LEAST_TEXTS = 2
"""Texts that a bucket must occur in; rarer ones carry nothing over to new texts."""
PENALTY_TONE = 1.0
PENALTY_CATEGORY = 0.3
NEUTRAL_COMMENTS = 1500
_CHOICE = re.compile(r"\[([^\]]*)\]")

Floats = NDArray[np.float64]


class Comment(msgspec.Struct, frozen=True):
    """A labelled comment: its text and place in :data:`TONES`."""

    text: str
    tone: int


class Sentence(msgspec.Struct, frozen=True):
    """A sentence of our own with choices in brackets; ○ stands for a name."""

    language: str
    categories: tuple[HarmCategory, ...]
    text: str


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """What a model consists of, before it becomes a file.

    ``buckets`` are the hash buckets with weights; row ``i`` of ``weights`` belongs to
    ``buckets[i]``: three tones, then the categories, already multiplied by ``idf[i]`` and
    sharpened by the calibration. ``decision`` is added to the logarithms of the tones'
    probabilities where one tone has to be named.
    """

    buckets: NDArray[np.int64]
    idf: Floats
    weights: Floats
    bias: Floats
    decision: Floats
    report: dict[str, float]


def is_held_out(text: str) -> bool:
    """Whether a comment is never trained on; texts that are equal in plain form go together."""
    return _hash(text) % 100 < HELD_OUT


def read_comments(raw: str) -> list[Comment]:
    """Comments of a file in the form of ``beep_train.tsv``: comments, …, hate.

    Raises:
        ValueError: the columns are not there, or a label is unknown.
    """
    lines = raw.splitlines()
    names = lines[0].split("\t") if lines else []
    if "comments" not in names or "hate" not in names:
        raise ValueError("no columns 'comments' and 'hate', separated by tabs")
    text, tone = names.index("comments"), names.index("hate")
    found: list[Comment] = []
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) != len(names) or cells[tone] not in TONES:
            raise ValueError(f"line {number}: expected {len(names)} cells, hate among {TONES}")
        found.append(Comment(cells[text], TONES.index(cells[tone])))
    return found


def read_sentences(raw: str) -> list[Sentence]:
    """Sentences of ``examples/train.tsv``: language, categories, text."""
    found: list[Sentence] = []
    for line in raw.splitlines()[1:]:
        language, named, text = line.split("\t")
        categories: tuple[HarmCategory, ...] = tuple(
            one for one in HARM_CATEGORIES if one in named.split(",")
        )
        if not categories and named != "none":
            raise ValueError(f"unknown category in {line!r}")
        found.append(Sentence(language, categories, text))
    return found


def own_sentences() -> list[Sentence]:
    """The sentences that come with jikimi."""
    place = files("detect.harm").joinpath("examples", "train.tsv")
    return read_sentences(place.read_text("utf-8"))


def variants(sentence: Sentence, seed: int) -> list[str]:
    """Distinct texts drawn from a sentence's choices, without the stand-in for a name."""
    generator = np.random.default_rng([seed, _hash(sentence.text)])

    def choose(match: re.Match[str]) -> str:
        choices = match[1].split("|")
        return choices[int(generator.integers(len(choices)))]

    return sorted({_CHOICE.sub(choose, sentence.text) for _ in range(VARIANTS)})


def train(
    comments: Sequence[Comment], sentences: Sequence[Sentence], *, seed: int = 7
) -> Trained:
    """Train on all comments that are not held out and on the sentences."""
    taught = [comment for comment in comments if not is_held_out(comment.text)]
    own = [(text, s.categories) for s in sentences for text in variants(s, seed)]
    texts = [
        as_seen(text) for text in (*(one.text for one in taught), *(text for text, _ in own))
    ]
    design, buckets, idf = _design(texts)
    report: dict[str, float] = {"comments": len(taught), "sentences": len(own)}
    parts: list[tuple[Floats, Floats]] = []
    decision = np.zeros(len(TONES))
    folds = np.array([_hash(text, "fold") % FOLDS for text in texts])
    if taught:
        rows = np.arange(len(taught))
        target = np.eye(len(TONES))[[comment.tone for comment in taught]]
        weights, bias, decision = _tones(design, rows, target, folds, report)
        parts.append((weights, bias))
    else:
        parts.append((np.zeros((len(buckets), len(TONES))), np.array([40.0, 0.0, 0.0])))
    parts.append(_categories(design, taught, own, folds, report))
    return Trained(
        buckets=buckets,
        idf=idf,
        weights=np.hstack([weights for weights, _ in parts]) * idf[:, None],
        bias=np.concatenate([bias for _, bias in parts]),
        decision=decision,
        report=report,
    )


def _design(texts: Sequence[str]) -> tuple[Design, NDArray[np.int64], Floats]:
    ids, starts = features(texts)
    counts = np.bincount(ids, minlength=1 << BITS)
    buckets = np.flatnonzero(counts >= LEAST_TEXTS)
    column = np.full(1 << BITS, -1, np.int64)
    column[buckets] = np.arange(len(buckets))
    idf = np.log((1 + len(texts)) / (1 + counts[buckets])) + 1.0
    row = np.repeat(np.arange(len(texts)), np.diff(starts))
    kept = column[ids] >= 0
    row, place = row[kept], column[ids][kept]
    values = idf[place]
    norm = np.sqrt(np.bincount(row, values**2, minlength=len(texts))) + 1e-9
    return (
        Design(row, place, (values / norm[row]).astype(np.float32), len(texts), len(buckets)),
        buckets,
        idf,
    )


def _tones(
    design: Design,
    rows: NDArray[np.int64],
    target: Floats,
    folds: NDArray[np.int64],
    report: dict[str, float],
) -> tuple[Floats, Floats, Floats]:
    inside, outside = folds[rows] != 0, folds[rows] == 0
    weights, bias = fit(design.only(rows[inside]), target[inside], PENALTY_TONE, softmax=True)
    unseen, truth = design.only(rows[outside]).times(weights) + bias, target[outside]
    weights, bias = fit(design.only(rows), target, PENALTY_TONE, softmax=True)
    heat = calibrate(unseen, truth, softmax=True)
    decision = best_decision(unseen * heat, truth.argmax(axis=1))
    named = (unseen * heat + decision).argmax(axis=1)
    report["tone_calibration_macro_f1"] = macro_f1(truth.argmax(axis=1), named, len(TONES))
    report["tone_heat"] = heat
    return weights * heat, bias * heat, decision


def _categories(
    design: Design,
    taught: Sequence[Comment],
    own: Sequence[tuple[str, tuple[HarmCategory, ...]]],
    folds: NDArray[np.int64],
    report: dict[str, float],
) -> tuple[Floats, Floats]:
    neutral = [i for i, comment in enumerate(taught) if comment.tone == 0][:NEUTRAL_COMMENTS]
    rows = np.array([*neutral, *range(len(taught), len(taught) + len(own))], np.int64)
    target = np.zeros((len(rows), len(HARM_CATEGORIES)))
    for i, (_, categories) in enumerate(own, len(neutral)):
        for category in categories:
            target[i, HARM_CATEGORIES.index(category)] = 1.0
    inside, outside = folds[rows] != 0, folds[rows] == 0
    weights, bias = fit(
        design.only(rows[inside]), target[inside], PENALTY_CATEGORY, softmax=False
    )
    unseen = design.only(rows[outside]).times(weights) + bias
    weights, bias = fit(design.only(rows), target, PENALTY_CATEGORY, softmax=False)
    heat = calibrate(unseen, target[outside], softmax=False)
    report["category_heat"] = heat
    return weights * heat, bias * heat


def best_decision(logits: Floats, truth: NDArray[np.int64]) -> Floats:
    """What to add to the logits so that naming the highest gives the best macro-F1."""
    best, least = np.zeros(logits.shape[1]), 0.0
    steps = np.arange(-1.2, 1.21, 0.1)
    for second in steps:
        for third in steps:
            shift = np.array([0.0, second, third])
            value = macro_f1(truth, (logits + shift).argmax(axis=1), len(shift))
            if value > least + 1e-9:
                best, least = shift, value
    return best


def macro_f1(truth: NDArray[np.int64], named: NDArray[np.int64], classes: int) -> float:
    """Mean of the F1 of every class; a class that is nowhere counts as 0."""
    counts = np.bincount(truth * classes + named, minlength=classes**2)
    table = counts.reshape(classes, classes)
    both = table.diagonal()
    found = 2 * both / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)
    return float(found.mean())


def _hash(text: str, salt: str = "") -> int:
    digest = blake2b(f"{salt}{fold(text)}".encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
