"""What posts are made of is told from a few of their fields as from whole posts."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ingest.records import Author, Post
from stream.index import PostQuery
from stream.local_index import LocalIndex
from stream.search.makeup import LONGEST_LINK, Makeup, decode_told, makeup_of
from tests.stream.index_world import T0, batch, gone, membership, post, seen

encode = msgspec.msgpack.Encoder().encode

POSTS = st.lists(
    st.builds(
        Post,
        id=st.just("x:1"),
        source=st.just("x"),
        platform=st.sampled_from(["x", "bluesky"]),
        author_id=st.sampled_from(["a", "b", "c", "d"]),
        created_at=st.just(T0),
        text=st.text(max_size=20),
        urls=st.lists(st.sampled_from(["http://a", "http://b", "", "u" * 400])).map(tuple),
        metrics=st.dictionaries(st.sampled_from(["likes", "views"]), st.integers(-5, 1 << 40)),
        author=st.none()
        | st.builds(Author, followers=st.none() | st.integers(0, 10**9), handle=st.text()),
    ),
    max_size=30,
)


@given(POSTS)
def test_it_is_what_whole_posts_say(posts: list[Post]):
    known: dict[str, int] = {}
    for one in posts:
        if one.author is not None and one.author.followers is not None:
            known.setdefault(one.account, one.author.followers)

    made = makeup_of((decode_told(encode(one)) for one in posts), copies=2, total=99)

    assert (made.total, made.seen, made.copies) == (99, len(posts), 2)
    assert made.accounts == len({one.account for one in posts})
    assert (made.known_accounts, made.followers) == (len(known), sum(known.values()))
    for name in ("likes", "views"):
        sums = sum(max(0, one.metrics.get(name, 0)) for one in posts)
        assert made.metrics.get(name, 0) == sums
    short = [{u for u in one.urls if u and len(u) <= LONGEST_LINK} for one in posts]
    assert made.links == Counter(url for urls in short for url in urls)


def test_the_index_counts_the_newest_hits_and_nothing_that_is_gone(tmp_path):
    index = LocalIndex(tmp_path / "index")
    posts = [
        post(str(n), author_id=f"a{n % 3}", created_at=T0 + n, author=Author(followers=n))
        for n in range(10)
    ]
    members = [membership(posts[8], "cl_1"), membership(posts[7], None)]
    members.append(membership(posts[0], "cl_1"))
    index.write(batch(*(s for p in posts for s in seen(p, "arin")), results=members))
    index.write(batch(gone=[gone(posts[9], revision=2)]))
    index.refresh()

    made = index.makeup(PostQuery(subject="arin", limit=5))

    assert made == Makeup(
        total=9, seen=5, accounts=3, known_accounts=3, followers=8 + 7 + 6, copies=1
    )
    assert index.makeup(PostQuery(subject="nobody", limit=5)) == Makeup()
    index.close()
