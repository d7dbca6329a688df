"""`make eval-harm`: how well harm is judged, as tables.

Reads our own posts beside it and, where they are, labelled comments and real fan posts of
``../shared/data`` (``JIKIMI_SHARED`` names another folder); says what it had to skip.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import dashboards
from dashboards.composing.judging import harm_model
from detect.harm import training
from detect.harm.export import to_onnx
from detect.harm.features import as_seen
from detect.harm.judge import HarmJudge
from detect.harm.model import HarmModel
from detect.harm.thresholds import ALERT_FROM, SURE_FROM, UNSURE_FROM
from detect.language import identify
from detect.mentions import MentionMatcher
from detect.records import HARM_CATEGORIES, OPINION, Judgement
from detect.watchlist import load_watchlist
from stream.settings import Settings
from tests.eval import harm_data as data
from tests.eval.evasions import EVASIONS, disguise
from tests.eval.harm_scores import (
    calibration_error,
    f1,
    interval,
    macro_f1,
    per_language,
    precision_recall,
)

YES_FROM = 0.5
"""Score from which a category counts as said."""
REAL_POSTS = 800
LISTED = ("jamo", "choseong", "half_choseong", "yamin", "leet", "spaced", "punctuated",
          "homoglyphs", "zero_width", "full_width", "repeated", "emoji", "decomposed",
          "masked")  # fmt: skip
UNDONE = ("jamo", "decomposed", "spaced", "punctuated", "homoglyphs", "zero_width",
          "full_width", "emoji", "repeated")  # fmt: skip
"""Disguises that can be put on every word of a text and still be read."""
UNSEEN = {
    "harm_varied.tsv": "looked at since",
    "harm_fresh.tsv": "measured once, then looked at",
}
RECORDINGS = "harm_recordings.tsv"
"""Claims that private recordings go around; the words were made with these posts in view."""
RECORDED_LATER = "harm_recordings_fresh.tsv"
LATER = "harm_later.tsv"
"""Posts written after all words; measured once, and no word was changed because of them."""
PUBLISHED = (
    ("KcBERT-base, fine-tuned (detox, on the published test set)", 0.604),
    ("KoBERT, fine-tuned (detox, on the published test set)", 0.539),
    ("KoELECTRA-Base-v3, fine-tuned (its authors, on the published dev set)", 0.676),
    ("DistilKoBERT, fine-tuned (KoELECTRA's authors, on the published dev set)", 0.607),
)


class Bench:
    """The judge under test, with and without its model, and what it found."""

    def __init__(self, model: HarmModel | None) -> None:
        self.model = model
        self.matcher = MentionMatcher(
            load_watchlist(Path(dashboards.__file__).parent / "demo" / "agency.toml")
        )
        self.whole = HarmJudge(identify, model)
        self.words = HarmJudge(identify)
        self.results: dict[str, object] = {"model": model.version if model else None}

    def judged(self, texts: Sequence[str], *, words: bool = False) -> list[Judgement]:
        judge = self.words if words else self.whole
        return judge.judge_texts(texts, [self.matcher.match_text(text) for text in texts])


def scores_of(found: Sequence[Judgement]) -> np.ndarray:
    """A row a text, a column a category."""
    table = np.zeros((len(found), len(HARM_CATEGORIES)))
    for row, one in enumerate(found):
        for score in one.harm:
            table[row, HARM_CATEGORIES.index(score.category)] = score.score
    return table


def worst_of(found: Sequence[Judgement]) -> np.ndarray:
    return np.array([one.worst for one in found])


def head(title: str) -> None:
    print(f"\n## {title}\n")


def comments(bench: Bench) -> None:
    head("Labelled Korean comments (BEEP!, held-out part of the published training set)")
    if not data.BEEP.is_file():
        print(f"skipped: no {data.BEEP}")
        return
    held = data.beep_held_out()
    truth = np.array([one.tone for one in held])
    rows = []
    if bench.model is not None and bench.model.knows_tone:
        said = bench.model.scores([as_seen(one.text) for one in held]).tone
        named = bench.model.tones(said)
        low, high = interval(lambda i: macro_f1(truth[i], named[i], 3), len(held))
        rows.append(("jikimi, model (3 classes)", macro_f1(truth, named, 3), low, high))
        for place, tone in enumerate(training.TONES):
            low, high = interval(lambda i, p=place: f1(truth[i] == p, named[i] == p), len(held))
            rows.append((f"  F1 of {tone}", f1(truth == place, named == place), low, high))
        error = calibration_error(said.max(axis=1).astype(float), said.argmax(axis=1) == truth)
        hate = calibration_error(said[:, 2].astype(float), truth == 2)
        print(f"ECE, 15 bins: highest tone {error:.3f}, hate {hate:.3f}")
        bench.results["beep"] = {"macro_f1": rows[0][1], "ece": error, "ece_hate": hate}
    worst = worst_of(bench.judged([one.text for one in held], words=True)) >= YES_FROM
    low, high = interval(lambda i: macro_f1(truth[i] > 0, worst[i], 2), len(held))
    rows.append(
        (
            "jikimi, words alone (harmful or not)",
            macro_f1((truth > 0) * 1, worst * 1, 2),
            low,
            high,
        )
    )
    both = worst_of(bench.judged([one.text for one in held])) >= UNSURE_FROM
    rows.append(
        (
            "jikimi, both layers (harmful or not)",
            macro_f1((truth > 0) * 1, both * 1, 2),
            *interval(lambda i: macro_f1(truth[i] > 0, both[i], 2), len(held)),
        )
    )
    print(f"{len(held)} comments; macro-F1 [95 % bootstrap interval]")
    for name, value, low, high in rows:
        print(f"  {name:<44} {value:.3f}  [{low:.3f}, {high:.3f}]")
    print("published, other splits of the same corpus:")
    for name, value in PUBLISHED:
        print(f"  {name:<76} {value:.3f}")


def kmhas(bench: Bench) -> None:
    head("K-MHaS validation set (evaluation only): any hate or none")
    if not data.KMHAS.is_file():
        print(f"skipped: no {data.KMHAS}")
        return
    rows = data.kmhas()
    truth = np.array([hateful for _, hateful in rows])
    for name, words in (("words alone", True), ("both layers", False)):
        worst = worst_of(bench.judged([text for text, _ in rows], words=words))
        named = worst >= UNSURE_FROM
        low, high = interval(lambda i, n=named: macro_f1(truth[i] * 1, n[i] * 1, 2), len(rows))
        value = macro_f1(truth * 1, named * 1, 2)
        print(f"  {name:<14} macro-F1 {value:.3f} [{low:.3f}, {high:.3f}] of {len(rows)}")
        bench.results[f"kmhas {name}"] = value


def categories(bench: Bench) -> None:
    head("Categories, on our own labelled posts (written by those who wrote the words)")
    rows = data.cases()
    texts = [one.text for one in rows]
    tables = {"words": scores_of(bench.judged(texts, words=True)),
              "both": scores_of(bench.judged(texts))}  # fmt: skip
    print(f"{'category':<22}{'posts':>6}" + "".join(f"{name:>26}" for name in tables))
    for place, category in enumerate(HARM_CATEGORIES):
        truth = np.array([one.category == category for one in rows])
        cells = ""
        for table in tables.values():
            named = table[:, place] >= YES_FROM
            low, high = interval(lambda i, t=truth, n=named: f1(t[i], n[i]), len(rows))
            cells += f"{f1(truth, named):>12.3f} [{low:.2f}, {high:.2f}]"
        print(f"{category:<22}{truth.sum():>6}{cells}")
    found = bench.judged(texts)
    right = [one.target == j.target for one, j in zip(rows, found, strict=True)]
    print(f"target right: {np.mean(right):.3f} of {len(rows)}")
    for language, some in per_language([one.language for one in rows]).items():
        value = macro_of(rows, tables["both"], some)
        print(f"  {language}: macro-F1 over its categories {value:.3f} ({len(some)} posts)")
    bench.results["categories"] = macro_of(rows, tables["both"], np.arange(len(rows)))
    worst = tables["both"].max(axis=1)
    harmful = np.array([one.category != "none" for one in rows])
    print(f"ECE of the highest score: {calibration_error(worst, harmful):.3f}")


def macro_of(rows: Sequence[data.Case], table: np.ndarray, some: np.ndarray) -> float:
    """Mean F1 of the categories that occur among some posts."""
    values = []
    for place, category in enumerate(HARM_CATEGORIES):
        truth = np.array([rows[i].category == category for i in some])
        if truth.any():
            values.append(f1(truth, table[some, place] >= YES_FROM))
    return float(np.mean(values))


def unseen(bench: Bench) -> None:
    head("Posts that were written before the words that find them")
    later = {
        LATER: "written after all words, measured once",
        RECORDINGS: "private recordings, looked at",
        RECORDED_LATER: "the same, written after the words, then looked at",
    }
    for file, what in {**UNSEEN, **later}.items():
        rows = data.cases(file)
        print(f"{len(rows)} posts, {what}:")
        print(f"  {'':<22}{'words':>18}{'both layers':>18}   (precision, recall)")
        tables = [scores_of(bench.judged([one.text for one in rows], words=words)) >= YES_FROM
                  for words in (True, False)]  # fmt: skip
        truth = np.array([[one.category == c for c in HARM_CATEGORIES] for one in rows])
        for place, category in enumerate(HARM_CATEGORIES):
            cells = [precision_recall(truth[:, place], table[:, place]) for table in tables]
            print(f"  {category:<22}" + "".join(f"{p:>12.2f} {r:.2f} " for p, r in cells))
        for language, some in per_language([one.language for one in rows]).items():
            cells = [precision_recall(truth[some], table[some]) for table in tables]
            print(f"  {language:<22}" + "".join(f"{p:>12.2f} {r:.2f} " for p, r in cells))
        for name, table in zip(("words", "both"), tables, strict=True):
            p, r = precision_recall(truth, table)
            bench.results[f"{file} {name}"] = {"precision": p, "recall": r}
        print(f"  {'all':<22}" + "".join(
            f"{p:>12.2f} {r:.2f} " for p, r in (precision_recall(truth, t) for t in tables)))  # fmt: skip


def fairness(bench: Bench) -> None:
    head(f"Harmless posts: share scored {ALERT_FROM} and more (threshold of alerts)")
    own = data.harmless()
    lists = {f"own, {language}": [own[i][1] for i in some]
             for language, some in per_language([one[0] for one in own]).items()}  # fmt: skip
    for source, name in data.FAN_SOURCES.items():
        if data.STREAM.is_file():
            lists[f"real, {name}"] = data.fan_posts(source, REAL_POSTS)
        else:
            print(f"skipped: {name}: no {data.STREAM}")
    total = over = 0
    print(f"{'list':<32}{'posts':>7}{'alert':>8}{'sure':>8}{'criticism':>11}")
    for name, texts in lists.items():
        found = bench.judged(texts)
        worst = worst_of(found)
        opinion = sum(any(s.category == OPINION for s in one.harm) for one in found)
        total, over = total + len(texts), over + int((worst >= ALERT_FROM).sum())
        print(f"{name:<32}{len(texts):>7}{(worst >= ALERT_FROM).sum():>8}"
              f"{(worst >= SURE_FROM).sum():>8}{opinion:>11}")  # fmt: skip
        if "-v" in sys.argv:
            for text, one in zip(texts, found, strict=True):
                if one.worst >= SURE_FROM:
                    print(
                        "   ", one.worst, [(s.category, s.score) for s in one.harm], text[:150]
                    )
    print(f"all: {over} of {total} = {over / total:.2%} (at most 1 %)")
    bench.results["harmless over alert threshold"] = over / total


def evasions(bench: Bench) -> None:
    head("Disguises: macro-F1 of the categories, marked words of our own posts disguised")
    rows = [one for one in data.cases() if one.marked or one.category in {"none", OPINION}]
    every = np.arange(len(rows))
    plain = macro_of(rows, scores_of(bench.judged([one.text for one in rows])), every)
    print(f"{len(rows)} posts, as written: {plain:.3f}; loss at most .05 each")
    losses = {}
    for kind in LISTED:
        texts = [
            disguise(one.text, kind, only=one.marked) if one.marked else one.text
            for one in rows
        ]
        value = macro_of(rows, scores_of(bench.judged(texts)), every)
        losses[kind] = plain - value
        changed = sum(a != b.text for a, b in zip(texts, rows, strict=True))
        print(f"  {kind:<14} {value:.3f}  loss {plain - value:+.3f}  ({changed} posts changed)")
    bench.results["evasion losses"] = losses
    if not data.BEEP.is_file() or bench.model is None or not bench.model.knows_tone:
        return
    head("Disguises: every word of the held-out comments, model, macro-F1 of 3 classes")
    held = data.beep_held_out()
    truth = np.array([one.tone for one in held])
    base = None
    for kind in ("as written", *UNDONE):
        texts = [one.text if kind == "as written" else disguise(one.text, kind) for one in held]
        said = bench.model.scores([as_seen(text) for text in texts]).tone
        value = macro_f1(truth, bench.model.tones(said), 3)
        base = value if base is None else base
        print(f"  {kind:<14} {value:.3f}  loss {base - value:+.3f}")


def the_model() -> HarmModel | None:
    """The model of ``--model`` or the one that comes with jikimi, else a fresh one.

    A model learnt from the comments is not given away with jikimi, so it is trained here
    where they are at hand; without them the words are judged alone.
    """
    if "--model" in sys.argv:
        return HarmModel(Path(sys.argv[sys.argv.index("--model") + 1]).read_bytes())
    model = harm_model(Settings())
    if model is not None or not data.BEEP.is_file():
        return model
    print("training on the comments of BEEP! that are not held out …", file=sys.stderr)
    comments = training.read_comments(data.BEEP.read_text("utf-8"))
    return HarmModel(to_onnx(training.train(comments, training.own_sentences())))


def main() -> None:
    bench = Bench(the_model())
    model = bench.model
    print(f"# Harm: {bench.whole.version}, disguises known: {len(EVASIONS)}")
    if model is None:
        print("no model: posts are judged by words alone (jikimi models train-harm makes one)")
    for part in (comments, kmhas, categories, unseen, fairness, evasions):
        part(bench)
    if "--json" in sys.argv:
        Path(sys.argv[sys.argv.index("--json") + 1]).write_text(
            json.dumps(bench.results, indent=1, default=float), "utf-8"
        )


if __name__ == "__main__":
    main()
