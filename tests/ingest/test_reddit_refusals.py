"""Reddit that refuses subreddits, searches, tokens and logins."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator

import pytest

from ingest.collector import Backoff, Collector
from ingest.records import Gap, Post
from ingest.secret import Secret
from ingest.source import (
    Disconnected,
    RateLimited,
    SourceError,
    SourceMisconfigured,
)
from tests.ingest.reddit_server import (
    CLIENT_ID,
    CLIENT_SECRET,
    Answer,
    RunningReddit,
    json_answer,
    reddit,
)
from tests.ingest.reddit_world import HTML, HTML_HEADERS, TROUBLE, failure
from tests.ingest.test_reddit import ids, items, last_cursor, source, sweep


def refused(status: int, reason: str | None = None, **headers: str) -> Answer:
    told = {"message": "Forbidden", "error": status} | ({"reason": reason} if reason else {})
    return json_answer(status, told, headers)


@pytest.fixture
def server() -> Iterator[RunningReddit]:
    with reddit() as running:
        yield running


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refused(403, "private"), "r/shy is private"),
        (refused(403, "quarantined"), "r/shy is quarantined"),
        (refused(404, "banned"), "r/shy is banned"),
        (refused(403, "gold_only"), "r/shy is for paying members"),
        (refused(403), "r/shy is closed to us"),
        (refused(403, "<b>odd</b>"), "r/shy is closed to us"),
        ((403, HTML_HEADERS, HTML), "r/shy is closed to us"),
        (refused(404), "r/shy does not exist or is banned"),
        (refused(451), "r/shy may not be shown for legal reasons"),
        ((302, {"Location": "https://www.reddit.com/subreddits/search?q=shy"}, b""), "r/shy does not exist"),
        ((301, {"Location": "/r/other/new.json"}, b""), "r/shy does not exist"),
    ],
)  # fmt: skip
def test_a_subreddit_that_refuses_us_is_named_and_the_others_are_read(
    server, answer, why, capfd
):
    server.refusals["shy"] = answer
    mine = server.submit("readable")

    sightings = sweep(source(server, subreddits=["shy", "kpop"]))

    assert ids(sightings) == [f"reddit:{mine}"]
    assert why in capfd.readouterr().out


def test_a_subreddit_alone_that_refuses_us_is_said_in_the_status(server):
    server.refusals["kpop"] = refused(403, "private")
    collector = Collector([source(server)], {}, backoff=Backoff(first=0.01, longest=0.01))
    collector.start()
    problem = None
    for _ in range(200):
        collector.poll(0.02)
        problem = collector.statuses()[0].problem
        if problem:
            break
    collector.close()

    assert problem is not None
    assert "no subreddit can be read: r/kpop is private" in problem


def test_what_was_missed_while_a_subreddit_refused_us_is_a_gap(server, monkeypatch):
    monkeypatch.setattr("ingest.reddit.places.AGAIN_S", 0.05)
    server.refusals["shy"] = refused(403, "private")
    stop = threading.Event()
    gaps: list[Gap] = []
    late: list[str] = []
    for count, sighting in enumerate(
        source(server, subreddits=["shy", "kpop"]).read(None, stop)
    ):
        gaps += [sighting.item] if isinstance(sighting.item, Gap) else []
        if gaps and not late:
            server.refusals.clear()
            late.append(server.submit("open again", subreddit="shy"))
        if late and isinstance(sighting.item, Post):
            assert sighting.item.id == f"reddit:{late[0]}"
            break
        assert count < 500

    assert {gap.reason for gap in gaps} == {"r/shy is private"}


def test_a_refusal_is_remembered_over_a_restart_and_asked_about_anew(server):
    server.refusals["shy"] = refused(403, "private")
    before = sweep(source(server, subreddits=["shy", "kpop"]))
    server.refusals.clear()

    after = sweep(source(server, subreddits=["shy", "kpop"]), last_cursor(before))

    [gap] = items(after, Gap)
    assert gap.reason.startswith("r/shy")
    assert '"shy"' not in (last_cursor(after) or "")


def test_being_refused_everywhere_is_not_blamed_on_the_subreddits(server):
    names = [f"place{n}" for n in range(30)]
    blocked = (403, HTML_HEADERS, HTML)

    error = failure(server, blocked, subreddits=names)

    assert "Reddit refuses us everywhere" in str(error)
    assert len(server.asked) < 20


@pytest.mark.parametrize("subreddits", [["kpop"], ["kpop", "kpopthoughts"]])
def test_a_block_that_passes_keeps_nobody_from_being_read_afterwards(server, subreddits):
    mine = server.submit("readable")
    server.moods = [(403, HTML_HEADERS, HTML)] * 7
    reader = source(server, subreddits=subreddits, searches=["readable"])

    with pytest.raises(Disconnected, match=r"closed to us|refuses us everywhere"):
        list(reader.read(None, threading.Event()))
    server.moods = []

    assert f"reddit:{mine}" in ids(sweep(reader))
    assert {path for path, _ in server.asked[-3:]} == {
        f"/r/{'+'.join(subreddits)}/new",
        f"/r/{'+'.join(subreddits)}/comments",
        "/search",
    }


def test_what_refuses_is_said_in_a_sentence(server, capfd):
    server.refusals["shy"] = refused(403, "private")
    searches = [{"query": "x", "subreddit": "shy"}]

    sweep(source(server, searches=searches), rounds=1)

    assert "search for 'x' is private" in capfd.readouterr().out


def test_a_search_that_is_refused_does_not_keep_the_rest_from_being_read(server):
    server.refusals["shy"] = refused(403, "private")
    mine = server.submit("readable")
    searches = [{"query": "x", "subreddit": "shy"}]
    found: list[str] = []
    for sighting in source(server, searches=searches).read(None, threading.Event()):
        found += [sighting.item.id] if isinstance(sighting.item, Post) else []
        if len(server.asked) > 6:
            break

    assert found == [f"reddit:{mine}"]
    assert [path for path, _ in server.asked].count("/r/shy/search") == 1


def test_a_listing_that_fails_does_not_keep_the_others_from_being_read(server):
    comment = server.comment("read all the same")
    real = server.answer

    def half(path: str, query: dict[str, str]) -> Answer:
        return (503, {}, b"") if path.endswith("/new") else real(path, query)

    server.answer = half  # type: ignore[method-assign]
    reading = source(server).read(None, threading.Event())

    assert next(reading).item.id == f"reddit:{comment}"  # type: ignore[union-attr]
    reading.close()


def test_a_token_that_expires_in_the_middle_is_renewed(server):
    server.submit("known")
    cursor = last_cursor(sweep(source(server)))
    names = [server.submit(f"{n}") for n in range(250)]
    server.before_answer = lambda *_: server.tokens.clear() if len(server.asked) == 4 else None

    sightings = sweep(source(server), cursor)

    assert ids(sightings) == [f"reddit:{name}" for name in names]
    assert len(server.logins) == 3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (json_answer(401, {"message": "Unauthorized", "error": 401}), SourceMisconfigured),
        (json_answer(400, {"error": "invalid_request"}), SourceMisconfigured),
        (json_answer(200, {"error": "invalid_grant"}), SourceMisconfigured),
        (json_answer(200, {"error": "unsupported_grant_type", "error_description": CLIENT_SECRET}), SourceMisconfigured),
        ((403, HTML_HEADERS, HTML), Disconnected),
        ((429, {"Retry-After": "9"}, b""), RateLimited),
        ((503, {}, b""), Disconnected),
        ((200, HTML_HEADERS, HTML), Disconnected),
        (json_answer(200, {}), Disconnected),
        (json_answer(200, []), Disconnected),
        (json_answer(200, {"access_token": "x", "expires_in": "soon", "scope": "*"}), Disconnected),
        (json_answer(200, {"access_token": None, "expires_in": 1, "scope": 5}), Disconnected),
    ],
)  # fmt: skip
def test_a_login_that_fails_says_whether_a_person_must_act(server, answer, kind):
    server.login_moods = [answer] * 10

    with pytest.raises((SourceError, SourceMisconfigured)) as raised:
        list(source(server).read(None, threading.Event()))

    assert isinstance(raised.value, kind), raised.value
    if kind is SourceMisconfigured:
        assert (
            "sources.reddit.options: Reddit does not accept client_id and client_secret"
            in str(raised.value)
        )


def test_a_login_refused_later_is_reddits_trouble_and_not_ours(server):
    reader = source(server)
    reading = reader.read(None, threading.Event())
    next(reading)
    server.tokens.clear()
    server.login_moods = [json_answer(401, {})] * 10

    with pytest.raises(Disconnected, match="refuses to let us log in"):
        list(reading)


@pytest.mark.parametrize("answer", [json_answer(401, {}), json_answer(200, {"error": "invalid_grant"})])  # fmt: skip
def test_nor_is_it_ours_in_a_later_attempt_of_the_same_day(server, answer):
    reader = source(server)
    sweep(reader)
    server.login_moods = [answer] * 10

    with pytest.raises(Disconnected, match="refuses to let us log in"):
        list(reader.read(None, threading.Event()))


def test_a_wrong_secret_is_told_by_its_key_and_never_shown(server):
    wrong = Secret("another-sentinel-secret")

    with pytest.raises(SourceMisconfigured) as raised:
        list(source(server, client_secret=wrong).read(None, threading.Event()))

    assert "client_secret" in str(raised.value)
    assert wrong.reveal() not in "".join(traceback.format_exception(raised.value))


def test_no_secret_shows_in_any_error_log_or_traceback(server, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    moods = [*TROUBLE.values(), (429, {}, HTML), (403, {}, HTML), refused(403, CLIENT_SECRET)]
    shown: list[str] = []
    for mood in moods:
        error = failure(server, mood)
        shown += traceback.format_exception(error)
        shown.append(repr(vars(error)))
    server.login_moods = [
        (200, {}, HTML),
        (403, {}, HTML),
        json_answer(200, {"error": CLIENT_SECRET}),
    ]
    server.moods = []
    for _ in range(3):
        with pytest.raises((SourceError, SourceMisconfigured)) as raised:
            list(source(server).read(None, threading.Event()))
        shown += traceback.format_exception(raised.value)

    printed = capfd.readouterr()
    everything = "".join([*shown, caplog.text, printed.out, printed.err])
    assert len(everything) > 1000
    assert CLIENT_SECRET not in everything
    assert "sentinel-token" not in everything


def test_what_praw_finds_in_the_environment_changes_nothing(server, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("praw_username", "somebody")
    monkeypatch.setenv("praw_password", "a-password")
    monkeypatch.setenv("praw_refresh_token", "a-token")
    monkeypatch.setenv("praw_client_id", "another")
    server.submit("x")

    assert len(ids(sweep(source(server)))) == 1
    assert server.logins == [{"grant_type": "client_credentials"}]


def test_a_netrc_of_this_machine_does_not_replace_the_token(server, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password mine\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.submit("x")

    assert len(ids(sweep(source(server)))) == 1


def test_the_client_id_of_the_test_is_what_the_server_knows(server):
    assert CLIENT_ID in str(source(server)._options)
    assert CLIENT_SECRET not in repr(source(server)._options)
