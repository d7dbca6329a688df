"""Making a watchlist of public name lists; Latin spellings of Korean names."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.mentions import MentionMatcher
from detect.names.lexicon import build
from detect.names.romanise import full_name, given_name, is_korean_name, syllable
from detect.watchlist import WatchlistError
from detect.watchlists.check import check
from detect.watchlists.file import dump, parse
from detect.watchlists.imports import import_lists, iso_date, slug, without_romanisations
from tests.detect.real_posts import ABSENT, DATA, imported

IDOLS = (
    "\ufeffStage Name,Full Name,Korean Name,K. Stage Name,Date of Birth,Group,Country,"
    "Birthplace,Other Group,Gender\n"
    'Noeul,Kim Noeul,김노을,노을이,3/4/01,Haebom,South Korea,,"Byeol Trio, Nobody Knows",F\n'
    "V,Lee Garam,이가람,브이,12/31/96,Haebom,South Korea,,,M\n"
    "Garam,Choi Garam,최가람,가람,1/2/99,Other Band,South Korea,,,F\n"
)
GROUPS = (
    "\ufeffName,Short,Korean Name,Debut,Company,Members,Orig. Memb.,Fanclub Name,Active\n"
    'Haebom,HBM,해봄,9/18/12,"One, Two Ent",2,2,Haebommers,Yes\n'
)
KPOPNET = json.dumps(
    {
        "groups": [
            {
                "id": "g1",
                "name": "Haebom",
                "name_original": "해봄",
                "name_alias": None,
                "agency_name": "One Ent",
                "parent_id": None,
            }
        ],
        "idols": [
            {
                "id": "i1",
                "name": "Noeul",
                "name_original": "노을이",
                "name_alias": "Sunset, 석양이",
                "real_name": "Kim Noeul",
                "real_name_original": "김노을",
                "birth_date": "2001-03-04",
                "groups": ["g1"],
            }
        ],
    }
)
FILES = {"idols.csv": IDOLS.encode(), "groups.csv": GROUPS.encode(), "k.json": KPOPNET.encode()}


def test_rows_of_several_lists_about_one_person_become_one_subject() -> None:
    made = import_lists(FILES)
    people = [s for s in made.subjects if s.kind == "idol"]
    assert [s.name for s in people] == ["Noeul", "V", "Garam"]
    noeul = people[0]
    assert noeul.birth_date == "2001-03-04"
    assert noeul.groups == ("haebom", "byeol-trio", "nobody-knows")
    assert noeul.legal_name == "Kim Noeul"
    assert noeul.names["ko"] == ("노을이", "김노을")
    assert "석양이" in noeul.aliases["ko"]
    assert "kim no-eul" in noeul.romanisations


def test_a_group_that_only_idols_mention_becomes_a_subject_too() -> None:
    made = import_lists({"idols.csv": IDOLS.encode()})
    assert {s.id for s in made.subjects if s.kind == "group"} == {
        "haebom",
        "byeol-trio",
        "nobody-knows",
        "other-band",
    }
    assert [p for p in check(made) if p.level == "error"] == []


def test_short_and_shared_names_are_marked_as_ambiguous() -> None:
    made = import_lists(FILES)
    v = made.subject("v-haebom")
    garam = made.subject("garam-other-band")
    assert v is not None
    assert garam is not None
    assert {"V", "가람", "이가람"} <= set(v.ambiguous)
    assert "가람" in garam.ambiguous


def test_the_imported_list_finds_people_by_group() -> None:
    matcher = MentionMatcher(import_lists(FILES))
    assert matcher.match_text("가람 최고") == ()
    assert [m.subject for m in matcher.match_text("해봄 V 최고")] == ["haebom", "v-haebom"]


def test_the_order_of_the_files_changes_no_person() -> None:
    turned = dict(reversed(FILES.items()))
    assert {s.id for s in import_lists(turned).subjects} == {
        s.id for s in import_lists(FILES).subjects
    }


def test_latin_spellings_can_be_left_out() -> None:
    plain = without_romanisations(import_lists(FILES))
    assert all(not s.romanisations for s in plain.subjects)


@pytest.mark.parametrize(
    "raw",
    [b"", b"a,b\n1,2\n", b"{}", b'{"groups": 3, "idols": []}', b"{nonsense", b"\xff\xfe\x00"],
)
def test_a_file_of_another_kind_is_a_mistake_that_names_it(raw: bytes) -> None:
    with pytest.raises(WatchlistError, match=r"^list\.csv: "):
        import_lists({"list.csv": raw})


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("12/31/96", "1996-12-31"),
        ("2/1/01", "2001-02-01"),
        ("02/03/1988", "1988-02-03"),
        ("2004-05-17", "2004-05-17"),
        ("", None),
        ("unknown", None),
    ],
)
def test_american_dates_with_two_digits_find_their_century(
    written: str, date: str | None
) -> None:
    assert iso_date(written) == date


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("(G)I-DLE", "g-i-dle"),
        ("아린", "arin"),
        ("f(x)", "f-x"),
        ("!!!", "subject"),
        ("Rosé", "rose"),
    ],
)
def test_an_id_is_made_of_the_name(name: str, made: str) -> None:
    assert slug(name) == made


@pytest.mark.parametrize(
    ("hangul", "spelled"),
    [
        ("김지수", {"kim ji-soo", "kim ji-su", "ji-soo kim", "gim ji-soo"}),
        ("이영희", {"lee young-hee", "yi young-hee", "rhee young-hee"}),
        ("박정국", {"park jung-kook", "bak jung-kook"}),
        ("정현", set()),
    ],
)
def test_a_full_name_is_spelled_as_press_and_passports_do(
    hangul: str, spelled: set[str]
) -> None:
    assert spelled <= set(full_name(hangul))
    assert bool(full_name(hangul)) == is_korean_name(hangul)


def test_revised_romanisation_of_single_syllables() -> None:
    assert [syllable(ch) for ch in "한글의뷁"] == ["han", "geul", "ui", "bwelk"]
    with pytest.raises(ValueError, match="no Hangul syllable"):
        syllable("a")


@given(
    st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=2, max_size=2)
)
def test_every_given_name_has_a_few_latin_spellings(hangul: str) -> None:
    spelled = given_name(hangul)
    assert 1 <= len(spelled) <= 6
    assert all(name.isascii() and name.count("-") == 1 for name in spelled)


@pytest.mark.skipif(not DATA.exists(), reason=ABSENT)
def test_the_real_lists_become_a_sound_watchlist() -> None:
    made = imported()
    assert len(made.subjects) > 1_900
    assert [p.message for p in check(made) if p.level == "error"] == []
    assert parse(dump(made), "real.toml") == made
    lexicon = build(made)
    assert len(lexicon.names) + len(lexicon.open_names) > 5_000
    for name, subject in (("V", "v-bts"), ("뷔", "v-bts"), ("IU", "iu"), ("비", "rain")):
        entry = made.subject(subject)
        assert entry is not None
        assert name in entry.ambiguous
