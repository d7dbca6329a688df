"""Options of Reddit: what is taken, from file or environment, and what a mistake is told."""

from __future__ import annotations

import datetime as dt
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reddit.options import DAY_MS, HOUR_MS, OPTIONS, Backfill, Search, read_options
from ingest.secret import Secret
from ingest.source import SourceMisconfigured

NOV_1_MS = 1_793_491_200_000
SECRET = "sentinel-secret-77aa"
GOOD: dict[str, object] = {
    "client_id": "AbCdEf-_123",
    "client_secret": Secret(SECRET),
    "user_agent": "linux:org.example.watch:1.0 (by u/x)",
    "subreddits": ["kpop"],
}


def refused(**changes: object) -> str:
    given = {key: value for key, value in (GOOD | changes).items() if value is not None}
    with pytest.raises(SourceMisconfigured) as raised:
        read_options("fans", given)
    assert SECRET not in "".join(traceback.format_exception(raised.value))
    return str(raised.value)


def test_little_is_needed_and_the_rest_has_defaults():
    found = read_options("fans", GOOD)

    assert (found.live, found.backfill, found.poll_interval_s) == (True, None, 30)
    assert found.recheck_ms == 48 * HOUR_MS
    assert found.oauth_url == "https://oauth.reddit.com"
    assert SECRET not in repr(found)
    assert found.client_secret.reveal() == SECRET


def test_text_from_the_environment_counts_everywhere():
    given = GOOD | {
        "client_secret": f" {SECRET}\n", "subreddits": "r/kpop, /r/KPopThoughts/,kpop",
        "searches": "서하늘, Seo Haneul", "live": "false", "backfill": "36h",
        "poll_interval_s": "12.5", "recheck": "7d", "timeout_s": "3",
    }  # fmt: skip

    found = read_options("fans", given)

    assert found.client_secret.reveal() == SECRET
    assert found.subreddits == ("kpop", "KPopThoughts")
    assert found.searches == (Search("서하늘"), Search("Seo Haneul"))
    assert found.backfill == Backfill(span_ms=36 * HOUR_MS)
    assert (found.live, found.poll_interval_s, found.timeout_s) == (False, 12.5, 3)
    assert found.recheck_ms == 7 * DAY_MS


@pytest.mark.parametrize(
    ("backfill", "since", "until"),
    [
        ("2026-11-01", NOV_1_MS, None),
        (dt.date(2026, 11, 1), NOV_1_MS, None),
        ("2026-11-01/2026-11-01", NOV_1_MS, NOV_1_MS + DAY_MS),
        ("2026-11-01/2026-11-08", NOV_1_MS, NOV_1_MS + 8 * DAY_MS),
    ],
)
def test_days_are_whole_days_in_utc_and_the_last_one_is_included(backfill, since, until):
    found = read_options("fans", GOOD | {"backfill": backfill, "live": False})

    assert found.backfill == Backfill(since=since, until=until)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"client_id": None}, "fans.options.client_id is not set"),
        ({"client_id": "with blanks in it"}, "client_id: found 'with blanks in it'"),
        ({"client_secret": None}, "fans.options.client_secret is not set"),
        ({"client_secret": Secret(SECRET + "!")}, "client_secret is none (***)"),
        ({"client_secret": SECRET + " and"}, "client_secret is none (***)"),
        ({"client_secret": 5}, "client_secret is none (***)"),
        ({"user_agent": "short"}, "names your program and a contact"),
        ({"user_agent": "linux:a\r\nX-Evil: 1 (by u/x)"}, "names your program"),
        ({"user_agent": "리눅스:지킴이:1 (by u/x)"}, "names your program"),
        ({"subreddits": None}, "or give searches"),
        ({"subreddits": ["a b"]}, "names of subreddits, without r/"),
        ({"subreddits": ["../../api/v1/me"]}, "names of subreddits"),
        ({"subreddits": [f"place{n}" for n in range(101)]}, "at most 100"),
        ({"subreddits": 5}, "at most 100"),
        ({"searches": [""]}, "each query of 1 to 512 characters"),
        ({"searches": ["x" * 513]}, "each query of 1 to 512 characters"),
        ({"searches": [{"query": "x", "subredit": "kpop"}]}, "{query, subreddit}"),
        ({"searches": [{"query": "x", "subreddit": "a/b"}]}, "{query, subreddit}"),
        ({"searches": [f"word {n}" for n in range(21)]}, "at most 20"),
        ({"live": "maybe"}, "allowed: true or false"),
        ({"live": False}, "fans.options.backfill is not set, needed when live is false"),
        ({"backfill": "7 weeks"}, 'a span as in "7d"'),
        ({"backfill": "0d"}, 'a span as in "7d"'),
        ({"backfill": "2026-11-31"}, 'a span as in "7d"'),
        ({"backfill": "2026-11-08/2026-11-01", "live": False}, 'a span as in "7d"'),
        ({"backfill": "2026-11-01/2026-11-08"}, "only together with live = false"),
        ({"poll_interval_s": 1}, "allowed: 2 to 3600 seconds"),
        ({"poll_interval_s": float("nan")}, "allowed: 2 to 3600 seconds"),
        ({"poll_interval_s": True}, "allowed: 2 to 3600 seconds"),
        ({"recheck": "31d"}, "to 30d"),
        ({"recheck": "soon"}, "to 30d"),
        ({"oauth_url": "http://oauth.reddit.com"}, "an https address"),
        ({"oauth_url": f"https://user:{SECRET}@evil.example"}, "more than a host and a path"),
        ({"oauth_url": f"https://x.example/?token={SECRET}"}, "more than a host and a path"),
        ({"reddit_url": "file:///etc/passwd"}, "an https address"),
        ({"reddit_url": "http://[::1"}, "an https address"),
        ({"password": "x"}, "unknown, allowed: client_id, client_secret"),
        ({"subreddit": ["kpop"]}, "did you mean subreddits?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key_and_what_is_allowed(changes, says):
    said = refused(**changes)

    assert says in said
    assert said.startswith("sources.fans.options.")
    assert len(said) < 1000


def test_looking_again_can_be_switched_off():
    assert read_options("fans", GOOD | {"recheck": "off"}).recheck_ms == 0
    assert read_options("fans", GOOD | {"backfill": "off"}).backfill is None


@given(
    key=st.sampled_from(sorted(OPTIONS)),
    value=st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40),
        st.lists(st.one_of(st.text(max_size=9), st.integers(), st.none()), max_size=4),
        st.dictionaries(st.text(max_size=5), st.integers(), max_size=2), st.dates(),
    ),
)  # fmt: skip
def test_whatever_is_given_is_taken_or_refused(key: str, value: Any) -> None:
    said = ""
    try:
        read_options("fans", GOOD | {key: value})
    except SourceMisconfigured as error:
        said = str(error)
    assert not said or said.startswith("sources.fans.options.")
