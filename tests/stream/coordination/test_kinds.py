"""What a set of posts is called, by what its posts ask for and who writes them."""

from __future__ import annotations

from detect.records import HarmScore, Judgement
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
