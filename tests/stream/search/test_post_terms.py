"""Terms of posts: a value of a query and the value of a post meet in one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.records import Author
from stream.search.terms import (
    LONGEST,
    author_key,
    link_key,
    plain_key,
    post_terms,
    tag_key,
    whole_bounds,
)
from stream.search.tree import Term
from tests.stream.index_world import picture, post


def test_a_link_is_found_by_its_host_what_it_belongs_to_and_the_whole_address():
    found = post_terms(post(urls=("https://www.n.News.example:8443/a/b/?x=1#top",)), ())

    assert found.links == ("n.news.example", "news.example", "n.news.example/a/b/?x=1")
    assert found.domains == ("n.news.example",)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("https://www.News.example/a/", "news.example/a"),
        ("news.example", "news.example"),
        ("http://known.example@evil.example/x", "evil.example/x"),
        ("http://[2001:DB8::1]:8080/x", "2001:db8::1/x"),
        ("http://[broken", ""),
        ("http://broken]", ""),
        ("https://", ""),
        ("", ""),
    ],
)
def test_an_address_has_one_form(written, key):
    assert link_key(written) == key


def test_a_host_of_many_labels_is_found_by_its_end_and_whole():
    found = post_terms(post(urls=("https://" + "a." * 50 + "example/",)), ())

    assert len(found.links) < 10
    assert found.links[0] == "a." * 50 + "example"
    assert "a.example" in found.links


def test_handles_tags_and_languages_have_one_spelling():
    assert author_key("@SomeOne") == author_key("u/someone") == "someone"
    assert tag_key("#ＳＴＡＲ") == tag_key("Star") == "star"
    assert plain_key(" zh-Hant ") == "zh-hant"


def test_an_account_is_named_by_its_handle_and_else_by_its_id():
    with_handle = post(author_id="did:plc:1", author=Author(handle="Some.One"))

    assert post_terms(with_handle, ()).account == "x:some.one"
    assert post_terms(with_handle, ()).authors == ("did:plc:1", "some.one")
    assert post_terms(post(author_id="Writer"), ()).account == "x:writer"


def test_facts_of_a_post_are_marks():
    one = post(
        lang="zh-Hant",
        reply_to="x:1",
        urls=("https://a.example/",),
        media=(picture("a"),),
        hashtags=("b",),
    )

    assert set(post_terms(one, ("alias", "thread")).marks) == {
        "is:reply", "has:link", "has:media", "has:tag", "lang:zh", "reason:alias", "reason:thread",
    }  # fmt: skip
    assert post_terms(post(), ()).marks == ()


def test_every_platform_s_name_of_a_number_is_known():
    one = post(
        metrics={"score": -3, "retweet_count": 2, "num_comments": 4, "impression_count": 9},
        author=Author(followers=0),
    )

    assert post_terms(one, ()).numbers == {
        "likes": -3, "reposts": 2, "replies": 4, "views": 9, "followers": 0,
    }  # fmt: skip


@given(st.sampled_from(["=", ">", ">=", "<", "<="]), st.floats(0, 100), st.integers(-5, 105))
def test_whole_bounds_hold_for_the_numbers_of_the_condition_and_no_other(op, limit, number):
    bounds = whole_bounds(Term("likes", str(limit), op, number=limit))

    inside = bounds is not None and bounds[0] <= number <= bounds[1]
    assert inside == {
        "=": number == limit, ">": number > limit, ">=": number >= limit,
        "<": number < limit, "<=": number <= limit,
    }[op]  # fmt: skip


@given(st.text(max_size=50), st.sampled_from(["", "https://", "//", "a@b:"]))
def test_whatever_stands_in_a_post_gives_bounded_terms(text, before):
    found = post_terms(
        post(urls=(before + text * 30,), hashtags=(text,), mentions=(text,), lang=text or None),
        (),
    )

    every = (*found.links, *found.domains, *found.tags, *found.mentions, found.lang)
    assert all(len(term) <= 4 * LONGEST for term in every)
    assert len(found.links) < 10
