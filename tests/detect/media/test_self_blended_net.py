"""The network over maps of noise: its slopes, its file, and what it can learn."""

from __future__ import annotations

import numpy as np
import pytest

from detect.media.forgery import prepared
from detect.media.selfblended import export
from detect.media.selfblended.net import (
    CELLS,
    CHANNELS,
    Learnt,
    gradients,
    learn,
    logits,
    started,
)
from detect.onnx import Session
from tests.detect.media import drawn_faces


def maps_of(pictures):
    shown = np.stack([prepared(one, export.INPUT) for one in pictures])
    (found,) = Session(export.maps_onnx()).run({"face": shown}, ["maps"])
    return shown, found.transpose(0, 2, 3, 1)


def patches(count, seed=1):
    """Maps of which the forged have a square of another strength."""
    rng = np.random.default_rng(seed)
    maps = rng.normal(-5, 1, (2 * count, CELLS, CELLS, CHANNELS))
    for number in range(1, 2 * count, 2):
        y, x = rng.integers(2, 10, 2)
        maps[number, y : y + 7, x : x + 7, :12] += 3
    return maps.astype(np.float16), np.tile(np.array([0, 1], np.float32), count)


def test_slopes_are_those_of_the_loss():
    rng = np.random.default_rng(2)
    weights = started(rng)
    maps = rng.normal(0, 1, (6, CELLS, CELLS, CHANNELS)).astype(np.float32)
    truth = np.array([0, 1, 1, 0, 1, 0], np.float32)
    _, slopes = gradients(weights, maps, truth)
    assert set(slopes) == set(weights)
    for name, slope in slopes.items():
        # Along the slope itself the loss rises by its length.
        length = float(np.linalg.norm(slope))
        step = 2e-3 * slope / length
        up, _ = gradients({**weights, name: weights[name] + step}, maps, truth)
        down, _ = gradients({**weights, name: weights[name] - step}, maps, truth)

        assert (up - down) / 4e-3 == pytest.approx(length, rel=0.03), name


def test_a_square_of_other_noise_is_learnt_and_found_in_new_maps():
    maps, truth = patches(96)
    unseen, kinds = patches(40, seed=2)
    learnt = learn(maps, truth, (unseen, kinds), seed=1, epochs=6)
    found = logits(learnt, unseen)

    assert ((found > 0) == (kinds > 0)).mean() > 0.95
    assert len(learnt.losses) == 6
    assert learnt.losses[-1] < learnt.losses[0] / 2


def test_the_weights_are_those_of_the_best_epoch():
    maps, truth = patches(32)
    # Truth that contradicts: the more is learnt, the worse.
    learnt = learn(maps, truth, (maps, 1 - truth), seed=1, epochs=5)
    found = logits(learnt, maps)
    loss = (np.logaddexp(0, found) - (1 - truth) * found).mean()

    assert learnt.losses.index(min(learnt.losses)) < 4
    assert loss == pytest.approx(min(learnt.losses), abs=1e-5)


def test_the_same_seed_learns_the_same_and_another_does_not():
    maps, truth = patches(8)
    one, two, three = (
        learn(maps, truth, (maps, truth), seed=seed, epochs=1) for seed in (1, 1, 2)
    )

    assert all((one.weights[name] == two.weights[name]).all() for name in one.weights)
    assert (one.weights["one_weights"] != three.weights["one_weights"]).any()


def test_nothing_to_learn_from_is_said():
    maps, truth = patches(2)
    with pytest.raises(ValueError, match="no maps"):
        learn(maps[:0], truth[:0], (maps, truth), seed=1)


def test_progress_counts_every_step():
    maps, truth = patches(40)
    told = []
    learn(maps, truth, (maps, truth), seed=1, epochs=2, progress=lambda *now: told.append(now))

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_file_says_what_the_trainer_says():
    pictures = [
        drawn_faces.photo(drawn_faces.person(number), number)[:, 40:280] for number in range(6)
    ]
    shown, maps = maps_of(pictures)
    weights = started(np.random.default_rng(4))
    learnt = Learnt(
        weights,
        maps.mean(axis=(0, 1, 2)),
        maps.std(axis=(0, 1, 2)) + 0.1,
        (),
    )
    session = Session(export.to_onnx(learnt, {"seed": "4"}))
    (found,) = session.run({"face": shown}, ["forged"])

    assert session.metadata == {"seed": "4"}
    assert found.shape == (6, 1)
    assert np.ptp(found) > 0.01
    np.testing.assert_allclose(found[:, 0], logits(learnt, maps), atol=1e-4)


def test_a_flat_picture_has_no_noise_and_its_colours_are_told():
    _, maps = maps_of([np.full((160, 160, 3), (0, 0, 255), np.uint8)])

    np.testing.assert_allclose(maps[..., :24], np.log(1e-4), atol=0.02)
    np.testing.assert_allclose(maps[0, 3, 4, 24:], (0.299, -0.1687, 0.5), atol=1e-3)


def test_the_same_network_gives_the_same_bytes():
    learnt = Learnt(
        started(np.random.default_rng(1)), np.zeros(CHANNELS), np.ones(CHANNELS), ()
    )

    assert export.to_onnx(learnt, {"a": "b"}) == export.to_onnx(learnt, {"a": "b"})
