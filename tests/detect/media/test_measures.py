"""Measures of forgery scores, against what they must be by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.media import measures
from detect.media.forgery import Forgery, Stretch, over_time
from detect.media.measures import auc, measured
from tests.detect.media.nets import entry

shares = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(shares, shares)
def test_auc_is_the_share_of_pairs_in_the_right_order(real, forged):
    pairs = [(b > a) + 0.5 * (b == a) for a in real for b in forged]

    assert auc(np.array(real), np.array(forged)) == pytest.approx(np.mean(pairs))


def test_what_separates_wholly_is_told_so(monkeypatch):
    monkeypatch.setattr(measures, "RESAMPLES", 50)
    found = measured([0.0] * 100, [1.0] * 100)

    assert (found.auc, found.auc_low, found.tpr_at_1_fpr, found.ece) == (1, 1, 1, 0)
    assert all(risk == 0 for _, risk in found.coverage_risk)


def test_chance_has_an_interval_around_one_half():
    rng = np.random.default_rng(1)
    found = measured(list(rng.random(200)), list(rng.random(200)))

    assert found.auc_low < 0.5 < found.auc_high
    assert found.tpr_at_1_fpr < 0.05


def test_scores_that_are_too_sure_have_a_large_calibration_error():
    assert measured([0.9] * 50, [0.9] * 50).ece == pytest.approx(0.4)


def test_without_both_kinds_nothing_is_measured():
    with pytest.raises(ValueError, match="real and forged"):
        measured([], [0.5])


def scored(*values, reasons=()):
    return [
        (1000 * n, 1000 * n + 1000, Forgery(band="inconclusive", score=one, reasons=reasons))
        for n, one in enumerate(values)
    ]


def test_the_parts_of_a_clip_that_look_forged_are_told_with_their_times():
    whole, parts = over_time(scored(0.1, 0.9, 0.95, 0.1, 0.85), entry())

    assert parts == (Stretch(1000, 3000, 0.95), Stretch(4000, 5000, 0.85))
    assert whole.band == "inconclusive"


def test_one_odd_picture_decides_nothing():
    whole, _ = over_time(scored(*[0.05] * 9, 0.99), entry())

    assert whole.band == "unlikely"
    assert over_time(scored(*[0.97] * 9, 0.4), entry())[0].band == "likely"


def test_a_clip_whose_pictures_are_all_behind_a_gate_is_left_open():
    assert over_time(scored(0.99, reasons=("small",)), entry())[0].band == "inconclusive"
    nobody = [(0, 1000, Forgery(band="not_applicable", reasons=("no face",)))]
    assert over_time(nobody, entry()) == (
        Forgery(band="not_applicable", reasons=("no face",)),
        (),
    )
