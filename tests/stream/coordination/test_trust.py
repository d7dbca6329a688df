"""Account scores: judged by the company an account keeps."""

from __future__ import annotations

import random

import numpy as np

from stream.coordination.trust import (
    HALF_TRUST,
    ROUNDS,
    WINDOW_MS,
    company_scores,
    first_shares,
)

HOUR = 3_600_000


def plain_scores(shares: list[tuple[int, int, int]], accounts: int) -> list[float]:
    """The same definition, written the slow and obvious way."""
    first: dict[tuple[int, int], int] = {}
    for obj, account, at in shares:
        first[obj, account] = min(at, first.get((obj, account), at))
    company: dict[int, list[list[int]]] = {a: [] for a in range(accounts)}
    for (obj, account), at in first.items():
        others = [
            b
            for (o, b), t in first.items()
            if o == obj and b != account and abs(t - at) <= WINDOW_MS
        ]
        if others:
            company[account].append(others)
    score = [float(len(company[a])) for a in range(accounts)]
    for _ in range(ROUNDS):
        trust = [s / (s + HALF_TRUST) for s in score]
        score = [
            sum(sum(trust[b] for b in others) / len(others) for others in company[a])
            for a in range(accounts)
        ]
    return score


def fast_scores(shares: list[tuple[int, int, int]], accounts: int) -> list[float]:
    columns = list(zip(*shares, strict=True)) or [(), (), ()]
    return company_scores(first_shares(*columns), accounts).score.tolist()


def test_the_vectorised_scores_equal_the_definition() -> None:
    rng = random.Random(7)
    for _ in range(20):
        shares = [
            (rng.randrange(12), rng.randrange(15), rng.randrange(80) * HOUR) for _ in range(120)
        ]

        assert np.allclose(fast_scores(shares, 15), plain_scores(shares, 15))


def test_a_ring_that_rotates_partners_scores_above_fans_of_one_popular_text() -> None:
    ring = [(o, a, o * HOUR) for o in range(10) for a in range(8) if (o + a) % 3]
    fans = [(99, a, 5 * HOUR) for a in range(8, 40)]

    scores = fast_scores(ring + fans, 40)

    assert min(scores[:8]) > 20 * max(scores[8:])


def test_sharing_the_same_thing_days_apart_is_no_company() -> None:
    assert fast_scores([(1, 0, 0), (1, 1, WINDOW_MS + 1)], 2) == [0.0, 0.0]


def test_repeating_oneself_is_no_company() -> None:
    assert fast_scores([(1, 0, 0), (1, 0, HOUR), (2, 0, HOUR)], 1) == [0.0]


def test_no_shares_give_no_scores() -> None:
    assert fast_scores([], 3) == [0.0, 0.0, 0.0]
