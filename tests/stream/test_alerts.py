"""Alerts: one for each burst of copies, grouped, cooled down, grown, and told apart."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from detect.records import WORDS, HarmReason, HarmScore, Judgement
from detect.watchlist import Official, Subject, Watchlist
from stream.alerts import Alerts
from stream.bursts.copy_bursts import CopyBursts
from stream.clustering.clusters import TextClusters
from stream.ids import derive_id
from stream.operator import Context, Effects, Item
from stream.records import (
    Alert,
    Burst,
    Cluster,
    Evidence,
    Membership,
    PostSeen,
    Result,
    SubjectEvent,
    Tick,
)
from tests.stream.harness import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Harness,
    MemoryState,
    by_kind,
    seen,
    with_ticks,
)

WATCHLIST = Watchlist(
    subjects=(
        Subject(
            id="arin", kind="idol", name="Arin", official=Official(domains=("arin.example",))
        ),
    )
)
RUMOUR = "word is that the second verse was sung by somebody else at the rehearsal"


def burst(
    accounts: int = 12,
    *,
    burst_id: str = "bu_1",
    cluster_id: str = "cl_1",
    kind: str = "copy",
    surprise: float = 5.0,
    last_at: int = START,
    posts: int | None = None,
    shown: int = 60,
    new: float | None = None,
    settled: bool = False,
) -> Burst:
    """``new``: share of new accounts, None where their age is not known."""
    ids = tuple(f"bluesky:{i}" for i in range(min(shown, posts or accounts)))
    return Burst(
        burst_id=burst_id,
        subject="arin",
        cluster_id=cluster_id,
        revision=1,
        operator_version="bursts/1",
        kind=kind,  # type: ignore[arg-type]
        first_at=START - 20 * MINUTE,
        last_at=last_at,
        detected_at=START,
        posts=posts or accounts,
        accounts=accounts,
        peak_accounts=accounts,
        expected_accounts=0.5,
        evidence=(
            Evidence(signal="accounts_in_window", value=accounts, expected=0.5, post_ids=ids),
            Evidence(signal="surprise", value=surprise),
            *((Evidence(signal="new_accounts", value=new),) if new is not None else ()),
        ),
        counter=(
            Evidence(signal="openness", value=0.3),
            *((Evidence(signal="settled_crowd", value=0.97),) if settled else ()),
        ),
    )


def merged(old: str, new: str) -> Cluster:
    return Cluster(
        cluster_id=old,
        subject="arin",
        revision=2,
        operator_version="clusters/1",
        founder="bluesky:0",
        first_at=START,
        last_at=START,
        posts=2,
        accounts=2,
        platforms=("bluesky",),
        merged_into=new,
    )


def feed(*results: Result, operator: Alerts | None = None) -> list[Alert]:
    """Each result derived from an entry of its own, in calls of their own."""
    operator = operator or Alerts()
    state = MemoryState()
    out: list[Alert] = []
    for offset, result in enumerate(results, start=1):
        item = Item(offset, 0, Tick(at=START), (result,))
        effects: Effects = operator.apply(state, [item], Context(partition=0, watermark=0))
        state.stage(effects)
        out += [alert for _, alert in effects.emit if isinstance(alert, Alert)]
    return out


def said(number: int, category: str = "", score: float = 0.0) -> PostSeen:
    """A judged post about arin; with a category, words of it do that harm to her."""
    event = seen(f"{number}", RUMOUR, at=START + number * MINUTE)
    if not category:
        harmless = Judgement(version="test/1")
        return msgspec.structs.replace(event, judgement=harmless)
    judgement = Judgement(
        version="test/1",
        target="subject",
        harm=(HarmScore(category=category, score=score),),  # type: ignore[arg-type]
        reasons=(HarmReason(category=category, layer=WORDS),),  # type: ignore[arg-type]
    )
    return msgspec.structs.replace(event, judgement=judgement)


def joined(number: int, cluster_id: str = "cl_1") -> Membership:
    return Membership(
        subject="arin", post_id=f"bluesky:{number}", cluster_id=cluster_id, revision=1
    )


def heard(*entries: tuple[SubjectEvent | Result, ...]) -> list[Alert]:
    """Each entry is a post with what was derived from it, in a call of its own."""
    operator = Alerts()
    state = MemoryState()
    out: list[Alert] = []
    for offset, (event, *derived) in enumerate(entries, start=1):
        item = Item(offset, 0, event, tuple(derived))  # type: ignore[arg-type]
        effects = operator.apply(state, [item], Context(partition=0, watermark=0))
        state.stage(effects)
        out += [alert for _, alert in effects.emit if isinstance(alert, Alert)]
    return out


def test_a_copy_burst_makes_an_alert_with_its_evidence_and_counter_evidence() -> None:
    [alert] = feed(burst(12, posts=48))
    assert alert.alert_id == derive_id("al", "copy_burst", "arin", "bu_1")
    assert (alert.kind, alert.subject, alert.cluster_id) == ("copy_burst", "arin", "cl_1")
    assert alert.title == "Same text 48 times by 12 accounts about arin in 20 minutes"
    assert alert.created_at == START
    assert alert.evidence == burst(12, posts=48).evidence
    assert alert.counter_evidence[0].signal == "openness"
    assert len(alert.post_ids) == 48


def test_at_most_fifty_posts_are_shown() -> None:
    [alert] = feed(burst(400))
    assert len(alert.post_ids) == 50


@pytest.mark.parametrize("kind", ["fan_event", "news"])
def test_fan_events_and_news_raise_no_alert(kind: str) -> None:
    assert feed(burst(500, kind=kind)) == []


def test_slow_growth_is_not_said_every_time() -> None:
    assert len(feed(*(burst(n, surprise=6.0) for n in range(12, 20)))) == 1


def test_doubling_is_said_as_a_revision_of_the_same_alert() -> None:
    alerts = feed(burst(12), burst(24))
    assert [a.revision for a in alerts] == [1, 2]
    assert len({a.alert_id for a in alerts}) == 1
    assert alerts[1].created_at == alerts[0].created_at
    assert alerts[1].accounts == 24


def test_a_change_of_severity_is_said() -> None:
    alerts = feed(burst(12, surprise=5.0, new=0.5), burst(13, surprise=30.0, new=0.5))
    assert [a.severity for a in alerts] == ["medium", "high"]


@pytest.mark.parametrize(
    ("accounts", "surprise", "severity"),
    [(5, 3.0, "low"), (12, 6.0, "medium"), (25, 20.0, "high"), (100, 90.0, "critical")],
)
def test_severity_of_new_accounts_grows_with_their_number_and_surprise(
    accounts: int, surprise: float, severity: str
) -> None:
    assert feed(burst(accounts, surprise=surprise, new=0.4))[0].severity == severity


@pytest.mark.parametrize("new", [None, 0.12])
def test_a_crowd_alone_is_never_graver_than_medium(new: float | None) -> None:
    [alert] = feed(burst(100, surprise=90.0, new=new))
    assert alert.severity == "medium"


def test_a_settled_crowd_without_harmful_words_raises_no_alert() -> None:
    assert feed(burst(100, surprise=90.0, new=0.03, settled=True)) == []


def test_where_nothing_is_judged_a_settled_crowd_still_raises_a_low_one() -> None:
    unjudged = seen("1", RUMOUR)
    [alert] = heard((unjudged, joined(1), burst(100, surprise=90.0, settled=True)))
    assert alert.severity == "low"


def test_a_settled_crowd_whose_words_do_harm_raises_one() -> None:
    [alert] = heard(
        (said(1, "threat", 0.7), joined(1)),
        (said(2), joined(2), burst(12, new=0.0, settled=True)),
    )
    assert alert.severity == "high"
    [reason] = [one for one in alert.evidence if one.signal == "harm_threat"]
    assert (reason.value, reason.post_ids) == (0.7, ("bluesky:1",))


def test_the_worst_that_was_said_speaks_whatever_came_after() -> None:
    [alert] = heard(
        (said(1, "hate", 0.95), joined(1)),
        (said(2, "threat", 0.7), joined(2), burst(12, new=0.0, settled=True)),
    )
    assert [one.value for one in alert.evidence if one.signal == "harm_hate"] == [0.95]


def test_what_was_said_goes_on_under_the_cluster_that_remains() -> None:
    later = burst(12, cluster_id="cl_0", new=0.0, settled=True)
    assert heard((said(1, "threat", 0.7), joined(1)), (said(2), later)) == []
    [alert] = heard(
        (said(1, "threat", 0.7), joined(1)), (said(2), merged("cl_1", "cl_0"), later)
    )
    assert alert.severity == "high"


def test_an_alert_whose_crowd_turns_out_to_be_settled_is_lowered() -> None:
    alerts = feed(burst(12), burst(20, new=0.0, settled=True))
    assert [one.severity for one in alerts] == ["medium", "low"]
    assert alerts[1].counter_evidence[-1].signal == "settled_crowd"


def test_another_burst_of_the_cluster_within_a_day_grows_the_alert() -> None:
    alerts = feed(burst(12), burst(30, burst_id="bu_2", last_at=START + 20 * HOUR))
    assert len({a.alert_id for a in alerts}) == 1


def test_after_the_cool_down_the_cluster_may_alert_again() -> None:
    alerts = feed(burst(12), burst(12, burst_id="bu_2", last_at=START + 25 * HOUR))
    assert [a.revision for a in alerts] == [1, 1]
    assert len({a.alert_id for a in alerts}) == 2


def test_growth_that_is_not_said_still_keeps_the_alert_warm() -> None:
    later = [burst(12, burst_id=f"bu_{d}", last_at=START + d * 20 * HOUR) for d in range(6)]
    assert len(feed(*later)) == 1


def test_the_cool_down_can_be_set() -> None:
    alerts = feed(
        burst(12),
        burst(12, burst_id="bu_2", last_at=START + 3 * HOUR),
        operator=Alerts(cooldown_hours=2),
    )
    assert len(alerts) == 2


def test_other_clusters_alert_on_their_own() -> None:
    alerts = feed(burst(12), burst(12, burst_id="bu_2", cluster_id="cl_2"))
    assert len({a.alert_id for a in alerts}) == 2


def test_after_a_merge_the_alert_goes_on_under_the_surviving_cluster() -> None:
    alerts = feed(
        burst(12), merged("cl_1", "cl_0"), burst(30, burst_id="bu_2", cluster_id="cl_0")
    )
    assert [a.revision for a in alerts] == [1, 2]
    assert alerts[1].cluster_id == "cl_0"
    assert alerts[0].alert_id == alerts[1].alert_id


def test_a_merge_of_two_alerted_clusters_keeps_the_survivors_alert() -> None:
    alerts = feed(
        burst(12, cluster_id="cl_0", burst_id="bu_0"),
        burst(12),
        merged("cl_1", "cl_0"),
        burst(40, cluster_id="cl_0", burst_id="bu_0"),
    )
    assert alerts[-1].alert_id == alerts[0].alert_id


def test_what_turns_out_to_be_a_fan_event_is_said_and_lowered() -> None:
    grown = burst(110, surprise=50.0, kind="fan_event", new=0.4)
    alerts = feed(burst(100, surprise=50.0, new=0.4), grown)
    assert [a.severity for a in alerts] == ["critical", "low"]


def test_deleted_posts_leave_the_alert() -> None:
    alerts = feed(burst(12), burst(11, shown=11))
    assert alerts[-1].revision == 2
    assert "bluesky:11" not in alerts[-1].post_ids


def test_the_title_holds_no_text_of_the_posts() -> None:
    [alert] = feed(burst(12))
    assert "verse" not in alert.title


def test_the_state_of_an_alert_expires() -> None:
    state = MemoryState()
    operator = Alerts()
    item = Item(1, 0, Tick(at=START), (burst(12),))
    state.stage(operator.apply(state, [item], Context(partition=0, watermark=0)))
    state.watermark = START + 31 * DAY
    assert list(state.scan("")) == []


def line(
    events: Sequence[SubjectEvent], *, batch: int = 500, reset: bool = False
) -> list[Result]:
    harness = Harness([TextClusters(), CopyBursts(WATCHLIST), Alerts()])
    return harness.run(events, batch=batch, reset=reset)


def planted() -> list[SubjectEvent]:
    smear = [
        seen(
            f"s{i}",
            RUMOUR + " so" * (i % 3),
            at=START + HOUR + i * 15_000,
            author=f"ring{i % 12}",
        )
        for i in range(48)
    ]
    vote = [
        seen(
            f"v{i}",
            "how to vote for arin tonight, step by step, before midnight",
            at=START + 5 * HOUR + i * 4_000,
            urls=("https://arin.example/vote",),
        )
        for i in range(200)
    ]
    words = [
        "seat",
        "pillar",
        "queue",
        "price",
        "stage",
        "sound",
        "bus",
        "rain",
        "hour",
        "staff",
        "light",
        "screen",
        "song",
        "door",
    ]
    critics = [
        seen(
            f"k{i}",
            " ".join(words[(i * k + i // 7 + k) % len(words)] for k in range(1, 10)),
            at=START + 9 * HOUR + i * 9_000,
        )
        for i in range(80)
    ]
    return with_ticks([*smear, *vote, *critics], until=START + 12 * HOUR)


def test_through_the_whole_line_only_the_planted_copies_alert() -> None:
    alerts = {a.alert_id: a for a in line(planted()) if isinstance(a, Alert)}
    [alert] = alerts.values()
    assert alert.accounts == 12
    assert all(post_id.startswith("bluesky:s") for post_id in alert.post_ids)
    assert alert.platforms == ("bluesky",)


def test_the_whole_line_does_not_depend_on_batches_or_rebuilds() -> None:
    expected = by_kind(line(planted()))
    assert by_kind(line(planted(), batch=7)) == expected
    assert by_kind(line(planted(), batch=1, reset=True)) == expected
