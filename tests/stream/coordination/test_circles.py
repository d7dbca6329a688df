"""Closed circles: few accounts who come again together, and nobody who only looks like one."""

from __future__ import annotations

import random
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.bursts.window import UNKNOWN_AGE
from stream.coordination.circles import MOST_CIRCLES, Circles, circles, circling
from stream.coordination.objects import COLUMNS, FAMILY
from stream.coordination.past import ACTION, Actions
from stream.coordination.table import Row, Table
from tests.stream.coordination.worlds import chatter, reported, run
from tests.stream.coordination.worlds import ring as ring_posts
from tests.stream.effort import lines_run
from tests.stream.harness import DAY, HOUR, START

Share = tuple[int, int, int]
"""An object, an account, and an hour."""
RING = range(1, 9)
CROWD = range(100, 700)


def actions_of(shares: list[Share], openly: frozenset[int] = frozenset()) -> Actions:
    found = np.zeros(len(shares), dtype=ACTION)
    for place, (value, account, hour) in enumerate(shares):
        opened = 100 if value in openly else 0
        found[place] = (value, account, hour * HOUR, opened, place)
    return found


def circles_of(*parts: list[Share], openly: frozenset[int] = frozenset()) -> dict[int, float]:
    told = circles(Table(), actions_of([one for part in parts for one in part], openly))
    return dict(zip(told["object"].tolist(), told["surprise"].tolist(), strict=True))


def life(seed: int = 1) -> list[Share]:
    """Two hundred things, each shared by a few of six hundred people whoever they are."""
    rng = random.Random(seed)
    return [
        (1_000 + value, account, rng.randrange(300))
        for value in range(200)
        for account in rng.sample(CROWD, rng.randint(2, 30))
    ]


def strikes(objects: range, accounts: range = RING, *, every: int = 24) -> list[Share]:
    """The same accounts share one thing after the other, three of four each time."""
    return [
        (value, account, n * every + account % 3)
        for n, value in enumerate(objects)
        for account in accounts
        if (account + n) % 4
    ]


def test_accounts_that_share_one_thing_after_another_among_themselves_are_a_circle() -> None:
    assert set(circles_of(life(), strikes(range(1, 6)))) == {1, 2, 3, 4, 5}


def test_people_who_each_share_what_they_like_are_no_circle() -> None:
    for seed in range(10):
        assert circles_of(life(seed)) == {}


def test_the_same_crowd_that_is_there_for_two_events_is_no_circle() -> None:
    rng = random.Random(2)
    events = [(value, a, value * 30) for value in (1, 2) for a in rng.sample(CROWD, 190)]

    assert circles_of(life(), events) == {}


def test_what_is_shared_within_an_hour_is_one_occasion() -> None:
    assert circles_of(life(), strikes(range(1, 6), every=0)) == {}


def test_what_is_done_openly_makes_no_circle() -> None:
    assert circles_of(life(), strikes(range(1, 6)), openly=frozenset(range(1, 6))) == {}


def test_machines_that_repeat_themselves_make_no_circle() -> None:
    again = [(o, a, h + 1 + n) for o, a, h in strikes(range(1, 6)) for n in range(4)]

    assert circles_of(life(), strikes(range(1, 6)), again) == {}


def test_three_friends_are_too_few() -> None:
    assert circles_of(life(), strikes(range(1, 9), range(1, 4))) == {}


def test_a_ring_that_is_most_of_what_is_said_of_a_subject_is_measured_by_the_others() -> None:
    few = [(1_000 + n, 100 + n, n) for n in range(150)]
    theirs = strikes(range(1, 17), range(1, 21))

    assert len(theirs) > len(few)
    assert set(circles_of(few, theirs)) == set(range(1, 17))


def test_nothing_shared_makes_no_circle() -> None:
    assert len(circles(Table(), np.zeros(0, dtype=ACTION))) == 0


def test_posts_that_are_still_held_and_those_that_left_are_one_history() -> None:
    shares = life() + strikes(range(1, 6))
    held = Table()
    late = [one for one in shares if one[2] >= 60]
    for number, (value, account, hour) in enumerate(late):
        keys = array("Q", [0]) * COLUMNS
        keys[FAMILY] = value
        name = f"a{account}"
        held.add(Row(f"p{number}", name, hour * HOUR, 0, UNKNOWN_AGE, 0, 0, -1, keys.tobytes()))
    names = dict(zip((a for _, a, _ in late), held.account, strict=True))
    early = [(o, names[a], h) for o, a, h in shares if h < 60 and a in names]

    assert set(circles(held, actions_of(early))["object"].tolist()) == {1, 2, 3, 4, 5}


@settings(max_examples=60, deadline=None)
@given(
    shares=st.lists(
        st.tuples(st.integers(1, 12), st.integers(1, 14), st.integers(0, 99)), max_size=120
    ),
    seed=st.integers(0, 9),
)
def test_the_order_of_what_was_shared_changes_nothing(shares: list[Share], seed: int) -> None:
    common = life() + strikes(range(1, 4))
    every = actions_of([*common, *((o + 50, a, h) for o, a, h in shares)])
    mixed = np.random.default_rng(seed).permutation(every)

    assert circles(Table(), every).tobytes() == circles(Table(), mixed).tobytes()


def test_the_work_grows_with_what_is_held_and_not_with_its_square() -> None:
    """Everybody in every circle: each account counts with its newest objects only."""

    def dense(accounts: int) -> Actions:
        return actions_of(
            [(g * 100 + n, g * 10 + a, n * 2)
             for g in range(accounts // 10) for n in range(80) for a in range(10)]
        )  # fmt: skip

    few, many = dense(200), dense(800)
    found: list[Circles] = []
    effort = [
        lines_run(lambda one=one: found.append(circles(Table(), one))) for one in (few, many)
    ]

    assert effort[1] < 5 * effort[0]
    assert len(found[1]) <= MOST_CIRCLES


def test_a_few_friends_in_a_crowd_make_the_crowd_no_circle() -> None:
    friends, crowd = np.arange(4, dtype=np.uint64), np.arange(20, dtype=np.uint64)

    assert circling([7.0], [friends], crowd) == 0.0
    assert circling([7.0, 9.0], [friends, friends], friends) == 9.0
    assert circling([], [], crowd) == 0.0


@pytest.mark.parametrize("age_days", [2, 900])
def test_a_campaign_says_that_its_accounts_met_again_and_again(age_days: int) -> None:
    pushed = ring_posts(
        each=1.0, account_created=START - age_days * DAY, texts=8, every=14 * HOUR
    )
    found = reported(run(chatter(600, span=5 * DAY), pushed).emitted)

    if age_days == 900:
        # Friends, and those who sign one petition together, do just this.
        assert found == []
    else:
        [case] = found
        [told] = [one for one in case.evidence if one.signal == "closed_circle"]
        assert told.value >= 5
        assert told.axis == "coordination"
