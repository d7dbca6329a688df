"""Signed cookies, form tokens, the password and the brake on guessing it."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.sessions import (
    MAX_PASSWORD,
    SESSION_MS,
    Brake,
    FormTokens,
    Password,
    Sessions,
    Signer,
)
from tests.dashboards.web.conftest import SECRET, Clock


def test_a_session_stands_for_its_person_until_it_ends():
    clock = Clock()
    sessions = Sessions(SECRET, "opensesame", clock)
    cookie = sessions.start("미나.Kim")

    assert sessions.person(cookie) == "미나.Kim"
    clock.now += SESSION_MS
    assert sessions.person(cookie) is None


def test_a_session_is_worthless_under_another_password_or_secret():
    clock = Clock()
    cookie = Sessions(SECRET, "old", clock).start("Mina")

    assert Sessions(SECRET, "new", clock).person(cookie) is None
    assert Sessions(b"x" * 32, "old", clock).person(cookie) is None


def test_an_ended_session_is_void_also_for_who_copied_the_cookie():
    sessions = Sessions(SECRET, "p", Clock())
    ended, other = sessions.start("Mina"), sessions.start("Mina")
    assert ended != other

    sessions.end(ended)
    sessions.end("nothing.like.a.cookie")

    assert sessions.person(ended) is None
    assert sessions.person(other) == "Mina"


def test_ended_sessions_are_remembered_as_long_as_they_would_have_lasted():
    clock = Clock()
    sessions = Sessions(SECRET, "p", clock)
    for _ in range(20):
        sessions.end(sessions.start("Mina"))
    clock.now += SESSION_MS
    last = sessions.start("Mina")
    sessions.end(last)

    assert len(sessions._ended) == 1
    sessions.MOST_ENDED = 5
    for _ in range(20):
        sessions.end(sessions.start("Mina"))
    assert len(sessions._ended) == 5


def test_cookie_and_secret_do_not_give_a_weak_password_away_quickly():
    begun = time.process_time()
    Sessions(SECRET, "weak", Clock())

    # Two slow hashes: one of the password, one for what signs the cookies.
    assert time.process_time() - begun > 0.02


@pytest.mark.parametrize("place", range(0, 120, 7))
def test_a_changed_letter_ends_a_session(place: int):
    sessions = Sessions(SECRET, "p", Clock())
    cookie = sessions.start("Mina")
    place %= len(cookie)
    letter = "0" if cookie[place] != "0" else "1"

    assert sessions.person(cookie[:place] + letter + cookie[place + 1 :]) is None


@given(st.text(max_size=80))
def test_no_invented_cookie_is_believed(cookie: str):
    assert Sessions(SECRET, "p", Clock()).person(cookie) is None


def test_parts_cannot_be_shifted_under_one_signature():
    signer = Signer(SECRET, "test")

    assert signer.sign("ab", "c") != signer.sign("a", "bc")


def test_a_key_for_one_purpose_says_nothing_about_another():
    assert Signer(SECRET, "form").sign("x") != Signer(SECRET, "session").sign("x")


def test_a_form_token_fits_its_cookie_and_session_only():
    tokens = FormTokens(SECRET)
    token = tokens.token("nonce", "session")

    assert tokens.valid(token, "nonce", "session")
    assert not tokens.valid(token, "other", "session")
    assert not tokens.valid(token, "nonce", "")
    assert not tokens.valid("", "nonce", "session")
    assert not tokens.valid(tokens.token("", ""), "", "")


def test_the_password_is_known_by_its_hash_only():
    password = Password("비밀번호 42")

    assert password.matches("비밀번호 42")
    assert not password.matches("비밀번호 43")
    assert not password.matches("")
    assert "비밀번호" not in repr(vars(password))


def test_an_endless_password_is_not_even_hashed():
    assert not Password("x").matches("x" * (MAX_PASSWORD + 1))


def test_guessing_is_stopped_after_a_few_tries_and_allowed_again_later():
    clock = Clock()
    brake = Brake(clock)
    tries = [brake.try_in_s("10.0.0.1") for _ in range(Brake.PER_ADDRESS)]

    assert tries == [0] * Brake.PER_ADDRESS
    assert brake.try_in_s("10.0.0.1") == Brake.WINDOW_MS // 1000
    assert brake.try_in_s("10.0.0.2") == 0
    clock.now += Brake.WINDOW_MS + 1
    assert brake.try_in_s("10.0.0.1") == 0


def test_the_right_password_starts_afresh():
    brake = Brake(Clock())
    for _ in range(Brake.PER_ADDRESS):
        brake.try_in_s("a")
    brake.forgive("a")

    assert brake.try_in_s("a") == 0


def test_many_addresses_together_are_stopped_too():
    brake = Brake(Clock())
    for number in range(Brake.TOGETHER):
        assert brake.try_in_s(f"10.0.0.{number}") == 0

    assert brake.try_in_s("another") > 0


def test_tries_at_the_same_moment_count_one_by_one():
    brake = Brake(Clock())
    allowed = list[int]()
    threads = [
        threading.Thread(target=lambda: allowed.append(brake.try_in_s("a"))) for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert allowed.count(0) == Brake.PER_ADDRESS
