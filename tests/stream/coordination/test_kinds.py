"""What a set of posts is called, by what its posts ask for and who writes them."""

from __future__ import annotations

import msgspec

from detect.records import HarmCategory, HarmScore, Judgement
from stream.records import Campaign, PostSeen
from tests.stream.coordination.worlds import campaigns, chatter, run
from tests.stream.harness import DAY, HOUR, MINUTE, START, seen

QUOTED = (
    "please report these accounts, they write that arin bullied kids at school and is a liar, "
    "open the list, report every post, do not quote or reply"
)


def harmful(score: float = 0.7) -> Judgement:
    return Judgement(
        language="en",
        harm=(HarmScore(category="defamation", score=score),),
        target="subject",
        version="test",
    )


def appeal(age_days: int) -> list[PostSeen]:
    """Thirty accounts paste one call to report, which quotes what it is directed against."""
    posts: list[PostSeen] = []
    for number in range(30):
        one = seen(
            f"p{number}",
            QUOTED + (" !" if number % 3 else ""),
            at=START + 3 * HOUR + number * 2 * MINUTE,
            author=f"caller{number}",
            urls=("https://fanpage.example/list-of-today",),
            hashtags=("PROTECT_ARIN",),
            account_created=START - (age_days + number) * DAY,
        )
        posts.append(PostSeen(
            subject=one.subject, subjects=one.subjects, post=one.post, change=one.change,
            revision=one.revision, judgement=harmful(),
        ))  # fmt: skip
    return posts


def biggest(posts: list[PostSeen]) -> Campaign:
    found = campaigns(run(chatter(400), posts).emitted)
    return max(found, key=lambda one: len(one.accounts))


def test_an_appeal_to_report_that_quotes_harm_is_a_fan_event() -> None:
    found = biggest(appeal(age_days=300))

    assert found.kind == "fan_event"
    assert "appeals_to_report" in {one.signal for one in found.counter_evidence}
    assert found.harm is not None
    assert found.harm >= 0.5


def test_the_same_appeal_by_accounts_made_for_it_is_a_campaign() -> None:
    assert biggest(appeal(age_days=1)).kind == "campaign"


def strike(
    wave: int, accounts: range, *, age_days: int, every: int = 20 * MINUTE
) -> list[PostSeen]:
    """Accounts with their own way of saying one thing that does some harm, on one day."""
    words = ("arin", "lied", "about", "the", "staff", "again", f"story{wave}", f"proof{wave}")
    posts: list[PostSeen] = []
    for place, number in enumerate(accounts):
        one = seen(
            f"w{wave}-{number}",
            " ".join((*words, "see", "for", "yourself", *("!" * (place % 3)))),
            at=START + 3 * HOUR + wave * 30 * HOUR + place * every,
            author=f"hand{number}",
            account_created=START - (age_days + number) * DAY,
        )
        judgement = harmful(0.3)
        posts.append(PostSeen(
            subject=one.subject, subjects=one.subjects, post=one.post, change=one.change,
            revision=one.revision, judgement=judgement,
        ))  # fmt: skip
    return posts


def test_a_ring_of_few_that_comes_back_day_after_day_is_known_by_all_of_it() -> None:
    waves = [strike(wave, range(wave, wave + 5), age_days=2) for wave in range(3)]

    found = campaigns(run(chatter(600, span=4 * DAY), *waves).emitted)

    [case] = [one for one in found if one.kind == "campaign"]
    # The last one may wait for the next revision, which comes when a quarter is new.
    assert {name.partition(":")[2] for name in case.accounts} >= {f"hand{n}" for n in range(6)}


def test_settled_people_who_say_the_same_with_little_harm_are_no_case() -> None:
    waves = [strike(wave, range(wave, wave + 5), age_days=900) for wave in range(3)]

    found = campaigns(run(chatter(600, span=4 * DAY), *waves).emitted)

    assert [one for one in found if one.kind in ("campaign", "coordinated")] == []


def test_who_only_answers_the_same_post_as_a_brigade_is_no_part_of_it() -> None:
    def answer(who: str, text: str, minute: int, age: int, harm: float) -> PostSeen:
        one = seen(
            f"a{who}", text, at=START + 4 * HOUR + minute * MINUTE, author=who,
            reply_to="bluesky:official", account_created=START - age * DAY,
        )  # fmt: skip
        return PostSeen(
            subject=one.subject, subjects=one.subjects, post=one.post, change=one.change,
            revision=one.revision, judgement=harmful(harm),
        )  # fmt: skip

    brigade = [
        answer(f"hand{n}", f"arin bullied a girl at school and {n} others, shame", n, 3, 0.8)
        for n in range(8)
    ]
    crowd = [
        answer(
            f"fan{n}", f"so happy about this {n} what a lovely day for all of us", n, 800, 0.0
        )
        for n in range(12)
    ]

    found = campaigns(run(chatter(400), brigade, crowd).emitted)

    [case] = [one for one in found if one.kind == "campaign"]
    assert {name.partition(":")[2][:4] for name in case.accounts} == {"hand"}


def test_goods_on_offer_are_spam_however_many_push_them() -> None:
    shop = [
        seen(
            f"s{n}",
            f"arin photocard lowest price, ships today, DM {'!' * (n % 4)}",
            at=START + 2 * HOUR + n * 30 * MINUTE,
            author=f"shop{n % 16}",
            urls=(f"https://shop.example/item-{n % 3}",),
            account_created=START - 5 * DAY,
        )
        for n in range(48)
    ]

    found = campaigns(run(chatter(400), shop).emitted)

    assert {one.kind for one in found} == {"spam"}


def objection(number: int, rng_words: str, *, harm: HarmCategory = "criticism") -> PostSeen:
    one = seen(
        f"k{number}",
        rng_words,
        at=START + 5 * HOUR + number * 6 * MINUTE,
        author=f"critic{number}",
        account_created=START - (400 + number) * DAY,
    )
    return PostSeen(
        subject=one.subject, subjects=one.subjects, post=one.post, change=one.change,
        revision=one.revision,
        judgement=Judgement(
            language="en", harm=(HarmScore(category=harm, score=0.8),), target="subject",
            version="test",
        ),
    )  # fmt: skip


def test_many_who_object_in_their_own_words_are_a_wave_of_criticism() -> None:
    own = [one.post.text for one in chatter(60, seed=8)]
    wave = [objection(number, text) for number, text in enumerate(own)]

    found = campaigns(run(chatter(200), wave).emitted)

    [told] = found
    assert told.kind == "criticism_wave"
    assert told.independence is not None
    assert told.independence >= 0.6
    assert len(told.accounts) >= 40
    assert told.members == ()


def test_a_wave_is_named_though_a_large_crowd_talks_on_about_other_things() -> None:
    before = chatter(150, span=DAY, people=150)
    own = [one.post.text for one in chatter(60, seed=8)]
    later = 22 * HOUR
    wave = [at_hour(objection(number, text), later) for number, text in enumerate(own)]
    meanwhile = [at_hour(one, later) for one in chatter(400, span=6 * HOUR, seed=9)]

    found = campaigns(run(before, wave, meanwhile).emitted)

    assert [one.kind for one in found] == ["criticism_wave"]


def at_hour(one: PostSeen, later: int) -> PostSeen:
    post = msgspec.structs.replace(one.post, created_at=one.post.event_at + later)
    return msgspec.structs.replace(one, post=post)


def test_a_few_who_object_are_no_wave() -> None:
    own = [one.post.text for one in chatter(8, seed=8)]
    wave = [objection(number, text) for number, text in enumerate(own)]

    assert campaigns(run(chatter(200), wave).emitted) == []
