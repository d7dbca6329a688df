"""Text from outside: escaped, tricks made visible, links checked."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.text import code, highlight, outside, path_of, plain, preview, show
from detect.records import Mention

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</p></main><form action=//evil.example>",
    "{{ 7*7 }} {% raw %}",
    "&lt;b&gt; &amp;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_from_outside_is_shown_and_not_obeyed(text: str):
    shown = str(show(text))

    assert "<" not in shown
    assert html.unescape(shown) == text


def test_a_right_to_left_override_becomes_a_visible_mark():
    shown = str(show("good\u202edab"))

    assert "\u202e" not in shown
    assert '<span class="trick" title="right-to-left override">U+202E</span>' in shown


@pytest.mark.parametrize(
    "char", ["\u200b", "\ufeff", "\u2066", "\u2069", "\x00", "\x1b", "\ud83d"]
)
def test_hidden_characters_become_visible_marks(char: str):
    assert f"U+{ord(char):04X}" in show(f"a{char}b")


def test_the_joiner_inside_an_emoji_stays():
    family = "👨\u200d👩\u200d👧"

    assert str(show(family)) == family


def test_marks_piled_on_a_letter_do_not_reach_over_other_lines():
    shown = str(show("z" + "\u0301\u0332\u0489" * 20 + "a"))

    assert "\u0301\u0332\u0489" * 2 + "<" in shown
    assert "\u0301\u0332\u0489" * 2 + "\u0301" not in shown
    assert 'title="54 more marks on this letter">+54</span>a' in shown
    assert len(plain("z" + "\u0301" * 5000 + "a")) < 10


@pytest.mark.parametrize(
    "word",
    [
        "tiếng Việt",
        "\u0e01\u0e33\u0e25\u0e31\u0e07\u0e43\u0e08",
        "שָׁלוֹם",
        "नमस्ते",
        "e\u0323\u0302\u0301",
    ],
)
def test_marks_that_a_script_needs_stay(word: str):
    assert str(show(word)) == word


def test_line_breaks_of_any_kind_stay_line_breaks():
    assert str(show("a\r\nb\rc\nd")) == "a\nb\nc\nd"


@given(st.text(st.characters(), max_size=300))
def test_nothing_from_outside_can_open_a_tag_of_its_own(text: str):
    without_marks = re.sub(
        r'<span class="trick" title="[^"<>]*">U\+[0-9A-F]+</span>', "", show(text)
    )

    assert "<" not in without_marks
    assert ">" not in without_marks
    show(text).encode("utf-8")  # no half surrogate is left


def test_what_names_a_subject_is_marked_with_her_name():
    mention = Mention(subject="seoan", reason="alias", surface="서안", start=0, end=2)

    marked = highlight("서안 최고", [mention], {"seoan": "Seo <An>"}.__getitem__)

    assert str(marked) == '<mark title="Seo &lt;An&gt;">서안</mark> 최고'


def test_positions_are_code_points_of_the_original_text():
    text = "🎤🎤 서안\u200b이"
    mention = Mention(subject="s", reason="alias", start=3, end=5)

    assert '<mark title="s">서안</mark>' in highlight(text, [mention], str)


def test_overlapping_mentions_name_both_subjects_where_they_overlap():
    mentions = [
        Mention(subject="group", reason="alias", start=0, end=5),
        Mention(subject="member", reason="alias", start=3, end=8),
    ]

    marked = str(highlight("abcdefgh", mentions, str))

    assert marked == (
        '<mark title="group">abc</mark><mark title="group, member">de</mark>'
        '<mark title="member">fgh</mark>'
    )


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 1), (0, 99), (None, None)])
def test_impossible_positions_are_passed_over(start: int | None, end: int | None):
    mention = Mention(subject="s", reason="alias", start=start, end=end)

    assert str(highlight("text", [mention], str)) == "text"


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.integers(-3, 70), st.integers(-3, 70)), max_size=12),
)
def test_marking_never_changes_the_text(text: str, spans: list[tuple[int, int]]):
    mentions = [Mention(subject="s", reason="alias", start=a, end=b) for a, b in spans]

    marked = str(highlight(text, mentions, str))

    unmarked = re.sub(r"</?mark[^>]*>", "", marked)
    assert unmarked.replace("\n", "") == str(show(text)).replace("\n", "")


def test_thousands_of_mentions_do_not_take_for_ever():
    mentions = [
        Mention(subject=f"s{i}", reason="alias", start=i, end=i + 9) for i in range(20_000)
    ]

    assert len(highlight("x" * 30_000, mentions, str)) < 200_000


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "//evil.example/x",
        "/local",
        "https://",
        "https://exa mple.com",
        "https://a.example\\@evil.example",
        "https://a.example/\nx",
        "https://a.example:99999/",
        "https://[::1",
        "ht\u202etp://a.example",
        "https://a.example/" + "x" * 5000,
        "",
        None,
    ],
)
def test_only_plain_web_addresses_become_links(url: str | None):
    assert outside(url) is None


def test_a_link_says_where_it_really_leads():
    link = outside("https://known.example@evil.example/login")

    assert link
    assert link.host == "evil.example"


def test_look_alike_letters_in_a_host_show_themselves():
    link = outside("https://wеverse.example/")  # the first e is Cyrillic

    assert link
    assert link.host.startswith("xn--")


def test_an_id_with_slashes_colons_and_question_marks_makes_one_path_segment():
    path = path_of("posts", "bluesky:at://did:plc:x/app/3k?q#f%2F")

    assert path.count("/") == 2
    assert "?" not in path
    assert "#" not in path


def test_a_path_survives_half_a_surrogate():
    assert path_of("posts", "x:\ud800").startswith("/posts/x%3A")


def test_a_title_is_one_short_line():
    assert plain("a\nb\u202e c " + "x" * 300, 20) == "a b\ufffd c " + "x" * 12 + "…"


def test_what_is_to_be_typed_stands_out():
    assert (
        str(code("Type `jikimi run` & <wait>"))
        == "Type <code>jikimi run</code> &amp; &lt;wait&gt;"
    )


def test_a_preview_ends_at_a_word():
    assert preview("word " * 100, 50).endswith("word…")
    assert preview("short") == "short"
    assert len(preview("x" * 500, 50)) == 51
