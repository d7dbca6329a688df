"""Who may reach the pages, under which name, and what every answer carries."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from dashboards.keys import Keys
from dashboards.web.guard import allowed_hosts, check_bind, host_name, is_loopback
from dashboards.web.sessions import SESSION_MS, Brake
from dashboards.web.site import local_path
from stream.settings import ConfigError
from tests.dashboards.web.conftest import Serve, Served, post_form, token_of
from tests.dashboards.web.world import SMEAR


def raw_request(site: Served, text: str) -> str:
    """Send bytes that no polite client would send."""
    parts = urlsplit(site.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as link:
        link.sendall(text.encode("latin-1"))
        return link.makefile("rb").read().decode("utf-8", "replace")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.3.2.1", "LOCALHOST"]
)
def test_loopback_needs_no_password(host: str):
    assert is_loopback(host)
    check_bind(host, None)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.0.9", "example.org", "", "127.0.0.1.evil"]
)
def test_an_open_address_needs_a_password(host: str):
    with pytest.raises(ConfigError, match=r"set web\.password"):
        check_bind(host, "")
    check_bind(host, "a password")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8000", "localhost"),
        ("[::1]:8000", "::1"),
        ("LOCALHOST.", "localhost"),
        ("evil.example", "evil.example"),
        ("localhost:80:80", None),
        ("localhost@evil.example", None),
        ("localhost/evil", None),
        ("", None),
        ("[::1", None),
    ],
)
def test_the_name_in_a_host_header_is_read_strictly(header: str, name: str | None):
    assert host_name(header) == name


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost@evil"]
)
def test_a_page_of_another_name_cannot_read_ours(site: Served, host: str):
    answer = site.browser().get("/alerts", headers={"host": host})

    assert answer.status_code == 400
    assert SMEAR not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_two_host_headers_are_refused(site: Served):
    answer = raw_request(
        site,
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    )

    assert answer.startswith("HTTP/1.1 400")


def test_the_public_and_the_bound_name_are_answered(serve: Serve):
    site = serve(public_url="https://watch.example:8443/")

    assert site.browser().get("/", headers={"host": "watch.example"}).status_code == 200
    assert "10.1.2.3" in allowed_hosts(None, "10.1.2.3")
    assert "0.0.0.0" not in allowed_hosts(None, "0.0.0.0")


@pytest.mark.parametrize(
    "path", ["/", "/alerts", "/healthz", "/nowhere", "/static/base.css", "/views"]
)
def test_every_answer_carries_the_security_headers(site: Served, path: str):
    headers = site.browser().get(path).headers

    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"


def test_pages_are_never_kept_by_caches_and_files_are(site: Served):
    visitor = site.browser()

    assert visitor.get("/alerts").headers["cache-control"] == "no-store"
    assert "immutable" in visitor.get("/static/base.css").headers["cache-control"]


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(site: Served):
    cookie = site.browser().get("/").headers["set-cookie"].casefold()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_cookies_travel_encrypted_where_the_public_address_is(serve: Serve):
    cookie = serve(public_url="https://watch.example").browser().get("/").headers["set-cookie"]

    assert "; Secure" in cookie


@pytest.mark.parametrize(
    "page", ["/", "/alerts", f"/alerts/{SMEAR}", "/posts?q=a", "/views", "/openapi.json"]
)
def test_with_a_password_nothing_is_shown_before_login(serve: Serve, page: str):
    answer = serve(password="opensesame").browser().get(page)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")
    assert answer.content == b""


def test_before_login_supervisors_and_stylesheets_are_answered(serve: Serve):
    visitor = serve(password="opensesame").browser()

    assert visitor.get("/healthz").status_code == 200
    assert visitor.get("/static/base.css").status_code == 200
    assert "sources" not in visitor.get("/login").text


def test_the_right_password_opens_the_pages_and_names_the_person(serve: Serve):
    site = serve(password="opensesame")
    visitor = site.browser()

    answer = post_form(
        visitor,
        "/login?next=/alerts",
        "/login",
        name="미나",
        password="opensesame",
        next="/alerts",
    )
    post_form(visitor, f"/alerts/{SMEAR}", f"/alerts/{SMEAR}/decide", state="acknowledged")

    assert answer.headers["location"] == "/alerts"
    assert visitor.get("/alerts").status_code == 200
    assert site.desk.decisions([SMEAR])[SMEAR].who == "미나"


def test_a_wrong_password_opens_nothing_and_is_not_repeated_back(serve: Serve):
    visitor = serve(password="opensesame").browser()

    answer = post_form(visitor, "/login", "/login", name="x", password="guess-1234")

    assert answer.status_code == 403
    assert "This is not the password" in answer.text
    assert "guess-1234" not in answer.text
    assert visitor.get("/").status_code == 303


def test_guessing_is_stopped_even_with_the_right_password_at_last(serve: Serve):
    site = serve(password="opensesame")
    visitor = site.browser()
    for _ in range(Brake.PER_ADDRESS):
        post_form(visitor, "/login", "/login", name="x", password="wrong")

    answer = post_form(visitor, "/login", "/login", name="x", password="opensesame")

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    site.clock.now += Brake.WINDOW_MS + 1
    assert (
        post_form(visitor, "/login", "/login", name="x", password="opensesame").status_code
        == 303
    )


def test_a_session_ends_by_itself_and_by_logging_out(serve: Serve):
    site = serve(password="opensesame")
    visitor = site.browser()
    post_form(visitor, "/login", "/login", name="x", password="opensesame")
    post_form(visitor, "/", "/logout")
    assert visitor.get("/").status_code == 303

    post_form(visitor, "/login", "/login", name="x", password="opensesame")
    site.clock.now += SESSION_MS
    assert visitor.get("/").status_code == 303


def test_a_token_from_before_login_is_worthless_after_it(serve: Serve):
    visitor = serve(password="opensesame").browser()
    token = token_of(visitor.get("/login").text)
    visitor.post("/login", data={"csrf": token, "name": "x", "password": "opensesame"})

    answer = visitor.post(
        f"/alerts/{SMEAR}/decide", data={"csrf": token, "state": "acknowledged"}
    )

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil",
        "",
        "/a\r\nx: y",
        "/ a",
        "/" + "a" * 3000,
    ],
)
def test_nobody_is_sent_elsewhere_after_login(path: str):
    assert local_path(path) == "/"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/%5cevil.example/..//evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\tevil",
        " //evil.example",
        "///evil.example",
        "http:evil.example",
    ],
)
def test_no_form_of_ours_leads_to_another_site(serve: Serve, target: str):
    visitor = serve(password="opensesame").browser()
    fields = {"name": "x", "password": "opensesame", "next": target}

    asked = visitor.get("/login", params={"next": target}).text
    entered = post_form(visitor, "/login", "/login", **fields)
    preferred = post_form(visitor, "/", "/preferences", theme="dark", back=target)

    (goal,) = re.findall(r'name="next" value="([^"]*)"', asked)
    assert urlsplit(urljoin("http://ours.test/login", goal)).netloc == "ours.test"
    for answer in (entered, preferred):
        assert answer.status_code == 303
        goal = urljoin("http://ours.test/login", answer.headers["location"])
        assert urlsplit(goal).netloc == "ours.test"
        assert urlsplit(goal).scheme == "http"


def test_logging_out_ends_the_session_also_for_a_copied_cookie(serve: Serve):
    site = serve(password="opensesame")
    visitor, thief = site.browser(), site.browser()
    post_form(visitor, "/login", "/login", name="x", password="opensesame")
    thief.cookies.update(visitor.cookies)
    assert thief.get("/").status_code == 200

    post_form(visitor, "/", "/logout")

    assert thief.get("/").status_code == 303
    assert thief.get("/api/me").status_code == 401


def test_browsers_are_told_to_stay_with_https_where_the_public_address_has_it(serve: Serve):
    safe = serve(public_url="https://watch.example").browser().get("/login").headers

    assert int(safe["strict-transport-security"].partition("=")[2]) >= 15_552_000
    for plain in (None, "http://watch.example"):
        headers = serve(public_url=plain).browser().get("/").headers
        assert "strict-transport-security" not in headers


def test_who_guesses_keys_learns_nothing_from_the_answer(serve: Serve):
    site = serve(password="opensesame")
    made, text = Keys(site.desk.file).create("bot", ["read"], 1)
    held = text.reveal()
    wrong = (f"jk_{made.key_id}_" + "A" * 43, held[:-1], held.upper(), f"{held}=", "jk_", "x")

    said = {
        site.browser().get("/api/me", headers={"authorization": f"Bearer {one}"}).text
        for one in wrong
    }

    assert len(said) == 1
    kept = site.desk.file.path.read_bytes() + Path(f"{site.desk.file.path}-wal").read_bytes()
    assert held.encode() not in kept
    assert held.split("_", 2)[2].encode() not in kept


def test_a_path_of_ours_is_kept():
    assert local_path("/alerts?state=all&page=2") == "/alerts?state=all&page=2"


def test_preferences_are_kept_and_only_known_ones(site: Served):
    visitor = site.browser()

    post_form(
        visitor,
        "/",
        "/preferences",
        theme="dark",
        lang="ko",
        keys="off",
        zone="utc",
        back="/alerts",
    )
    html = visitor.get("/").text

    assert (
        '<html lang="ko" data-theme="dark" data-area="UTC" data-zone="UTC" data-keys="off">'
        in html
    )
    post_form(visitor, "/", "/preferences", theme='"><script>', back="//evil.example")
    assert 'data-theme="dark"' in visitor.get("/").text


def test_a_forged_preference_cookie_is_passed_over(site: Served):
    visitor = site.browser(cookies={"jikimi_theme": "x onload", "jikimi_lang": "../.."})

    assert (
        '<html lang="en" data-theme="system" data-area="Asia/Seoul" data-zone="KST">'
        in visitor.get("/").text
    )


@pytest.mark.parametrize(
    "cookie", ["jikimi_session=%00", "\x01=;;;=", "jikimi_session=" + "a." * 4000]
)
def test_strange_cookies_only_lead_to_the_login(serve: Serve, cookie: str):
    site = serve(password="opensesame")

    answer = site.browser().get("/", headers={"cookie": cookie})

    assert answer.status_code in {303, 400}
