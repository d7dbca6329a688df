"""Mentions of posts: by name, place, account and thread; limits and bad days."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.mentions import (
    SPANS_PER_SUBJECT,
    SUBJECTS_PER_POST,
    MentionMatcher,
    thread_mentions,
)
from detect.records import Mention
from detect.watchlist import Subject, Watchlist
from ingest.records import Author, Post
from tests.detect.cases_watchlist import invented

MATCHER = MentionMatcher(invented())
PIECES = [
    *(
        "루미나",
        "아린",
        "이",
        "가",
        "Lumina",
        "NOVA7",
        "V",
        "뷔",
        "#",
        "@",
        "_",
        " ",
        "\n",
        ".",
    ),
    *(
        "winter storm",
        "Winter",
        "ㄹㅜ",
        "\u200b",
        "а",
        "ルミナ",
        "https://",
        "'s",
        "\ud800",
        "é",
    ),
]
soup = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=20).map(
    "".join
)


def post(text: str = "", **changes: Any) -> Post:
    fields: dict[str, Any] = {
        "id": "x:1",
        "source": "x",
        "platform": "x",
        "author_id": "77",
        "created_at": 0,
        "text": text,
    }
    return Post(**{**fields, **changes})


def reasons(found: tuple[Mention, ...]) -> set[tuple[str, str]]:
    return {(mention.subject, mention.reason) for mention in found}


@given(soup)
def test_the_surface_is_what_stands_in_the_original(text: str) -> None:
    for mention in MATCHER.match_text(text):
        assert mention.start is not None
        assert mention.end is not None
        assert 0 <= mention.start < mention.end <= len(text)
        assert mention.surface == text[mention.start : mention.end]


@given(soup)
def test_what_counts_is_what_the_explanation_says_counts(text: str) -> None:
    explained = {
        (c.subject, c.start, c.end) for c in MATCHER.explain(text) if c.why_not is None
    }
    counted = {(m.subject, m.start, m.end) for m in MATCHER.match_text(text)}
    assert counted <= explained
    assert {c[0] for c in explained} == {c[0] for c in counted}


@given(soup)
def test_a_post_and_its_bare_text_name_the_same(text: str) -> None:
    alone = {m.subject for m in MATCHER.match_text(text) if m.reason == "alias"}
    assert alone == {m.subject for m in MATCHER.match(post(text)) if m.reason == "alias"}


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    MATCHER.match_text(text)
    MATCHER.explain(text)


@given(
    st.sampled_from(["루미나", "Lumina", "NOVA7", "노바세븐"]), st.text("가나 !?", max_size=9)
)
def test_a_sure_name_alone_on_its_line_is_always_found(name: str, rest: str) -> None:
    assert MATCHER.match_text(f"{rest}\n{name}\n{rest}")


def test_a_member_is_named_without_the_group() -> None:
    assert reasons(MATCHER.match(post("아린 최고"))) == {("arin", "alias")}


def test_a_post_in_a_container_of_a_subject_is_a_mention() -> None:
    found = MATCHER.match(post("so good", platform="reddit", container="Lumina"))
    assert found == (Mention(subject="lumina", reason="container", via="reddit:lumina"),)


def test_the_same_container_name_on_another_platform_is_none() -> None:
    assert MATCHER.match(post("so good", platform="youtube", container="lumina")) == ()


def test_a_container_speaks_for_doubtful_names_of_its_members() -> None:
    found = MATCHER.match(post("V looks great", platform="reddit", container="lumina"))
    assert ("via", "alias") in reasons(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"author_id": "1001"},
        {"author": Author(handle="Lumina_Official")},
        {"mentions": ("lumina_official",)},
        {"urls": ("https://www.lumina.example/notice?x=1",)},
        {"urls": ("https://shop.lumina.example",)},
        {"urls": ("https://fanplace.example/lumina/9",)},
    ],
)
def test_a_post_by_or_at_an_official_account_or_page_is_a_mention(
    changes: dict[str, Any],
) -> None:
    assert reasons(MATCHER.match(post("hello", **changes))) == {("lumina", "official")}


@pytest.mark.parametrize(
    "changes",
    [
        {"author_id": "1001", "platform": "bluesky"},
        {"mentions": ("lumina_official",), "platform": "bluesky"},
        {"urls": ("https://evillumina.example",)},
        {"urls": ("https://lumina.example.evil.org",)},
        {"urls": ("https://fanplace.example/other",)},
        {"urls": ("http://[broken", "lumina", "")},
    ],
)
def test_what_only_resembles_official_things_is_no_mention(changes: dict[str, Any]) -> None:
    assert MATCHER.match(post("hello", **changes)) == ()


def test_a_handle_in_the_text_counts_on_its_own_platform_only() -> None:
    text = "thanks @lumina_official"
    assert reasons(MATCHER.match(post(text))) == {("lumina", "official")}
    assert MATCHER.match(post(text, platform="reddit")) == ()


def test_hashtags_listed_beside_the_text_count() -> None:
    found = MATCHER.match(post("look", hashtags=("LMN_World", "Winter", "Serae")))
    assert {(m.subject, m.surface, m.start) for m in found} == {
        ("lumina", "#LMN_World", None),
        ("serae", "#Serae", None),
    }


def test_a_hashtag_that_also_stands_in_the_text_is_counted_once() -> None:
    found = MATCHER.match(post("#Serae", hashtags=("Serae",)))
    assert [(m.subject, m.start) for m in found] == [("serae", 1)]


def test_each_reason_can_be_switched_off() -> None:
    everything = post(
        "Lumina @lumina_official", platform="x", container="lumina", author_id="1001"
    )
    places = Watchlist(
        subjects=tuple(s for s in invented().subjects if s.id in {"lumina", "arin", "nova7"})
    )
    for reason in ("alias", "official"):
        found = MentionMatcher(places, reasons={reason}).match(everything)
        assert {m.reason for m in found} == {reason}
    assert MentionMatcher(places, reasons=()).match(everything) == ()
    in_place = post("hi", platform="reddit", container="lumina")
    assert MentionMatcher(places, reasons={"alias"}).match(in_place) == ()


@pytest.mark.parametrize("link", ["reply_to", "root", "quote_of", "repost_of"])
def test_a_post_in_the_thread_of_a_known_post_is_a_mention(link: str) -> None:
    known = {"x:9": ("arin", "lumina")}
    found = thread_mentions(post("she is so bad at this", **{link: "x:9"}), known)
    assert [(m.subject, m.reason, m.via) for m in found] == [
        ("arin", "thread", "x:9"),
        ("lumina", "thread", "x:9"),
    ]


def test_a_thread_names_each_subject_once_and_can_be_switched_off() -> None:
    answer = post("yes", reply_to="x:9", root="x:8")
    known = {"x:9": ("arin",), "x:8": ("arin",)}
    assert [m.via for m in thread_mentions(answer, known)] == ["x:9"]
    assert thread_mentions(answer, known, enabled=False) == ()
    assert thread_mentions(answer, {}) == ()


def test_a_post_that_repeats_a_name_keeps_a_bounded_number_of_mentions() -> None:
    found = MATCHER.match(post("Lumina " * 500))
    assert len(found) == SPANS_PER_SUBJECT


def test_a_post_that_lists_everybody_counts_for_a_bounded_number() -> None:
    crowd = Watchlist(
        subjects=tuple(
            Subject(id=f"s{i}", kind="group", name=f"Qzzx{chr(97 + i // 26)}{chr(97 + i % 26)}")
            for i in range(200)
        )
    )
    text = " ".join(subject.name for subject in crowd.subjects)
    assert len(MentionMatcher(crowd).match(post(text))) == SUBJECTS_PER_POST


def test_an_empty_watchlist_names_nobody() -> None:
    matcher = MentionMatcher(Watchlist())
    assert matcher.match(post("Lumina @x https://lumina.example #tag")) == ()
    assert matcher.explain("Lumina") == ()


def test_the_explanation_tells_why_something_does_not_count() -> None:
    why = {
        (c.subject, c.why_not)
        for c in MATCHER.explain("illuminati, V, lumina hotel, serae.com, @seraefan 아린다운")
    }
    assert ("lumina", "inside a longer word") in why
    assert ("lumina", "inside an excluded phrase") in why
    assert ("serae", "inside a link") in why
    assert ("serae", "inside a handle") in why
    assert ("arin", "followed by more letters of the same word") in why
    assert any(s == "via" and w and "ambiguous" in w for s, w in why)


def test_the_explanation_tells_what_speaks_for_a_doubtful_name() -> None:
    because = {c.subject: c.because for c in MATCHER.explain("Lumina V")}
    assert because["via"] == "'lumina' names lumina"


@pytest.mark.parametrize(
    "piece", ["루미나 ", "Lumina", "V", "#아린", "가", "a.", "@a ", "Lumina V "]
)
def test_a_text_of_a_megabyte_takes_bounded_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    begin = time.process_time()
    MATCHER.match_text(text)
    assert time.process_time() - begin < 15
