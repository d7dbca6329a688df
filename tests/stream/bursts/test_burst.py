"""CopyBursts on top of TextClusters: what is a burst and what is not, its life and its bounds."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.records import Gap
from stream.bursts.copy_bursts import CopyBursts
from stream.bursts.window import CAP, ENTRY
from stream.clustering.clusters import TextClusters
from stream.records import Burst, Cluster, GapSeen, PostSeen, SubjectEvent
from tests.stream.copies import EDITS, RUMOUR, WATCHLIST, bursts, copies, only, run, signal
from tests.stream.harness import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Harness,
    by_kind,
    gone,
    seen,
    with_ticks,
)


def test_twelve_accounts_with_one_text_in_four_minutes_are_a_copy_burst() -> None:
    burst = only(run(with_ticks(copies(12), until=START + 2 * HOUR)))
    assert burst.kind == "copy"
    assert (burst.posts, burst.accounts, burst.peak_accounts) == (12, 12, 12)
    assert burst.first_at == START + HOUR
    assert burst.last_at == START + HOUR + 11 * 20_000
    assert burst.expected_accounts < 1
    assert signal(burst.evidence, "surprise") is not None
    assert signal(burst.evidence, "span_seconds") == 220.0
    assert len(burst.evidence[0].post_ids) == 12


def test_a_burst_is_detected_while_it_goes_on() -> None:
    burst = only(run(with_ticks(copies(40))))
    assert burst.detected_at <= START + HOUR + 6 * 20_000


def test_copies_of_the_past_are_no_burst_and_no_news() -> None:
    past = [
        seen(f"p{i}", RUMOUR, at=START - 9 * DAY + i * 20_000, author=f"p{i}", change="past")
        for i in range(40)
    ]
    assert (
        run(with_ticks([*copies(3), *past], until=START + 2 * HOUR)).emitted
        == run(with_ticks(copies(3), until=START + 2 * HOUR)).emitted
    )


def test_four_accounts_are_too_few_and_the_least_number_can_be_set() -> None:
    assert bursts(run(with_ticks(copies(4)))) == {}
    assert bursts(run(with_ticks(copies(8)), min_accounts=9)) == {}
    assert only(run(with_ticks(copies(8)), min_accounts=8)).accounts == 8


def test_one_account_repeating_itself_is_no_burst() -> None:
    assert bursts(run(with_ticks(copies(40, author="same")))) == {}


def test_two_accounts_taking_turns_are_no_burst() -> None:
    posts = [
        seen(f"t{i}", RUMOUR, at=START + i * MINUTE, author=f"a{i % 2}") for i in range(40)
    ]
    assert bursts(run(with_ticks(posts))) == {}


def test_copies_spread_over_weeks_are_no_burst() -> None:
    assert bursts(run(with_ticks(copies(20, gap=2 * DAY)))) == {}


def test_twelve_accounts_over_seven_hours_are_found_by_the_slow_window() -> None:
    burst = only(run(with_ticks(copies(12, gap=35 * MINUTE), until=START + 12 * HOUR)))
    assert burst.kind == "copy"
    assert burst.peak_accounts < 5
    assert burst.accounts == 12


def test_a_short_window_can_be_widened() -> None:
    posts = with_ticks(copies(6, gap=8 * MINUTE), until=START + 4 * HOUR)
    assert bursts(run(posts)) == {}
    assert only(run(posts, window_minutes=60)).accounts == 6


def test_short_wishes_by_a_few_are_ordinary() -> None:
    posts = [seen(f"w{i}", "so so pretty", at=START + i * 30_000) for i in range(6)]
    assert bursts(run(with_ticks(posts))) == {}


def test_own_words_under_a_shared_hashtag_are_no_burst() -> None:
    nouns = ("rehearsal", "concert", "interview", "airport", "stage", "album", "video", "radio")
    posts = [
        seen(
            f"h{i}",
            f"{nouns[i % 8]} number {i * 37} made me think of {nouns[i * 3 % 8][::-1]}"
            f" and {i * i} other things #ARIN",
            at=START + i * 5_000,
        )
        for i in range(60)
    ]
    assert bursts(run(with_ticks(posts))) == {}


def test_revisions_come_with_growth_and_not_with_every_copy() -> None:
    harness = run(with_ticks(copies(200, gap=2_000)))
    revisions = [b.revision for b in harness.emitted if isinstance(b, Burst)]
    assert revisions == list(range(1, len(revisions) + 1))
    assert 5 <= len(revisions) <= 14


def test_when_it_grows_quiet_a_burst_says_its_last_numbers() -> None:
    harness = run(with_ticks(copies(17), until=START + 2 * HOUR))
    assert only(harness).posts == 17


def test_the_same_text_days_later_is_another_burst() -> None:
    again = copies(12, start=START + 4 * DAY, name="again")
    harness = run(with_ticks([*copies(12), *again]))
    assert len(bursts(harness)) == 2
    assert len({b.cluster_id for b in bursts(harness).values()}) == 1


def test_a_late_post_can_complete_a_burst() -> None:
    posts = copies(12)
    late = [*posts[:2], *posts[7:], *posts[2:7]]
    [burst] = bursts(run(with_ticks(late))).values()
    assert burst.accounts == 12


def test_a_subject_used_to_copies_expects_them() -> None:
    habit: list[PostSeen] = []
    for day in range(120):
        text = f"daily note {day * 7919}: " + " ".join(
            f"w{(day * k) % 97}x{k}" for k in range(12)
        )
        habit += copies(
            6,
            text=text,
            start=START + day * 6 * HOUR,
            name=f"h{day}_",
            gap=60_000,
            urls=("https://arin.example/",),
        )
    end = START + 121 * 6 * HOUR
    fresh = run(with_ticks(copies(7, start=end)))
    used = run(with_ticks([*habit, *copies(7, start=end)]))
    assert only(fresh).expected_accounts * 2 < _expected(used, end)


def _expected(harness: Harness, since: int) -> float:
    """Expected accounts of the burst that began at ``since``; infinite where none did."""
    found = [b.expected_accounts for b in bursts(harness).values() if b.first_at >= since]
    return found[0] if found else float("inf")


def test_nothing_is_learnt_while_a_source_had_a_gap() -> None:
    # Six accounts on one open text would raise the baseline.
    posts = copies(6, urls=("https://arin.example/",))
    gap = GapSeen(gap=Gap(source="bluesky", since=START, until=START + 2 * HOUR, reason="down"))
    taught = run(with_ticks(posts, until=START + 2 * HOUR))
    masked = run([gap, *with_ticks(posts, until=START + 2 * HOUR)])
    assert "b:arin" in taught.states[1].rows
    assert "b:arin" not in masked.states[1].rows


def test_a_busy_subject_needs_more_than_a_quiet_one() -> None:
    crowd = [
        seen(
            f"o{i}",
            f"{i * 7919} seats and {i * 104729} lights, I counted them all",
            at=START + HOUR + i * 50,
        )
        for i in range(4_000)
    ]
    both = sorted([*crowd, *copies(8, gap=15_000)], key=lambda e: e.post.created_at)
    assert bursts(run(with_ticks(copies(8, gap=15_000)))) != {}
    quiet = {b.cluster_id for b in bursts(run(with_ticks(copies(8, gap=15_000)))).values()}
    assert not quiet & {b.cluster_id for b in bursts(run(with_ticks(both))).values()}


def test_merged_clusters_are_one_burst() -> None:
    words = [
        "alpha",
        "bravo",
        "charlie",
        "delta",
        "echo",
        "foxtrot",
        "golf",
        "hotel",
        "india",
        "juliet",
        "kilo",
        "lima",
        "mike",
        "november",
        "oscar",
        "papa",
    ]
    left, right = " ".join(words[:13]), " ".join(words[3:])
    posts = [
        *(seen(f"l{i}", left, at=START + i * 9_000) for i in range(8)),
        *(seen(f"r{i}", right, at=START + 80_000 + i * 9_000) for i in range(8)),
        *(seen(f"m{i}", " ".join(words), at=START + 160_000 + i * 9_000) for i in range(20)),
    ]
    harness = run(with_ticks(posts, until=START + HOUR))
    merged = [c for c in harness.emitted if isinstance(c, Cluster) and c.merged_into]
    assert len(merged) == 1
    last = [b for b in harness.emitted if isinstance(b, Burst)][-1]
    assert last.cluster_id == merged[0].merged_into
    assert last.posts == 36


def test_a_huge_burst_stays_within_its_cap() -> None:
    harness = run(with_ticks(copies(3 * CAP, gap=100), until=START + 2 * HOUR))
    rows = harness.states[1].rows
    assert max(len(p.value) for p in rows.values()) < CAP * ENTRY.itemsize + 8_000
    burst = only(harness)
    assert burst.posts > CAP
    assert burst.peak_accounts == CAP


def test_state_is_gone_after_its_days() -> None:
    harness = run(with_ticks(copies(12), until=START + 2 * HOUR))
    state = harness.states[1]
    state.watermark = START + 61 * DAY
    state.expire()
    assert state.rows == {}
    assert not any(at for times in state.timers.values() for at in times)


@st.composite
def waves(draw: st.DrawFn) -> list[SubjectEvent]:
    """Waves of copies on three texts with deletions, edits and late posts."""
    texts = (
        RUMOUR,
        "the tickets were all given to friends of the staff, I was told",
        "so pretty today",
    )
    posts: list[PostSeen] = []
    for number in range(draw(st.integers(8, 60))):
        text = draw(st.sampled_from(texts)) + draw(st.sampled_from(EDITS))
        at = START + draw(st.integers(0, 40)) * MINUTE
        repost = draw(st.sampled_from((None, None, None, "bluesky:0")))
        who = f"a{draw(st.integers(0, 30))}"
        posts.append(seen(str(number), text, at=at, author=who, repost_of=repost))
    if draw(st.booleans()):
        posts.sort(key=lambda e: e.post.created_at)
    events = with_ticks(posts, until=START + 2 * HOUR)
    for victim in draw(st.lists(st.integers(0, 60), max_size=4)):
        place = draw(st.integers(0, len(events)))
        events.insert(place, gone(str(victim), at=START))
    return events


@settings(max_examples=30, deadline=None)
@given(waves())
def test_bursts_do_not_depend_on_batches_or_rebuilds(events: list[SubjectEvent]) -> None:
    results = []
    for batch, reset in ((500, False), (7, False), (1, True)):
        harness = Harness([TextClusters(), CopyBursts(WATCHLIST)])
        results.append(by_kind(harness.run(events, batch=batch, reset=reset)))
    for one, two in pairwise(results):
        assert one == two


@settings(max_examples=30, deadline=None)
@given(waves())
def test_a_burst_never_counts_more_than_there_is(events: list[SubjectEvent]) -> None:
    accounts = {e.post.account for e in events if isinstance(e, PostSeen)}
    posts = {e.post.id for e in events if isinstance(e, PostSeen)}
    for burst in bursts(run(events)).values():
        assert burst.accounts <= len(accounts)
        assert burst.posts <= len(posts)
        assert burst.first_at <= burst.last_at
        assert burst.peak_accounts <= len(accounts)
