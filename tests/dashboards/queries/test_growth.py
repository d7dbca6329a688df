"""What an alert counted when it was raised, beside what there is now."""

from __future__ import annotations

import msgspec
import pytest

from dashboards.queries.growth import growth
from stream.index import IndexBatch
from stream.records import Alert, Cluster, Membership, PostGone, PostSeen, Tally
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.test_campaigns import make_campaign
from tests.dashboards.web.world import HOUR, MINUTE, NOW, make_alert, make_post
from tests.dashboards.web.world import seen as seen_post
from tests.picture_samples import FOUND

RAISED = Tally(at=NOW - HOUR, posts=4, accounts=4, platforms=("bluesky",))


def copies(count: int = 10, *, followers: int | None = 100) -> list[PostSeen]:
    """One a ten minutes, the fourth an hour ago; the last ones on another platform."""
    posts: list[PostSeen] = []
    for n in range(count):
        post = make_post(
            n, at=NOW - HOUR + (n - 3) * 10 * MINUTE, text="the same",
            platform="bluesky" if n < 8 else "reddit",
        )  # fmt: skip
        author = msgspec.structs.replace(post.author, followers=followers)
        posts.append(seen_post(msgspec.structs.replace(post, author=author), "seoan"))
    return posts


def world(*posts: PostSeen, results=()) -> MemoryIndex:
    index = MemoryIndex()
    index.write(IndexBatch(checkpoint="1", posts=posts, sightings=posts, results=results))
    return index


def clustered(posts: list[PostSeen]) -> list[Cluster | Membership]:
    cluster = Cluster(
        cluster_id="cl", subject="seoan", revision=1, operator_version="c/1",
        founder=posts[0].post.id, first_at=posts[0].post.event_at,
        last_at=posts[-1].post.event_at, posts=len(posts), accounts=len(posts),
        platforms=("bluesky", "reddit"),
    )  # fmt: skip
    members = [
        Membership(subject="seoan", post_id=one.post.id, cluster_id="cl", revision=1)
        for one in posts
    ]
    return [cluster, *members]


def alert(**more: object) -> Alert:
    made = make_alert("al", at=NOW - HOUR, posts=4, accounts=4, platforms=("bluesky",))
    return msgspec.structs.replace(made, **more)


def test_copies_grew_since_the_alert_and_so_did_their_reach() -> None:
    posts = copies()
    index = world(*posts, results=clustered(posts))

    found = growth(index, alert(cluster_id="cl", raised=RAISED, revision=3))
    then, now = found.then, found.now
    assert (then.posts, then.accounts, then.platforms, then.reach) == (4, 4, ("bluesky",), 400)
    assert (now.posts, now.accounts, now.reach) == (10, 10, 1000)
    assert now.platforms == ("bluesky", "reddit")
    assert (then.at, now.at) == (NOW - HOUR, posts[-1].post.event_at)
    assert found.source == "copies"
    assert not then.least


def test_what_was_deleted_since_is_still_counted_as_it_was_then() -> None:
    posts = copies(4)
    index = world(*posts, results=clustered(posts))
    gone = [PostGone(subject="seoan", post_id=p.post.id, deleted_at=NOW) for p in posts[:3]]
    index.write(IndexBatch(checkpoint="2", gone=gone))

    found = growth(index, alert(cluster_id="cl", raised=RAISED, revision=2))
    assert (found.then.posts, found.then.reach, found.then.known) == (4, 100, 1)


def test_an_alert_from_before_counts_were_kept_says_at_least() -> None:
    posts = copies()
    index = world(*posts, results=clustered(posts))

    found = growth(index, alert(cluster_id="cl", posts=10, accounts=10, revision=3))
    assert (found.then.posts, found.then.accounts, found.then.least) == (4, 4, True)
    assert growth(index, alert(cluster_id="cl")).then.least is False


def test_a_campaign_goes_before_the_copies_that_it_began_with() -> None:
    posts = copies()
    campaign = make_campaign(
        "ca", post_ids=tuple(p.post.id for p in posts), posts=310,
        accounts=tuple(f"x:{n}" for n in range(40)), platforms=("x",),
    )  # fmt: skip
    index = world(*posts, results=[*clustered(posts), campaign])

    found = growth(index, alert(cluster_id="cl", campaign_id="ca", raised=RAISED))
    assert found.source == "campaign"
    assert (found.now.posts, found.now.accounts, found.now.platforms) == (310, 40, ("x",))
    lost = growth(index, alert(cluster_id="cl", campaign_id="nowhere", raised=RAISED))
    assert lost.source == "copies"


def test_of_pictures_only_variants_that_speak_for_harm_are_counted() -> None:
    posts = copies(3)
    findings = [
        msgspec.structs.replace(
            FOUND, finding_id=f"fi_{n}", post_id=one.post.id, account=one.post.account,
            at=one.post.event_at, severity="high" if n else "",
        )
        for n, one in enumerate(posts)
    ]  # fmt: skip
    index = world(*posts, results=findings)

    found = growth(index, alert(kind="media", family_id="fam_1", raised=RAISED))
    assert (found.source, found.now.posts, found.now.accounts) == ("pictures", 2, 2)
    merged = growth(index, alert(kind="media", family_id="fam_gone", raised=RAISED))
    assert (merged.source, merged.now.posts) == ("alert", 4)


def test_an_alert_of_single_posts_says_what_it_said_last() -> None:
    posts = copies(6)
    ids = tuple(one.post.id for one in posts)
    index = world(*posts)

    found = growth(index, alert(kind="harm", post_ids=ids, posts=6, accounts=5, raised=RAISED))
    assert (found.source, found.now.posts, found.now.accounts) == ("alert", 6, 5)
    assert (found.then.reach, found.now.reach) == (400, 600)


def test_where_nobody_tells_followers_reach_is_not_known() -> None:
    posts = copies(followers=None)
    index = world(*posts, results=clustered(posts))

    found = growth(index, alert(cluster_id="cl", raised=RAISED))
    assert (found.then.reach, found.now.reach, found.now.known) == (None, None, 0)


def test_followers_of_an_account_are_those_of_its_newest_post_and_count_once() -> None:
    posts = copies(2)
    later = msgspec.structs.replace(
        posts[1].post,
        author_id=posts[0].post.author_id,
        author=msgspec.structs.replace(posts[1].post.author, followers=7),
    )
    posts[1] = msgspec.structs.replace(posts[1], post=later)
    index = world(*posts, results=clustered(posts))

    assert growth(index, alert(cluster_id="cl")).now.reach == 7


@pytest.mark.parametrize("where", [{"cluster_id": "none"}, {"campaign_id": "none"}, {}])
def test_an_alert_all_of_whose_posts_are_gone_breaks_nothing(where: dict) -> None:
    found = growth(world(), alert(raised=RAISED, **where))

    assert found.then.posts == 4
    assert found.now.reach is None
