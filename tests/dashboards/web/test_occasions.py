"""What was on in the calendar: beside alerts, and as numbered marks below charts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from dashboards.web import charts
from dashboards.web.occasions import LABEL, LANES, MOST, about, occasions, when
from dashboards.web.text import path_of
from dashboards.web.times import KST
from stream.calendar.events import Calendar, Event, Occurrence
from stream.index import IndexBatch
from tests.dashboards.web.browsers import chromium, needs_chromium
from tests.dashboards.web.conftest import Serve
from tests.dashboards.web.test_pages import text_of
from tests.dashboards.web.world import DAY, HOUR, MINUTE, NOW, SMEAR, WATCHLIST, filled_index

HOSTILE = "<script>alert(1)</script>\u202e"
MIDNIGHT = NOW - 13 * HOUR
"""In Seoul."""


def event(name: str = "Birthday of Seoan", **changes) -> Event:
    made = Event(
        name=name, kind="birthday", since=MIDNIGHT, until=MIDNIGHT + DAY, subjects=("seoan",)
    )
    return msgspec.structs.replace(made, **changes)


def on(*events: Event) -> Calendar:
    return Calendar(events=events)


def one_time(since: int, until: int, name: str = "e") -> Occurrence:
    return Occurrence(event=event(name, since=since, until=until), since=since, until=until)


def test_what_was_on_speaks_against_an_alert_about_a_crowd(serve: Serve) -> None:
    late = event("Later vote", kind="vote", since=NOW + DAY, until=NOW + 2 * DAY)
    html = serve(calendar=on(event(), late)).browser().get(path_of("alerts", SMEAR)).text

    against = html[html.index("What speaks against it") : html.index("How it spread")]
    assert "During: Birthday of Seoan (Birthday, 2026-11-24)" in text_of(against)
    assert "makes no harm harmless" in against
    assert "Later vote" not in html


def test_with_nothing_else_against_it_the_calendar_is_not_called_nothing(serve: Serve) -> None:
    path = path_of("alerts", "alert_low")
    fans = event(since=NOW - 10 * HOUR, until=NOW)

    assert "Nothing was found that speaks" in serve().browser().get(path).text
    assert (
        "Nothing was found that speaks" not in serve(calendar=on(fans)).browser().get(path).text
    )


@pytest.mark.parametrize("kind", ["harm", "media"])
def test_what_one_person_did_no_event_explains_so_it_is_context_alone(
    serve: Serve, kind: str
) -> None:
    index = filled_index()
    alert = index.alert(SMEAR)
    assert alert is not None
    index.write(
        IndexBatch(
            checkpoint="k", results=[msgspec.structs.replace(alert, kind=kind, revision=9)]
        )
    )
    html = serve(index, calendar=on(event())).browser().get(path_of("alerts", SMEAR)).text

    head = html[html.index("detail-head") :].split("</header>")[0]
    assert "During: Birthday of Seoan" in text_of(head)
    assert "It may explain how many posted" not in html


def test_every_chart_over_time_has_marks_and_says_what_they_are(serve: Serve) -> None:
    visitor = serve(calendar=on(event())).browser()

    for path in (
        "/", path_of("alerts", SMEAR), "/clusters/cluster_smear", "/subjects/seoan",
        "/trends/compare?subject=seoan&period=7d",
    ):  # fmt: skip
        html = visitor.get(path).text
        assert f'<g data-since="{MIDNIGHT}"' in html, path
        assert re.search(
            r"<li><bdi>Birthday of Seoan</bdi> <span[^>]*>Birthday, 2026-11-24</span>", html
        ), path
    listed = visitor.get("/trends?period=7d").text
    assert '<rect class="occasion"' in listed
    assert "Birthday of Seoan (Birthday)" in text_of(listed)


def test_without_a_calendar_nothing_of_it_is_on_any_page(serve: Serve) -> None:
    visitor = serve().browser()

    for path in ("/", path_of("alerts", SMEAR), "/subjects/seoan", "/trends"):
        html = visitor.get(path).text
        assert 'class="strip"' not in html
        assert "During" not in html
        assert "On in the calendar" not in html


def test_names_of_events_are_shown_and_never_run(serve: Serve) -> None:
    visitor = serve(calendar=on(event(HOSTILE))).browser()

    for path in ("/", path_of("alerts", SMEAR), "/subjects/seoan", "/trends"):
        html = visitor.get(path).text
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html
        assert "\u202e" not in html


def test_the_days_are_those_of_the_zone_that_a_person_chose(serve: Serve) -> None:
    visitor = serve(calendar=on(event())).browser(cookies={"jikimi_zone": "utc"})

    html = visitor.get("/subjects/seoan").text
    assert "Birthday, 2026-11-23 15:00 – 2026-11-24 15:00" in text_of(html)


def test_a_group_and_its_members_share_what_is_on() -> None:
    times = [
        Occurrence(event=event(name, subjects=those), since=0, until=1)
        for name, those in (
            ("of Seoan", ("seoan",)), ("of Dajin", ("dajin",)), ("of LUMENA", ("lumena",)),
            ("of a brand", ("orbital",)), ("of all", ()),
        )
    ]  # fmt: skip

    def names(subject: str) -> list[str]:
        return [one.event.name for one in about(times, WATCHLIST, subject)]

    assert names("seoan") == ["of Seoan", "of LUMENA", "of all"]
    assert names("lumena") == ["of Seoan", "of Dajin", "of LUMENA", "of all"]
    assert names("nobody") == ["of all"]


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (MIDNIGHT, MIDNIGHT + DAY, "2026-11-24"),
        (MIDNIGHT, MIDNIGHT + 3 * DAY, "2026-11-24 – 2026-11-26"),
        (NOW, NOW + HOUR, "2026-11-24 13:00–14:00"),
        (NOW, NOW + DAY, "2026-11-24 13:00 – 2026-11-25 13:00"),
        (10**18, 10**18 + 1, "—"),
        (-(10**18), 0, "—"),
    ],
)
def test_times_are_told_as_short_as_they_can_be(since: int, until: int, said: str) -> None:
    assert when(since, until, KST) == said


def test_days_of_korea_are_no_whole_days_elsewhere() -> None:
    assert when(MIDNIGHT, MIDNIGHT + DAY, UTC) == "2026-11-23 15:00 – 2026-11-24 15:00"


def test_what_repeats_is_one_event_with_several_marks() -> None:
    show = event("Show", kind="broadcast", repeats="weekly", until=MIDNIGHT + HOUR)
    found = occasions(
        Calendar(events=(show,)).between(None, MIDNIGHT, MIDNIGHT + 28 * DAY),
        MIDNIGHT,
        MIDNIGHT + 28 * DAY,
    )

    assert found is not None
    assert [one.n for one in found.items] == [1]
    assert len(found.items[0].when) == 4
    assert [one.n for one in found.marks] == [1, 1, 1, 1]


def test_more_events_than_are_shown_are_counted() -> None:
    many = [one_time(0, 10, f"e{n}") for n in range(MOST + 5)]
    found = occasions(many, 0, 100)

    assert found is not None
    assert (len(found.items), found.more) == (MOST, 5)
    assert occasions([], 0, 100) is None


@given(
    st.lists(
        st.tuples(st.integers(-1000, 2000), st.integers(1, 1000)), min_size=1, max_size=30
    ),
    st.integers(1, 1000),
)
def test_no_mark_lies_on_another_or_outside_the_chart(
    times: list[tuple[int, int]], length: int
) -> None:
    found = occasions(
        [one_time(at, at + lasts, f"{n}") for n, (at, lasts) in enumerate(times)], 0, length
    )

    assert found is not None
    assert found.lanes <= LANES
    for lane in range(LANES):
        row = [one for one in found.marks if one.lane == lane]
        for before, after in pairwise(row):
            begins = after.x - LABEL if after.left else after.x
            assert before.x + max(before.width, LABEL if not before.left else 0) <= begins + 0.6
    for one in found.marks:
        assert one.x >= 0
        assert one.x + one.width <= 100.5


def test_a_line_on_top_stays_inside_its_chart_and_can_be_seen() -> None:
    drawn = charts.on_top([(-5, 5), (50, 50), (200, 300), (90, 1000)], 0, 100)

    assert [(one.x, one.width) for one in drawn] == [(0, 30), (540, 60)]
    [thin] = charts.on_top([(50, 51)], 0, 10**9)
    assert thin.width >= 4


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.browser
@needs_chromium
def test_with_scripts_the_marks_move_under_the_curve_that_replaced_the_chart(
    browser: Browser, serve: Serve
) -> None:
    begun = event("Vote", kind="vote", since=NOW - 3 * DAY, until=NOW - 2 * DAY)
    site = serve(calendar=on(begun))
    page = browser.new_context(locale="en-US").new_page()
    page.goto(f"{site.url}/subjects/seoan?period=7d", wait_until="networkidle")
    if not page.locator("#charts-module").count():
        pytest.skip("the page scripts are not built (npm ci && npm run build)")
    expect(page.locator(".uplot")).to_have_count(1)

    over = page.locator(".u-over").bounding_box()
    mark = page.locator(".strip rect").bounding_box()
    assert over is not None
    assert mark is not None
    # Four sevenths of the way, less the last step at whose beginning the curve ends.
    share = (mark["x"] - over["x"]) / over["width"]
    assert share == pytest.approx(96 / 167, abs=0.01)
    assert mark["width"] / over["width"] == pytest.approx(24 / 167, abs=0.01)
    page.context.close()


def test_an_alert_a_minute_before_an_event_is_not_during_it(serve: Serve) -> None:
    after = event(since=NOW - 10 * MINUTE, until=NOW)
    html = serve(calendar=on(after)).browser().get(path_of("alerts", SMEAR)).text

    assert "During" not in html
    assert f'<g data-since="{NOW - 10 * MINUTE}"' in html
