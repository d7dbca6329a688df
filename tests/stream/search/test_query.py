"""The query language: what is understood, what is refused and in which words."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream.search.query import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, QueryError, parse
from stream.search.tree import (
    FIELDS,
    And,
    Node,
    Not,
    Or,
    Term,
    all_of,
    bounds,
    terms,
    with_subjects,
)

DAY = 86_400_000
NOW = 1_790_000_000_000


def text(value: str, *, phrase: bool = False) -> Term:
    return Term("text", value, phrase=phrase)


def refusal(query: str) -> QueryError:
    with pytest.raises(QueryError) as refused:
        parse(query, now=NOW)
    return refused.value


UNDERSTOOD: list[tuple[str, Node | None]] = [
    ("", None),
    ("  \n\t ", None),
    ("… ! —", None),
    ("haneul", text("haneul")),
    ("하늘 표절", And((text("하늘"), text("표절")))),
    ("a AND b", And((text("a"), text("b")))),
    ("a OR b", Or((text("a"), text("b")))),
    ("a b OR c", Or((And((text("a"), text("b"))), text("c")))),
    ("a (b OR c)", And((text("a"), Or((text("b"), text("c")))))),
    ("((a))", text("a")),
    ("-a", Not(text("a"))),
    ("NOT a", Not(text("a"))),
    ("--a", text("a")),
    ("-(a OR b)", Not(Or((text("a"), text("b"))))),
    ("-#tag", Not(text("#tag"))),
    ("-@someone", Not(text("@someone"))),
    ('-"a b"', Not(text("a b", phrase=True))),
    ("-lang:en", Not(Term("lang", "en"))),
    ("a - b", And((text("a"), text("b")))),
    ("well-known", text("well-known")),
    ("and or not", And((text("and"), text("or"), text("not")))),
    ('"two words"', text("two words", phrase=True)),
    ("“curly words”", text("curly words", phrase=True)),
    (r'"say \"hi\" \\o/"', text(r'say "hi" \o/', phrase=True)),
    ('text:"표절 의혹"', text("표절 의혹", phrase=True)),
    ("text:AND", text("AND")),
    ('subject:"Seo An"', Term("subject", "Seo An")),
    ("Subject:haneul", Term("subject", "haneul")),
    ("platform=reddit", Term("platform", "reddit")),
    ("author:@someone", Term("author", "@someone")),
    ("tag:#컴백", Term("tag", "#컴백")),
    ("link:https://naver.com/a?b=c", Term("link", "https://naver.com/a?b=c")),
    ("https://naver.com/a", text("https://naver.com/a")),
    ("12:30", text("12:30")),
    ("is:Reply", Term("is", "reply")),
    ("has:media", Term("has", "media")),
    ("reason:official", Term("reason", "official")),
    ("likes>10", Term("likes", "10", ">", number=10)),
    ("likes:10", Term("likes", "10", "=", number=10)),
    ("followers<=2.5", Term("followers", "2.5", "<=", number=2.5)),
    ("harm>0.5", Term("harm", "0.5", ">", number=0.5)),
    ("harm:0.5", Term("harm", "0.5", "=", number=0.5)),
    ("harm.threat>=0.5", Term("harm.threat", "0.5", ">=", number=0.5)),
    ("HARM:Threat", Term("harm", "threat")),
    ("language:ko", Term("language", "ko")),
    ("target:Subject", Term("target", "subject")),
    ("threat.example:80", text("threat.example:80")),
    ("since:7d", Term("since", "7d", number=NOW - 7 * DAY)),
    ("until:90m", Term("until", "90m", number=NOW - 90 * 60_000)),
    ("since:2026-11-01", Term("since", "2026-11-01", number=1_793_491_200_000)),
    ("since:2026-11-01T10:30", Term("since", "2026-11-01T10:30", number=1_793_529_000_000)),
    (
        "until:2026-11-01T10:30+09:00",
        Term("until", "2026-11-01T10:30+09:00", number=1_793_496_600_000),
    ),
]


@pytest.mark.parametrize(("query", "meaning"), UNDERSTOOD, ids=[q for q, _ in UNDERSTOOD])
def test_a_query_is_understood(query, meaning):
    assert parse(query, now=NOW) == meaning


def test_the_example_of_the_handbook_is_understood_whole():
    query = (
        'subject:haneul AND text:"표절 의혹" platform:reddit since:7d author:@someone harm>0.5 '
        "-lang:en (tag:x OR link:naver.com)"
    )

    found = parse(query, now=NOW)

    assert [term.field for term in terms(found)] == [
        "subject", "text", "platform", "since", "author", "harm", "lang", "tag", "link",
    ]  # fmt: skip


def test_days_begin_where_the_reader_lives():
    seoul = timezone(timedelta(hours=9))

    found = parse("since:2026-11-01", tz=seoul)

    assert found == Term("since", "2026-11-01", number=1_793_491_200_000 - 9 * 3_600_000)


REFUSED = [
    (
        "subjct:x",
        "“subjct” is no field (to look for it as text, put it in quotes); did you mean subject?",
        (0, 6),
    ),
    ("a hashtag:x", "did you mean tag?", (2, 9)),
    ("from:x", "did you mean author?", (0, 4)),
    ("아린 de*", "at least 3 letters must stand before *", (3, 6)),
    ("text:a*", "at least 3 letters must stand before *", (5, 7)),
    ("zzzzz:x", "“zzzzz” is no field (to look for it as text, put it in quotes)", (0, 5)),
    ("platform:", "platform needs a value, as in platform:reddit", (0, 9)),
    ("subject:(a b)", "subject needs a value", (0, 8)),
    ('lang:""', "lang needs a value, as in lang:ko", (0, 5)),
    ("is:replies", "is takes reply, repost, quote; did you mean reply?", (3, 10)),
    ("has:sound", "has takes link, media, tag", (4, 9)),
    ("harm>high", "harm takes a number, as in harm>0.5", (5, 9)),
    ("harm:threet", "harm takes defamation, ", (5, 11)),
    ("harm:threet", "did you mean threat?", (5, 11)),
    ("harm.treat>0.5", "did you mean harm.threat?", (0, 10)),
    ("harm.threat:high", "harm.threat takes a number, as in harm.threat>0.5", (12, 16)),
    ("target:fans", "target takes subject, fan, other, unknown; did you mean fan?", (7, 11)),
    ("likes>-3", "likes takes a number, as in likes>=10", (6, 8)),
    ("lang>ko", "lang cannot be compared with >, write lang:ko", (5, 7)),
    ("since:yesterday", "since takes a time, as in since:7d", (6, 15)),
    ("until:2026-13-01", "until takes a time", (6, 16)),
    ("since:0001-01-01T00:00 until:0000-01-01", "until takes a time", (29, 39)),
    ('a "never ends', "this quotation mark is never closed", (2, 3)),
    ("(a", "this parenthesis is never closed", (0, 1)),
    ("a)", "this parenthesis was never opened", (1, 2)),
    ("a ( )", "there is nothing between these", (2, 5)),
    ("a OR", "something is missing after this", (2, 4)),
    ("OR a", "a word or a condition is missing before this", (0, 2)),
    ("a AND OR b", "a word or a condition is missing before this", (6, 8)),
    ("NOT", "something is missing after this", (0, 3)),
]


@pytest.mark.parametrize(("query", "sentence", "place"), REFUSED, ids=[q for q, *_ in REFUSED])
def test_a_mistake_is_named_in_plain_words_with_its_place(query, sentence, place):
    error = refusal(query)

    assert sentence in error.message
    assert (error.start, error.end) == place


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("(" * 10_000, "at most 2000 are allowed"),
        ("(" * MAX_LENGTH, f"more than {MAX_DEPTH} parentheses"),
        ("-" * (MAX_LENGTH - 1) + "a", f"more than {MAX_DEPTH} parentheses or negations"),
        (" OR ".join("a" * 1000), "at most 2000 are allowed"),
        (" ".join("a" * (MAX_TERMS + 1)), f"more than {MAX_TERMS} conditions"),
        ("(" * 15 + "a" + ")" * 16, "never opened"),
        ('"' * 999, "never closed"),
    ],
    ids=["10 kB", "open", "dashes", "1000 ORs", "terms", "unbalanced", "quotes"],
)
def test_a_monstrous_query_is_refused_at_once(query, sentence):
    assert sentence in refusal(query).message


def test_as_many_conditions_and_levels_as_allowed_are_understood():
    assert len(terms(parse(" OR ".join("a" * MAX_TERMS)))) == MAX_TERMS
    assert parse("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH) == text("a")


def test_lone_surrogates_are_text_like_any_other():
    assert parse("\ud800 tag:\udfff") == And((text("\ud800"), Term("tag", "\udfff")))


FRAGMENTS = st.sampled_from(
    [
        *(f"{name}:" for name in FIELDS), "likes>", "harm<=", "(", ")", " ", " OR ", " AND ",
        "NOT ", "-", '"', "\\", "“", "7d", "2026-11-01", "0.5", "reply", "하늘", "@a", "#b",
        "https://a.example/", "\ud800", "\u202e", "…", "\n",
    ]
)  # fmt: skip
QUERIES = st.one_of(
    st.text(max_size=60),
    st.lists(FRAGMENTS | st.text(max_size=4), max_size=25).map("".join),
)


def outcome(query: str) -> Node | QueryError | None:
    try:
        return parse(query, now=NOW)
    except QueryError as error:
        return error


@settings(max_examples=400)
@given(QUERIES)
@example("-(a b) OR -c")
@example('a"b"c')
@example("(a OR b) (c OR d e)")
@example("text:-a -text:OR")
@example("-,a")
def test_whatever_is_typed_is_understood_or_refused_and_reads_back_the_same(query):
    found = outcome(query)

    if isinstance(found, QueryError):
        assert 0 <= found.start <= found.end <= len(query)
        assert found.message
    elif found is not None:
        assert parse(str(found), now=NOW) == found


def test_times_that_must_hold_bound_the_query():
    found = parse("a since:7d since:2d until:1d (since:1h OR b)", now=NOW)

    assert bounds(found) == (NOW - 2 * DAY, NOW - DAY)
    assert bounds(parse("since:7d OR a", now=NOW)) == (None, None)
    assert bounds(None) == (None, None)


def test_queries_are_joined_without_needless_levels():
    both = all_of(parse("a b"), None, parse("c OR d"))

    assert str(both) == "a b (c OR d)"
    assert all_of(None, None) is None
    assert all_of(text("a")) == text("a")


def test_names_of_subjects_become_their_ids():
    ids = {"하늘": ("haneul",), "luna": ("luna-a", "luna-b")}
    found = parse("subject:하늘 -(subject:luna OR subject:nobody) tag:luna")
    assert found is not None

    named = with_subjects(found, lambda name: ids.get(name, ()))

    assert str(named) == (
        "subject:haneul -(subject:luna-a OR subject:luna-b OR subject:nobody) tag:luna"
    )
