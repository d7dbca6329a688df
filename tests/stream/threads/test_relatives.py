"""One tree of posts that refer to each other, whatever they claim."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from stream.index import Held, Relative, Tree
from stream.threads.relatives import Member, grow

IDS = [f"p{n}" for n in range(9)]


def member(name: str, *targets: str, at: int = 0) -> Member:
    return Member(
        id=name, at=at, platform="t", account="t:a", references=tuple(("reply", t) for t in targets)
    )  # fmt: skip


def tree(*members: Member, top: str = "top", held: Held = "unknown") -> Tree:
    def known(ids: Iterable[str]) -> dict[str, Held]:
        return dict.fromkeys(ids, held)

    node = Relative(id=top, parent=None, kind=None, held=held)
    return grow(node, {one.id: one for one in members}, known, truncated=False)


def places(found: Tree) -> list[tuple[str, str | None]]:
    return [(node.id, node.parent) for node in found.nodes]


def test_two_branches_under_one_post_that_never_came_hang_under_it():
    found = tree(
        member("a", "absent", at=1), member("b", "absent", at=2), member("c", "b", at=3)
    )

    assert places(found) == [
        ("top", None), ("absent", "top"), ("a", "absent"), ("b", "absent"), ("c", "b"),
    ]  # fmt: skip
    assert found.nodes[1].held == "unknown"


def test_a_circle_is_cut_and_everybody_in_it_is_there_once():
    found = tree(member("a", "b", at=1), member("b", "a", at=2))

    assert sorted(node.id for node in found.nodes) == ["a", "b", "top"]


@given(
    st.dictionaries(
        st.sampled_from(IDS),
        st.tuples(st.lists(st.sampled_from([*IDS, "top", "x", "y"]), max_size=3), st.integers(0, 5)),
    )
)  # fmt: skip
def test_every_member_is_in_the_tree_once_and_below_the_top(drawn):
    members = [
        member(name, *(t for t in targets if t != name), at=at) for name, (targets, at) in drawn.items()
    ]  # fmt: skip
    found = tree(*members)

    ids = [node.id for node in found.nodes]
    assert len(ids) == len(set(ids))
    assert {one.id for one in members} <= set(ids)
    parents = {node.id: node.parent for node in found.nodes}
    for start in ids:
        steps, at = 0, start
        while (above := parents[at]) is not None:
            at, steps = above, steps + 1
            assert steps <= len(ids)
        assert at == "top"
