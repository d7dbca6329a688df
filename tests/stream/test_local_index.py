"""The local index as its readers see it: posts, search, counts over time, results."""

from __future__ import annotations

import pytest

from ingest.records import Gap, SourceStatus
from stream.index import AlertQuery, Index, PostQuery
from stream.local_index import LocalIndex
from stream.records import Campaign, GapSeen
from stream.search.minutes import tie
from tests.stream.index_world import (
    HOUR,
    MINUTE,
    T0,
    alert,
    author,
    batch,
    burst,
    cluster,
    gone,
    korean_texts,
    membership,
    mention,
    picture,
    post,
    seen,
    share_stream,
)

DAY = 24 * HOUR


@pytest.fixture
def index(tmp_path):
    index = LocalIndex(tmp_path / "index")
    yield index
    index.close()


def put(index: LocalIndex, *posts, subjects=("arin",)):
    index.write(batch(*(s for p in posts for s in seen(p, *subjects))))
    index.refresh()


def found(index: LocalIndex, text: str = "", **query) -> list[str]:
    index.refresh()
    page = index.search(PostQuery(text=text, **query))
    assert page.total >= len(page.posts)
    return [p.post.id.removeprefix("archive:") for p in page.posts]


def counted(index: LocalIndex, subject: str | None = None, since=T0, until=T0 + HOUR) -> int:
    buckets = index.histogram(subject=subject, since=since, until=until, bucket_ms=MINUTE)
    return sum(bucket.posts for bucket in buckets)


# --- posts and their revisions --------------------------------------------------------


def test_it_is_an_index(index):
    checked: Index = index

    assert checked.checkpoint() is None
    assert checked.post("archive:1") is None
    assert checked.counts() == {"posts": 0, "deleted": 0, "clusters": 0, "alerts": 0}
    assert checked.latest() is None
    assert checked.search(PostQuery()).total == 0


def test_a_post_is_read_back_with_all_its_subjects(index):
    one = post("1", "아린이랑 루나", urls=("https://a.example",), metrics={"likes": 3})
    index.write(batch(*seen(one, "arin", "luna"), checkpoint="c1"))

    read = index.post(one.id)

    assert read is not None
    assert read.post == one
    assert read.subjects == ("arin", "luna")
    assert read.mentions == (mention("arin"), mention("luna"))
    assert index.checkpoint() == "c1"


def test_a_mention_that_two_subjects_share_is_told_once(index):
    member, group = seen(post(), "arin", "group")
    index.write(batch(member, type(group)(**{**as_dict(group), "mentions": member.mentions})))

    assert index.post("archive:1").mentions == (mention("arin"),)


def as_dict(record):
    return {name: getattr(record, name) for name in record.__struct_fields__}


def test_an_edit_replaces_text_and_count(index):
    put(index, post("1", "before"))
    edited = post("1", "after", lang="ja", created_at=T0 + 5 * MINUTE)
    index.write(batch(*seen(edited, revision=2)))

    assert index.post("archive:1").post.text == "after"
    assert index.post("archive:1").revision == 2
    assert found(index, "before") == []
    assert found(index, "after") == ["1"]
    assert counted(index, "arin") == counted(index) == 1
    assert index.facet("lang", since=T0, until=T0 + HOUR) == {"ja": 1}


def test_an_older_revision_that_comes_late_changes_nothing(index):
    index.write(batch(*seen(post("1", "new"), revision=3)))
    index.write(batch(*seen(post("1", "old"), revision=2)))

    assert index.post("archive:1").post.text == "new"
    assert found(index, "old") == []
    assert counted(index) == 1


def test_a_second_subject_that_comes_in_a_later_batch_joins(index):
    for_arin, for_luna = seen(post("1", "together"), "arin", "luna")
    index.write(batch(for_arin))
    index.write(batch(for_luna))

    assert set(index.post("archive:1").subjects) == {"arin", "luna"}
    assert counted(index) == counted(index, "arin") == counted(index, "luna") == 1
    assert found(index, subject="luna") == ["1"]


