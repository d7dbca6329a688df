"""q-values: fans keep company too, and only a part in what is reported makes one stand out."""

from __future__ import annotations

import random

import numpy as np
import pytest

from stream.coordination.scores import Standing, account_number, account_scores, stronger
from stream.coordination.significance import benjamini_hochberg, q_values
from stream.coordination.trust import company_scores, first_shares
from tests.stream.coordination.worlds import chatter, fans, reported, ring, run, state_of
from tests.stream.harness import DAY, START

HOUR = 3_600_000


def test_fans_who_keep_company_do_not_stand_out_beside_a_reported_ring() -> None:
    young = START - 5 * DAY
    drives = [fans(40, start=START + (6 + 5 * n) * HOUR, seed=n) for n in range(4)]
    harness = run(chatter(500), ring(account_created=young), *drives)

    [found] = reported(harness.emitted)
    scores = account_scores(state_of(harness), "arin")
    members = {account_number(account) for account in found.accounts}
    outside = [one for number, one in scores.items() if number not in members]
    assert any(one.objects for one in outside)
    assert {one.q_value for one in outside} == {1.0}


def test_where_nothing_is_reported_nobody_stands_out() -> None:
    harness = run(chatter(300), fans(60))

    scores = account_scores(state_of(harness), "arin")
    assert scores
    assert {one.q_value for one in scores.values()} == {1.0}


def test_accounts_that_share_at_random_are_hardly_ever_found() -> None:
    rng = random.Random(5)
    found = 0
    for seed in range(20):
        rng.seed(seed)
        shares = [
            (rng.randrange(60), rng.randrange(80), rng.randrange(13 * 24) * HOUR)
            for _ in range(900)
        ]
        found += bool((q_values(first_shares(*zip(*shares, strict=True)), 80) <= 0.05).any())

    assert found <= 2


def test_what_an_account_shares_elsewhere_does_not_make_it_part_of_a_campaign() -> None:
    rng = random.Random(11)

    def set_of(first: int, accounts: range) -> list[tuple[int, int, int]]:
        return [
            (first + o, a, (o * 7 + rng.randrange(4)) * HOUR)
            for o in range(16)
            for a in rng.sample(list(accounts), 5)
        ]

    crowd = [
        (200 + o, a, (o % 120 + rng.randrange(6)) * HOUR)
        for o in range(400)
        for a in rng.sample(range(20, 220), 5)
    ]
    shares = [*set_of(0, range(7)), *set_of(100, range(10, 17)), *crowd, (3, 10, 21 * HOUR)]
    held = first_shares(*zip(*shares, strict=True))
    about = np.zeros(600, dtype=np.bool_)
    about[:16] = True

    everything, theirs = q_values(held, 220), q_values(held, 220, about)

    assert (everything[10:17] <= 0.05).all()
    assert (theirs[:7] <= 0.05).all()
    assert (theirs[10:17] > 0.05).all()


def test_a_post_counts_once_whatever_else_it_carries() -> None:
    once = [(o, a, (o * 5 + a) * HOUR) for o in range(4) for a in range(3)]
    carried = [(o + 10 * more, a, at) for o, a, at in once for more in range(3)]
    posts = np.array([n // 3 for n in range(len(carried))])

    alone = company_scores(first_shares(*zip(*once, strict=True)), 3)
    together = company_scores(first_shares(*zip(*carried, strict=True), posts=posts), 3)
    apart = company_scores(first_shares(*zip(*carried, strict=True)), 3)

    assert np.allclose(together.score, alone.score)
    assert (apart.score > 2 * alone.score).all()


@pytest.mark.parametrize(
    ("p", "q"),
    [([0.01, 0.02, 0.5], [0.03, 0.03, 0.5]), ([1.0], [1.0]), ([0.5, 0.5], [0.5, 0.5])],
)
def test_the_false_discovery_rate_is_that_of_benjamini_and_hochberg(
    p: list[float], q: list[float]
) -> None:
    assert np.allclose(benjamini_hochberg(np.array(p)), q)


def test_of_two_subjects_the_highest_score_and_the_lowest_q_count() -> None:
    one, other = Standing(2.0, 3, 0.4), Standing(1.0, 1, 0.01)

    assert stronger(one, other) == stronger(other, one) == Standing(2.0, 3, 0.01)
    assert stronger(one, None) == one
