"""The model of harm: the same each time, the same in any batch, and never alone an alert."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.harm import training
from detect.harm.export import to_onnx
from detect.harm.features import as_seen
from detect.harm.judge import HarmJudge
from detect.harm.model import WIDTHS, HarmModel, batches
from detect.harm.solver import Design, fit
from detect.harm.thresholds import MODEL_ALONE
from detect.language import identify
from detect.records import HARM_CATEGORIES, MODEL, Mention
from detect.text import fold

KIND = ["노래 정말 좋다", "무대 멋지고 예쁘다", "오늘도 응원해요", "목소리 최고"]
RUDE = ["얼굴이 왜 저래", "실력도 없으면서 나댄다", "볼 때마다 짜증난다", "연기 더럽게 못한다"]
VILE = [
    "저런 쓰레기는 사라져라",
    "역겨운 것들 꺼져라",
    "인간도 아니다 벌레다",
    "다 죽어라 벌레들",
]


def comments() -> list[training.Comment]:
    return [
        training.Comment(f"{text} {number}", tone)
        for tone, texts in enumerate((KIND, RUDE, VILE))
        for text in texts
        for number in range(12)
    ]


@cache
def raw() -> bytes:
    return to_onnx(training.train(comments(), training.own_sentences()[:40]))


@cache
def model() -> HarmModel:
    return HarmModel(raw())


def test_the_same_data_give_the_same_file():
    again = to_onnx(training.train(comments(), training.own_sentences()[:40]))
    assert again == raw()
    assert len(raw()) < 5_000_000


def test_it_learns_what_it_is_taught():
    said = model().scores(
        [as_seen(text) for text in ("목소리 최고 멋지다", "역겨운 벌레 사라져라")]
    )
    assert model().tones(said.tone).tolist() == [0, 2]
    wanted = HARM_CATEGORIES.index("sexual_deepfake")
    offer, praise = (
        model().scores(["○ 딥페이크 팝니다 텔레 문의", "○ 무대 최고"]).categories[:, wanted]
    )
    assert offer > 0.5 > praise


def test_comments_that_are_held_out_teach_nothing():
    held = [one for one in comments() if training.is_held_out(one.text)]
    taught = [one for one in comments() if not training.is_held_out(one.text)]
    assert held
    assert to_onnx(training.train(taught, training.own_sentences()[:40])) == raw()
    assert training.is_held_out(held[0].text.upper()) == training.is_held_out(held[0].text)


@given(st.lists(st.text(max_size=200) | st.sampled_from(VILE), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_a_text_gets_the_same_scores_in_whatever_batch(texts):
    together = model().scores(texts)
    for row, text in enumerate(texts):
        alone = model().scores([text])
        assert np.array_equal(alone.tone[0], together.tone[row])
        assert np.array_equal(alone.categories[0], together.categories[row])
    assert np.allclose(together.tone.sum(axis=1), 1, atol=1e-4)
    assert ((together.categories >= 0) & (together.categories <= 1)).all()


def test_every_text_fits_one_of_the_widths():
    longest = "".join(chr(0xAC00 + (i * 37) % 11172) for i in range(5000))
    [(rows, ids)] = batches([longest])
    assert rows.tolist() == [0]
    assert ids.shape[1] in WIDTHS
    assert list(batches([])) == []


def test_what_spoke_for_a_score_is_shown():
    text = "이 사람 역겨운 벌레"
    spans = model().telling(text, 2)
    assert spans
    assert any("벌레" in text[start:end] or "역겨" in text[start:end] for start, end in spans)


def test_the_model_alone_never_reaches_the_threshold_of_alerts():
    judge = HarmJudge(identify, model())
    [found] = judge.judge_texts(["벌레들 인간도 아니다 벌레다"], [()])
    assert {one.layer for one in found.reasons} <= {MODEL}
    assert all(one.score <= MODEL_ALONE for one in found.harm)


def test_it_sees_no_names_of_subjects():
    judge = HarmJudge(identify, model())
    texts = [f"{name} 벌레들 인간도 아니다" for name in ("서하늘", "벌레왕")]
    mentions = [
        (Mention(subject="a", reason="alias", surface=text[:3], start=0, end=3),)
        for text in texts
    ]
    one, other = judge.judge_texts(texts, mentions)
    assert one.harm == other.harm


@pytest.mark.parametrize("bad", [b"", b"no model", b"\x08\x09" * 50])
def test_bytes_that_are_no_model_are_refused(bad):
    with pytest.raises(ValueError, match="model"):
        HarmModel(bad)


def test_without_comments_it_learns_from_our_sentences_alone():
    trained = training.train([], training.own_sentences()[:30])
    bare = HarmModel(to_onnx(trained))
    assert not bare.knows_tone
    assert bare.scores(["아무 말"]).tone[0, 0] > 0.999


def test_labelled_comments_are_read_and_mistakes_named():
    good = "comments\tcontain_gender_bias\tbias\thate\n좋아요\tFalse\tnone\tnone\n"
    assert training.read_comments(good) == [training.Comment("좋아요", 0)]
    with pytest.raises(ValueError, match="columns"):
        training.read_comments("a\tb\n1\t2\n")
    with pytest.raises(ValueError, match="line 2"):
        training.read_comments("comments\thate\nx\tangry\n")


def test_our_sentences_cover_every_category_and_seven_languages():
    sentences = training.own_sentences()
    assert {one for s in sentences for one in s.categories} == set(HARM_CATEGORIES)
    assert {s.language for s in sentences} == {"ko", "en", "ja", "zh", "es", "id", "th"}
    for sentence in sentences:
        drawn = training.variants(sentence, 7)
        assert drawn == training.variants(sentence, 7)
        assert all("[" not in text and fold(text) for text in drawn)


def test_weights_are_those_of_the_maximum_likelihood():
    # One feature, two classes: the slope of the loss must vanish at the solution.
    rows = np.arange(20)
    values = np.linspace(-1, 1, 20).astype(np.float32)
    design = Design(rows, np.zeros(20, np.int64), values, 20, 1)
    truth = (values + np.sin(rows) > 0).astype(float)[:, None]
    weights, bias = fit(design, truth, 0.5, softmax=False)
    said = 1 / (1 + np.exp(-(values * weights[0, 0] + bias[0])))
    assert abs(float(((said - truth[:, 0]) * values).sum() + 0.5 * weights[0, 0])) < 0.02
    assert abs(float((said - truth[:, 0]).sum())) < 0.02
