"""The query language over the real index: the same posts, counts and times as its meaning."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detect.records import HARM_CATEGORIES, TARGETS, HarmScore, Judgement, Mention
from ingest.records import Author, Gap
from stream.index import POST_FACETS, IndexedPost, PostQuery
from stream.local import facets as by_value
from stream.local.documents import lots
from stream.local_index import LocalIndex
from stream.records import GapSeen, PostSeen
from stream.search.query import parse
from stream.search.tree import And, Node, Not, Or, Term
from tests.stream.index_world import HOUR, MINUTE, T0, batch, gone, membership, picture, post
from tests.stream.query_oracle import counted, matches

DAY = 24 * HOUR
POSTS = 240
TEXTS = (
    "하늘 표절 의혹이 사실이라면", "표절이 아니라고 하늘이 말했다", "뷔가 온다", "의혹 표절",
    "Deepfake of Haneul on the loose", "a haneul deepfake — FAKE!", "ฉันรักเธอมาก", "東京タワーで新曲",
    "新歌发布了", "comeback day", "Beyoncé è qui", "ㅋㅋㅋ 진짜?", "no words 😀", "",
)  # fmt: skip
TAGS = ("컴백", "Comeback", "ＳＴＡＲ", "haneul")
URLS = (
    "https://www.naver.com/a/", "https://n.news.naver.com/mnews/1?x=2", "http://naver.com/a",
    "https://user@Evil.example:8080/#top", "https://a.b.c.d.e.f.g.example/deep", "no link",
)  # fmt: skip


def world() -> Iterator[PostSeen]:
    draw = random.Random(4)
    for n in range(POSTS):
        subjects = tuple(draw.sample(["haneul", "luna", "star"], draw.choice([1, 1, 2])))
        one = post(
            f"{n}",
            draw.choice(TEXTS),
            created_at=T0 + draw.randrange(-3 * DAY, 3 * DAY),
            platform=draw.choice(["x", "reddit", "bluesky"]),
            source=draw.choice(["archive", "live"]),
            author_id=f"ID{draw.randrange(12)}",
            author=draw.choice(
                [None, Author(handle=f"Some{draw.randrange(9)}", followers=draw.randrange(50))]
            ),
            lang=draw.choice(["ko", "en", "zh-Hant", "zh", None]),
            hashtags=tuple(draw.sample(TAGS, draw.choice([0, 0, 1, 3]))),
            urls=tuple(draw.sample(URLS, draw.choice([0, 0, 1, 2]))),
            mentions=tuple(draw.sample(["Someone", "other"], draw.choice([0, 0, 1]))),
            reply_to=draw.choice([None, "x:1"]),
            quote_of=draw.choice([None, None, "x:2"]),
            repost_of=draw.choice([None, None, "x:3"]),
            media=draw.choice([(), (picture("하늘 사진"),)]),
            metrics=draw.choice([{}, {"likes": draw.randrange(30)}, {"score": -4}, {"views": 9}]),
        )  # fmt: skip
        said = judgement(draw)
        for subject in subjects:
            yield PostSeen(
                subject=subject,
                subjects=subjects,
                post=one,
                mentions=(Mention(subject=subject, reason=draw.choice(["alias", "thread"])),),
                judgement=said,
            )


def judgement(draw: random.Random) -> Judgement | None:
    """What might be said of a post, or that nothing was."""
    if draw.random() < 0.2:
        return None
    scores = [
        HarmScore(
            category=category,
            score=draw.choice([0.2, 0.35, 0.5, 0.57, 0.999, 1.0]),
            unsure=draw.random() < 0.3,
        )
        for category in draw.sample(HARM_CATEGORIES, draw.choice([0, 0, 1, 3]))
    ]
    return Judgement(
        language=draw.choice(["ko", "en", "zh", "und"]),
        harm=tuple(sorted(scores, key=lambda one: -one.score)),
        target=draw.choice(TARGETS),
        version="test/1",
    )


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIndex]:
    made = LocalIndex(tmp_path_factory.mktemp("queries") / "index")
    every = list(world())
    for i in range(0, len(every), 40):
        part = every[i : i + 40]
        results = [membership(one.post, "cl_1") for one in part[:9]]
        made.write(batch(*part, results=results))
        made.refresh()
    deleted = every[7].post
    made.write(batch(gone=[gone(deleted, s, revision=2) for s in every[7].subjects]))
    gap = Gap(source="live", since=T0 + HOUR, until=T0 + 2 * HOUR, reason="down")
    made.write(batch(gaps=[GapSeen(subject="haneul", gap=gap)]))
    made.refresh()
    yield made
    made.close()


@pytest.fixture(scope="module")
def everything(index: LocalIndex) -> list[IndexedPost]:
    found = index.posts([f"archive:{n}" for n in range(POSTS)])
    assert len(found) == POSTS - 1
    return found


QUERIES = [
    "하늘", "표절 의혹", '"표절 의혹"', '"의혹 표절"', "뷔", "haneul -fake", "FAKE OR 뷔", "😀",
    "subject:haneul", "-subject:haneul", "subject:nobody", "subject:haneul subject:luna",
    "platform:Reddit", "platform:red", "source:live", "lang:zh", "lang:ZH-hant", "lang:und",
    "author:@some3", "author:u/SOME3", "author:id4", "author:x:some3", "author:reddit:ID4",
    "tag:comeback", "tag:#컴백", "tag:star", "tag:com", "link:naver.com", "link:news.naver.com",
    "link:https://www.naver.com/a", "link:naver.com/a/", "link:evil.example", "link:example",
    "link:g.example", "link:a.b.c.d.e.f.g.example", "link:com", "mention:@someone",
    "is:reply", "is:quote -is:repost", "has:link", "has:media", "-has:tag", "reason:thread",
    "reason:face", "likes>10", "likes>=10", "likes<3", "likes<=2.5", "likes=7", "likes:7.5",
    "views<10 OR likes>20", "followers>25", "likes<0", "likes>999999999999", "reposts>=0",
    "harm>0", "-harm>0", "since:2026-09-20", "until:2026-09-21", "since:9999-01-01",
    "until:1900-01-01", "id:archive:3", "id:archive:7", "-id:archive:3", "cluster:cl_1",
    "cluster:none", "cluster:cl_1 -lang:ko", "사진", "id:\ud800 OR subject:\ud800",
    "haneul (lang:en OR lang:zh) -(is:reply OR has:media)", "-(-(haneul))", "NOT (a OR b)",
    '"하늘 표절 의혹이 사실이라면" OR "🙂"', "ㅋㅋ", "新歌", "รัก", "タワー", "beyonce",
    "language:ko", "language:KO -lang:ko", "language:und", "language:fr", "target:subject",
    "-target:unknown", "harm>0.5", "harm>=0.5", "harm<0.5", "harm=0", "harm<=1", "harm>1",
    "harm:threat", "harm:criticism OR harm:hate", "harm.threat>0.5", "harm.hate>=0.57",
    "harm.hate>0.57", "harm.stalking<0.2", "harm.criticism=1", "harm.threat=0.5", "harm=0.5001",
    "harm.impersonation<=0.9985", "harm.defamation>=0", "-harm.threat>=0",
    "harm.threat>0.3 target:subject language:en", "HARM.Threat>0.3",
    "dee*", "beyon* OR -fak*", "하늘*", "come* haneul*",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_finds_exactly_what_it_means(index, everything, query):
    node = parse(query, now=T0)
    expected = [one for one in everything if matches(one, node)]

    for order, sign in (("newest", -1), ("oldest", 1)):
        page = index.search(PostQuery(where=node, order=order, limit=1000))
        times = [sign * hit.post.event_at for hit in page.posts]
        assert {hit.post.id for hit in page.posts} == {one.post.id for one in expected}
        assert page.total == len(expected)
        assert times == sorted(times)


def test_the_queries_above_are_no_idle_ones(everything):
    sizes = [len([o for o in everything if matches(o, parse(q, now=T0))]) for q in QUERIES]

    assert sum(0 < size < POSTS - 1 for size in sizes) > 55


@pytest.mark.parametrize(
    "query", ["", "하늘", "is:reply lang:ko", "subject:nobody", "-has:tag"]
)
def test_counts_by_value_and_time_are_those_of_the_hits(index, everything, query):
    node = parse(query)
    hits = [one for one in everything if matches(one, node)]
    wanted = PostQuery(where=node)

    facets = index.facets(wanted, limit=1000)
    assert {name: dict(facets[name].values) for name in POST_FACETS} == {
        name: counted(hits, name) for name in POST_FACETS
    }
    assert all(found.error == 0 and found.others == 0 for found in facets.values())
    since, until, width = T0 - 4 * DAY + 7 * MINUTE, T0 + 4 * DAY, 5 * HOUR
    buckets = index.timeline(wanted, since=since, until=until, bucket_ms=width)
    for bucket in buckets:
        inside = [o for o in hits if bucket.at <= o.post.event_at < bucket.at + width]
        assert bucket.posts == len(inside)
    assert sum(b.posts for b in buckets) == len(hits)
    minutes = [one.post.event_at // MINUTE * MINUTE for one in hits]
    assert index.span(wanted) == ((min(minutes), max(minutes)) if hits else None)


def test_fewer_values_than_there_are_tell_how_many_posts_are_left_out(index):
    whole = index.facets(PostQuery(), limit=1000)["lang"]
    some = index.facets(PostQuery(), names=["lang"], limit=2)["lang"]

    assert list(some.values.items()) == list(whole.values.items())[:2]
    assert some.others == sum(whole.values.values()) - sum(some.values.values())
    assert index.facets(PostQuery(), names=[]) == {}
    assert index.facets(PostQuery(), names=["tag"], limit=0)["tag"].values == {}


@pytest.mark.parametrize("query", ["", "is:reply OR has:link", "subject:nobody"])
def test_of_many_hits_a_sample_is_counted_where_that_will_do(
    index, everything, query, monkeypatch
):
    monkeypatch.setattr(by_value, "MANY", 30)
    node = parse(query)
    hits = [one for one in everything if matches(one, node)]

    facets = index.facets(PostQuery(where=node), limit=1000, quick=True)

    sample = facets["tag"].sample
    drawn = [one for one in hits if sample == 1 or sample in drawings(one.post.id)]
    assert sample > 1 or not hits
    assert len(drawn) < len(hits) or not hits
    for name in POST_FACETS:
        expected = {value: sample * n for value, n in counted(drawn, name).items()}
        assert dict(facets[name].values) == expected
    exact = index.facets(PostQuery(where=node), limit=1000)
    assert all(one.sample == 1 for one in exact.values())


def test_of_few_hits_every_one_is_counted(index):
    assert index.facets(PostQuery(), limit=99, quick=True) == index.facets(
        PostQuery(), limit=99
    )


@given(st.text(max_size=30))
def test_a_post_is_in_a_sample_only_if_it_is_in_all_larger_ones(post_id):
    drawn = list(lots(post_id))

    assert drawn == list(range(1, len(drawn) + 1))


def test_each_sample_holds_half_of_the_one_before():
    sizes = Counter(lot for n in range(20_000) for lot in lots(f"bluesky:{n}"))

    for lot in range(1, 7):
        assert sizes[lot] == pytest.approx(20_000 / 2**lot, rel=0.2)


def drawings(post_id: str) -> set[int]:
    return {2**lot for lot in lots(post_id)}


def test_times_in_which_a_source_was_missing_are_masked(index):
    buckets = index.timeline(PostQuery(), since=T0, until=T0 + 4 * HOUR, bucket_ms=HOUR)

    assert [b.masked for b in buckets] == [False, True, False, False]
    assert index.timeline(PostQuery(), since=T0, until=T0, bucket_ms=HOUR) == []
    with pytest.raises(ValueError, match="20000 buckets"):
        index.timeline(PostQuery(), since=0, until=T0, bucket_ms=1)


def test_simple_filters_and_the_query_hold_together(index, everything):
    node = parse("is:reply")
    found = index.search(PostQuery(where=node, platform="x", text="하늘", limit=1000))

    expected = {
        one.post.id for one in everything if matches(one, parse("is:reply platform:x 하늘"))
    }
    assert {hit.post.id for hit in found.posts} == expected
    assert expected


LEAVES = st.sampled_from([node for q in QUERIES if (node := parse(q, now=T0)) is not None])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=8,
)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TREES)
def test_any_combination_finds_exactly_what_it_means(index, everything, node: Node):
    found = index.search(PostQuery(where=node, limit=1000))

    expected = {one.post.id for one in everything if matches(one, node)}
    assert {hit.post.id for hit in found.posts} == expected


def test_an_edit_moves_a_post_to_what_it_says_now(tmp_path):
    made = LocalIndex(tmp_path / "index")
    first = post("1", "before", hashtags=("old",), metrics={"likes": 1})
    later = post("1", "after", hashtags=("new",), metrics={"likes": 50})
    made.write(batch(PostSeen(subject="a", subjects=("a",), post=first)))
    made.write(batch(PostSeen(subject="a", subjects=("a",), post=later, revision=2)))
    made.refresh()

    assert made.search(PostQuery(where=parse("likes>10 tag:new after"))).total == 1
    assert made.search(PostQuery(where=parse("likes<10 OR tag:old OR before"))).total == 0
    assert dict(made.facets(PostQuery(), names=["tag"])["tag"].values) == {"new": 1}
    made.close()


def test_a_hundred_conditions_that_all_posts_meet_are_answered(index, everything):
    wide = Or(tuple(Term("text", word) for word in ("하", "늘", "a", "뷔") * 25))

    assert index.search(PostQuery(where=wide)).total == len(
        [one for one in everything if matches(one, wide)]
    )


MONSTERS = [
    " OR ".join(f"{a}{b}{c}*" for a in "deal" for b in "eaio" for c in "epn"),
    '"' + "하늘 " * 600 + '"', '"' + "ㅋ" * 1990 + '"', '"' + "a " * 990 + '"',
    " ".join(f"-{chr(0xAC00 + 28 * n)}" for n in range(100)),
    " OR ".join(f"likes>={n}" for n in range(100)),
    " OR ".join(f"since:{n}d until:{n}h" for n in range(50)),
    " OR ".join(f"lang:x{n}" for n in range(100)), "NOT (" * 9 + "하늘" + ")" * 9,
    "since:0001-01-01 until:9999-12-31", "likes>=0 " * 100,
]  # fmt: skip


@pytest.mark.parametrize("query", MONSTERS, ids=range(len(MONSTERS)))
def test_a_monster_that_is_allowed_takes_bounded_time(index, everything, query):
    node = parse(query, now=T0)
    wanted = PostQuery(where=node, limit=1000)
    begin = time.process_time()

    found = index.search(wanted)
    index.facets(wanted, quick=True)
    if span := index.span(wanted):
        index.timeline(wanted, since=span[0], until=span[1] + MINUTE, bucket_ms=DAY)

    assert time.process_time() - begin < 1
    assert {hit.post.id for hit in found.posts} == {
        one.post.id for one in everything if matches(one, node)
    }
