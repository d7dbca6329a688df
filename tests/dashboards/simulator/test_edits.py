"""Edits of evaders change a text and leave it readable."""

from __future__ import annotations

import unicodedata
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.simulator import edits, pictures

TEXT = "관계자 말로는 진짜 회사는 알고 있다 people saw it"


@pytest.mark.parametrize("grammar", ["first", "second"])
def test_most_edits_change_the_text_a_little(grammar):
    rng = Random(4)
    edited = [edits.light(rng, TEXT, 1.0, grammar) for _ in range(200)]

    assert sum(text != TEXT for text in edited) > 190
    assert all(abs(len(text) - len(TEXT)) < 40 for text in edited)


def test_no_edit_at_all_leaves_the_text_as_it_is():
    assert edits.light(Random(1), TEXT, 0.0, "first") == TEXT


def test_jamo_splitting_shows_the_same_syllables():
    rng = Random(2)
    split = [edits.light(rng, "가나다라마", 1.0, "first") for _ in range(300)]
    broken = [text for text in split if any("\u1100" <= x <= "\u11ff" for x in text)]

    assert broken
    assert any(unicodedata.normalize("NFC", text) == "가나다라마" for text in broken)


def test_the_two_grammars_edit_with_different_alphabets():
    assert not set(edits._EMOJI["first"]) & set(edits._EMOJI["second"])
    assert not set(edits._INVISIBLE["first"]) & set(edits._INVISIBLE["second"])
    assert not set(edits._TAGS["first"]) & set(edits._TAGS["second"])


@given(st.text(max_size=40), st.integers(0, 1000), st.sampled_from(["first", "second"]))
def test_any_text_survives_edits_and_slips(text, seed, grammar):
    rng = Random(seed)

    edits.light(rng, text, 3.0, grammar).encode("utf-8", "surrogatepass")
    assert abs(len(edits.typo(rng, text)) - len(text)) <= 1


def test_a_picture_encoded_again_differs_in_at_most_as_many_bits_as_asked():
    rng = Random(9)
    pdq = pictures.new_pdq(rng)
    for flips in (0, 3, 12):
        (shown,) = pictures.picture(rng, pdq, flips)
        assert (int(shown.pdq or "", 16) ^ pdq).bit_count() <= flips
