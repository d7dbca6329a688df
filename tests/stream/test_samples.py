"""What a cluster shows never outlives the post that gave it, also where that was forgotten."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.clustering.clusters import TextClusters
from stream.records import Cluster, Result, SubjectEvent
from tests.stream.harness import DAY, MINUTE, START, Harness, gone, seen, with_ticks

RUMOUR = "word is that the second verse was sung by somebody else at the rehearsal"
OTHER = "a bus to the stadium leaves every ten minutes from the central station today"


def said(number: int, text: str = RUMOUR) -> str:
    """The same text to whoever compares, with a mark of its own that shows in a sample."""
    return f"{text} https://link.example/mark-{number}"


def mark(number: int) -> str:
    return f"mark-{number}"


def final(results: list[Result]) -> dict[str, Cluster]:
    return {c.cluster_id: c for c in results if isinstance(c, Cluster)}


def run(*events: SubjectEvent, **options: int) -> Harness:
    harness = Harness([TextClusters(**options)])  # type: ignore[arg-type]
    harness.run(with_ticks(list(events)))
    return harness


def test_a_deletion_takes_the_words_of_the_founder_also_after_days_of_copies() -> None:
    events: list[SubjectEvent] = [
        seen(str(n), said(n), at=START + n * DAY // 2) for n in range(1, 9)
    ]
    harness = run(*events)
    [before] = final(harness.emitted).values()
    assert mark(1) in before.sample, "the founder's words are shown"
    harness.run([gone("1", at=START + 5 * DAY)])
    [after] = final(harness.emitted).values()
    assert after.revision > before.revision, "said anew, so that it replaces what was said"
    assert mark(1) not in after.sample
    assert after.sample


def test_words_of_somebody_else_stay() -> None:
    harness = run(*(seen(str(n), said(n), at=START + n * MINUTE) for n in range(1, 4)))
    harness.run([gone("2", at=START + 5 * MINUTE)])
    [cluster] = final(harness.emitted).values()
    assert mark(1) in cluster.sample


def test_also_when_the_text_was_forgotten_at_the_cap() -> None:
    events: list[SubjectEvent] = [seen(str(n), said(n), at=START + n) for n in (1, 2)]
    fillers = [
        seen(f"f{n}", f"{n} {chr(0xAC00 + n) * 12} filler {n * 7919}", at=START + 100 + n)
        for n in range(40)
    ]
    harness = run(*events, *fillers, max_texts=16)
    harness.run([gone("1", at=START + MINUTE)])
    [cluster] = [c for c in final(harness.emitted).values() if c.founder == "bluesky:1"]
    assert mark(1) not in cluster.sample


def test_also_when_the_post_was_forgotten_while_its_cluster_lives_on() -> None:
    variants = [
        seen(str(n), said(n, f"{RUMOUR} {'x' * (n % 3)}"), at=START + n * 9 * DAY)
        for n in range(1, 8)
    ]
    harness = run(*variants)
    [before] = final(harness.emitted).values()
    state = harness.states[0]
    state.watermark = harness.watermark
    assert state.get("p:arin\x1fbluesky:1") is None, "it is forgotten"
    harness.run([gone("1", at=START + 64 * DAY)])
    [after] = final(harness.emitted).values()
    assert mark(1) in before.sample
    assert mark(1) not in after.sample
    assert after.revision == before.revision + 1
    assert after.posts == before.posts


def test_the_deletion_of_a_post_that_nobody_knows_says_nothing() -> None:
    harness = run(seen("1", said(1)), seen("2", said(2)))
    before = len(harness.emitted)
    harness.run([gone("never", at=START + MINUTE)])
    assert len(harness.emitted) == before


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from((RUMOUR, OTHER)), st.integers(0, 30 * 24)),
        min_size=2,
        max_size=12,
    ),
    st.data(),
)
def test_whatever_is_deleted_no_cluster_shows_its_words(posts, data) -> None:
    times = sorted(hours for _, hours in posts)
    events: list[SubjectEvent] = [
        seen(str(n), said(n, text), at=START + hours * 60 * MINUTE)
        for n, ((text, _), hours) in enumerate(zip(posts, times, strict=True))
    ]
    harness = run(*events)
    victims = data.draw(st.sets(st.integers(0, len(posts) - 1), min_size=1))
    end = START + 31 * DAY
    harness.run([gone(str(n), at=end) for n in sorted(victims)])
    for cluster in final(harness.emitted).values():
        assert not any(cluster.sample.endswith(mark(n)) for n in victims)
