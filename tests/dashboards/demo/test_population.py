"""The people: Zipf activity, ages, platforms."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from dashboards.demo.population import PLATFORMS, Population, new_account, weighted
from dashboards.demo.rhythm import DAY_MS, SHARE

START = 1_795_478_400_000


@pytest.fixture(scope="module")
def people() -> Population:
    return Population(Random(3), 4000, START)


def test_few_people_post_much_and_many_post_little(people: Population) -> None:
    draw = Random(1).random
    posts = Counter(people.somebody("ko", draw).key for _ in range(30_000)).most_common()
    top = sum(n for _, n in posts[: len(posts) // 10])
    assert 0.35 < top / 30_000 < 0.8
    assert posts[0][1] < 0.05 * 30_000
    # Zipf: the account of rank 10 posts several times as much as that of rank 100.
    assert 2.5 < posts[9][1] / posts[99][1] < 12


def test_speakers_of_a_language_speak_it(people: Population) -> None:
    draw = Random(2).random
    for lang in SHARE:
        assert {people.somebody(lang, draw).lang for _ in range(50)} == {lang}


def test_every_language_has_its_platforms(people: Population) -> None:
    for lang, platforms in PLATFORMS.items():
        assert {p.platform for p in people.by_lang[lang]} == {name for name, _ in platforms}


def test_accounts_are_different_and_older_than_the_story(people: Population) -> None:
    everybody = [p for those in people.by_lang.values() for p in those]
    assert len(everybody) == 4000
    assert len({p.key for p in everybody}) == 4000
    assert all((p.author.created_at or START) < START for p in everybody)


def test_some_ordinary_accounts_are_young_too(people: Population) -> None:
    ages = [
        (START - (p.author.created_at or 0)) / DAY_MS
        for those in people.by_lang.values()
        for p in those
    ]
    assert 0.03 < sum(age < 62 for age in ages) / len(ages) < 0.08
    assert max(ages) > 3000


def test_a_crowd_is_of_one_fandom_and_long_settled(people: Population) -> None:
    settled = START - 180 * DAY_MS
    crowd = people.crowd(
        Random(4), 200, loyal="kyte9", platforms=("x",), settled_before=settled
    )
    assert len({p.key for p in crowd}) == 200
    assert {(p.loyal, p.platform) for p in crowd} == {("kyte9", "x")}
    assert all((p.author.created_at or START) < settled for p in crowd)


def test_a_crowd_is_never_larger_than_the_fandom() -> None:
    few = Population(Random(1), 10, START)
    crowd = few.crowd(Random(1), 500, loyal="velloria", platforms=("x",), settled_before=START)
    assert len(crowd) <= 10


def test_even_a_tiny_population_speaks_every_language() -> None:
    tiny = Population(Random(1), 1, START)
    assert all(tiny.by_lang[lang] for lang in SHARE)


def test_weights_decide() -> None:
    draw = Random(1).random
    seen = Counter(weighted((("a", 0.9), ("b", 0.1)), draw) for _ in range(2000))
    assert 1700 < seen["a"] < 1900
    assert weighted((("a", 0.5), ("b", 0.5)), lambda: 0.999_999_999) == "b"


def test_a_bluesky_handle_is_a_domain_of_nobody() -> None:
    account = new_account(
        Random(1), lang="en", platform="bluesky", loyal="kyte9", born=0, followers=3
    )
    assert (account.author.handle or "").endswith(".example")
    assert account.key == f"bluesky:{account.id}"
