"""Saved views in the desk's file: whose they are, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.desk import Desk
from dashboards.saved_views import MAX_NAME, MAX_VIEWS, SavedView, SavedViews, TooManyViewsError


@pytest.fixture
def views(tmp_path: Path) -> Iterator[SavedViews]:
    desk = Desk(tmp_path / "desk.db")
    yield SavedViews(desk.file)
    desk.close()


def save(views: SavedViews, name: str = "mine", *, owner: str = "mina") -> SavedView:
    return views.create(name, "/alerts", "severity=high", owner=owner, who="mina", at_ms=5)


def test_a_view_is_seen_by_its_owner_and_a_teams_view_by_everybody(views: SavedViews):
    own, team = save(views), save(views, "ours", owner="")

    assert views.of("mina") == [team, own]
    assert views.of("hana") == [team]
    assert own.path == "/alerts?severity=high"


def test_views_outlive_a_restart(tmp_path: Path):
    desk = Desk(tmp_path / "desk.db")
    made = save(SavedViews(desk.file), "서안 긴급 \u202e")
    desk.close()

    desk = Desk(tmp_path / "desk.db")
    assert SavedViews(desk.file).of("mina") == [made]
    desk.close()


def test_a_view_is_renamed_and_deleted_by_whoever_sees_it_and_nobody_else(views: SavedViews):
    own, team = save(views), save(views, "ours", owner="")

    assert not views.rename(own.view_id, "hana", "stolen")
    assert not views.delete(own.view_id, "hana")
    assert views.rename(own.view_id, "mina", "urgent")
    assert [one.name for one in views.of("mina")] == ["ours", "urgent"]
    assert views.delete(team.view_id, "hana")
    assert not views.delete(team.view_id, "hana")
    assert [one.name for one in views.of("mina")] == ["urgent"]


def test_nobody_fills_the_desk_with_views(views: SavedViews):
    for n in range(MAX_VIEWS):
        save(views, f"v{n}")

    with pytest.raises(TooManyViewsError):
        save(views)
    save(views, owner="")
    save(views, owner="hana")


@pytest.mark.parametrize("name", ["", "  ", "x" * (MAX_NAME + 1)])
def test_a_view_needs_a_name_of_some_length(views: SavedViews, name: str):
    with pytest.raises(ValueError, match="name"):
        save(views, name)
    assert views.of("mina") == []


def test_half_a_surrogate_pair_in_a_name_is_kept_as_a_question_mark(views: SavedViews):
    assert save(views, "a\ud800b").name == "a?b"
