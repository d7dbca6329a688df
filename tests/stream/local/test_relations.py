"""Replies, reposts and quotes in the index: what completes itself, what holds, what is bounded."""

from __future__ import annotations

import time

import pytest

from ingest.records import Gap
from stream.index import RELATION_KINDS
from stream.local.tables import connect_reader
from stream.local.writing import TableWriter
from stream.local_index import LocalIndex
from stream.records import GapSeen
from tests.stream.index_world import MINUTE, T0, batch, gone, post, seen


@pytest.fixture
def index(tmp_path):
    index = LocalIndex(tmp_path / "index")
    yield index
    index.close()


def put(index: LocalIndex, *posts, revision: int = 1) -> None:
    index.write(batch(*(s for p in posts for s in seen(p, revision=revision))))


def bury(index: LocalIndex, *posts) -> None:
    index.write(batch(gone=[gone(p, revision=9) for p in posts]))


def put_many(index: LocalIndex, posts) -> None:
    """Into the tables alone: these tests are not about search."""
    db = index._feeder.db
    writer = TableWriter(db)
    db.execute("BEGIN IMMEDIATE")
    writer.apply(batch(*(s for p in posts for s in seen(p))))
    db.execute("COMMIT")


def reply(name: str, to: str, minutes: int = 1, **fields):
    return post(name, reply_to=f"archive:{to}", created_at=T0 + minutes * MINUTE, **fields)


def drawn(tree) -> list[tuple[str, str | None, str | None, str]]:
    """The nodes of a tree without the words that all ids share."""
    return [
        (
            n.id.removeprefix("archive:"),
            (n.parent or "").removeprefix("archive:"),
            n.kind,
            n.held,
        )
        for n in tree.nodes
    ]


def rows(index: LocalIndex) -> int:
    return index._feeder.db.execute("SELECT count(*) FROM relations").fetchone()[0]


def test_a_reference_completes_itself_when_its_target_arrives(index):
    put(index, reply("2", "1"))

    assert drawn(index.tree("archive:1")) == [
        ("1", "", None, "unknown"),
        ("2", "1", "reply", "held"),
    ]
    assert [(a.id, a.held) for a in index.ancestors("archive:2")] == [("archive:1", "unknown")]

    put(index, post("1", "late"))

    assert drawn(index.tree("archive:1"))[0] == ("1", "", None, "held")
    [above] = index.ancestors("archive:2")
    assert (above.held, above.at, above.account) == ("held", T0, "x:writer")


def test_a_deleted_post_is_a_tombstone_that_holds_its_children_together(index):
    middle = reply("2", "1", 1, root="archive:1")
    put(index, post("1"), middle, *(reply(str(n), "2", n, root="archive:1") for n in (3, 4)))
    bury(index, middle)

    assert drawn(index.tree("archive:1")) == [
        ("1", "", None, "held"),
        ("2", "1", None, "deleted"),
        ("3", "2", "reply", "held"),
        ("4", "2", "reply", "held"),
    ]
    stone = index.tree("archive:1").nodes[1]
    assert (stone.at, stone.platform, stone.account) == (None, None, None)
    assert index.reply_counts("archive:2")["reply"] == 2


def test_nothing_of_what_a_deleted_post_referred_to_is_kept(index):
    post_of = reply("2", "1", quote_of="archive:9", root="archive:0")
    put(index, post_of)
    assert rows(index) == 3

    bury(index, post_of)

    assert rows(index) == 0


def test_a_branch_stands_in_its_thread_although_a_post_between_never_came(index):
    put(index, post("1"), reply("3", "2", 3, root="archive:1"), reply("4", "3", 4))

    assert drawn(index.tree("archive:1")) == [
        ("1", "", None, "held"),
        ("2", "1", None, "unknown"),
        ("3", "2", "reply", "held"),
        ("4", "3", "reply", "held"),
    ]
    ways = index.ancestors("archive:4")
    assert [(a.id, a.held) for a in ways] == [
        ("archive:3", "held"),
        ("archive:2", "unknown"),
        ("archive:1", "held"),
    ]


def test_an_edit_may_change_a_quote(index):
    put(index, post("3", quote_of="archive:1"))
    put(index, post("3", "edited", quote_of="archive:2"), revision=2)

    assert index.reply_counts("archive:1")["quote"] == 0
    assert index.reply_counts("archive:2")["quote"] == 1


def test_new_metrics_write_no_relation_anew(index):
    one = reply("2", "1")
    put(index, one)
    before = index._feeder.db.total_changes
    put(index, reply("2", "1", metrics={"likes": 5}), revision=2)
    with_relation = index._feeder.db.total_changes - before

    put(index, post("5"))
    before = index._feeder.db.total_changes
    put(index, post("5", metrics={"likes": 5}), revision=2)

    assert with_relation == index._feeder.db.total_changes - before


