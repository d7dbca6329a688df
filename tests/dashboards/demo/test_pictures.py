"""The demo's pictures: drawn the same everywhere, tied to their original, alerted once."""

from __future__ import annotations

import numpy as np

from dashboards.demo.pictures import (
    HOST,
    POSTS,
    VARIANTS,
    DrawnPictures,
    Harmless,
    another_face,
    fill_bank,
    portrait,
)
from dashboards.demo.scenario import Scenario
from ingest.media.addresses import RefusedError
from ingest.records import Post
from stream.media.looking import Looker
from stream.media.stage import MediaStage
from tests.stream.media.world import START, seen


def test_nothing_is_fetched_but_what_the_demo_draws() -> None:
    drawn, refused = DrawnPictures().fetch_all([f"{HOST}face.jpg", "https://img.example/a.jpg"])
    assert not isinstance(drawn, RefusedError)
    assert isinstance(refused, RefusedError)


def test_a_portrait_is_drawn_the_same_every_time_and_its_face_can_be_another() -> None:
    assert np.array_equal(portrait(1), portrait(1))
    differs = np.argwhere((portrait(1) != another_face(portrait(1))).any(axis=2))
    (top, left), (bottom, right) = differs.min(axis=0), differs.max(axis=0)
    assert 140 < top < bottom < 380
    assert 140 < left < right < 340


def test_every_variant_is_tied_to_its_original_and_the_changed_face_is_shown(tmp_path) -> None:
    fill_bank(tmp_path, START)
    stage = MediaStage(
        tmp_path,
        looker=Looker(scorer=Harmless()),
        fetching=DrawnPictures(),
        now=lambda: START,
    )
    events = [seen(n, f"{HOST}{name}.jpg") for n, name in enumerate(VARIANTS)]
    stage.take(events, b"here")
    while stage.step():
        pass
    found = {one.post_id: one.findings[0] for _, one in stage.found()}
    stage.close()
    assert len({one.family for one in found.values()}) == 1
    for number, (name, (changed, _, _)) in enumerate(VARIANTS.items()):
        one = found[f"x:{number}"]
        [match] = one.matches
        assert match.label == "haruel-concept-1.jpg"
        assert one.severity == ("medium" if changed else ""), name
        if changed:
            [(x, y, wide, high)] = match.changed
            assert abs(x + wide / 2 - 0.5) < 0.05
            assert abs(y + high / 2 - 262 / 600) < 0.08


def test_its_posts_stand_in_the_story(mixed: Scenario, world) -> None:
    posts = {
        one.item.id: one.item
        for one in world
        if one.kind == "picture" and isinstance(one.item, Post)
    }
    assert len(posts) == len(POSTS)
    assert all(post.media[0].url.startswith(HOST) for post in posts.values())
    assert len({post.account for post in posts.values()}) == len(POSTS)
    assert mixed.start_ms < min(post.created_at for post in posts.values()) < mixed.end_ms
