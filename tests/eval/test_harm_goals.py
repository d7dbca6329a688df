"""What `make eval-harm` measures without shared data stays within its goals."""

from __future__ import annotations

import numpy as np
import pytest

from detect.harm.thresholds import ALERT_FROM
from detect.records import HARM_CATEGORIES, OPINION
from tests.eval import harm_data as data
from tests.eval.evasions import disguise
from tests.eval.harm import (
    LATER,
    LISTED,
    RECORDINGS,
    UNSEEN,
    Bench,
    macro_of,
    scores_of,
    worst_of,
)
from tests.eval.harm_scores import calibration_error, f1, interval, macro_f1, precision_recall

MOST_LOST = 0.05
BENCH = Bench(None)
ROWS = [one for one in data.cases() if one.marked or one.category in {"none", "criticism"}]
EVERY = np.arange(len(ROWS))
PLAIN = macro_of(ROWS, scores_of(BENCH.judged([one.text for one in ROWS])), EVERY)


def test_at_most_one_in_a_hundred_harmless_posts_reaches_the_threshold_of_alerts():
    texts = [text for _, text in data.harmless()]
    assert len(texts) >= 300
    over = (worst_of(BENCH.judged(texts)) >= ALERT_FROM).sum()
    assert over <= 0.01 * len(texts)


def test_the_categories_of_our_own_posts_are_told():
    assert PLAIN >= 0.9
    rows = data.cases()
    found = BENCH.judged([one.text for one in rows])
    assert np.mean([a.target == b.target for a, b in zip(rows, found, strict=True)]) >= 0.95


@pytest.mark.parametrize("file", UNSEEN)
def test_posts_written_before_the_words_that_find_them_are_told_by_words_alone(file):
    rows = data.cases(file)
    truth = np.array([[one.category == c for c in HARM_CATEGORIES] for one in rows])
    found = BENCH.judged([one.text for one in rows])
    precision, recall = precision_recall(truth, scores_of(found) >= 0.5)
    assert precision >= 0.9
    assert recall >= 0.85
    harmless = ~truth[:, [c != OPINION for c in HARM_CATEGORIES]].any(axis=1)
    assert (worst_of(found)[harmless] < ALERT_FROM).all()


def test_claims_that_private_recordings_go_around_are_told_and_leaked_teasers_are_not():
    rows = data.cases(RECORDINGS)
    truth = np.array([[one.category == c for c in HARM_CATEGORIES] for one in rows])
    found = BENCH.judged([one.text for one in rows])
    precision, recall = precision_recall(truth, scores_of(found) >= 0.5)
    assert precision >= 0.95
    assert recall >= 0.85
    harmless = ~truth.any(axis=1)
    assert (worst_of(found)[harmless] < 0.5).all()


def test_of_posts_written_after_all_words_nothing_harmless_is_named():
    rows = data.cases(LATER)
    truth = np.array([[one.category == c for c in HARM_CATEGORIES] for one in rows])
    found = BENCH.judged([one.text for one in rows])
    precision, recall = precision_recall(truth, scores_of(found) >= 0.5)
    assert precision >= 0.9
    assert recall >= 0.4
    harmless = ~truth[:, [c != OPINION for c in HARM_CATEGORIES]].any(axis=1)
    assert (worst_of(found)[harmless] < ALERT_FROM).all()


@pytest.mark.parametrize("kind", LISTED)
def test_no_disguise_costs_more_than_is_allowed(kind):
    texts = [
        disguise(one.text, kind, only=one.marked) if one.marked else one.text for one in ROWS
    ]
    assert macro_of(ROWS, scores_of(BENCH.judged(texts)), EVERY) >= PLAIN - MOST_LOST


def test_the_figures_are_computed_as_they_should():
    truth, named = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0])
    assert f1(truth == 1, named == 1) == pytest.approx(0.8)
    assert macro_f1(truth, named, 3) == pytest.approx((0.5 + 0.8 + 0.0) / 3)
    said = np.array([0.95, 0.95, 0.05, 0.05])
    assert calibration_error(said, np.array([True, True, False, False])) == pytest.approx(0.05)
    low, high = interval(lambda rows: float((rows < 5).mean()), 10)
    assert 0 <= low < 0.5 < high <= 1
