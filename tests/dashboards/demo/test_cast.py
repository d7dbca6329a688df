"""The invented agency: a valid watchlist, and nobody real."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from dashboards.demo import cast
from dashboards.demo.oracle import Oracle
from dashboards.demo.smears import kind_of
from dashboards.demo.writing import Staged
from detect.mentions import MentionMatcher
from detect.watchlist import load_watchlist
from ingest.records import Post

ENTITIES = Path(__file__).parents[4] / "shared" / "data" / "entities"


def own_names() -> set[str]:
    names: set[str] = set()
    for s in cast.agency().subjects:
        names |= {s.name, s.hangul_name or "", s.legal_name or "", s.agency or ""}
        names |= {*s.romanisations, *s.hashtags}
        for spellings in (*s.names.values(), *s.aliases.values()):
            names |= set(spellings)
    return {name.casefold().strip() for name in names if name}


def test_the_agency_file_is_a_valid_watchlist() -> None:
    assert load_watchlist(cast.AGENCY_FILE) == cast.agency()
    assert {s.kind for s in cast.agency().subjects} == {"brand", "group", "idol"}


def test_no_name_is_that_of_a_real_idol_group_or_agency() -> None:
    if not ENTITIES.is_dir():
        pytest.skip(f"the lists of real names are not here: {ENTITIES}")
    real: set[str] = set()
    for path in ENTITIES.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            real |= {cell.casefold().strip() for row in csv.reader(file) for cell in row}
    net = json.loads((ENTITIES / "kpopnet.json").read_text(encoding="utf-8"))
    for entry in net["idols"] + net["groups"]:
        for key in ("name", "name_original", "name_alias", "real_name", "agency_name"):
            real |= {part.casefold().strip() for part in (entry.get(key) or "").split(",")}
    assert len(real) > 5000
    assert own_names() & real == set()


def test_every_address_belongs_to_nobody() -> None:
    for subject in cast.agency().subjects:
        for domain in subject.official.domains:
            assert domain.endswith(".example")
        for project in subject.fan_projects:
            assert all(domain.endswith(".example") for domain in project.domains)


def test_everybody_is_named_in_four_languages() -> None:
    for subject in cast.agency().subjects:
        assert set(subject.names) == {"ko", "en", "ja", "zh"}, subject.id


def test_the_agency_shows_what_a_watchlist_can_say() -> None:
    subjects = cast.agency().subjects
    assert any(s.ambiguous and s.context and s.exclude for s in subjects)
    assert [s.id for s in subjects if s.birth_date and s.birth_date > "2008"] == ["nabiel"]
    assert sum(len(s.fan_projects) for s in subjects) == 1
    assert all(s.official.accounts for s in subjects if s.kind == "group")


def test_members_belong_to_groups_and_share_their_songs() -> None:
    stars = cast.stars()
    assert {star.group for star in stars.values()} == set(cast.GROUPS)
    for star in stars.values():
        assert star.songs == cast.SONGS[star.group]
        assert all(star.spoken[lang] for lang in cast.LANGUAGES)
        assert star.tags


def test_popularity_is_a_share_of_the_whole() -> None:
    assert sum(cast.POPULARITY.values()) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def matcher() -> MentionMatcher:
    return MentionMatcher(cast.agency())


def test_every_planted_post_is_about_the_subject_it_was_planted_on(
    matcher: MentionMatcher, oracle: Oracle, first_seen: dict[str, Staged]
) -> None:
    targets = {kind_of(campaign.id): campaign.subject for campaign in oracle.campaigns}
    planted = [staged for staged in first_seen.values() if staged.kind in targets]
    assert len(planted) > 60
    for _, item, kind in planted:
        assert isinstance(item, Post)
        assert targets[kind] in {mention.subject for mention in matcher.match(item)}, item.text


def test_most_ordinary_posts_are_about_somebody_but_not_all(
    matcher: MentionMatcher, first_seen: dict[str, Staged]
) -> None:
    own = [
        bool(matcher.match(s.item))
        for s in first_seen.values()
        if isinstance(s.item, Post)
        and s.kind == "ordinary"
        and not (s.item.reply_to or s.item.quote_of or s.item.repost_of)
    ]
    assert 0.75 < sum(own) / len(own) < 0.95


def test_every_member_and_both_groups_are_spoken_of(
    matcher: MentionMatcher, first_seen: dict[str, Staged]
) -> None:
    spoken: Counter[str] = Counter()
    for staged in first_seen.values():
        if isinstance(staged.item, Post):
            spoken.update({mention.subject for mention in matcher.match(staged.item)})
    assert set(cast.POPULARITY) <= set(spoken)
    assert spoken["haruel"] > spoken["zeorin"] > 30
