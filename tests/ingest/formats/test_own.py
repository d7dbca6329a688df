"""Our exchange format: strict about what matters, lenient about the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clean import Context
from ingest.formats import own, recognise
from ingest.records import Malformed, Post

CONTEXT = Context(source="archive", now=1_795_000_000_000)
LINE = {"id": "1", "author_id": "a", "created_at": "2026-01-05T00:00:00Z", "text": "서하늘 #무대 https://a.example @b"}  # fmt: skip


def decode(**changes: Any) -> Post | Malformed:
    fields = {key: value for key, value in (LINE | changes).items() if value is not ...}
    [item] = own.decode(json.dumps(fields).encode(), CONTEXT)
    assert isinstance(item, Post | Malformed)
    return item


def reason(**changes: Any) -> str:
    item = decode(**changes)
    assert isinstance(item, Malformed), item
    return item.reason


def good(**changes: Any) -> Post:
    item = decode(**changes)
    assert isinstance(item, Post), item
    return item


def test_four_fields_are_enough():
    post = good()

    assert post.id == "archive:1"
    assert (post.platform, post.author_id, post.created_at) == (
        "archive",
        "a",
        1_767_571_200_000,
    )
    assert post.observed_at is None


def test_tags_links_and_mentions_not_listed_are_read_from_the_text():
    assert (good().hashtags, good().urls, good().mentions) == (
        ("무대",), ("https://a.example",), ("b",),
    )  # fmt: skip


def test_listed_ones_count_alone_even_when_empty():
    post = good(hashtags=["#하나"], urls=[], mentions=["@c"])

    assert (post.hashtags, post.urls, post.mentions) == (("하나",), (), ("c",))


@pytest.mark.parametrize("field", ["id", "author_id", "created_at", "text"])
def test_a_missing_required_field_is_named(field):
    assert reason(**{field: ...}).startswith(field)
    assert reason(**{field: None}).startswith(field)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": 5}, "text: expected text, found a number"),
        ({"id": ""}, "id: empty"),
        ({"id": "x" * 2_000}, "id: 2,000 characters"),
        ({"author_id": []}, "author_id: expected text, found a list"),
        ({"created_at": True}, "created_at: expected a time"),
        ({"created_at": "2031-01-01T00:00:00Z"}, "far future"),
        ({"urls": "x"}, "urls: expected a list, found text"),
        ({"media": {}}, "media: expected a list, found an object"),
        ({"metrics": 3}, "metrics: expected an object"),
    ],
)
def test_a_wrong_type_is_refused_in_plain_words(changes, said):
    assert said in reason(**changes)


def test_numbers_are_good_ids():
    post = good(id=17, author_id=23, reply_to=5)

    assert (post.id, post.author_id, post.reply_to) == ("archive:17", "23", "archive:5")


def test_ids_that_name_their_platform_are_kept_so_that_replies_meet():
    post = good(id="reddit:t1_x", platform="reddit", reply_to="reddit:t3_y", container="kpop")

    assert (post.id, post.reply_to, post.container) == (
        "reddit:t1_x",
        "reddit:t3_y",
        "reddit:kpop",
    )


def test_media_and_author_come_along_and_only_what_is_sound_is_kept():
    post = good(
        media=[
            {"url": "https://a.example/x.jpg", "sha256": "A" * 64, "pdq": "not hex", "alt": "on stage"},
            {"url": "javascript:alert(1)"},
        ],
        author={"handle": "haneul", "created_at": "2020-01-01", "followers": 12},
        metrics={"likes": 3, "odd": "x"},
    )  # fmt: skip

    [medium] = post.media
    assert (medium.sha256, medium.pdq, medium.alt) == ("a" * 64, None, "on stage")
    assert post.author is not None
    assert (post.author.handle, post.author.followers) == ("haneul", 12)
    assert post.metrics == {"likes": 3}


def test_ten_megabytes_of_text_are_cut_and_marked():
    post = good(text="가" * 10_000_000)

    assert len(post.text) == 65_536
    assert post.truncated


def test_half_a_surrogate_pair_is_replaced():
    assert good(text="a\ud83d").text == "a�"


def test_a_table_row_reads_lists_by_spaces_or_as_json():
    record = own.from_csv(
        {"id": "1", "text": " as it is ", "hashtags": "a b", "urls": '["https://a.example"]',
         "metrics": '{"likes": 1}', "lang": ""}
    )  # fmt: skip

    assert record == {
        "id": "1", "text": " as it is ", "hashtags": ["a", "b"],
        "urls": ["https://a.example"], "metrics": {"likes": 1},
    }  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from([*own.Line.__struct_fields__, "other"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
        | st.lists(st.text(max_size=5) | st.integers(), max_size=3)
        | st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
    )
)  # fmt: skip
def test_any_object_is_a_post_or_a_reason(fields):
    raw = json.dumps(fields).encode()

    [item] = own.decode(raw, CONTEXT)

    assert isinstance(item, Post) or (item.reason and item.raw == raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_post_or_a_reason(raw):
    [item] = own.decode(raw, CONTEXT)

    assert isinstance(item, Malformed)
    assert item.raw == raw


def test_the_typed_path_and_the_careful_one_agree():
    quick = good(hashtags=["a"], author={"handle": "h"}, lang="ko")
    careful = good(hashtags=["a"], author={"handle": "h", "followers": "many"}, lang="ko")

    assert quick == careful


def test_it_is_recognised_by_its_fields():
    found = recognise({"id": 1, "text": ""})
    assert found is not None
    assert found.name == "own"
    assert recognise({"something": "else"}) is None
