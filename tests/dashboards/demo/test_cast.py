"""The invented agency: a valid watchlist, and nobody real."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from dashboards.demo import cast
from detect.watchlist import load_watchlist

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
