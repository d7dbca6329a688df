"""Grammars: slots, names and Korean particles."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.demo import words_en, words_ja, words_ko
from dashboards.demo.grammar import PARTICLES, Grammar, particle
from dashboards.demo.writing import grammars

NAMES = {"who": "하루엘", "song": "느린 별"}


@pytest.mark.parametrize(
    ("name", "word", "form"),
    [
        ("은", "하루엘", "은"),
        ("은", "벨로리아", "는"),
        ("을", "태록", "을"),
        ("을", "봄새", "를"),
        ("이", "모루운", "이"),
        ("와", "무대", "와"),
        ("와", "팬", "과"),
        ("아", "나비엘", "아"),
        ("이랑", "엄마", "랑"),
        ("으로", "서울", "로"),
        ("으로", "부산", "으로"),
        ("으로", "대구", "로"),
        ("은", "3", "은"),
        ("은", "9", "는"),
        ("은", "KYTE", "는"),
        ("은", "", "는"),
    ],
)
def test_a_particle_agrees_with_the_word_before_it(name: str, word: str, form: str) -> None:
    assert particle(name, word) == form


@given(st.text(), st.sampled_from(sorted(PARTICLES)))
def test_any_word_takes_one_of_the_two_forms(word: str, name: str) -> None:
    assert particle(name, word) in PARTICLES[name]


def test_a_particle_follows_the_word_that_a_slot_brought() -> None:
    grammar = Grammar({"post": ["{who}{을} 봤다"]}, ["who"])
    draw = Random(1).random
    assert grammar.write("post", draw, {"who": "태록"}) == "태록을 봤다"
    assert grammar.write("post", draw, {"who": "봄새"}) == "봄새를 봤다"


def test_a_slot_that_is_nothing_is_refused_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"rule 'post': unknown slot \{whom\}"):
        Grammar({"post": ["I like {whom}"]}, ["who"])


def test_every_choice_of_a_rule_is_drawn() -> None:
    grammar = Grammar({"post": ["a{end}", "b{end}"], "end": ["", "!"]}, [])
    draw = Random(5).random
    assert {grammar.write("post", draw, {}) for _ in range(100)} == {"a", "b", "a!", "b!"}


def test_an_unknown_rule_and_a_missing_name_are_mistakes_of_the_caller() -> None:
    grammar = Grammar({"post": ["{who}"]}, ["who"])
    with pytest.raises(KeyError):
        grammar.write("nothing", Random(1).random, {})
    with pytest.raises(KeyError):
        grammar.write("post", Random(1).random, {})


def test_all_languages_know_the_same_occasions() -> None:
    occasions = {
        "post", "short", "reply", "quote", "chat", "hater", "official", "critic", "push",
        "birthday",
    }  # fmt: skip
    for rules in (words_ko.RULES, words_en.RULES, words_ja.RULES):
        assert occasions <= rules.keys()


@given(
    st.sampled_from(["ko", "en", "ja"]),
    st.sampled_from(["post", "reply", "quote", "chat", "hater", "official", "critic", "push"]),
    st.integers(0, 2**32),
)
def test_what_is_written_has_no_open_slots_and_is_never_empty(
    lang: str, rule: str, seed: int
) -> None:
    text = grammars()[lang].write(rule, Random(seed).random, NAMES)
    assert text.strip()
    assert "{" not in text
    assert "}" not in text
    assert len(text) < 300
    assert text == grammars()[lang].write(rule, Random(seed).random, NAMES)


def test_no_choice_stands_in_a_rule_that_nothing_reaches() -> None:
    occasions = {
        "post", "reply", "quote", "chat", "hater", "official", "critic", "push", "birthday",
    }  # fmt: skip
    for rules in (words_ko.RULES, words_en.RULES, words_ja.RULES):
        reached, waiting = set[str](), list(occasions)
        while waiting:
            rule = waiting.pop()
            if rule not in reached:
                reached.add(rule)
                waiting += [r for r in rules for text in rules[rule] if f"{{{r}}}" in text]
        assert set(rules) == reached
