"""What of a tree is listed on a page, and what is folded."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from dashboards.queries import outline as rules
from dashboards.queries.outline import Branch, outline
from stream.index import Relative
from stream.threads.spread import levels_of


def node(i: int, parent: int | None, kind: str = "reply") -> Relative:
    return Relative(
        id=str(i),
        parent=None if parent is None else str(parent),
        kind=None if parent is None else kind,
        held="held",
        at=i,
    )


@st.composite
def trees(draw) -> list[Relative]:
    """Trees of any form, in order of level."""
    size = draw(st.integers(1, 400))
    reach = draw(st.sampled_from([1, 3, 20, 400]))
    parents = [None, *(draw(st.integers(max(0, i - reach), i - 1)) for i in range(1, size))]
    nodes = [node(i, parent) for i, parent in enumerate(parents)]
    levels = dict(zip(nodes, levels_of(nodes), strict=True))
    return sorted(nodes, key=lambda one: (levels[one], one.at))


def every(branches: tuple[Branch, ...]) -> list[Branch]:
    return [one for branch in branches for one in (branch, *every(branch.children))]


@given(trees())
def test_every_post_is_shown_or_counted_exactly_once(nodes):
    pages = outline(nodes).pages
    shown = [b for p in range(1, pages + 1) for b in every(outline(nodes, page=p).branches)]

    assert len({b.node.id for b in shown}) == len(shown)
    assert len(shown) + sum(b.folded for b in shown) == len(nodes) - 1
    for branch in shown:
        assert branch.folded >= 0
        assert all(child.node.parent == branch.node.id for child in branch.children)


@given(trees())
def test_a_page_is_bounded_in_rows_depth_and_family(nodes):
    def depth(branches: tuple[Branch, ...]) -> int:
        return 1 + max((depth(b.children) for b in branches), default=0) if branches else 0

    found = outline(nodes)

    shown = every(found.branches)
    assert len(shown) == len(found.ids()) <= rules.ROWS
    assert len(found.branches) <= rules.CHILDREN
    assert depth(found.branches) <= rules.DEEPEST
    assert all(len(b.children) <= rules.FAMILY for b in shown)


def test_a_page_beyond_the_last_is_the_last():
    star = [node(0, None), *(node(i, 0) for i in range(1, 95))]

    assert [outline(star, page=p).page for p in (-3, 0, 1, 3, 4, 10**9)] == [1, 1, 1, 3, 3, 3]
    assert len(outline(star, page=3).branches) == 94 - 2 * rules.CHILDREN


def test_kinds_narrow_down_what_is_directly_below_the_top_alone():
    nodes = [node(0, None), node(1, 0, "quote"), node(2, 0), node(3, 1), node(4, 2, "quote")]

    found = outline(nodes, kinds=("quote",))

    assert found.ids() == ["1", "3"]


def test_a_chain_and_a_star_of_ten_thousand_take_a_moment():
    chain = [node(i, i - 1 if i else None) for i in range(10_000)]
    star = [node(0, None), *(node(i, 0) for i in range(1, 10_000))]
    begun = time.process_time()

    [first] = outline(chain).branches
    assert outline(star).pages == 250

    assert time.process_time() - begun < 1
    assert first.below == 9998
    assert every((first,))[-1].folded == 9999 - rules.DEEPEST