def test_an_edit_that_drops_a_subject_takes_it_out_of_that_subject_only(index):
    put(index, post("1", "both"), subjects=("arin", "luna"))
    edited = post("1", "only luna now")
    index.write(batch(*seen(edited, "luna", revision=2), gone=[gone(edited, revision=2)]))

    assert index.post("archive:1").subjects == ("luna",)
    assert counted(index, "arin") == 0
    assert counted(index, "luna") == counted(index) == 1
    assert found(index, subject="arin") == []
    assert index.counts()["deleted"] == 0


def test_a_subject_that_an_edit_brings_back_is_back(index):
    put(index, post("1", "one"))
    index.write(batch(gone=[gone(post("1"), revision=2)]))
    index.write(batch(*seen(post("1", "three"), revision=3)))

    assert index.post("archive:1").post.text == "three"
    assert counted(index, "arin") == 1
    assert index.counts() == {"posts": 1, "deleted": 0, "clusters": 0, "alerts": 0}
    assert found(index, "three") == ["1"]


def test_inside_a_batch_revisions_decide_and_not_the_lists(index):
    one, three = post("1", "one"), post("1", "three")
    index.write(batch(*seen(one), *seen(three, revision=3), gone=[gone(one, revision=2)]))

    assert index.post("archive:1").post.text == "three"
    assert counted(index, "arin") == 1


# --- deletion ---------------------------------------------------------------------------


def test_a_deleted_post_is_nowhere(index):
    put(index, post("1", "삭제될 글"), post("2", "남는 글"))
    index.write(
        batch(results=[membership(post("1"), "cl_1"), membership(post("2"), "cl_1"), cluster()])
    )
    index.write(batch(gone=[gone(post("1"), revision=2)]))

    assert index.post("archive:1") is None
    assert index.posts(["archive:1", "archive:2"])[0].post.id == "archive:2"
    assert found(index, "글") == ["2"]
    assert [m.post_id for m in index.members("cl_1")] == ["archive:2"]
    assert counted(index) == counted(index, "arin") == 1
    assert index.counts()["posts"] == 1
    assert index.counts()["deleted"] == 1


def test_a_deleted_founder_takes_its_text_out_of_the_cluster(index):
    put(index, post("1", "the sample"))
    index.write(batch(results=[membership(post("1"), "cl_1"), cluster(sample="the sample")]))
    index.write(batch(gone=[gone(post("1"), revision=2)]))

    assert index.cluster("cl_1").sample == ""


def test_a_deleted_post_does_not_come_back_by_a_repeat(index):
    put(index, post("1"))
    index.write(batch(gone=[gone(post("1"), revision=2)]))
    index.write(batch(*seen(post("1"))))
    index.write(batch(*seen(post("1"), revision=2)))

    assert index.post("archive:1") is None
    assert found(index) == []
    assert counted(index) == 0


def test_a_deletion_without_revision_holds_against_what_came_before(index):
    put(index, post("1"))
    index.write(batch(gone=[gone(post("1"))]))
    index.write(batch(*seen(post("1"))))

    assert index.post("archive:1") is None


def test_a_post_that_was_deleted_before_it_was_seen_never_appears(index):
    index.write(batch(gone=[gone(post("1"), revision=2)]))
    index.write(batch(*seen(post("1"))))

    assert index.post("archive:1") is None
    assert index.counts()["deleted"] == 1


def test_nothing_of_a_deleted_text_remains_in_the_tables(tmp_path):
    index = LocalIndex(tmp_path / "index")
    secret = "xylophonically" * 20
    put(index, post("1", secret), post("2", "other"))
    index.write(batch(results=[membership(post("1"), "cl_1"), cluster(sample=secret)]))
    index.write(batch(gone=[gone(post("1"), revision=2)]))
    index.refresh()
    index.close()

    tables = [f for f in (tmp_path / "index").rglob("index.db*") if f.is_file()]
    assert tables
    assert not [f for f in tables if b"xylophonically" in f.read_bytes()]


# --- repeats ------------------------------------------------------------------------------


def test_the_same_batch_again_changes_nothing(index):
    everything = batch(
        *seen(post("1"), "arin", "luna"),
        *seen(post("2", created_at=T0 + MINUTE)),
        gone=[gone(post("2"), revision=2)],
        results=[membership(post("1"), "cl_1"), cluster(), burst(), alert()],
        gaps=[GapSeen(gap=Gap(source="archive", since=T0, until=T0 + 1, reason="x"))],
    )
    index.write(everything)
    before = snapshot(index)
    index.write(everything)
    index.write(type(everything)(**{**as_dict(everything), "checkpoint": "another"}))

    assert snapshot(index) == before
    assert index.checkpoint() == "another"


