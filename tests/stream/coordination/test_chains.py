"""Places of numbers are found as a list that is searched from its end finds them."""

from __future__ import annotations

from array import array

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stream.coordination.chains import Chains

WIDTH = 4
VALUES = st.one_of(st.just(0), st.integers(1, 12), st.integers(1, 2**64 - 1))


class Places(RuleBasedStateMachine):
    """Rows of numbers are added, emptied and removed from the front, as a table does it."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = array("Q")
        self.floor = 3 * WIDTH
        self.chains = Chains(self.keys, self.floor)
        self.met = {7}

    @rule(rows=st.lists(st.lists(VALUES, min_size=WIDTH, max_size=WIDTH), max_size=40))
    def add(self, rows: list[list[int]]) -> None:
        for row in rows:
            self.keys.extend(row)
            self.chains.add(WIDTH)
            self.met.update(row[:1])

    @rule(many=st.integers(1000, 2500))
    def add_many_others(self, many: int) -> None:
        for number in range(many):
            self.keys.append((number * 0x9E3779B97F4A7C15) % 2**64 | 1)
            self.keys.extend([0] * (WIDTH - 1))
            self.chains.add(WIDTH)

    @rule(share=st.floats(0, 1))
    def empty_a_row(self, share: float) -> None:
        rows = len(self.keys) // WIDTH
        if rows:
            start = min(rows - 1, int(rows * share)) * WIDTH
            self.chains.blank(self.floor + start, WIDTH)
            self.keys[start : start + WIDTH] = array("Q", [0]) * WIDTH

    @rule(share=st.floats(0, 1))
    def drop(self, share: float) -> None:
        count = int(len(self.keys) // WIDTH * share) * WIDTH
        del self.keys[:count]
        self.chains.drop(count)
        self.floor += count

    @invariant()
    def every_number_is_found_newest_first(self) -> None:
        held = self.keys.tolist()
        for value in sorted(self.met - {0})[:20]:
            places = [self.floor + i for i, key in enumerate(held) if key == value]
            assert list(self.chains.newest(value)) == places[::-1]


TestPlaces = Places.TestCase
TestPlaces.settings = settings(max_examples=40, stateful_step_count=25)
