"""Search tokens: every script is cut so that short words and exact phrases are found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.search.tokens import Clause, clauses, tokens
from tests.stream.index_world import korean_texts


def words(text):
    return tokens(text).words.split()


def holds(text: str, query: str) -> bool:
    """Whether a text matches a query, by the definition of clauses alone."""
    found = tokens(text)
    line, singles = f" {' '.join(found.words.split())} ", set(found.singles.split())
    wanted = clauses(query)
    return (
        wanted is not None and bool(wanted) and all(holds_one(c, line, singles) for c in wanted)
    )


def holds_one(clause: Clause, line: str, singles: set[str]) -> bool:
    if clause.single:
        return clause.single in singles
    return f" {' '.join(clause.words)}{'' if clause.prefix else ' '}" in line


def test_korean_becomes_overlapping_pairs():
    assert words("딥페이크") == ["딥페", "페이", "이크"]


def test_a_lone_syllable_is_a_word_and_a_single():
    found = tokens("뷔 좋아")

    assert found.words == "뷔 좋아"
    assert set(found.singles.split()) == {"뷔", "좋", "아"}


def test_latin_words_are_folded_and_punctuation_parts_them():
    assert words("Don't STREAM #Bts_Comeback!") == ["don", "t", "stream", "bts", "comeback"]


def test_a_text_with_other_letters_gives_the_same_latin_words():
    assert words("Don't STREAM #Bts_Comeback! é") == [
        *words("Don't STREAM #Bts_Comeback!"),
        "e",
    ]


def test_a_star_stands_for_every_word_that_begins_so():
    assert clauses("deepfak*") == [Clause(words=("deepfak",), prefix=True)]
    assert holds("so many Deepfakes", "DEEPFAK*")
    assert holds("so many deepfakes", "deepfakes*")
    assert not holds("a deep fake", "deepfak*")


def test_a_star_adds_nothing_where_words_are_found_inside_others_or_are_quoted():
    assert clauses("딥페*") == clauses("딥페")
    assert clauses('"deepfak*"') == clauses('"deepfak"')
    assert clauses("f*ck") == clauses("f ck")


@given(st.text(max_size=20))
def test_a_star_finds_whatever_the_word_alone_finds(word):
    line = f"{word} and more"
    if clauses(word):
        assert holds(line, f"{word}*") or not holds(line, word)


def test_mixed_scripts_part_where_the_script_changes():
    assert words("BTS가 온다") == ["bts", "가", "온다"]


@pytest.mark.parametrize("spelling", ["BTS", "ＢＴＳ", "b\u200bts", "𝗕𝗧𝗦"])
def test_disguised_spellings_give_the_plain_token(spelling):
    assert words(spelling) == ["bts"]


def test_decomposed_hangul_gives_the_tokens_of_the_composed():
    assert words("\u1103\u1175\u11b8\u1111\u1166") == words("딥페")


@pytest.mark.parametrize("text", ["", "   ", "!!! … 。", "😀😀", "\u200b"])
def test_nothing_to_search_gives_no_tokens(text):
    assert words(text) == []


def test_an_empty_query_asks_for_nothing():
    assert clauses("") is None
    assert clauses("  \n") is None


def test_a_query_of_emoji_matches_nothing():
    assert clauses("😀") == []


def test_words_are_conditions_and_quotes_make_one():
    assert clauses('신고 "딥페 좋아"') == [
        Clause(words=("신고",)),
        Clause(words=("딥페", "좋아")),
    ]


def test_a_single_syllable_asks_for_the_syllable_anywhere():
    assert clauses("뷔") == clauses('"뷔"') == [Clause(single="뷔")]


def test_a_quote_that_never_ends_reaches_to_the_end():
    assert clauses('"보이 콧') == clauses('"보이 콧"')


def test_a_repeated_word_counts_once():
    assert clauses("hate hate HATE") == [Clause(words=("hate",))]


def test_a_huge_query_is_cut():
    found = clauses("가나" * 5_000_000)

    assert found is not None
    assert len(found[0].words) < 1000


def test_thai_and_japanese_words_are_found_inside_a_line_without_spaces():
    assert holds("ฉันรักเธอมาก", "รัก")
    assert holds("新曲の東京タワーで撮影", "東京タワー")
    assert not holds("新曲の東京タワーで撮影", "京東")


def test_pairs_across_a_space_are_no_match():
    assert not holds("레드 벨벳", "드벨")


@given(st.text(max_size=300))
def test_any_text_gives_tokens_without_spaces_inside(text):
    found = tokens(text)

    assert all(token and not token.isspace() for token in found.words.split(" ") if token)
    found.words.encode()
    found.singles.encode()


@given(
    st.text(alphabet="가나다라뷔 abc12.ー京ก", max_size=60),
    st.integers(0, 60),
    st.integers(1, 9),
)
def test_any_stretch_within_a_word_finds_its_text(text, start, length):
    part = text[start : start + length]
    in_one_word = part and not any(c in " ." for c in part)
    in_one_script = part.isascii() or not any(c.isascii() for c in part)
    if not in_one_word or not in_one_script or part.isascii():
        return

    assert holds(text, part)


def test_every_word_of_real_korean_comments_finds_its_comment():
    for text in korean_texts(500):
        for word in text.split()[:10]:
            if clauses(word):
                assert holds(text, word), (text, word)