def test_replies_come_oldest_first_by_kind_and_in_pages(index):
    put(
        index,
        post("r2", reply_to="archive:1", created_at=T0 + 2 * MINUTE),
        post("q", quote_of="archive:1", created_at=T0 + MINUTE),
        post("r1", reply_to="archive:1", created_at=T0),
        post("both", reply_to="archive:1", quote_of="archive:1", created_at=T0 + 3 * MINUTE),
    )

    def ids(**options) -> list[str]:
        return [
            p.post.id.removeprefix("archive:") for p in index.replies("archive:1", **options)
        ]

    assert ids() == ["r1", "q", "r2", "both"]
    assert ids(kinds=("quote",)) == ["q", "both"]
    assert ids(offset=1, limit=2) == ["q", "r2"]
    assert ids(kinds=()) == []
    assert index.reply_counts("archive:1") == {"reply": 3, "repost": 0, "quote": 2}


def test_a_post_that_refers_to_itself_has_no_child_and_no_ancestor(index):
    put(index, post("1", reply_to="archive:1", quote_of="archive:1", root="archive:1"))

    assert drawn(index.tree("archive:1")) == [("1", "", None, "held")]
    assert index.ancestors("archive:1") == []
    assert rows(index) == 0


def test_a_circle_is_shown_once(index):
    put(index, reply("1", "3", 1), reply("2", "1", 2), reply("3", "2", 3))

    assert drawn(index.tree("archive:1")) == [
        ("1", "", None, "held"),
        ("2", "1", "reply", "held"),
        ("3", "2", "reply", "held"),
    ]
    assert [a.id for a in index.ancestors("archive:1")] == ["archive:3", "archive:2"]


def test_a_circle_beside_the_top_hangs_under_the_top(index):
    put(
        index,
        post("1"),
        reply("2", "3", 2, root="archive:1"),
        reply("3", "2", 3, root="archive:1"),
    )

    found = drawn(index.tree("archive:1"))

    assert sorted(found) == [
        ("1", "", None, "held"),
        ("2", "1", "reply", "held"),
        ("3", "2", "reply", "held"),
    ]


@pytest.mark.parametrize("strange", ["", "\ud800", "x" * 50_000, "a/b?c#d%2F:é", "'; --"])
def test_any_id_can_be_asked_for(index, strange):
    put(index, post("2", reply_to="archive:1"))

    assert [n.held for n in index.tree(strange).nodes] == ["unknown"]
    assert index.ancestors(strange) == []
    assert index.replies(strange) == []
    assert set(index.reply_counts(strange).values()) == {0}


def test_a_chain_of_ten_thousand_is_read_in_bounded_time(index):
    chain = [reply(str(n), str(n - 1), n) for n in range(1, 10_001)]
    put_many(index, [post("0"), *chain])
    begun = time.process_time()

    whole = index.tree("archive:0", limit=20_000)
    part = index.tree("archive:0", limit=500)
    way = index.ancestors("archive:10000", limit=20_000)

    assert time.process_time() - begun < 5
    assert len(whole.nodes) == 10_001
    assert not whole.truncated
    assert [n.id for n in part.nodes] == ["archive:0", *(p.id for p in chain[:499])]
    assert part.truncated
    assert len(way) == 10_000
    assert len(index.ancestors("archive:10000", limit=7)) == 7


@pytest.mark.slow
def test_a_star_of_a_hundred_thousand_is_read_in_bounded_time_and_size(index):
    put_many(index, [post("0")])
    for first in range(0, 100_000, 10_000):
        put_many(
            index,
            [
                reply(f"s{n}", "0", n // 60, root="archive:0")
                for n in range(first, first + 10_000)
            ],
        )
    begun = time.process_time()

    tree = index.tree("archive:0", limit=1000)
    late = index.replies("archive:0", offset=99_990, limit=50)

    assert time.process_time() - begun < 5
    assert len(tree.nodes) == 1000
    assert tree.truncated
    assert max(n.at for n in tree.nodes) <= T0 + 1000 // 60 * MINUTE
    assert len(late) == 10
    assert index.reply_counts("archive:0") == {"reply": 100_000, "repost": 0, "quote": 0}


def test_a_tree_that_just_fits_is_not_called_cut(index):
    put(index, post("0"), *(reply(str(n), "0", n, root="archive:0") for n in range(1, 5)))

    assert not index.tree("archive:0", limit=5).truncated
    assert index.tree("archive:0", limit=4).truncated
    assert len(index.tree("archive:0", limit=1).nodes) == 1


def test_a_reader_beside_the_writer_sees_the_same_tree(index, tmp_path):
    put(index, post("1"), reply("2", "1"), post("3", repost_of="archive:2"))
    reader = LocalIndex(tmp_path / "index", read_only=True)

    assert reader.tree("archive:1") == index.tree("archive:1")
    assert {n.kind for n in reader.tree("archive:1").nodes[1:]} <= set(RELATION_KINDS)
    reader.close()


def test_an_index_of_the_format_before_relations_says_what_to_do(index, tmp_path):
    index._feeder.db.execute("PRAGMA user_version=1")

    with pytest.raises(Exception, match="run `jikimi index rebuild`"):
        connect_reader(tmp_path / "index" / "generation-1")


def test_the_gap_ledger_lists_the_newest_first_in_pages(index):
    gaps = [
        Gap(source="a", since=T0 + n * MINUTE, until=T0 + (n + 2) * MINUTE, reason="away")
        for n in range(5)
    ]
    index.write(batch(gaps=[GapSeen(gap=gap) for gap in gaps]))

    page = index.gap_ledger(offset=1, limit=2)

    assert page.total == 5
    assert list(page.gaps) == [gaps[3], gaps[2]]
