"""The plain form of disguised text, and the exact way back."""

from __future__ import annotations

import time
import unicodedata

import confusable_homoglyphs.confusables as reference
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.names.lookalikes import LOOKALIKES
from detect.text import fold, is_plain, normalise, reveal, unmask

ODD = "가각ㄱㅏㄴㅋᄀ\u1161\u11a8ﾡￂがｶﾞ\u3099aZé\u0301\u200b\ufe0f\u202eВаβ𝐋🅱ﬁ½ß\ud800 #.\n"
messy = st.text(alphabet=st.one_of(st.sampled_from(ODD), st.characters()), max_size=60)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Hello", "hello"),
        ("ＢＴＳ１２", "bts12"),
        ("ㅅㅓ", "서"),
        ("ㅅㅓㄴㅁㅣ", "선미"),
        ("ㅇㅏㅇㅣㄹㅣㄴ이", "아이린이"),
        ("ㄱㅗㅏ", "과"),
        ("위ㄴ터", "윈터"),
        ("지수ㅋㅋㅋ", "지수ㅋㅋㅋ"),
        ("ㅋㅋㅋㅋ ㅠㅠ", "ㅋㅋㅋㅋ ㅠㅠ"),
        ("아ㅋ진짜", "아ㅋ진짜"),
        (unicodedata.normalize("NFD", "방탄 Café が"), "방탄 cafe が"),
        ("ﾌﾞﾗｯｸ", "ブラック"),
        ("ﾡￂ", "가"),
        ("zero\u200bwidth\u2060\ufeff", "zerowidth"),
        ("❤\ufe0f", "❤"),
        ("soft\u00adhyphen", "softhyphen"),
        ("\u202eabc\u202c", "abc"),
        ("Z̶̙a̴l̷g̸o̵", "zalgo"),
        ("𝓙𝓲𝓼𝓸𝓸 🅹🅸🆂🅾🅾", "jisoo jisoo"),
        ("pаypаl", "paypal"),
        ("Привет, мир", "привет, мир"),
        ("ёлка й", "ёлка й"),
        ("BTSа", "btsа"),
        ("Ελλάδα", "ελλάδα"),
        ("Straße", "strasse"),
        ("\ud800x", "\ufffdx"),
        ("wait…", "wait…"),
        ("１２\u3000３\u00a04", "12 3 4"),
        ("", ""),
    ],
)
def test_a_disguise_is_seen_through_and_plain_text_is_left_alone(
    written: str, plain: str
) -> None:
    assert fold(written) == plain


@pytest.mark.parametrize(
    ("text", "plain", "start", "end", "behind"),
    [
        ("x ㅅㅓㄴㅁㅣ y", "선미", 2, 4, "ㅅㅓㄴㅁㅣ"),
        ("a\u200bb\u200bc", "bc", 1, 3, "b\u200bc"),
        (
            unicodedata.normalize("NFD", "나 서운"),
            "서운",
            2,
            4,
            unicodedata.normalize("NFD", "서운"),
        ),
        ("ﬁne", "fi", 0, 2, "ﬁ"),
        ("B̶T̶S̶!", "bts", 0, 3, "B̶T̶S̶"),
        ("ｶﾞｶﾞ", "ガ", 1, 2, "ｶﾞ"),
    ],
)
def test_a_span_of_plain_text_leads_back_to_the_original(
    text: str, plain: str, start: int, end: int, behind: str
) -> None:
    normalised = normalise(text)
    assert normalised.text[start:end] == plain
    assert text[slice(*normalised.span(start, end))] == behind


@given(messy)
def test_both_speeds_agree_and_nothing_raises(text: str) -> None:
    normalised = normalise(text)
    assert normalised.text == fold(text)
    assert reveal(text) == fold(unmask(text))


@given(messy)
def test_the_way_back_is_in_order_and_inside_the_text(text: str) -> None:
    normalised = normalise(text)
    if normalised.starts is None or normalised.ends is None:
        assert len(normalised.text) == len(text)
        return
    assert len(normalised.starts) == len(normalised.ends) == len(normalised.text)
    assert normalised.starts == sorted(normalised.starts)
    for start, end in zip(normalised.starts, normalised.ends, strict=True):
        assert 0 <= start < end <= len(text)


@given(st.text(alphabet="abcXYZ 가나다란한 漢字かなカナ!?#@", max_size=50))
def test_plain_text_takes_the_fast_way_and_stays_as_long(text: str) -> None:
    assert is_plain(text)
    assert len(fold(text)) == len(text)


@given(st.text(alphabet="가힣각뷁선미", min_size=1, max_size=12))
def test_decomposed_hangul_is_the_same_text(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


@given(messy, st.integers(min_value=0, max_value=60))
def test_an_invisible_character_changes_nothing_between_letters(text: str, at: int) -> None:
    word = "Lumina" + "".join(ch for ch in text if ch.isascii() and ch.isalpha())
    at = min(at, len(word))
    assert fold(word[:at] + "\u200b" + word[at:]) == fold(word)


def test_no_character_taken_for_plain_grows_when_its_case_is_folded() -> None:
    plain = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    assert [ch for ch in plain if is_plain(ch) and len(ch.casefold()) != 1] == []


def test_only_rare_characters_escape_the_compatibility_form() -> None:
    """Hangul, kana, Han, Latin and full-width forms are all brought to NFKC."""
    watched = [(0x20, 0x24F), (0x3041, 0x3130), (0x4E00, 0xA000), (0xAC00, 0xD7A4)]
    watched += [(0xF900, 0xFB00), (0xFF01, 0xFFE0), (0x1D400, 0x1D800), (0x2F00, 0x2FD6)]
    for first, last in watched:
        for code in range(first, last):
            ch = chr(code)
            if is_plain(ch):
                assert unicodedata.normalize("NFKC", ch) == ch, hex(code)


def test_a_russian_sentence_never_turns_into_latin_letters() -> None:
    sentence = "Мама мыла раму, а сестра пела в хоре"
    assert reveal(sentence) == sentence.casefold()


def test_a_word_wholly_of_lookalikes_is_unmasked_in_a_latin_post() -> None:
    assert reveal("ВТЅ rocks") == "bts rocks"
    assert reveal("ВТЅ это группа") == "втѕ это группа"


def test_most_lookalikes_are_those_of_the_unicode_list() -> None:
    """Armenian and Cherokee pairs go by eye; Cyrillic and Greek ones follow the list."""
    known = 0
    pairs = [(chr(code), latin) for code, latin in LOOKALIKES.items() if code < 0x530]
    for letter, latin in pairs:
        entries = reference.is_confusable(letter, greedy=True) or []
        listed = {h["c"].casefold() for e in entries for h in e["homoglyphs"]}
        known += latin.casefold() in listed
    assert known / len(pairs) > 0.75


@pytest.mark.parametrize("piece", ["가", "ㅅㅓ", "é", "a\u200b", "а", "B̶", "ｶﾞ", "ㄱ", "\ud800"])
def test_a_million_characters_take_bounded_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    begin = time.process_time()
    normalise(text)
    assert time.process_time() - begin < 8
