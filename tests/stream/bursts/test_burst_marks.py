"""Marks of openness: what counts, what does not, what hostile links do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.watchlist import FanProject, Official, Subject, Watchlist
from ingest.records import Author, Post
from stream.bursts.judge import OPEN
from stream.bursts.marks import Marks, OpenMarks
from tests.stream.harness import START

WATCHLIST = Watchlist(
    subjects=(
        Subject(
            id="arin",
            kind="idol",
            name="Arin",
            agency="Lantern Hill",
            groups=("moonbow",),
            hashtags=("ARIN",),
        ),
        Subject(
            id="moonbow",
            kind="group",
            name="MOONBOW",
            agency="Lantern Hill",
            official=Official(accounts=("x:@moonbow",), domains=("moonbow.example",)),
            fan_projects=(
                FanProject(
                    name="vote drive", hashtags=("MoonbowVote",), domains=("poll.example",)
                ),
            ),
        ),
        Subject(
            id="lantern",
            kind="brand",
            name="Lantern Hill",
            official=Official(domains=("lanternhill.example",)),
        ),
        Subject(
            id="rival",
            kind="idol",
            name="Rival",
            official=Official(domains=("rival.example",)),
        ),
    )
)
MARKS = OpenMarks(WATCHLIST)


def marks(text: str = "some words about arin", *, url: str = "", **more: object) -> Marks:
    post = Post(
        id="x:1",
        source="x",
        platform="x",
        author_id="9",
        created_at=START,
        text=text,
        urls=(url,) if url else (),
        **more,  # type: ignore[arg-type]
    )
    return MARKS.of("arin", post)


@pytest.mark.parametrize(
    "url",
    [
        "https://moonbow.example/notice",
        "https://shop.moonbow.example/",
        "https://www.lanternhill.example/x",
        "https://poll.example/arin",
        "https://m.idolchamp.com/vote",
    ],
)
def test_links_to_official_vote_and_streaming_pages_are_open(url: str) -> None:
    assert marks(url=url).openness >= OPEN


@pytest.mark.parametrize(
    "url",
    [
        "https://moonbow.example.evil.example/",
        "https://notmoonbow.example/",
        "https://rival.example/",
        "https://a.example/moonbow.example",
        "https://user:moonbow.example@b.example/",
    ],
)
def test_links_that_only_look_official_are_not(url: str) -> None:
    assert marks(url=url).openness == 0.0


def test_a_hashtag_alone_is_never_enough() -> None:
    for text in ("#ARIN did it again", "#MoonbowVote look at this", "＃ARIN #MoonbowVote oh"):
        assert 0 < marks(text).openness < OPEN


@pytest.mark.parametrize(
    "text",
    [
        "vote for arin now #MoonbowVote",
        "아린 투표 방법 안내 #MoonbowVote",
        "アリンに投票してください #ARIN",
        "โหวตให้อาริน #ARIN",
        "아린아 생일 축하해 오래 보자 #ARIN_DAY",
        "happy birthday arin #arinday",
    ],
)
def test_action_words_or_wishes_with_their_hashtag_are_open(text: str) -> None:
    assert marks(text).openness >= OPEN


def test_vote_words_inside_a_hashtag_do_not_count_twice() -> None:
    assert marks("look what she did #투표 #vote").openness == 0.0


def test_the_official_account_is_open_by_itself() -> None:
    assert marks(author=Author(handle="@MOONBOW")).openness == 1.0


def test_reposts_are_not_original() -> None:
    assert marks().original
    assert not marks(repost_of="x:0").original
    assert not marks("RT @somebody: words").original


@pytest.mark.parametrize(
    ("url", "news"),
    [
        ("https://news.paper.example/a", True),
        ("https://paper.example/article/12345", True),
        ("https://paper.example/2026/01/05/x", True),
        ("https://paper.example/shop", False),
        ("", False),
    ],
)
def test_links_to_articles_look_like_news(url: str, news: bool) -> None:
    assert marks(url=url).news is news


def test_an_unknown_subject_has_no_official_pages() -> None:
    post = Post(
        id="x:1",
        source="x",
        platform="x",
        author_id="9",
        created_at=START,
        text="words",
        urls=("https://moonbow.example/",),
    )
    assert MARKS.of("all", post).openness == 0.0


@given(st.text(max_size=60), st.text(max_size=40))
def test_any_text_and_link_are_taken(text: str, url: str) -> None:
    found = marks(text, url="http://" + url)
    assert 0.0 <= found.openness <= 1.0


def test_a_broken_link_is_no_link() -> None:
    assert marks(url="http://[half").domain == ""


def test_a_call_to_report_posts_is_open_whatever_words_it_quotes() -> None:
    found = marks("please report these accounts, they call arin a liar and a thief")

    assert found.appeal
    assert found.openness >= OPEN
