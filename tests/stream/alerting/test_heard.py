"""What harm is remembered of a cluster: the gravest posts, until they are taken back."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.records import WORDS, HarmReason, HarmScore, Judgement
from stream.alerting.heard import KEPT, hear, move, worst_heard
from stream.alerts import Alerts
from stream.bursts.copy_bursts import CopyBursts
from stream.clustering.clusters import TextClusters
from stream.hosting.overlay import Overlay
from stream.operator import Effects
from stream.records import Alert, Cluster, Membership, PostSeen, Result
from tests.stream.harness import DAY, HOUR, START, Harness, MemoryState, gone, seen
from tests.stream.test_alerts import RUMOUR, WATCHLIST


def told(number: int, score: float = 0.0, **more) -> PostSeen:
    """A judged post; with a score it threatens."""
    harm = (HarmScore(category="threat", score=score),) if score else ()
    judgement = Judgement(
        version="test/1",
        target="subject",
        harm=harm,
        reasons=(HarmReason(category="threat", layer=WORDS),) if score else (),
    )
    return msgspec.structs.replace(seen(f"{number}", RUMOUR, **more), judgement=judgement)


def touched(cluster_id: str) -> Cluster:
    return Cluster(
        cluster_id=cluster_id, subject="arin", revision=2, operator_version="clusters/1",
        founder="bluesky:0", first_at=START, last_at=START, posts=2, accounts=2,
        platforms=("bluesky",),
    )  # fmt: skip


class Memory:
    """Calls on the committed state of one operator."""

    def __init__(self) -> None:
        self.state = MemoryState()

    def hear(self, event, *derived: Result) -> None:
        effects = Effects()
        hear(Overlay(self.state, effects), event, derived)
        self.state.stage(effects)

    def say(self, event: PostSeen, cluster_id: str = "cl_1") -> None:
        joined = Membership(
            subject="arin", post_id=event.post.id, cluster_id=cluster_id, revision=1
        )
        self.hear(event, joined, touched(cluster_id))

    def move(self, old: str, new: str) -> None:
        effects = Effects()
        move(Overlay(self.state, effects), old, new)
        self.state.stage(effects)

    def worst(self, cluster_id: str = "cl_1") -> str | None:
        found = worst_heard(Overlay(self.state, Effects()), cluster_id)
        return None if found is None else found.post_id


@pytest.fixture
def memory() -> Memory:
    return Memory()


def test_the_gravest_of_a_cluster_speaks(memory):
    for number, score in ((1, 0.7), (2, 0.9), (3, 0.8), (4, 0.0)):
        memory.say(told(number, score))

    assert memory.worst() == "bluesky:2"
    assert memory.worst("cl_2") is None


def test_a_deleted_post_speaks_no_longer_and_the_next_does(memory):
    memory.say(told(1, 0.7))
    memory.say(told(2, 0.9))

    memory.hear(gone("2"), touched("cl_1"))
    assert memory.worst() == "bluesky:1"
    memory.hear(gone("1"), touched("cl_1"))
    assert memory.worst() is None
    assert memory.state.rows == {}


def test_an_edit_that_takes_the_words_out_takes_the_post_out(memory):
    memory.say(told(1, 0.9))
    memory.say(told(1, change="edit"))

    assert memory.worst() is None


def test_an_edit_that_leaves_a_post_where_it_stood_keeps_what_it_says(memory):
    memory.say(told(1, 0.9))
    memory.hear(told(1, 0.9, change="edit"), touched("cl_1"))

    assert memory.worst() == "bluesky:1"


def test_what_two_clusters_said_is_kept_by_the_one_that_remains(memory):
    memory.say(told(1, 0.7), "cl_0")
    memory.say(told(2, 0.9), "cl_1")

    memory.move("cl_1", "cl_0")
    assert (memory.worst("cl_0"), memory.worst("cl_1")) == ("bluesky:2", None)


def test_it_is_forgotten_after_a_month(memory):
    memory.say(told(1, 0.9, at=START))
    memory.state.watermark = START + 31 * DAY

    assert memory.worst() is None


def test_one_text_posted_by_thousands_is_written_a_few_times(memory):
    for number in range(3000):
        memory.say(told(number, 0.9))

    # Of equals the smallest id is kept, so few of them are news.
    assert memory.state.writes < 100


@given(st.permutations([(n, 0.65 + n / 100) for n in range(KEPT + 4)]))
def test_the_order_in_which_posts_come_changes_nothing(posts):
    memory = Memory()
    for number, score in posts:
        memory.say(told(number, score))
    heard = []
    while (worst := memory.worst()) is not None:
        heard.append(worst)
        memory.hear(gone(worst.removeprefix("bluesky:")), touched("cl_1"))

    assert heard == [f"bluesky:{n}" for n in reversed(range(4, KEPT + 4))]


def test_through_the_line_an_alert_goes_on_without_deleted_posts_and_their_harm():
    copies = [
        told(n, 0.9 if n in {3, 7} else 0.0, at=START + HOUR + n * 15_000, author=f"a{n}")
        for n in range(16)
    ]
    harness = Harness([TextClusters(), CopyBursts(WATCHLIST), Alerts()])
    harness.run([*copies, gone("3", at=START + 2 * HOUR), gone("7", at=START + 2 * HOUR)])
    alerts = [one for one in harness.emitted if isinstance(one, Alert)]

    spoke = [[e.post_ids for e in one.evidence if "harm" in e.signal] for one in alerts]
    assert spoke[0] == [("bluesky:3",)]
    assert spoke[-1] == []
    assert [one.severity for one in alerts] == ["medium", "high", "medium"]