def snapshot(index):
    index.refresh()
    window = {"since": T0 - HOUR, "until": T0 + HOUR}
    return (
        index.search(PostQuery(limit=1000)),
        [
            index.histogram(subject=s, bucket_ms=MINUTE, **window)
            for s in (None, "arin", "luna")
        ],
        [index.facet(facet, **window) for facet in ("subject", "source", "lang")],
        index.members("cl_1"),
        index.clusters(),
        index.bursts(cluster_id="cl_1"),
        index.alerts_after(0),
        index.gaps(**window),
        index.counts(),
    )


def test_statuses_come_through_although_nothing_else_is_new(index):
    index.write(batch(*seen(post()), checkpoint="c1"))
    status = SourceStatus(source="bluesky", state="live", changed_at=T0, read=5)
    index.write(batch(checkpoint="c1", statuses=[status]))
    index.write(
        batch(
            checkpoint="c1", statuses=[SourceStatus(source="a", state="failed", changed_at=1)]
        )
    )

    assert [s.source for s in index.statuses()] == ["a", "bluesky"]
    assert index.statuses()[1] == status


# --- search -------------------------------------------------------------------------------


def test_search_is_newest_first_and_pages_do_not_overlap(index):
    put(index, *(post(str(i), "same words", created_at=T0 + i // 2 * 1000) for i in range(9)))

    first = found(index, "words", limit=4)
    second = found(index, "words", limit=4, offset=4)

    order = sorted(range(9), key=lambda i: (i // 2, tie(f"archive:{i}")), reverse=True)
    assert [*first, *second] == [str(i) for i in order[:8]]
    assert index.search(PostQuery(text="words", limit=4)).total == 9


def test_a_star_finds_every_word_that_begins_so(index):
    put(index, post("1", "Deepfakes!"), post("2", "a deepfake"), post("3", "deep fake"))

    assert sorted(found(index, "deepfak*")) == ["1", "2"]
    assert sorted(found(index, "deepfake*")) == ["1", "2"]
    assert found(index, "deepfakes* -") == ["1"]
    assert found(index, "fake*") == ["3"]


def test_of_few_posts_facets_count_every_one_also_when_in_a_hurry(index):
    put(index, post("1", "a", lang="ko"), post("2", "b", lang="ko"), post("3", "c", lang="en"))

    counts = index.facets(PostQuery(), names=["lang"], quick=True)["lang"]

    assert (dict(counts.values), counts.sample) == ({"ko": 2, "en": 1}, 1)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("딥페이크", ["ko"]),
        ("합성", ["ko"]),
        ("뷔", ["v"]),
        ("東京", ["ja"]),
        ("タワー", ["ja"]),
        ("รัก", ["th"]),
        ("deepfake", ["en"]),
        ("DEEPFAKE", ["en"]),
        ("stop deepfake", ["en"]),
        ("deepfake stop", ["en"]),
        ('"stop this"', ["en"]),
        ('"this stop"', []),
        ('"딥페이크 합성"', ["ko"]),
        ('"합성 딥페이크"', []),
        ("딥페이크 stop", []),
        ("コンサート", ["tag"]),
        ("무대", ["alt"]),
        ("😀", []),
        ("\udcff", []),
        ('"', []),
    ],
)
def test_each_language_is_found_by_word_syllable_and_phrase(index, query, ids):
    put(
        index,
        post("ko", "이거 딥페이크 합성이잖아"),
        post("v", "뷔가 왔다"),
        post("ja", "東京タワーで会いました", lang="ja"),
        post("th", "ฉันรักเธอ", lang="th"),
        post("en", "please stop this deepfake", lang="en"),
        post("tag", "...", hashtags=("コンサート",)),
        post("alt", "___", media=(picture("무대 사진"),)),
    )

    assert found(index, query) == ids


def test_filters_join(index):
    put(
        index,
        post("1", "hello", platform="bluesky", lang="en", author_id="did:1"),
        post("2", "hello", platform="x", lang="en", author=author("fan"), created_at=T0 + 5),
        post("3", "hello", platform="x", lang=None, created_at=T0 + HOUR),
    )

    assert found(index, platform="x") == ["3", "2"]
    assert found(index, lang="en") == ["2", "1"]
    assert found(index, lang="und") == ["3"]
    assert found(index, author="did:1") == found(
        index, author="bluesky:did:1", platform="bluesky"
    )
    assert found(index, author="fan") == ["2"]
    assert found(index, since=T0 + 6) == ["3"]
    assert found(index, until=T0 + HOUR) == ["2", "1"]
    assert found(index, since=T0, until=T0) == []
    assert found(index, since=T0 + 9, until=T0) == []
    assert found(index, "hello", platform="x", lang="en", subject="arin") == ["2"]
    assert found(index, subject="nobody") == []
    assert found(index, subject="\udcff") == []


def test_a_limit_of_nothing_still_counts(index):
    put(index, post("1"))

    assert index.search(PostQuery(limit=0)) == type(index.search(PostQuery()))(
        total=1, posts=()
    )
    assert found(index, limit=-1, offset=-1) == []


@pytest.mark.parametrize("at", [-(2**60), -1, 0, 2**43, 2**62])
def test_an_absurd_time_does_no_harm(index, at):
    put(index, post("1", "when", created_at=at))

    assert found(index, "when") == ["1"]
    assert index.post("archive:1").post.created_at == at


def test_a_very_long_text_is_found_by_its_last_word(index):
    put(index, post("1", "가나다라 " * 13_000 + "끝말"))

    assert found(index, "끝말") == ["1"]


def test_strange_ids_are_kept_apart(index):
    names = ["a/b:c", "a b", "a\x00", "a", "A", "'; DROP TABLE posts; --", "한글"]
    put(index, *(post(name, "x") for name in names))

    assert index.counts()["posts"] == len(names)
    for name in names:
        assert index.post(f"archive:{name}").post.id == f"archive:{name}"
    assert index.post("archive:\udcff") is None


def test_real_posts_in_many_languages_are_all_found_by_their_words(index):
    posts = [p for p in share_stream(3000) if len(p.text.split()) > 3]
    put(index, *posts)

    assert index.counts()["posts"] == len({p.id for p in posts})
    for one in posts[::60]:
        word = max(one.text.split(), key=len)
        hits = index.search(PostQuery(text=word, limit=2000)).posts
        assert one.id in {hit.post.id for hit in hits}, (word, one.text)


def test_real_korean_comments_are_found_by_any_two_syllables(index):
    texts = korean_texts(2000)
    put(index, *(post(str(i), text) for i, text in enumerate(texts)))

    for i in range(0, len(texts), 50):
        hangul = next(
            (w for w in texts[i].split() if len(w) > 1 and all("가" <= c <= "힣" for c in w)),
            None,
        )
        if hangul is None:
            continue
        pair = hangul[-2:]
        expected = {str(j) for j, text in enumerate(texts) if pair in text}
        assert expected <= set(found(index, pair, limit=2000))


# --- counts over time -----------------------------------------------------------------------


def test_every_bucket_is_there_also_the_empty_ones(index):
    put(index, post("1", created_at=T0), post("2", created_at=T0 + 2 * HOUR + 59 * MINUTE))

    buckets = index.histogram(subject=None, since=T0, until=T0 + 4 * HOUR, bucket_ms=HOUR)

    assert [(b.at - T0) // HOUR for b in buckets] == [0, 1, 2, 3]
    assert [b.posts for b in buckets] == [1, 0, 1, 0]


@pytest.mark.parametrize("bucket", [MINUTE, 30 * MINUTE, 45 * MINUTE, HOUR, 6 * HOUR, DAY])
@pytest.mark.parametrize("shift", [0, 7 * MINUTE, 30 * MINUTE])
def test_buckets_of_any_width_and_edge_count_each_post_once(index, bucket, shift):
    times = [T0 + i * 7 * MINUTE for i in range(300)]
    put(index, *(post(str(i), created_at=at) for i, at in enumerate(times)))
    since, until = T0 + shift, T0 + shift + DAY

    buckets = index.histogram(subject="arin", since=since, until=until, bucket_ms=bucket)

    assert buckets[-1].at + bucket >= until
    for one in buckets:
        end = min(one.at + bucket, until)
        assert one.posts == sum(one.at <= at < end for at in times)


def test_a_gap_masks_the_buckets_it_touches(index):
    put(index, post("1"))
    gap = Gap(source="bluesky", since=T0 + HOUR + 1, until=T0 + 2 * HOUR, reason="offline")
    index.write(batch(gaps=[GapSeen(gap=gap)]))

    buckets = index.histogram(subject="arin", since=T0, until=T0 + 3 * HOUR, bucket_ms=HOUR)

    assert [b.masked for b in buckets] == [False, True, False]
    assert index.gaps(since=T0, until=T0 + DAY) == [gap]
    assert index.gaps(since=T0, until=T0 + HOUR) == []


def test_a_histogram_without_end_is_refused(index):
    with pytest.raises(ValueError, match="at most"):
        index.histogram(subject=None, since=0, until=2**60, bucket_ms=1)


def test_a_histogram_of_nothing_is_empty(index):
    assert index.histogram(subject=None, since=T0, until=T0, bucket_ms=HOUR) == []
    assert index.histogram(subject="x", since=T0, until=T0 - 1, bucket_ms=HOUR) == []


def test_facets_count_most_first_and_only_inside_the_window(index):
    put(index, post("1"), post("2"), post("3", created_at=T0 + 3 * HOUR, lang=None))
    put(
        index,
        post("4", created_at=T0 + 90 * MINUTE, source="reddit"),
        subjects=("arin", "luna"),
    )
    window = {"since": T0 + MINUTE, "until": T0 + 4 * HOUR}

    assert index.facet("subject", since=T0, until=T0 + DAY) == {"arin": 4, "luna": 1}
    assert list(index.facet("subject", **window).items()) == [("arin", 2), ("luna", 1)]
    assert index.facet("source", **window) == {"archive": 1, "reddit": 1}
    assert index.sources(subject=None, **window) == {"archive": 1, "reddit": 1}
    assert index.sources(subject="luna", **window) == {"reddit": 1}
    assert list(index.sources(subject="arin", since=T0, until=T0 + DAY)) == [
        "archive",
        "reddit",
    ]
    assert index.sources(subject="nobody", **window) == {}
    assert index.sources(subject="\ud800", **window) == {}
    assert index.facet("lang", since=T0, until=T0 + DAY) == {"ko": 3, "und": 1}
    assert index.latest() == T0 + 3 * HOUR + MINUTE


# --- results ----------------------------------------------------------------------------------


def test_the_highest_revision_of_a_result_wins_whatever_the_order(index):
    index.write(batch(results=[cluster(revision=3, posts=30), cluster(revision=2, posts=20)]))
    index.write(batch(results=[cluster(revision=1, posts=10), alert(revision=2, posts=7)]))
    index.write(batch(results=[alert(revision=1, posts=1), burst(revision=1)]))

    assert index.cluster("cl_1").posts == 30
    assert index.alert("al_1").posts == 7
    assert index.counts()["clusters"] == 1


def test_a_merged_cluster_leads_to_the_one_that_remains(index):
    put(index, post("1"), post("2"), post("3"))
    index.write(
        batch(
            results=[
                *(membership(post(str(i)), f"cl_{i}") for i in (1, 2, 3)),
                cluster("cl_1", merged_into="cl_2", revision=2),
                cluster("cl_2", merged_into="cl_3", revision=2),
                cluster("cl_3", posts=3),
                burst("bu_1", "cl_1"),
                burst("bu_3", "cl_3", first_at=T0 + 1),
            ]
        )
    )

    assert index.cluster("cl_1").cluster_id == "cl_3"
    assert [c.cluster_id for c in index.clusters()] == ["cl_3"]
    assert [m.post_id for m in index.members("cl_1")] == ["archive:1", "archive:2", "archive:3"]
    assert {m.cluster_id for m in index.members("cl_3")} == {"cl_3"}
    assert [b.burst_id for b in index.bursts(cluster_id="cl_2")] == ["bu_1", "bu_3"]
    assert index.post("archive:1").clusters == ("cl_3",)


def test_clusters_that_merge_in_a_circle_end(index):
    index.write(
        batch(
            results=[cluster("cl_1", merged_into="cl_2"), cluster("cl_2", merged_into="cl_1")]
        )
    )

    assert index.cluster("cl_1").cluster_id == "cl_1"
    assert index.members("cl_1") == []


def test_a_membership_before_its_post_waits_for_it(index):
    index.write(batch(results=[membership(post("1"), "cl_1"), cluster()]))
    assert index.members("cl_1") == []

    put(index, post("1"))
    assert [m.post_id for m in index.members("cl_1")] == ["archive:1"]
    assert index.post("archive:1").clusters == ("cl_1",)


def test_a_post_that_left_its_cluster_is_no_member(index):
    put(index, post("1"))
    index.write(batch(results=[membership(post("1"), "cl_1"), cluster()]))
    index.write(batch(results=[membership(post("1"), None, revision=2)]))
    index.write(batch(results=[membership(post("1"), "cl_1", revision=1)]))

    assert index.members("cl_1") == []
    assert index.post("archive:1").clusters == ()


def test_clusters_come_largest_first_and_only_recent_ones_when_asked(index):
    index.write(
        batch(
            results=[
                cluster("cl_1", posts=5, last_at=T0),
                cluster("cl_2", posts=9, last_at=T0 - DAY),
                cluster("cl_3", posts=7, last_at=T0, subject="luna"),
            ]
        )
    )

    assert [c.cluster_id for c in index.clusters()] == ["cl_2", "cl_3", "cl_1"]
    assert [c.cluster_id for c in index.clusters(since=T0)] == ["cl_3", "cl_1"]
    assert [c.cluster_id for c in index.clusters(subject="luna")] == ["cl_3"]
    assert [c.cluster_id for c in index.clusters(limit=1)] == ["cl_2"]


def test_members_are_limited_and_oldest_first(index):
    posts = [post(str(i), created_at=T0 - i * MINUTE) for i in range(5)]
    put(index, *posts)
    index.write(batch(results=[membership(p, "cl_1") for p in posts]))

    assert [m.post_id for m in index.members("cl_1", limit=2)] == ["archive:4", "archive:3"]


def test_alerts_are_filtered_and_newest_first(index):
    index.write(
        batch(
            results=[
                alert("al_1"),
                alert("al_2", created_at=T0 + 2, subject="luna"),
                alert("al_3", created_at=T0 + 1, kind="other"),
            ]
        )
    )

    def ids(**query):
        page = index.alerts(AlertQuery(**query))
        return page.total, [a.alert_id for a in page.alerts]

    assert ids() == (3, ["al_2", "al_3", "al_1"])
    assert ids(limit=1, offset=1) == (3, ["al_3"])
    assert ids(subject="luna") == (1, ["al_2"])
    assert ids(kinds=("other", "none")) == (1, ["al_3"])
    assert ids(since=T0 + 1) == (2, ["al_2", "al_3"])
    assert ids(ids=("al_1", "al_9")) == (1, ["al_1"])
    assert ids(ids=()) == (0, [])
    assert ids(exclude_ids=("al_2",)) == (2, ["al_3", "al_1"])


def test_delivery_sees_each_change_of_an_alert_once_and_in_order(index):
    index.write(batch(results=[alert("al_1"), alert("al_2")]))
    first = index.alerts_after(0)
    assert [a.alert_id for _, a in first] == ["al_1", "al_2"]

    index.write(batch(results=[alert("al_1", revision=2), alert("al_2")]))
    later = index.alerts_after(first[-1][0])

    assert [(a.alert_id, a.revision) for _, a in later] == [("al_1", 2)]
    assert index.alerts_after(later[-1][0]) == []
    assert index.alerts_after(0, limit=1)[0][1].alert_id == "al_2"


def test_campaigns_and_unknown_things_are_found_or_none(index):
    campaign = Campaign(
        campaign_id="ca_1",
        subject="arin",
        kind="unclear",
        revision=1,
        operator_version="1",
        first_post_at=T0,
        last_post_at=T0,
        detected_at=T0,
    )
    index.write(batch(results=[campaign]))

    assert index.campaign("ca_1") == campaign
    for unknown in ("", "ca_2", "\udcff"):
        assert index.campaign(unknown) is None
        assert index.alert(unknown) is None
        assert index.cluster(unknown) is None
        assert index.members(unknown) == []
        assert index.bursts(cluster_id=unknown) == []
