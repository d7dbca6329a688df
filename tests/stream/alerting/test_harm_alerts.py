"""Alerts of harm: few, for plain words at a watched person, grown, cooled down, withdrawn."""

from __future__ import annotations

import msgspec
import pytest

from detect.records import HarmReason, HarmScore, Judgement, Mention
from stream.alerting.harm import INDEPENDENT, HarmAlerts
from stream.records import Alert, PostGone, PostSeen
from tests.stream.harness import DAY, MINUTE, START, Harness, seen

NAMED = (Mention(subject="arin", reason="alias", surface="Arin", start=0, end=4),)


def harmful(
    category="threat", score=0.92, *, target="subject", layer="words", unsure=False
) -> Judgement:
    return Judgement(
        language="en",
        harm=(HarmScore(category=category, score=score, unsure=unsure),),
        target=target,
        reasons=(HarmReason(layer=layer, category=category, surface="x", start=0, end=1),),
        version="harm/1",
    )


def post(number: int, judgement: Judgement | None, **changes) -> PostSeen:
    event = seen(
        str(number), f"Arin {number}", at=START + number * MINUTE, author=f"account-{number}"
    )
    made = {"mentions": NAMED, "judgement": judgement, "subject": "arin", **changes}
    return msgspec.structs.replace(event, **made)


def alerts(events, *, batch=500, **options) -> list[Alert]:
    found = Harness([HarmAlerts(**options)]).run(events, batch=batch)
    return [one for one in found if isinstance(one, Alert)]


def test_one_plain_threat_at_a_subject_raises_one_alert():
    [alert] = alerts([post(1, harmful())])
    assert (alert.kind, alert.subject, alert.severity, alert.posts) == (
        "harm",
        "arin",
        "high",
        1,
    )
    assert alert.evidence[0].signal == "harm_threat"
    assert alert.evidence[0].post_ids == alert.post_ids


@pytest.mark.parametrize("category", ["sexual_deepfake", "stalking"])
def test_so_do_deepfakes_and_stalking(category):
    [alert] = alerts([post(1, harmful(category))])
    assert alert.severity == "medium"


@pytest.mark.parametrize(
    "judgement",
    [
        None,
        harmful(target="fan"),
        harmful(target="other"),
        harmful(target="unknown"),
        harmful(score=0.75),
        harmful(unsure=True),
        harmful("criticism", 0.99),
        harmful("hate", 0.99),
        harmful("defamation", 0.99),
    ],
)
def test_nothing_less_does(judgement):
    assert alerts([post(1, judgement)]) == []


def test_a_score_of_the_model_alone_never_does():
    assert alerts([post(1, harmful(layer="model", score=0.99))]) == []


def test_several_accounts_that_the_model_is_sure_of_do():
    said = [post(i, harmful(layer="model", score=0.75)) for i in range(1, INDEPENDENT + 2)]
    assert alerts(said[: INDEPENDENT - 1]) == []
    [alert] = alerts(said[:INDEPENDENT])
    assert alert.accounts == INDEPENDENT


def test_one_account_that_repeats_itself_is_one():
    said = [
        post(i, harmful(layer="model", score=0.75), post=seen(f"s{i}", "x", at=START + i, author="same").post)
        for i in range(INDEPENDENT + 3)
    ]  # fmt: skip
    assert alerts(said) == []


def test_more_of_the_same_grows_the_alert_and_is_said_when_it_doubles():
    found = alerts([post(i, harmful()) for i in range(1, 13)])
    assert len({one.alert_id for one in found}) == 1
    assert [one.accounts for one in found] == [1, 2, 4, 8, 10]
    assert [one.severity for one in found] == ["high", "high", "high", "high", "critical"]
    assert [one.revision for one in found] == [1, 2, 3, 4, 5]


def test_after_the_cool_down_it_is_a_new_alert():
    late = post(1, harmful())
    again = msgspec.structs.replace(
        late, post=seen("again", "Arin", at=START + 2 * DAY, author="b").post
    )
    assert len({one.alert_id for one in alerts([late, again], cooldown_hours=24)}) == 2


def test_the_log_of_a_group_raises_no_second_alert():
    assert alerts([post(1, harmful(), subject="group")]) == []


def test_a_list_of_names_is_aimed_at_nobody():
    many = tuple(
        Mention(subject=name, reason="alias", surface=name) for name in ("arin", *"bcdef")
    )
    assert alerts([post(1, harmful(), mentions=many)]) == []


def test_a_post_that_came_a_day_late_raises_none():
    assert alerts([post(1, harmful(), change="past")]) == []


def test_an_edit_that_takes_the_words_out_withdraws_the_post():
    first = post(1, harmful())
    edited = msgspec.structs.replace(first, revision=2, change="edit", judgement=None)
    raised, withdrawn = alerts([first, edited])
    assert raised.posts == 1
    assert (withdrawn.posts, withdrawn.severity, withdrawn.post_ids) == (0, "low", ())


def test_a_deleted_post_leaves_the_alert():
    events = [post(i, harmful()) for i in (1, 2)]
    gone = PostGone(subject="arin", post_id=events[0].post.id, deleted_at=START + 9 * MINUTE)
    found = alerts([*events, gone])
    assert found[-1].post_ids == (events[1].post.id,)


def test_the_same_post_again_changes_nothing():
    first = post(1, harmful())
    assert len(alerts([first, first, msgspec.structs.replace(first, change="edit")])) == 1


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_batches_cannot_be_seen(batch):
    events = [
        post(i, harmful(category))
        for i, category in enumerate(["threat", "stalking", "sexual_deepfake"] * 5)
    ]
    assert alerts(events, batch=batch) == alerts(events)
