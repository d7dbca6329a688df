"""Event time: the claim of a post, believed only as far as the observation allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.records import BACKDATE_TOLERANCE_MS, FUTURE_TOLERANCE_MS, Post

SEEN = 1_790_000_000_000
Times = st.integers(-(2**53), 2**53)


def post(created_at: int, observed_at: int | None) -> Post:
    return Post(
        id="x:1", source="x", platform="x", author_id="7", text="", created_at=created_at,
        observed_at=observed_at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("claimed", "believed"),
    [
        (SEEN, SEEN),
        (SEEN - 1, SEEN - 1),
        (SEEN + FUTURE_TOLERANCE_MS, SEEN + FUTURE_TOLERANCE_MS),
        (SEEN + FUTURE_TOLERANCE_MS + 1, SEEN),
        (SEEN - BACKDATE_TOLERANCE_MS, SEEN - BACKDATE_TOLERANCE_MS),
        (SEEN - BACKDATE_TOLERANCE_MS - 1, SEEN),
        (0, SEEN),
        (253_402_300_799_000, SEEN),
    ],
)
def test_a_claim_is_believed_five_minutes_ahead_and_a_day_back(claimed, believed):
    assert post(claimed, SEEN).event_at == believed


@given(claimed=Times)
def test_an_archive_without_observation_is_taken_at_its_word(claimed):
    assert post(claimed, None).event_at == claimed


@given(claimed=Times, seen=Times)
def test_event_time_stays_near_the_observation_whatever_is_claimed(claimed, seen):
    at = post(claimed, seen).event_at

    assert at in (claimed, seen)
    assert seen - BACKDATE_TOLERANCE_MS <= at <= seen + FUTURE_TOLERANCE_MS


@given(claimed=Times, seen=Times, shift=st.integers(-(10**12), 10**12))
def test_event_time_does_not_depend_on_when_all_this_happens(claimed, seen, shift):
    assert post(claimed + shift, seen + shift).event_at == post(claimed, seen).event_at + shift


def test_accounts_of_two_platforms_are_two():
    assert post(0, None).account == "x:7"
