"""How photos are split, and what is said of a trained model: calibration, bands, card."""

from __future__ import annotations

import tomllib
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.media.forgery import Traits
from detect.media.registry import Calibration, Domain, Thresholds, parse_registry, refusal
from detect.media.selfblended.card import (
    as_toml,
    calibrated,
    card,
    domain,
    platt,
    reached,
    thresholds,
)
from detect.media.selfblended.split import SHARES, grouped, split
from tests.detect.media.nets import RED, entry


def hashes(count, seed=1):
    return [np.random.default_rng([seed, number]).bytes(32) for number in range(count)]


def flipped(raw, bits):
    found = np.unpackbits(np.frombuffer(raw, np.uint8))
    found[:bits] ^= 1
    return np.packbits(found).tobytes()


def test_photos_of_one_person_and_near_copies_are_one_group():
    drawn = hashes(6)
    drawn[4], drawn[5] = flipped(drawn[0], 31), flipped(drawn[3], 32)
    groups = grouped(["arin", None, "arin", None, None, None], drawn)

    assert groups[0] == groups[2] == groups[4]
    assert len({groups[one] for one in (0, 1, 3, 5)}) == 4


def test_copies_of_copies_are_one_group():
    first = hashes(1)[0]
    chain = [first, flipped(first, 30), flipped(first, 60)]

    assert len(set(grouped([None] * 3, chain))) == 1
    assert grouped([], []) == []


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=3, max_size=150), st.integers(0, 99))
def test_a_split_loses_no_photo_and_parts_no_group(groups, seed):
    if len(set(groups)) < 3:
        with pytest.raises(ValueError, match="at least three"):
            split(groups, seed)
        return
    parts = split(groups, seed)
    each = (parts.train, parts.validation, parts.held_out)

    assert sorted(place for part in each for place in part) == list(range(len(groups)))
    assert all(each)
    held = [{groups[place] for place in part} for part in each]
    assert not any(one & other for one, other in (*pairwise(held), (held[0], held[2])))
    assert parts == split(groups, seed)


def test_photos_of_nobody_are_split_by_the_shares_and_another_seed_splits_otherwise():
    parts = split(list(range(400)), 7)

    assert len(parts.train) == pytest.approx(SHARES[0] * 400, abs=2)
    assert len(parts.held_out) == 100
    assert parts != split(list(range(400)), 8)


def scores(count=400, apart=2.0, seed=1):
    """Logits of real and of forged pictures that overlap."""
    rng = np.random.default_rng(seed)
    return rng.normal(-apart / 2, 1, count).tolist(), rng.normal(apart / 2, 1, count).tolist()


def test_a_model_that_is_too_sure_is_calibrated():
    real, forged = scores(4000)
    # Of these logits the truth is twice as flat and moved: a model five times too sure.
    given_ = [5 * one + 3 for one in (*real, *forged)]
    found = platt(given_, [False] * 4000 + [True] * 4000)

    assert found.a == pytest.approx(2 / 5, rel=0.1)
    assert found.b == pytest.approx(-3 * 2 / 5, rel=0.15)


def test_calibration_turns_no_model_round_and_survives_kinds_that_are_apart():
    worse = platt([3.0] * 50 + [-3.0] * 50, [False] * 50 + [True] * 50)
    parted = platt([-9.0] * 50 + [9.0] * 50, [False] * 50 + [True] * 50)

    assert 0 < worse.a < 0.02
    assert 0.1 < parted.a < 1
    with pytest.raises(ValueError, match="real and forged"):
        platt([1.0, 2.0], [True, True])


def test_a_model_as_it_runs_gives_the_calibrated_scores():
    found = calibrated([-30.0, 0.0, 30.0], Calibration(a=0.5, b=1.0))

    assert found == pytest.approx([0.0027, 0.7311, 0.9996], abs=2e-4)


def test_bands_keep_false_alarms_and_misses_small():
    real, forged = (calibrated(one, Calibration()) for one in scores(2000))
    bands = thresholds(real, forged)

    assert np.mean(np.array(real) >= bands.likely) <= 0.01
    assert np.mean(np.array(forged) <= bands.unlikely) <= 0.05
    assert np.mean(np.array(forged) >= bands.likely) > 0.2


@pytest.mark.parametrize(
    ("real", "forged"),
    [
        ([0.1] * 30, [0.9] * 30),
        ([0.0] * 30, [0.0] * 30),
        ([1.0] * 30, [1.0] * 30),
        ([0.9] * 30, [0.1] * 30),
        ([0.5], [0.5]),
    ],
)
def test_bands_never_touch_whatever_the_scores(real, forged):
    bands = thresholds(real, forged)

    assert 0 <= bands.unlikely < bands.likely <= 1
    assert not any(one >= bands.likely for one in real) or max(real) == 1.0


def test_intervals_are_wider_when_few_people_stand_behind_the_photos():
    rng = np.random.default_rng(3)
    # Twelve people, each of them easy or hard to tell as a whole.
    people = np.repeat(np.arange(12), 20)
    ease = rng.normal(1.5, 1.5, 12)[people]
    real = calibrated((rng.normal(0, 1, 240) - ease).tolist(), Calibration())
    forged = calibrated((rng.normal(0, 1, 240) + ease).tolist(), Calibration())
    bands = Thresholds(unlikely=0.2, likely=0.8)
    _, by_person = reached(real, forged, people.tolist(), bands)
    _, by_photo = reached(real, forged, list(range(240)), bands)
    _, few = reached(real, forged, (people % 3).tolist(), bands)

    assert (by_person.resampled, by_person.groups) == ("groups", 12)
    assert by_person.auc.high - by_person.auc.low > 1.5 * (by_photo.auc.high - by_photo.auc.low)
    assert (few.resampled, few.groups) == ("photos", 3)
    for one in (by_person.auc, by_person.ece, by_person.tpr_at_1_fpr, by_person.open):
        assert one.low <= one.value <= one.high


def written(apart, count=150):
    real, forged = (calibrated(one, Calibration()) for one in scores(count, apart))
    bands = thresholds(real, forged)
    whole, found = reached(real, forged, list(range(count)), bands)
    changed = entry(
        task="face_forgery",
        thresholds=bands,
        calibration=Calibration(a=1.25, b=-0.5),
        domain=Domain(sharpness=(1.0, 900.0)),
        card=card(whole, found, "photos of our own"),
    )
    return changed, found


def test_an_entry_is_read_as_it_was_written():
    changed, found = written(2.0)
    odd = msgspec.structs.replace(
        changed, licence='our "own"\nphotos \\ \x7f 지킴이', source="[[models]]"
    )

    assert parse_registry(as_toml(odd)) == (odd,)
    assert tomllib.loads(as_toml(odd))["models"][0]["card"]["auc"] == found.auc.value
    assert refusal(changed, RED) is None
    assert f"{found.ece.value:.3f}" in changed.card.limits


def test_the_registry_refuses_what_reached_too_little_or_was_measured_on_too_few():
    weak, _ = written(0.2)
    few, _ = written(2.0, count=60)

    assert "below the 0.70 asked for" in refusal(weak, RED)
    assert "fewer than 100" in refusal(few, RED)


def test_the_domain_is_where_nearly_all_pictures_lie():
    rng = np.random.default_rng(4)
    seen = [Traits(*rng.uniform(10, 20, 4)) for _ in range(1000)]
    seen.append(Traits(255, 127, 9999, 200))
    found = domain(seen)

    assert found.face == 80
    assert 10 <= found.sharpness[0] < found.sharpness[1] <= 20
