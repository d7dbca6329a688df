"""Ambiguous names: they count in posts that say, link or show what a post about somebody does."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.records import Deletion, Media
from stream.hosting import echoes
from stream.hosting.echoes import HOLD_MS, HOUR_MS, KEEP_MS
from stream.settings import load_settings
from tests.stream.hosting.echo_world import PAGE, SHORTER, START, STOLE, House, post


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    yield made
    made.host.close()


def by_copy(n: int, subject: str = "dew") -> list[tuple[str, str, str | None]]:
    return [(subject, "copy", f"x:{n}")]


def test_a_copy_of_what_is_said_about_her_is_about_her_without_the_hashtag(house):
    house.read(post(1, f"{STOLE} #LUMENA_DEW"), post(2, STOLE))

    assert house.said()["x:2"] == by_copy(1)
    (mention,) = house.logged()[1].mentions
    assert (mention.surface, mention.start, mention.end) == ("Dew", 6, 9)


@pytest.mark.parametrize(
    "changed",
    [
        "yikes D\u200bew st\u200bole a song from a friend, they never denied it 😡",
        "yikes Dew stоle а sоng from а friend, they nеver denied it",
        "yikes Dew  stole asong from a friend, they never den ied it!!",
        "lol yikes Dew stole a song from a friend, they never denied it. boycott",
        "RT @somebody: yikes Dew stole a song from a friend, they never denied it",
    ],
)
def test_light_edits_do_not_hide_a_copy(house, changed):
    house.read(post(1, f"{STOLE} #LUMENA_DEW"), post(2, changed))

    assert house.said()["x:2"] == by_copy(1)


def test_what_came_before_waits_and_is_kept_when_a_post_tells_whom_it_means(house):
    house.read(post(1, STOLE), post(2, STOLE))
    assert house.said() == {}
    assert house.counts()["unmatched"] == 2

    house.read(post(3, f"LUMENA: {STOLE}"))

    said = house.said()
    assert said["x:1"] == said["x:2"] == by_copy(3)
    counts = house.counts()
    assert (counts["logged"], counts["unmatched"], counts["recognised"]) == (3, 0, 2)


def test_what_was_kept_as_a_copy_tells_of_further_copies(house):
    more = f"{SHORTER} #exposed"
    house.read(post(1, more), post(2, SHORTER), post(3, "hello LUMENA"))
    house.read(post(4, SHORTER, urls=(PAGE,)), post(5, "look, Dew again", urls=(PAGE,)))
    assert list(house.said()) == ["x:3"]

    house.read(post(6, f"{SHORTER} #LUMENA_DEW"))

    said = house.said()
    assert {"x:1", "x:2", "x:4", "x:5", "x:6"} <= set(said)
    assert said["x:5"] == by_copy(4)


def test_a_link_to_the_same_page_tells_who_is_meant(house):
    house.read(
        post(1, "LUMENA's Dew was seen", urls=(PAGE,)),
        post(2, "what did Dew do there?", urls=(f"{PAGE}?utm_source=x",)),
        post(3, "Dew everywhere, isn't it", urls=("https://gossip.example/a/2",)),
    )

    assert list(house.said()) == ["x:1", "x:2"]


def test_a_link_to_a_front_page_tells_nothing(house):
    front = "https://gossip.example/"
    house.read(post(1, "LUMENA's Dew was seen", urls=(front,)))
    house.read(post(2, "there is Dew on every leaf", urls=(front,)))

    assert list(house.said()) == ["x:1"]


def test_the_same_picture_tells_who_is_meant(house):
    picture = (Media(url="https://m.example/1.jpg", sha256="a" * 64),)
    other = (Media(url="https://m.example/2.jpg", sha256="b" * 64),)
    house.read(
        post(1, "LUMENA's Dew was seen today", media=picture),
        post(2, "what did Dew do there again?", media=picture),
        post(3, "there is Dew on every leaf here", media=other),
    )

    assert list(house.said()) == ["x:1", "x:2"]


def test_a_word_that_nobody_shares_stays_a_word(house):
    house.read(
        post(1, f"{STOLE} #LUMENA_DEW"),
        post(2, "Dew on the grass, and the sun rises slowly over the hills"),
        post(3, "yikes morning dew stole a song from a friend, they never denied it"),
        post(4, "yikes Drew stole a song from a friend, they never denied it"),
        post(5, "Dew"),
    )

    assert list(house.said()) == ["x:1"]


def test_of_two_people_with_one_name_the_one_is_meant_whom_the_copy_is_about(house):
    house.read(post(1, f"{STOLE} #NOVA_DEW"), post(2, STOLE))

    assert house.said()["x:2"] == by_copy(1, "dew-of-nova")


def test_the_agency_speaks_for_its_people(house):
    house.read(post(1, "treat Dew better, Mirelle Entertainment, this is enough"))

    assert ("dew", "alias", None) in house.said()["x:1"]


def test_a_deleted_post_that_waits_is_never_kept(house):
    house.read(post(1, STOLE), post(2, STOLE))
    house.read(Deletion(id="x:1", source="x", deleted_at=START))
    house.read(Deletion(id="x:a2", source="x", deleted_at=START, scope="account"))
    assert house.rows() == 0

    house.read(post(3, f"{STOLE} #LUMENA_DEW"))

    assert list(house.said()) == ["x:3"]


def test_nothing_of_a_deleted_post_tells_of_others(house):
    house.read(post(1, f"{STOLE} #LUMENA_DEW"))
    house.read(Deletion(id="x:1", source="x", deleted_at=START))
    house.read(post(2, STOLE))

    assert "x:2" not in house.said()


def test_an_edited_post_counts_as_it_is_now(house):
    house.read(post(1, STOLE))
    house.read(post(1, "the grass is green and the Dew is fresh here"))

    house.read(post(2, f"{STOLE} #LUMENA_DEW"))

    assert list(house.said()) == ["x:2"]


def test_a_kill_at_any_moment_forgets_nothing(house):
    house.read(post(1, STOLE))
    house.kill()
    house.read(post(2, f"{STOLE} #LUMENA_DEW"))
    house.kill()
    house.read(post(3, STOLE))

    said = house.said()
    assert said["x:1"] == said["x:3"] == by_copy(2)


def test_a_round_that_fails_leaves_what_was_known_before(house, monkeypatch):
    house.read(post(1, STOLE))

    def broken(*_: object) -> None:
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(house.host.posts, "append", broken)
    with pytest.raises(RuntimeError):
        house.read(post(2, f"{STOLE} #LUMENA_DEW"))
    monkeypatch.undo()
    house.read(post(3, STOLE))
    assert house.said() == {}

    house.read(post(2, f"{STOLE} #LUMENA_DEW"))
    assert sorted(house.said()) == ["x:1", "x:2", "x:3"]


def test_posts_far_apart_tell_nothing_of_each_other(house):
    house.read(post(1, STOLE), post(2, f"{STOLE} #LUMENA_DEW", at=HOLD_MS + HOUR_MS))
    assert list(house.said()) == ["x:2"]

    house.read(post(3, STOLE, at=HOLD_MS + KEEP_MS - HOUR_MS))
    house.read(post(4, STOLE, at=HOLD_MS + KEEP_MS * 2 + HOUR_MS))

    assert list(house.said()) == ["x:2", "x:3"]


def test_nothing_is_kept_for_longer_than_was_said(house):
    house.read(post(1, STOLE), post(2, f"{SHORTER} #LUMENA_DEW"))
    assert house.rows() == 2

    house.now += HOLD_MS + 1
    house.read()
    assert house.rows() == 1
    house.kill()
    house.now += KEEP_MS - HOLD_MS
    house.read()
    assert house.rows() == 0


def test_posts_read_backwards_are_found_too(house):
    day = [post(n, STOLE, at=n * HOUR_MS) for n in range(1, 9)]
    house.read(post(9, f"{STOLE} #LUMENA_DEW", at=9 * HOUR_MS), *reversed(day))

    assert len(house.said()) == 9


def test_floods_are_bounded_whatever_they_say(house, monkeypatch):
    monkeypatch.setattr(echoes, "BUCKET", 16)
    house.host.intake._echoes._most = {False: 40, True: 30}
    many = [post(n, f"{STOLE} {n}") for n in range(200)]
    house.read(*many, *(post(n, f"Dew is wet in field {n * n}") for n in range(200, 300)))
    assert house.rows() == 30

    house.read(*(post(n, f"{STOLE} {n} #LUMENA_DEW") for n in range(300, 500)))

    assert house.rows() <= 70
    held = house.host.intake._echoes._known._by_key
    assert max(len(s) for by in held.values() for key, s in by.items() if key < 0) <= 16


def test_a_text_repeated_without_end_is_noted_once(house):
    house.read(*(post(n, f"{STOLE} #LUMENA_DEW") for n in range(500)))

    assert house.rows() == 1


def test_what_waits_is_on_nobody_s_page_and_harms_nobody(house):
    house.read(post(1, STOLE))
    house.host.finish()

    assert not list(house.host.processor.results.of_kind("cluster"))
    assert house.routed() == []


def test_a_copy_is_judged_as_aimed_at_her(house):
    cruel = "Dew should just die, everybody hates that face and voice"
    house.read(post(1, f"{cruel} #LUMENA_DEW"), post(2, cruel))

    first, second = house.logged()
    assert first.judgement is not None
    assert second.judgement is not None
    assert second.judgement.target == first.judgement.target == "subject"


def test_whoever_switches_it_off_keeps_nothing(tmp_path):
    off = load_settings(None, {"JIKIMI__MATCHING__REASONS": "alias,thread"})
    house = House(tmp_path, off)
    house.read(post(1, STOLE), post(2, f"{STOLE} #LUMENA_DEW"), post(3, STOLE))

    assert list(house.said()) == ["x:2"]
    assert house.rows() == 0
    house.host.close()


def test_what_waited_is_gone_once_it_is_switched_off(tmp_path):
    house = House(tmp_path)
    house.read(post(1, STOLE))
    assert house.rows() == 1

    house.settings = load_settings(None, {"JIKIMI__MATCHING__REASONS": "alias,thread"})
    house.kill()
    house.read()

    assert house.rows() == 0
    house.host.close()


TEXTS = (STOLE, SHORTER, f"{STOLE} #LUMENA_DEW", f"{SHORTER} LUMENA", "Dew on the green grass")


@settings(max_examples=25, deadline=None)
@given(
    drawn=st.lists(st.tuples(st.integers(0, 11), st.sampled_from(TEXTS)), max_size=14),
    seed=st.integers(0, 99),
)
def test_the_log_is_the_same_however_posts_are_cut_into_batches(tmp_path_factory, drawn, seed):
    items = [post(n, text) for n, text in drawn]
    whole = House(tmp_path_factory.mktemp("whole"))
    whole.read(*items)
    cut = House(tmp_path_factory.mktemp("cut"))
    chance = random.Random(seed)
    while items:
        size = chance.randint(1, 5)
        cut.read(*items[:size])
        items = items[size:]
        if chance.random() < 0.2:
            cut.kill()

    assert cut.routed() == whole.routed()
    counts = {"logged", "unmatched", "recognised"}
    assert {n: cut.counts().get(n, 0) for n in counts} == {
        n: whole.counts().get(n, 0) for n in counts
    }
    whole.host.close()
    cut.host.close()
