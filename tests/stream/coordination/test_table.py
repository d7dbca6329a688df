"""What is followed of an object is a function of the rows that are held, whatever left."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.bursts.window import UNKNOWN_AGE
from stream.coordination import table as tables
from stream.coordination.objects import COLUMNS, LINK, TEXT
from stream.coordination.table import Row, Table
from tests.stream.effort import lines_run

Step = tuple[str, int, int, int]


def row(number: int, account: int, text: int, link: int) -> Row:
    keys = array("Q", [0]) * COLUMNS
    keys[TEXT], keys[LINK] = text, link
    return Row(
        f"p{number}", f"a{account}", number, number, UNKNOWN_AGE, 0, 0, -1, keys.tobytes()
    )


def anew(table: Table) -> Table:
    """The same rows read one after the other, as after a restart."""
    fresh = Table(table.base)
    for index, post in enumerate(table.posts):
        keys = table.keys_of(table.base + index).tobytes()
        fresh.add(
            Row(post, table.accounts[index], table.at[index], 0, UNKNOWN_AGE, 0, 0, -1, keys)
        )
    return fresh


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("add",) * 6 + ("blank", "blank", "blank", "retire")),
            st.integers(1, 3),
            st.integers(0, 2),
            st.integers(0, 30),
        ),
        max_size=60,
    )
)
def test_lists_are_the_same_as_if_read_anew(steps: list[Step]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "FOLLOWED", 4)
        held = Table()
        for number, (what, account, text, which) in enumerate(steps):
            if what == "add":
                held.add(row(number, account, text, 100 + which % 2))
            elif len(held) and what == "retire":
                held.retire(which % len(held) // 4)
            elif len(held) and held.posts[which % len(held)]:
                held.blank(held.base + which % len(held))
            assert held.hot == anew(held).hot


def test_a_flood_that_is_deleted_costs_a_post_the_same_at_any_size() -> None:
    def emptied(posts: int) -> float:
        """Lines that run a post, deleted from the newest on and looked up after each."""
        held = Table()
        for number in range(posts):
            held.add(row(number, number % 50, 7, 8))

        def empty() -> None:
            for number in range(posts - 2, 0, -1):
                held.blank(number)
                held.newest(7, 4)

        return lines_run(empty) / posts

    assert emptied(2_000) < 1.5 * emptied(700)
