"""Titles of alerts: in the reader's language, with the subject's name, and one number for one thing."""

from __future__ import annotations

import pytest

from dashboards.web import words
from dashboards.web.titles import TITLES, title_of
from stream.alerting.harm import ALARMING
from stream.records import Alert, Evidence

WORDS = words.load()


def alert(kind: str, *, posts: int = 32, accounts: int = 24, reasons=()) -> Alert:
    return Alert(
        alert_id="al_1",
        subject="haruel",
        kind=kind,
        severity="high",
        title="an English sentence about haruel",
        created_at=1,
        updated_at=1,
        revision=1,
        operator_version="alerts/1",
        posts=posts,
        accounts=accounts,
        platforms=(),
        post_ids=(),
        evidence=reasons,
        counter_evidence=(),
    )


def said(one: Alert, lang: str = "en") -> str:
    return title_of(one, words=WORDS[lang], name_of={"haruel": "Haruel"}.__getitem__)


def test_copies_are_told_with_how_long_they_took():
    one = alert("copy_burst", reasons=(Evidence(signal="span_seconds", value=780.0),))

    assert said(one) == "Haruel: the same text in 32 posts by 24 accounts within 13 min"


def test_one_post_is_not_told_as_many():
    one = alert(
        "harm", posts=1, accounts=1, reasons=(Evidence(signal="harm_threat", value=0.9),)
    )

    assert said(one) == "Haruel: threats to safety in 1 post by 1 account"


def test_a_kind_that_pages_do_not_know_keeps_the_title_of_its_operator():
    assert said(alert("of_a_plug_in")) == "an English sentence about haruel"


@pytest.mark.parametrize("kind", ["copy_burst", "campaign", "coordinated"])
def test_a_reader_of_korean_reads_korean(kind):
    title = said(alert(kind), "ko")

    assert title.startswith("Haruel: ")
    assert "24" in title
    assert "posts" not in title


def test_every_harm_that_alarms_has_a_title_of_its_own():
    assert {f"harm_{category}" for category in ALARMING} <= set(TITLES)


def test_braces_in_a_name_are_only_letters():
    one = alert("campaign")

    assert title_of(one, words=WORDS["en"], name_of=lambda _: "{0}{posts}").startswith(
        "{0}{posts}:"
    )
