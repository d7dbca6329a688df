"""Two rings that once said the same are two; one ring in two halves that share a link is one."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from stream.coordination.bridges import MOST_SHARERS, apart, bridged
from stream.coordination.campaign_state import CampaignRow, MemberRow, ObjectRow, renamed
from stream.coordination.objects import FAMILY, LINK
from stream.records import Campaign, PostSeen
from tests.stream.coordination.worlds import (
    chatter,
    fans,
    line,
    ordered,
    reported,
    reworded,
    run,
    state_of,
    words,
)
from tests.stream.harness import DAY, HOUR, START, Harness, by_kind, seen

FIRST, SECOND = range(10), range(20, 30)
LINKED = "https://gossip.example/a/99182"


def pushing(
    accounts: Sequence[int],
    hours: Sequence[int],
    *,
    seed: int,
    link: str | None = None,
    young: bool = True,
) -> list[PostSeen]:
    """Accounts that push one text after the other, most of them each, at these hours."""
    rng = random.Random(f"pushing/{seed}")
    spare = words(rng, 300)
    age = 5 if young else 900
    out: list[PostSeen] = []
    for hour in hours:
        text = words(rng, 14)
        out += [
            seen(
                f"b{seed}-{hour}-{account}",
                reworded(rng, text, spare, 0.1),
                at=START + hour * HOUR + int(rng.random() * HOUR),
                author=f"r{account}",
                account_created=START - age * DAY,
                urls=(link,) if link and rng.random() < 0.5 else (),
            )
            for account in accounts
            if rng.random() < 0.8
        ]
    return out


def background() -> list[PostSeen]:
    return chatter(700, span=4 * DAY)


def two_rings(bridge: int = 30) -> list[PostSeen]:
    """Each pushes texts of its own, and both push one text at one time."""
    return [
        *pushing(FIRST, (3, 12, 40, 52), seed=1),
        *pushing(SECOND, (6, 15, 43, 55), seed=2),
        *pushing([*FIRST, *SECOND], (bridge,), seed=3),
    ]


def numbers(campaign: Campaign) -> set[int]:
    return {int(one.partition(":r")[2]) for one in campaign.accounts}


def test_two_rings_that_push_one_text_are_two_campaigns() -> None:
    found = reported(run(background(), two_rings()).emitted)

    assert sorted(map(sorted, map(numbers, found))) == [list(FIRST), list(SECOND)]
    assert {one.split_from for one in found} == {None, min(found, key=_born).campaign_id}
    assert not set(found[0].post_ids) & set(found[1].post_ids)


def _born(campaign: Campaign) -> bool:
    return campaign.split_from is not None


def test_what_bridged_them_does_not_join_them_again() -> None:
    again = pushing([*FIRST, *SECOND], (64,), seed=3)
    found = reported(run(background(), two_rings(), again).emitted)

    assert len(found) == 2
    assert all(numbers(one) <= set(FIRST) or numbers(one) <= set(SECOND) for one in found)


def test_one_ring_whose_halves_share_a_link_stays_one() -> None:
    halves = [
        *pushing(FIRST, (3, 12, 40, 52), seed=1, link=LINKED),
        *pushing(SECOND, (6, 15, 43, 55), seed=2, link=LINKED),
        *pushing([*FIRST, *SECOND], (30,), seed=3, link=LINKED),
    ]
    [found] = reported(run(background(), halves).emitted)

    assert numbers(found) == {*FIRST, *SECOND}


def test_a_ring_that_changes_partners_stays_one() -> None:
    rng = random.Random("partners")
    everybody = [*FIRST, *SECOND]
    posts = [
        one
        for hour in range(3, 60, 6)
        for one in pushing(rng.sample(everybody, 9), (hour,), seed=100 + hour)
    ]
    found = reported(run(background(), posts).emitted)

    assert all(one.split_from is None for one in found)
    assert max(len(one.accounts) for one in found) >= 15


def test_accounts_that_take_over_when_others_fall_silent_are_heirs_and_no_second_ring() -> None:
    old = pushing(FIRST, (3, 12, 20), seed=1)
    new = pushing(SECOND, (52, 60, 70), seed=2)
    handed_over = pushing([*FIRST, *SECOND], (30,), seed=3)
    found = reported(run(background(), old, handed_over, new).emitted)

    assert max(map(len, map(numbers, found))) >= 10
    assert {number for one in found for number in numbers(one)} >= set(FIRST)


def test_a_ring_is_told_without_the_fans_beside_it() -> None:
    found = reported(run(background(), fans(), two_rings()).emitted)

    assert {number for one in found for number in numbers(one)} == {*FIRST, *SECOND}


def test_restarts_in_the_middle_change_nothing() -> None:
    events = ordered(background(), two_rings())
    whole, cut = Harness(line()), Harness(line())
    whole.run(events)
    for at in range(0, len(events), 150):
        cut.run(events[at : at + 150])
        for operator in cut.operators:
            operator.reset()

    assert by_kind(cut.emitted) == by_kind(whole.emitted)
    assert state_of(cut).rows == state_of(whole).rows


def row_of(shared: Sequence[Sequence[int]], *, column: int = FAMILY) -> CampaignRow:
    """A campaign whose objects were shared by these accounts, all at one time."""
    row = CampaignRow(id="ca_1", dark=True, kind="campaign", first_at=0, last_at=9, seen_at=0)
    for value, accounts in enumerate(shared):
        row.objects[value] = ObjectRow(column, f"x:{value}", 0, 9)
        for account in accounts:
            member = row.members.setdefault(account, MemberRow(f"x:{account}", 0, 0, 9, []))
            member.posts += 1
            member.objects.append(value)
    row.count = sum(map(len, shared))
    return row


def weighed(shared: Sequence[Sequence[int]], *, column: int = FAMILY) -> float:
    of = {value: set(accounts) for value, accounts in enumerate(shared)}
    return apart(set(FIRST), set(SECOND), of, {}, row_of(shared, column=column))


def test_a_shared_text_speaks_less_against_two_rings_than_a_shared_link() -> None:
    own = [FIRST, FIRST, SECOND, SECOND]
    both = [*FIRST, *SECOND]

    assert weighed(own) > weighed([*own, both]) > 2.5
    assert weighed([*own, both], column=LINK) < 0


@given(st.lists(st.lists(st.integers(0, 29), min_size=1, max_size=12), max_size=12))
def test_parts_are_never_empty_and_never_overlap(shared: list[list[int]]) -> None:
    row = row_of(shared)
    found = bridged(row)
    if found is not None:
        one, other = found
        assert one.accounts | other.accounts == row.members.keys()
        assert not one.accounts & other.accounts
        assert not one.objects & other.objects
        assert one.objects
        assert other.objects


def test_who_was_taken_in_is_remembered_under_the_new_name() -> None:
    row = row_of([FIRST])
    row.apart = ["ca_2", "ca_3"]
    renamed({row.id: row}, "ca_2", "ca_3")

    assert row.apart == ["ca_3"]


def test_an_object_that_a_crowd_shares_makes_nobody_companions() -> None:
    def two(sharers: int) -> CampaignRow:
        first, second = range(sharers), range(1_000, 1_000 + sharers)
        return row_of([first, first, second, second])

    assert bridged(two(MOST_SHARERS)) is not None
    assert bridged(two(MOST_SHARERS + 1)) is None
