"""The local index as its readers see it: posts and their revisions."""

from __future__ import annotations

import pytest

from stream.index import Index, PostQuery
from stream.local_index import LocalIndex
from tests.stream.index_world import (
    HOUR,
    MINUTE,
    T0,
    batch,
    gone,
    mention,
    post,
    seen,
)
from tests.stream.local.local_world import as_dict, counted, found, put


@pytest.fixture
def index(tmp_path):
    index = LocalIndex(tmp_path / "index")
    yield index
    index.close()


# --- posts and their revisions --------------------------------------------------------


def test_it_is_an_index(index):
    checked: Index = index

    assert checked.checkpoint() is None
    assert checked.post("archive:1") is None
    assert checked.counts() == {"posts": 0, "deleted": 0, "clusters": 0, "alerts": 0}
    assert checked.latest() is None
    assert checked.search(PostQuery()).total == 0


def test_a_post_is_read_back_with_all_its_subjects(index):
    one = post("1", "아린이랑 루나", urls=("https://a.example",), metrics={"likes": 3})
    index.write(batch(*seen(one, "arin", "luna"), checkpoint="c1"))

    read = index.post(one.id)

    assert read is not None
    assert read.post == one
    assert read.subjects == ("arin", "luna")
    assert read.mentions == (mention("arin"), mention("luna"))
    assert index.checkpoint() == "c1"


def test_a_mention_that_two_subjects_share_is_told_once(index):
    member, group = seen(post(), "arin", "group")
    index.write(batch(member, type(group)(**{**as_dict(group), "mentions": member.mentions})))

    assert index.post("archive:1").mentions == (mention("arin"),)


def test_an_edit_replaces_text_and_count(index):
    put(index, post("1", "before"))
    edited = post("1", "after", lang="ja", created_at=T0 + 5 * MINUTE)
    index.write(batch(*seen(edited, revision=2)))

    assert index.post("archive:1").post.text == "after"
    assert index.post("archive:1").revision == 2
    assert found(index, "before") == []
    assert found(index, "after") == ["1"]
    assert counted(index, "arin") == counted(index) == 1
    assert index.facet("lang", since=T0, until=T0 + HOUR) == {"ja": 1}


def test_an_older_revision_that_comes_late_changes_nothing(index):
    index.write(batch(*seen(post("1", "new"), revision=3)))
    index.write(batch(*seen(post("1", "old"), revision=2)))

    assert index.post("archive:1").post.text == "new"
    assert found(index, "old") == []
    assert counted(index) == 1


def test_a_second_subject_that_comes_in_a_later_batch_joins(index):
    for_arin, for_luna = seen(post("1", "together"), "arin", "luna")
    index.write(batch(for_arin))
    index.write(batch(for_luna))

    assert set(index.post("archive:1").subjects) == {"arin", "luna"}
    assert counted(index) == counted(index, "arin") == counted(index, "luna") == 1
    assert found(index, subject="luna") == ["1"]


def test_an_edit_that_drops_a_subject_takes_it_out_of_that_subject_only(index):
    put(index, post("1", "both"), subjects=("arin", "luna"))
    edited = post("1", "only luna now")
    index.write(batch(*seen(edited, "luna", revision=2), gone=[gone(edited, revision=2)]))

    assert index.post("archive:1").subjects == ("luna",)
    assert counted(index, "arin") == 0
    assert counted(index, "luna") == counted(index) == 1
    assert found(index, subject="arin") == []
    assert index.counts()["deleted"] == 0


def test_a_subject_that_an_edit_brings_back_is_back(index):
    put(index, post("1", "one"))
    index.write(batch(gone=[gone(post("1"), revision=2)]))
    index.write(batch(*seen(post("1", "three"), revision=3)))

    assert index.post("archive:1").post.text == "three"
    assert counted(index, "arin") == 1
    assert index.counts() == {"posts": 1, "deleted": 0, "clusters": 0, "alerts": 0}
    assert found(index, "three") == ["1"]


def test_inside_a_batch_revisions_decide_and_not_the_lists(index):
    one, three = post("1", "one"), post("1", "three")
    index.write(batch(*seen(one), *seen(three, revision=3), gone=[gone(one, revision=2)]))

    assert index.post("archive:1").post.text == "three"
    assert counted(index, "arin") == 1
