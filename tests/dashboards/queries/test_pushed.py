"""What a campaign pushes: its text, link, hashtag and picture, from posts that are still here."""

from __future__ import annotations

import msgspec
import pytest

from dashboards.queries.pushed import Pushed, bare, pushed
from detect.records import HarmScore, Judgement
from stream.index import IndexBatch
from stream.records import Campaign, PostGone, PostSeen, Shared
from tests.dashboards.web.memory_index import MemoryIndex
from tests.dashboards.web.test_campaigns import make_campaign
from tests.dashboards.web.world import HARMFUL, HOUR, NOW, make_post
from tests.dashboards.web.world import seen as seen_post
from tests.picture_samples import FOUND

CLAIM = "Seoan skipped the charity recording, staff say"
HARMLESS = Judgement(language="en", version="harm/test")


def post(n: int, text: str, *, judgement: Judgement | None = None, **changes) -> PostSeen:
    made = msgspec.structs.replace(make_post(n, at=NOW - HOUR, text=text), **changes)
    return msgspec.structs.replace(seen_post(made, "seoan"), judgement=judgement)


def share(kind: str, one: PostSeen, posts: int = 4) -> Shared:
    return Shared(
        kind=kind, post_id=one.post.id, accounts=3, posts=posts, first_at=NOW, last_at=NOW,
    )  # type: ignore[arg-type]  # fmt: skip


def campaign(*shared: Shared, posts: tuple[PostSeen, ...] = (), name: str = "ca") -> Campaign:
    return make_campaign(name, shared=shared, post_ids=tuple(one.post.id for one in posts))


def index_of(*posts: PostSeen, results=()) -> MemoryIndex:
    index = MemoryIndex()
    index.write(IndexBatch(checkpoint="1", posts=posts, sightings=posts, results=results))
    return index


def of(index: MemoryIndex, one: Campaign) -> Pushed:
    return pushed(index, [one])[one.campaign_id]


def test_the_text_shared_by_most_leads_without_what_hangs_around_it() -> None:
    told = post(1, f"@staff @press {CLAIM} https://gossip.example/1 #Seoan #LUMENA")
    other = post(2, "something else that fewer say")
    found = of(index_of(told, other), campaign(share("text", told, 9), share("text", other, 2)))

    assert found.phrase is not None
    assert (found.phrase.text, found.phrase.texts) == (CLAIM, 2)
    assert found.phrase.post_id == told.post.id


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("#one #two", ""),
        ("https://a.example/x", ""),
        ("stay #strong together #Seoan", "stay #strong together"),
        ("line\n\nbreaks   and\tspaces", "line breaks and spaces"),
        ("", ""),
        ("#a" * 5000, ""),
        ("@x " * 5000 + "end", "end"),
    ],
)
def test_a_text_is_laid_bare_and_nothing_of_it_made_up(text: str, left: str) -> None:
    assert bare(text) == left


def test_where_the_first_text_was_deleted_the_next_one_speaks() -> None:
    told, other = post(1, CLAIM), post(2, "the second text")
    one = campaign(share("text", told, 9), share("text", other, 2))
    index = index_of(told, other)
    gone = PostGone(subject="seoan", post_id=told.post.id, deleted_at=NOW)
    index.write(IndexBatch(checkpoint="2", gone=[gone]))

    found = of(index, one).phrase
    assert found is not None
    assert found.text == "the second text"


def test_of_a_campaign_all_of_whose_posts_are_gone_nothing_is_said() -> None:
    lost = post(1, CLAIM, urls=("https://a.example/1",), hashtags=("Seoan",))
    shared = [share(kind, lost) for kind in ("text", "link", "media")]

    assert not of(index_of(), campaign(*shared)).anything


def test_the_link_is_the_one_in_most_posts_in_its_canonical_form() -> None:
    both = post(1, "a", urls=("https://news.example/front", "https://gossip.example/s?utm_a=1"))
    again = post(2, "b", urls=("https://www.gossip.example/s",))
    bad = post(3, "c", urls=("javascript:alert(1)", "https://[", ""))
    one = campaign(share("link", both, 5), share("link", again, 4), share("link", bad, 3))

    assert of(index_of(both, again, bad), one).link == "gossip.example/s"
    assert of(index_of(bad), campaign(share("link", bad))).link is None


def test_a_hashtag_counts_from_half_of_the_posts_on() -> None:
    tagged, plain = post(1, CLAIM, hashtags=("SeoanOut",)), post(2, "without any")

    most = campaign(share("text", tagged, 5), share("text", plain, 5))
    few = campaign(share("text", plain, 6), share("text", tagged, 5))
    index = index_of(tagged, plain)
    assert of(index, most).hashtag == "SeoanOut"
    assert of(index, few).hashtag is None


def test_a_shared_picture_leads_to_its_family_with_the_gravest_reason() -> None:
    shown = post(1, "")
    found = msgspec.structs.replace(FOUND, finding_id="fi_a", post_id=shown.post.id)
    of_group = msgspec.structs.replace(found, finding_id="fi_b", subject="lumena")
    unsorted = msgspec.structs.replace(found, finding_id="fi_0", family="")
    one = campaign(share("media", shown))

    picture = of(index_of(shown, results=[unsorted, of_group, found]), one).picture
    assert picture is not None
    assert (picture.family_id, picture.reasons[0]) == ("fam_1", "official_face_altered")
    unknown = of(index_of(shown), one).picture
    assert unknown is not None
    assert unknown.family_id is None


def test_the_post_that_they_aim_at_is_named() -> None:
    aimed = post(1, "an answer")

    assert of(index_of(), campaign(share("target", aimed))).target == aimed.post.id


def worst(found: Pushed) -> float:
    assert found.phrase is not None
    return found.phrase.judgement.worst if found.phrase.judgement else 0.0


def test_a_text_is_as_bad_as_the_worst_of_its_copies_was_judged() -> None:
    told, copy = post(1, CLAIM, judgement=HARMLESS), post(2, f"{CLAIM} #x", judgement=HARMFUL)
    one = campaign(share("text", told), posts=(told, copy))

    assert worst(of(index_of(told, copy), one)) == HARMFUL.worst


def test_a_text_that_nobody_judged_is_as_bad_as_its_company() -> None:
    told, beside = post(1, CLAIM), post(2, "another wording", judgement=HARMFUL)
    one = campaign(share("text", told), posts=(told, beside))

    assert worst(of(index_of(told, beside), one)) == HARMFUL.worst


def test_a_text_judged_harmless_is_not_hidden_for_another_one() -> None:
    mild = HarmScore(category="defamation", score=0.2)
    told = post(1, CLAIM, judgement=msgspec.structs.replace(HARMLESS, harm=(mild,)))
    beside = post(2, "another wording", judgement=HARMFUL)
    one = campaign(share("text", told), posts=(told, beside))

    assert worst(of(index_of(told, beside), one)) == 0.2


class Counting(MemoryIndex):
    asked = 0

    def posts(self, post_ids, /):
        self.asked += 1
        return super().posts(post_ids)

    def findings(self, query, /):
        self.asked += 1
        return super().findings(query)


def test_a_long_list_asks_the_index_no_more_often_than_a_short_one() -> None:
    told = post(1, CLAIM)
    index = Counting()
    index.write(IndexBatch(checkpoint="1", posts=[told], sightings=[told]))
    many = [
        campaign(share("text", told), share("media", told), name=f"ca_{n}") for n in range(200)
    ]

    found = pushed(index, many)
    assert len(found) == 200
    assert index.asked == 2
