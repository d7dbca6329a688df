"""Watchlists: reading, mistakes with their lines, warnings, versions, look-ups."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.names.spellings import why_ambiguous, written_forms
from detect.watchlist import (
    FanProject,
    Official,
    Subject,
    Watchlist,
    WatchlistError,
    digest,
    load_watchlist,
)
from detect.watchlists.check import check
from detect.watchlists.file import dump, examine, parse, report
from tests.detect.cases_watchlist import INVENTED, invented

GROUP = '[[subjects]]\nid = "lumina"\nkind = "group"\nname = "Lumina"\n'
IDOL = '[[subjects]]\nid = "arin"\nkind = "idol"\nname = "Arinelle"\n'


def mistakes(text: str) -> list[str]:
    with pytest.raises(WatchlistError) as caught:
        parse(text, "w.toml")
    return str(caught.value).splitlines()


def warnings(text: str) -> list[str]:
    found, problems = examine(text, "w.toml")
    assert found is not None
    return report(problems, text, "w.toml", found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GROUP.replace('"group"', '"gruop"'),
            "w.toml:3: subjects.1.kind: found 'gruop', allowed: idol, group, brand; "
            "did you mean 'group'?",
        ),
        (
            GROUP + IDOL + 'groups = ["lumna"]\n',
            "w.toml:9: arin.groups: found 'lumna', which is no subject of this watchlist; "
            "did you mean 'lumina'?",
        ),
        (
            IDOL + 'birth_date = "17.5.2004"\n',
            "w.toml:5: arin.birth_date: found '17.5.2004', allowed: a date like 2004-05-17",
        ),
        (
            IDOL + "birth_date = 2004-05-17\n",
            "w.toml:5: subjects.1.birth_date: Expected str | null, got date",
        ),
        (IDOL + IDOL, "w.toml:6: arin.id: 'arin' is used by an earlier subject too"),
        (GROUP.replace('name = "Lumina"', ""), "w.toml:1: subjects.1.name: is missing, and "),
        (
            GROUP + "[subjects.official]\naccounts = ['lumina']\n",
            "w.toml:6: lumina.official.acc",
        ),
        (
            GROUP + "[subjects.official]\ndomains = ['https://a.b']\n",
            "found 'https://a.b', all",
        ),
        (GROUP + "[subjects.official]\nacounts = []\n", "did you mean 'accounts'?"),
        (
            GROUP + "[[subjects.fan_projects]]\nhashtags = []\n",
            "fan_projects.1.name: is missing",
        ),
        (GROUP + "names = { korean = ['x'] }\n", "found language 'korean', allowed: ko, en"),
        (GROUP + "names = { ko = ['  '] }\n", "holds an empty spelling"),
        (GROUP + "context = ['\u200b']\n", "holds an empty text"),
        (
            GROUP + "names = ['Lumina']\n",
            "w.toml:5: subjects.1.names: Expected object, got arr",
        ),
        (GROUP.replace('"lumina"', '"Lumina!"'), "found 'Lumina!', allowed: 1 to 64 of a-z"),
        (GROUP + "aliases = 3\n", "w.toml:5: subjects.1.aliases: Expected object, got int"),
        ("subjects = 3", "subjects: found 3, allowed: tables headed [[subjects]]"),
        ("subject = []", "did you mean 'subjects'?"),
        ('schema = "watchlist/9"', "found 'watchlist/9', allowed: 'watchlist/1'"),
        (GROUP + "official = 1\n", "official: found 1, allowed: a table"),
        ("[[subjects]\n", "w.toml:1: not valid TOML"),
        (IDOL + GROUP.replace("lumina", "x") + "groups = ['arin']", "'arin' is an idol"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_is_allowed(text: str, message: str) -> None:
    assert any(message in line for line in mistakes(text)), mistakes(text)


def test_groups_that_contain_each_other_are_a_mistake() -> None:
    text = GROUP + "groups = ['b']\n" + GROUP.replace("lumina", "b") + "groups = ['lumina']\n"
    assert [line.partition("groups: ")[2] for line in mistakes(text)] == [
        "'lumina' belongs to itself through its groups",
        "'b' belongs to itself through its groups",
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = GROUP + "colour = 1\n" + IDOL + "height = 1\nwidth = 2\n"
    assert [line.split(":")[1] for line in mistakes(text)] == ["5", "10", "11"]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (IDOL.replace("Arinelle", "V"), "'V' is one character and is not listed here"),
        (IDOL + "names = { ko = ['비'] }\n", "'비' is one character"),
        (IDOL.replace("Arinelle", "Winter"), "'Winter' is an ordinary word"),
        (IDOL.replace("Arinelle", "Jessica"), "'Jessica' is a common given name"),
        (IDOL.replace("Arinelle", "V") + "ambiguous = ['V']\n", "none ever counts"),
        (IDOL + "exclude = ['summer rain']\n", "so it excludes nothing"),
        (IDOL + IDOL.replace("arin", "ari2"), "'Arinelle' is also a spelling of arin"),
    ],
)
def test_what_will_match_badly_is_warned_of(text: str, warning: str) -> None:
    assert any(warning in line and "warning: " in line for line in warnings(text))


def test_a_sound_watchlist_has_no_problems() -> None:
    assert [p for p in check(invented()) if p.level == "error"] == []
    assert warnings(GROUP + IDOL + "groups = ['lumina']\n") == []


def test_a_file_is_read_whatever_its_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "watchlist.toml"
    file.write_bytes(b"\xef\xbb\xbf" + INVENTED.encode())
    assert load_watchlist(file) == invented()


def test_a_file_that_is_not_utf8_is_a_mistake_and_not_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "watchlist.toml"
    file.write_bytes("[[subjects]]\nname = '아린'".encode("euc-kr"))
    with pytest.raises(WatchlistError, match="not UTF-8"):
        load_watchlist(file)


def test_a_missing_file_is_an_operating_system_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_watchlist(tmp_path / "none.toml")


def test_the_version_follows_the_content_and_not_the_order() -> None:
    one, other = Watchlist(subjects=invented().subjects), invented()
    turned = Watchlist(subjects=tuple(reversed(other.subjects)))
    assert digest(one) == digest(other) == digest(turned)
    assert digest(Watchlist(subjects=one.subjects[:-1])) != digest(one)
    assert len(digest(Watchlist())) == 20


def test_subjects_and_their_groups_are_looked_up_by_id() -> None:
    watchlist = invented()
    assert watchlist.groups_of("arin") == ("lumina",)
    assert watchlist.groups_of("nobody") == ()
    subject = watchlist.subject("arin")
    assert subject is not None
    assert subject.name == "Arinelle"
    assert watchlist.subject("nobody") is None


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
listed = st.lists(texts, max_size=3).map(tuple)
subjects = st.builds(
    Subject,
    id=st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True),
    kind=st.sampled_from(["idol", "group", "brand"]),
    name=texts,
    agency=st.none() | texts,
    names=st.dictionaries(st.sampled_from(["ko", "en", "ja"]), listed.filter(bool), max_size=2),
    exclude=listed,
    official=st.builds(Official, accounts=listed, domains=listed),
    fan_projects=st.lists(st.builds(FanProject, name=texts, hashtags=listed), max_size=2).map(
        tuple
    ),
)


@given(st.lists(subjects, max_size=4).map(tuple))
def test_what_is_written_is_read_back_the_same(made: tuple[Subject, ...]) -> None:
    watchlist = Watchlist(subjects=made)
    found, _ = examine(dump(watchlist), "w.toml")
    assert found == watchlist


@given(st.text(max_size=300))
def test_any_text_is_a_watchlist_or_a_mistake(text: str) -> None:
    try:
        parse(text, "w.toml")
    except WatchlistError as error:
        assert str(error).startswith("w.toml")  # noqa: PT017 - both ends are fine


@pytest.mark.parametrize(
    ("spelling", "forms"),
    [
        ("Red-Velvet", {"red-velvet", "redvelvet", "red velvet"}),
        ("Red Velvet", {"red-velvet", "redvelvet", "red velvet"}),
        ("Kim Ji-soo", {"kim ji-soo", "kim jisoo", "kim ji soo", "kimjisoo"}),
        ("레드벨벳", {"레드벨벳", "레드 벨벳"}),
        ("아린", {"아린"}),
        ("do-i", {"do-i", "doi"}),
        ("  ", set()),
    ],
)
def test_spaces_and_hyphens_are_written_in_every_usual_way(
    spelling: str, forms: set[str]
) -> None:
    assert set(written_forms(spelling)) == forms


def test_a_name_that_is_nothing_else_is_not_ambiguous() -> None:
    assert [why_ambiguous(name) for name in ("Arinelle", "BLACKPINK", "방탄소년단")] == [
        None
    ] * 3
    assert why_ambiguous("100%") == "has no letters"
