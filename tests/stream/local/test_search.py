"""The local index: search in every language, counts over time."""

from __future__ import annotations

import pytest

from ingest.records import Gap
from stream.index import PostQuery
from stream.local_index import LocalIndex
from stream.records import GapSeen
from stream.search.minutes import tie
from tests.stream.index_world import (
    HOUR,
    MINUTE,
    T0,
    author,
    batch,
    korean_texts,
    picture,
    post,
    share_stream,
)
from tests.stream.local.local_world import DAY, found, put


@pytest.fixture
def index(tmp_path):
    index = LocalIndex(tmp_path / "index")
    yield index
    index.close()


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
