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
from detect.harm.solver import Design, calibrate, fit, telling
from detect.records import HARM_CATEGORIES, HarmCategory
from detect.text import fold

TONES = ("none", "offensive", "hate")
HELD_OUT = 15
"""Per cent of the comments that are never trained on."""
FOLDS = 5
"""One of so many parts calibrates: it is judged by weights that did not learn from it."""
VARIANTS = 8
"""Variants drawn of one sentence of our own."""
LEAST_TEXTS = 3
"""Texts that a bucket must occur in; rarer ones carry nothing over to new texts."""
PENALTY_TONE = 4.0
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
    ``buckets[i]``: three tones, then the categories, calibrated. A text's weights are
    summed and divided by the root of its summed ``mass``. ``decision`` is added to the
    logarithms of the tones' probabilities where one tone has to be named.
    """

    buckets: NDArray[np.int64]
    weights: Floats
    mass: Floats
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
    design, buckets, rarity = _design(texts)
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
        weights=np.hstack([weights for weights, _ in parts]) * rarity[:, None],
        mass=rarity**2,
        bias=np.concatenate([bias for _, bias in parts]),
        decision=decision,
        report=report,
    )


def _design(texts: Sequence[str]) -> tuple[Design, NDArray[np.int64], Floats]:
    """Texts as rows of length one, the buckets of the columns, and how rare each is."""
    ids, starts = features(texts)
    counts = np.bincount(ids, minlength=1 << BITS)
    buckets = np.flatnonzero(counts >= LEAST_TEXTS)
    rarity: Floats = np.log((1 + len(texts)) / (1 + counts[buckets])) + 1
    column = np.full(1 << BITS, -1, np.int64)
    column[buckets] = np.arange(len(buckets))
    row = np.repeat(np.arange(len(texts)), np.diff(starts))
    kept = column[ids] >= 0
    row, place = row[kept], column[ids][kept]
    mass = np.bincount(row, weights=rarity[place] ** 2, minlength=len(texts))
    values = (rarity[place] / np.sqrt(np.maximum(mass, 1))[row]).astype(np.float32)
    return Design(row, place, values, len(texts), len(buckets)), buckets, rarity


def _tones(
    design: Design,
    rows: NDArray[np.int64],
    target: Floats,
    folds: NDArray[np.int64],
    report: dict[str, float],
) -> tuple[Floats, Floats, Floats]:
    """Weights, bias and decision of the tones.

    Each tone is told from the two others, and both sides count alike while learning, or
    the rarest would hardly be named; the probabilities are brought back to how frequent
    they are.
    """
    share: Floats = np.maximum(target.mean(axis=0), 1 / len(target))
    frequent: Floats = np.log(share * len(TONES))
    worth: Floats = 0.5 * (target / share + (1 - target) / np.maximum(1 - share, share.min()))

    def learnt(some: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        part = design.only(rows[some])
        scale = telling(part, target[some])
        return fit(
            part, target[some], PENALTY_TONE, softmax=False, scale=scale, worth=worth[some]
        )

    inside, outside = folds[rows] != 0, folds[rows] == 0
    weights, bias = learnt(inside)
    unseen, truth = design.only(rows[outside]).times(weights) + bias, target[outside]
    heat = calibrate(unseen, truth, softmax=True, shift=frequent)
    report["tone_heat"] = heat
    report["tone_calibration_macro_f1"] = macro_f1(
        truth.argmax(axis=1), unseen.argmax(axis=1), len(TONES)
    )
    weights, bias = learnt(np.ones(len(rows), np.bool_))
    return weights * heat, bias * heat + frequent, -frequent


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
