"""Text signatures: the exact measure, the estimate, disguises, hostile texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.neardup import (
    LONGEST,
    VALUES,
    Compared,
    Text,
    estimate,
    estimates,
    grams,
    jaccard,
    prepare,
    restore,
    similarity,
    sketches,
)

LONG = "the second verse was sung by somebody else at the rehearsal last night"


def ready(text: str) -> Text:
    found = prepare(text)
    assert found is not None
    return found


def alike(a: str, b: str) -> float:
    return similarity(Compared(ready(a)), Compared(ready(b)))


def jaccard5(a: str, b: str) -> float:
    """The measure in its plainest form."""
    one = {a[i : i + 5] for i in range(len(a) - 4)}
    two = {b[i : i + 5] for i in range(len(b) - 4)}
    return len(one & two) / len(one | two)


def test_a_text_below_ten_characters_is_not_compared() -> None:
    assert prepare("so pretty") is None
    assert prepare("so pretty!") is not None


def test_links_do_not_count_toward_the_ten_characters() -> None:
    assert prepare("look https://a.example/very/long/path?with=query") is None


def test_only_the_first_five_thousand_characters_count() -> None:
    head = "가나다라마바사 " * 800
    assert ready(head + "one end").key == ready(head + "another end").key
    assert len(ready(head * 3).whole) <= LONGEST


@pytest.mark.parametrize(
    "copy",
    [
        LONG.upper(),
        f"{LONG} https://t.example/abc",
        f"www.t.example/abc {LONG}",
        LONG.replace(" ", "  \n"),
        LONG.replace("sung", "su\u200bng"),
        LONG.replace("somebody", "s\u043emebody"),
        f"RT @fan_of_arin: {LONG}",
        "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in LONG),
    ],
    ids=["case", "link", "bare link", "space", "zero width", "cyrillic o", "rt", "full width"],
)
def test_a_disguise_leaves_an_exact_copy(copy: str) -> None:
    assert ready(copy).key == ready(LONG).key


def test_a_korean_text_in_loose_form_is_an_exact_copy() -> None:
    import unicodedata

    text = "어제 리허설에서 두 번째 절을 다른 사람이 불렀다"
    assert ready(unicodedata.normalize("NFD", text)).key == ready(text).key


@pytest.mark.parametrize(
    "copy",
    [
        f"#one #two {LONG} #three",
        f"@someone {LONG} !!!",
        LONG.replace(" ", ""),
        f"{LONG} \N{CRYING FACE}\N{CRYING FACE}",
    ],
    ids=["hashtags", "handles and signs", "no spaces", "emoji"],
)
def test_wrapping_a_sentence_leaves_it_the_same(copy: str) -> None:
    assert ready(copy).key != ready(LONG).key
    assert alike(copy, LONG) == 1.0


def test_one_body_under_entirely_other_hashtags_stays_apart() -> None:
    words = "good morning to you all"
    tags = [" ".join(f"#{w}{i}" for i in range(9)) for w in ("autumn", "concert")]
    assert alike(f"{words} {tags[0]}", f"{words} {tags[1]}") < 0.35


def test_bodies_are_looked_at_only_where_the_wholes_are_not_enough() -> None:
    one, two = Compared(ready(LONG)), Compared(ready(f"#a #b {LONG}"))
    whole = jaccard(one.whole, two.whole)
    assert similarity(one, two, enough=0.5) == whole < similarity(one, two) == 1.0


def test_other_words_are_another_text() -> None:
    assert alike(LONG, "a bus to the stadium leaves every ten minutes from the station") < 0.1


def test_counting_a_number_up_does_not_hide_a_copy() -> None:
    text = "I have just watched episode {} of the garden of small lanterns"
    assert alike(text.format(12), text.format(13)) >= 0.7
    assert ready(text.format(12)).template == ready(text.format(345)).template


def test_a_japanese_edit_is_found() -> None:
    text = "昨日のリハーサルで二番の歌は別の人が歌っていたらしいと友達から聞いた"
    assert alike(text, text + "よ") >= 0.7


def test_the_jaccard_of_nothing_is_nought() -> None:
    nothing = np.array([], dtype=np.uint64)
    assert jaccard(nothing, nothing) == 0.0
    assert jaccard(nothing, grams(LONG)) == 0.0


letters = st.text(alphabet="abcde 가나다あい", min_size=5, max_size=60)


@given(letters, letters)
def test_jaccard_equals_the_plain_definition(a: str, b: str) -> None:
    assert jaccard(grams(a), grams(b)) == pytest.approx(jaccard5(a, b))


@given(st.text(max_size=300))
def test_any_text_is_prepared_or_refused_and_can_be_restored(text: str) -> None:
    found = prepare(text)
    if found is None:
        return
    assert 10 <= len(found.whole) <= LONGEST
    assert restore(found.whole) == found
    assert sketches([found]).shape == (1, VALUES)


@given(st.lists(st.text(alphabet="abc \ud800\0가#@", min_size=10, max_size=90), max_size=9))
def test_a_sketch_is_the_same_whatever_stands_beside_it(texts: list[str]) -> None:
    known = [t for t in map(prepare, texts) if t is not None]
    together = sketches(known)
    for row, text in zip(together, known, strict=True):
        assert (sketches([text])[0] == row).all()


def test_no_texts_have_no_sketches() -> None:
    assert sketches([]).shape == (0, VALUES)


@settings(max_examples=25)
@given(st.integers(0, 70))
def test_the_estimate_is_near_the_exact_similarity(edits: int) -> None:
    base = [chr(0xAC00 + 37 * i % 11000) for i in range(400)]
    other = [chr(0x4E00 + i) if i < edits else c for i, c in enumerate(base)]
    one, two = restore("".join(base)), restore("".join(other))
    exact = jaccard(grams(one.body), grams(two.body))
    a, b = sketches([one, two])
    # Five deviations of a mean of 64 draws, and the chance agreement of a byte.
    assert estimate(a, b) == pytest.approx(exact, abs=5 * (0.25 / VALUES) ** 0.5 + 0.01)
    assert estimates(sketches([one, two]), b)[1] == 1.0


def test_ten_megabytes_of_text_are_cut_before_any_work() -> None:
    text = ready("아린 " * 3_500_000)
    assert len(text.whole) <= LONGEST
