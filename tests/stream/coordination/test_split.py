"""A ring that falls into two: each part goes on under an id of its own, and ids stay true."""

from __future__ import annotations

import random
from collections.abc import Sequence

from stream.records import Campaign, PostSeen
from tests.stream.coordination.worlds import (
    alerts,
    campaigns,
    chatter,
    line,
    ordered,
    reported,
    reworded,
    run,
    state_of,
    words,
)
from tests.stream.harness import DAY, HOUR, START, Harness, by_kind, seen

DAYS = 8
PARTED = 3
"""Day from which the halves have nothing in common."""
EVERYBODY = range(14)
FIRST, SECOND = range(8), range(8, 14)


def pushing(
    accounts: Sequence[int], days: range, *, seed: int, hours: Sequence[int] = (3, 9, 15)
) -> list[PostSeen]:
    """Young accounts that push three texts a day, nearly all of them each."""
    rng = random.Random(f"pushing/{seed}")
    spare = words(rng, 300)
    out: list[PostSeen] = []
    for day in days:
        for hour in hours:
            text = words(rng, 14)
            out += [
                seen(
                    f"s{seed}-{day}-{hour}-{account}",
                    reworded(rng, text, spare, 0.1),
                    at=START + day * DAY + hour * HOUR + int(rng.random() * HOUR),
                    author=f"r{account}",
                    account_created=START - 5 * DAY,
                )
                for account in accounts
                if rng.random() < 0.85
            ]
    return out


def background() -> list[PostSeen]:
    return chatter(900, span=DAYS * DAY)


def falling_apart() -> list[PostSeen]:
    return [
        *pushing(EVERYBODY, range(PARTED), seed=1),
        *pushing(FIRST, range(PARTED, DAYS), seed=2),
        *pushing(SECOND, range(PARTED, DAYS), seed=3),
    ]


def numbers(campaign: Campaign) -> set[int]:
    return {int(one.partition(":r")[2]) for one in campaign.accounts}


def test_two_lasting_halves_become_two_campaigns() -> None:
    harness = run(background(), falling_apart())

    old, new = sorted(reported(harness.emitted), key=lambda one: one.split_from or "")
    assert old.split_from is None
    assert new.split_from == old.campaign_id
    assert numbers(old) == set(FIRST)
    assert numbers(new) == set(SECOND)
    assert not set(old.post_ids) & set(new.post_ids)
    assert not {one.post_id for one in old.shared} & {one.post_id for one in new.shared}
    assert START + (PARTED + 2) * DAY < new.detected_at < START + (PARTED + 4) * DAY


def test_the_alert_of_the_part_says_where_it_comes_from() -> None:
    harness = run(background(), falling_apart())

    [new] = [one for one in reported(harness.emitted) if one.split_from]
    told = {one.campaign_id: one for one in alerts(harness.emitted)}
    assert len(told) == 2
    assert told[new.campaign_id].split_from == new.split_from
    assert "split from another campaign" in told[new.campaign_id].title
    assert told[new.split_from].split_from is None


def test_the_id_stays_with_the_larger_half_and_nothing_is_split_twice() -> None:
    harness = run(background(), falling_apart())

    told = [one for one in harness.emitted if isinstance(one, Campaign)]
    assert len({one.campaign_id for one in told if one.split_from}) == 1
    assert all(one.merged_into is None for one in campaigns(harness.emitted))
    [new] = [one for one in reported(harness.emitted) if one.split_from]
    before = [one for one in told if one.detected_at < new.detected_at]
    assert {one.campaign_id for one in before if one.kind == "coordinated"} == {new.split_from}


def test_a_ring_whose_accounts_go_on_meeting_stays_one() -> None:
    bridge = pushing([*FIRST[:3], *SECOND[:3]], range(PARTED, DAYS), seed=4, hours=(20,))
    harness = run(background(), falling_apart(), bridge)

    [found] = reported(harness.emitted)
    assert found.split_from is None


def test_a_half_that_falls_silent_is_no_split() -> None:
    harness = run(
        background(),
        pushing(EVERYBODY, range(PARTED), seed=1),
        pushing(FIRST, range(PARTED, DAYS), seed=2),
        pushing(SECOND, range(PARTED, PARTED + 1), seed=3),
    )

    [found] = reported(harness.emitted)
    assert numbers(found) == set(EVERYBODY)


def test_a_slow_drip_of_different_accounts_is_not_torn_apart() -> None:
    rng = random.Random("drip")
    drip = [
        one
        for day in range(DAYS)
        for hour in (2, 8, 14, 20)
        for one in pushing(
            rng.sample(list(EVERYBODY), 4), range(day, day + 1), seed=day * 24 + hour + 90,
            hours=(hour,),
        )
    ]  # fmt: skip
    found = reported(run(background(), drip).emitted)

    assert len(found) == 1
    assert found[0].split_from is None


def test_restarts_in_the_middle_of_a_split_change_nothing() -> None:
    events = ordered(background(), falling_apart())
    whole, cut = Harness(line()), Harness(line())
    whole.run(events)
    for at in range(0, len(events), 600):
        cut.run(events[at : at + 600])
        for operator in cut.operators:
            operator.reset()

    assert by_kind(cut.emitted) == by_kind(whole.emitted)
    assert state_of(cut).rows == state_of(whole).rows
