"""Stems: what of a text survives rewording, and how copies meet."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from detect.neardup import Text, prepare
from detect.wording.stems import KEYS, MOST, alike, keys, stems

SENTENCE = "somebody who worked in the studio says another singer recorded every line of it"


def of(text: str) -> bytes:
    found = prepare(text)
    assert isinstance(found, Text)
    return stems(found)


def test_a_text_with_other_spaces_tags_and_order_has_the_same_stems() -> None:
    turned = (
        "#x every   line of it another singer recorded, says somebody who worked in the studio"
    )

    assert alike(of(SENTENCE), of(turned)) == 1.0


def test_a_fifth_of_the_words_replaced_leaves_texts_alike_and_findable() -> None:
    rng = random.Random(4)
    vocabulary = [f"word{n}" for n in range(500)]
    met = close = 0
    for _ in range(200):
        text = rng.sample(vocabulary, 16)
        first, second = (
            " ".join(rng.choice(vocabulary) + "x" if rng.random() < 0.2 else w for w in text)
            for _ in range(2)
        )
        met += bool(set(keys(of(first))) & set(keys(of(second))))
        close += alike(of(first), of(second)) >= 0.3

    assert close >= 180
    assert met >= 120


def test_unrelated_texts_are_not_alike() -> None:
    assert (
        alike(of(SENTENCE), of("the weather in the harbour was far too cold for swimming"))
        < 0.2
    )


def test_korean_endings_and_particles_make_no_difference() -> None:
    a = of("나비엘이 팬사인회에서 받은 편지를 그 자리에서 버렸다고 스태프가 말했대")
    b = of("나비엘은 팬사인회에 받은 편지도 그 자리에 버렸다는 스태프의 말했다")

    assert alike(a, b) >= 0.6


def test_japanese_without_spaces_is_compared_by_neighbours() -> None:
    a = of("握手会でもらった手紙を読まずに全部捨てていたとスタッフが話してた")
    b = of("握手会でもらった手紙を全部読まずに捨てていたと関係者が話してた")

    assert alike(a, b) >= 0.5


def test_few_words_are_not_compared() -> None:
    assert of("so very good!") == b""
    assert alike(b"", of(SENTENCE)) == 0.0


@given(st.text(max_size=400))
def test_any_text_has_bounded_sorted_stems_and_is_alike_itself(text: str) -> None:
    found = prepare(text)
    if found is None:
        return
    packed = stems(found)

    assert len(packed) <= 4 * MOST
    assert len(keys(packed)) <= KEYS
    assert alike(packed, packed) == (1.0 if packed else 0.0)
