"""The sample of the guide verifies what the webhook really sends."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboards.notify import Backoff
from dashboards.sinks.webhook import _REFUSED, WebhookSink
from ingest.secret import Secret
from tests.dashboards.alert_world import SECRET, delivery
from tests.dashboards.receiver import Request, receiving

GUIDE = (Path(__file__).parents[2] / "docs" / "how-to" / "receive-alerts.md").read_text("utf-8")
AT = 1_790_000_000


@pytest.fixture(scope="module")
def verify() -> Callable[..., bool]:
    (sample,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(sample, "receive-alerts.md", "exec"), names)
    return names["is_from_jikimi"]


@pytest.fixture(scope="module")
def request_() -> Request:
    with receiving() as receiver:
        WebhookSink(
            "team",
            url=receiver.url,
            secret=Secret(SECRET),
            previous=Secret("the secret of last year"),
            clock=lambda: AT + 0.5,
        ).deliver(delivery(1))
    return receiver.requests[0]


def test_the_sample_accepts_what_is_sent_with_either_secret(verify, request_):
    header = request_.headers["jikimi-signature"]

    assert verify(header, request_.body, SECRET, AT + 2)
    assert verify(header, request_.body, "the secret of last year", AT + 2)


def test_the_sample_refuses_another_secret_body_or_time(verify, request_):
    header = request_.headers["jikimi-signature"]

    assert not verify(header, request_.body, "somebody else's secret", AT)
    assert not verify(header, request_.body + b" ", SECRET, AT)
    assert not verify(header, request_.body, SECRET, AT + 302)
    assert not verify(header, request_.body, SECRET)
    assert not verify(header.replace(f"t={AT}", f"t={AT + 1}"), request_.body, SECRET, AT)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1",
        "v1=00",
        "t=x,v1=00",
        f"t={AT},t={AT},v1=0",
        f"t={AT},v1=é",
        "=,=",
        f"t={AT},v1=",
    ],
)
def test_the_sample_refuses_a_header_that_is_none(verify, request_, header):
    assert not verify(header, request_.body, SECRET, AT)


def test_the_figures_of_the_guide_are_those_of_the_code():
    backoff = Backoff()
    text = " ".join(GUIDE.split())

    assert f"after {backoff.first_ms // 1000} seconds" in text
    assert f"up to {backoff.longest_ms // 60_000} minutes" in text
    assert f"After {backoff.tries} tries" in text
    hours = sum(backoff.pause(tries, 0.5) for tries in range(1, backoff.tries)) / 3_600_000
    assert 5 < hours < 9
    for status in _REFUSED:
        assert str(status) in text
