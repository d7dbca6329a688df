"""The webhook: signed, recognisable on every try, patient, and silent about its secrets."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from dashboards.sinks.webhook import WebhookSink
from ingest.secret import Secret
from stream.sink import Delivery, DeliveryError, DeliveryRefused, SinkMisconfigured
from tests.dashboards.alert_world import SECRET, delivery
from tests.dashboards.receiver import Receiver, is_signed, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def sink(url: str, **options: Any) -> WebhookSink:
    return WebhookSink.from_settings("team", {"url": url, "secret": SECRET, **options})


def test_an_alert_arrives_as_json_with_its_id(receiver):
    sink(receiver.url).deliver(delivery(1))

    (request,) = receiver.requests
    assert request.path == "/hook"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["jikimi-delivery"] == delivery(1).delivery_id
    assert request.headers["user-agent"].startswith("jikimi/")
    assert msgspec.json.decode(request.body, type=Delivery) == delivery(1)


def test_the_signature_holds_for_another_implementation(receiver):
    sink(receiver.url).deliver(delivery(1))

    (request,) = receiver.requests
    assert is_signed(request, SECRET)
    assert not is_signed(request, SECRET + "x")
    request.body = request.body.replace(b"al_0001", b"al_0002")
    assert not is_signed(request, SECRET)


def test_the_signature_carries_the_time_of_the_try(receiver):
    now = iter([1_790_000_000.9, 1_790_000_060.0])
    hook = WebhookSink("team", url=receiver.url, secret=Secret(SECRET), clock=lambda: next(now))
    hook.deliver(delivery(1))
    hook.deliver(delivery(1))

    times = [one.headers["jikimi-signature"].split(",")[0] for one in receiver.requests]
    assert times == ["t=1790000000", "t=1790000060"]
    assert all(is_signed(request, SECRET) for request in receiver.requests)
    assert len(receiver.taken) == 1


def test_while_secrets_change_over_both_are_good(receiver):
    sink(receiver.url, previous_secret="the secret of last year").deliver(delivery(1))

    (request,) = receiver.requests
    assert is_signed(request, SECRET)
    assert is_signed(request, "the secret of last year")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_yes(receiver, status):
    receiver.moods = [status]

    sink(receiver.url).deliver(delivery(1))

    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 408, 410, 429, 500, 502, 503])
def test_what_may_pass_or_be_mended_is_to_be_tried_again(receiver, status):
    receiver.moods = [status]

    with pytest.raises(DeliveryError, match=f"answered {status}") as caught:
        sink(receiver.url).deliver(delivery(1))

    assert not isinstance(caught.value, DeliveryRefused)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_message_the_receiver_does_not_accept_is_refused(receiver, status):
    receiver.moods = [status]

    with pytest.raises(DeliveryRefused, match=f"answered {status}"):
        sink(receiver.url).deliver(delivery(1))


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120.0), ("999999999", 86_400.0), ("-5", None), ("soon", None), ("１２", None)],
)
def test_a_wish_to_wait_is_passed_on_within_reason(receiver, asked, seconds):
    receiver.moods = [429]
    receiver.headers = {"Retry-After": asked} if asked.isascii() else {"Retry-After": "\xb2"}

    with pytest.raises(DeliveryError) as caught:
        sink(receiver.url).deliver(delivery(1))

    assert caught.value.retry_after == seconds


def test_redirects_are_not_followed(receiver):
    receiver.moods = [302, 200]
    receiver.headers = {"Location": receiver.url.replace("/hook", "/elsewhere")}

    with pytest.raises(DeliveryError, match="a redirect, which is not followed"):
        sink(receiver.url).deliver(delivery(1))

    assert [request.path for request in receiver.requests] == ["/hook"]


@pytest.mark.parametrize("mood", ["drop unread", "drop unanswered"])
def test_a_dropped_connection_is_to_be_tried_again_and_counts_once(receiver, mood):
    receiver.moods = [mood]
    hook = sink(receiver.url)

    with pytest.raises(DeliveryError, match="connection failed"):
        hook.deliver(delivery(1))
    hook.deliver(delivery(1))

    assert list(receiver.taken) == [delivery(1).delivery_id]


def test_a_slow_receiver_is_not_waited_for_for_ever(receiver):
    receiver.moods, receiver.slow_s = ["slow"], 4.0
    begun = time.monotonic()

    with pytest.raises(DeliveryError, match="no answer in time"):
        sink(receiver.url, timeout=0.3).deliver(delivery(1))

    assert time.monotonic() - begun < 3.5


def test_an_endless_answer_is_not_read(receiver):
    receiver.moods = ["endless"]
    begun = time.monotonic()

    sink(receiver.url, timeout=30).deliver(delivery(1))

    assert time.monotonic() - begun < 20


def test_nobody_listening_is_to_be_tried_again():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/hook"

        with pytest.raises(DeliveryError, match="connection failed"):
            sink(url).deliver(delivery(1))


@pytest.mark.parametrize(
    "answer", [b"", b"\x00\xff" * 50, b"HTTP/1.1 999999 what\r\n\r\n", b"SSH-2.0-x\r\n"]
)
def test_an_answer_that_is_no_http_is_to_be_tried_again(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_once() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=answer_once)
        thread.start()
        with pytest.raises(DeliveryError, match="connection failed"):
            sink(f"http://127.0.0.1:{server.getsockname()[1]}/").deliver(delivery(1))
        thread.join()


# --- secrets ----------------------------------------------------------------------------

HIDDEN = ("hook-path-token", "query-token", "user-name", "user-password", SECRET)


def secretive(receiver: Receiver) -> WebhookSink:
    host = receiver.url.removeprefix("http://").removesuffix("/hook")
    return sink(
        f"http://user-name:user-password@{host}/hook-path-token?key=query-token#part",
        timeout=0.2,
    )


def test_user_name_and_password_of_the_address_become_basic_authentication(receiver):
    secretive(receiver).deliver(delivery(1))

    (request,) = receiver.requests
    assert request.path == "/hook-path-token?key=query-token"
    assert request.headers["authorization"] == "Basic dXNlci1uYW1lOnVzZXItcGFzc3dvcmQ="


@pytest.mark.parametrize("mood", [200, 302, 400, 401, 500, "slow", "drop unread"])
def test_no_secret_reaches_a_log_or_an_error(receiver, caplog, mood):
    caplog.set_level(logging.DEBUG)
    receiver.moods = [mood]
    receiver.headers = {"Location": "/elsewhere"}
    hook = secretive(receiver)
    said = repr(hook)

    try:
        hook.deliver(delivery(1))
    except DeliveryError as error:
        said += "".join(traceback.format_exception(error))

    said += caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert [word for word in HIDDEN if word in said] == []


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://user-name:user-password@a.example/?key=query-token"},
        {"url": "ftp://user-name:user-password@a.example/?key=query-token"},
        {"url": "https://a.example/", "secret": "query-token"},
        {"url": "https://a.example/", "previous_secret": "query-token"},
        {"url": "https://a.example/", "secret": Secret("query-token")},
        {"url": "https://a.example/", "timeout": "-1"},
    ],
)
def test_no_secret_stands_in_a_message_about_settings(options):
    with pytest.raises(SinkMisconfigured) as caught:
        WebhookSink.from_settings("team", {"secret": SECRET} | options)

    said = "".join(traceback.format_exception(caught.value))
    assert [word for word in HIDDEN if word in said] == []


# --- settings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/a?b=c",
        "https://10.0.0.7:8443/hook",
        "http://localhost:9000/",
        "http://127.9.9.9/",
        "http://[::1]:9000/hook",
        " https://a.example/\n",
    ],
)
def test_https_or_this_machine_is_allowed(url):
    assert sink(url).name == "team"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "http://10.0.0.7/",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
        "http://[::2]/",
        "ftp://hooks.example/",
        "hooks.example",
        "https://",
        "https://a b.example/",
        "https://a.example:99999/",
        "https://[::1/",
        "javascript:alert(1)",
        "\u0000",
        7,
        None,
    ],
)
def test_any_other_address_is_refused(url):
    with pytest.raises(SinkMisconfigured, match=r"^notify\.team\.options\.url: found "):
        WebhookSink.from_settings("team", {"url": url, "secret": SECRET})


def test_a_secret_is_needed_and_must_be_long_enough():
    with pytest.raises(
        SinkMisconfigured, match=r"options\.secret: found nothing, allowed: a text of"
    ):
        WebhookSink.from_settings("team", {"url": "https://a.example/"})
    with pytest.raises(
        SinkMisconfigured, match=r"options\.secret: found \*\*\*, allowed: a text of"
    ):
        WebhookSink.from_settings("team", {"url": "https://a.example/", "secret": "short"})


@pytest.mark.parametrize("timeout", [0.1, 60, "5", "2.5"])
def test_a_timeout_may_come_as_text_from_the_environment(timeout):
    assert sink("https://a.example/", timeout=timeout).name == "team"


@pytest.mark.parametrize("timeout", [0, 61, -1, "soon", True, "nan", "inf", [1]])
def test_other_timeouts_are_refused(timeout):
    with pytest.raises(
        SinkMisconfigured, match=r"options\.timeout: found .*allowed: 0\.1 to 60 seconds"
    ):
        sink("https://a.example/", timeout=timeout)


def test_an_unknown_option_is_named_with_a_suggestion():
    with pytest.raises(
        SinkMisconfigured, match=r"options\.time_out: not known; .*did you mean timeout"
    ):
        sink("https://a.example/", time_out=3)
