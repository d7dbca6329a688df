"""The page of the live view: numbers of subjects, safe with hostile names, in two languages."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest

from dashboards.live.page import HEIGHT, WIDTH, bars, live_pages, row_of
from detect.watchlist import Subject
from tests.dashboards.web.hostile_world import EVIL

NOW = 1_795_478_460.0
SUBJECTS = (
    Subject(id="arin", kind="idol", name="Arin"),
    Subject(id="evil", kind="idol", name=EVIL),
    Subject(id="seo", kind="idol", name="서안"),
)


def minutes(subject: str, at: float) -> list[int]:
    assert at == NOW
    last = {"arin": [1, 0, 4], "seo": [30, 2, 9]}.get(subject, [0, 0, 0])
    return [0] * 57 + last


class Visitor:
    """Asks the pages without a server."""

    def __init__(self, subjects: tuple[Subject, ...] = SUBJECTS) -> None:
        self._app = live_pages(subjects, minutes, lambda: NOW)

    def get(self, path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            way = httpx.ASGITransport(self._app)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            async with httpx.AsyncClient(transport=way, base_url="http://127.0.0.1") as client:
                return await client.get(path, headers=named)

        return asyncio.run(ask())


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def test_subjects_stand_in_order_of_the_hour_with_their_numbers(visitor):
    html = visitor.get("/", accept_language="en").text

    assert re.findall(r'data-subject="(\w+)"', html) == ["seo", "arin", "evil"]
    assert re.findall(r'data-of="last_hour">(\d+)', html) == ["41", "5", "0"]
    assert "Approximate" in html
    assert "2026-11-24T00:01:00Z" in html


def test_the_json_says_that_it_is_approximate_and_names_no_post_or_account(visitor):
    told = visitor.get("/live.json").json()

    assert told["approximate"] is True
    assert told["at"] == "2026-11-24T00:01:00Z"
    first = told["subjects"][0]
    assert set(first) == {
        "id", "name", "per_minute", "last_10_minutes", "last_hour", "busiest_minute", "bars",
    }  # fmt: skip
    assert first["per_minute"] == minutes("seo", NOW)
    assert (first["last_10_minutes"], first["last_hour"], first["busiest_minute"]) == (
        41,
        41,
        30,
    )


def test_a_hostile_name_is_shown_and_does_nothing(visitor):
    html = visitor.get("/").text

    assert "<script>" not in html
    assert not set(html) & set("\u202e\u200b\x1b\x00")


def test_the_page_speaks_korean(visitor):
    html = visitor.get("/", accept_language="ko-KR,ko;q=0.9").text

    assert '<html lang="ko"' in html
    assert "지금 게시물" in html
    assert "Approximate" not in html


def test_foreign_host_names_are_refused_and_the_policy_is_strict(visitor):
    refused = visitor.get("/live.json", host="evil.example")
    policy = visitor.get("/").headers["content-security-policy"]

    assert refused.status_code == 400
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert visitor.get("/healthz").text == "ok\n"
    assert visitor.get("/static/live.js").status_code == 200


def test_without_a_watchlist_it_says_what_to_do():
    assert "Nobody is on the watchlist" in Visitor(()).get("/", accept_language="en").text


def test_bars_are_as_high_as_the_busiest_minute():
    assert bars([]) == bars([0, 0]) == ""
    assert bars([0, 5]) == f"M{WIDTH / 2:.1f} {HEIGHT}V0.0h{WIDTH * 0.4:.1f}V{HEIGHT}z"
    assert row_of("a", "A", range(60)).recent == sum(range(50, 60))
