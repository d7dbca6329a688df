"""The webhook sink: each alert as a signed POST that a receiver can tell from a repeat."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Final, Self

import httpx
import msgspec

from dashboards.sinks.options import SinkOptions
from ingest.secret import Secret
from stream.sink import Delivery, DeliveryError, DeliveryRefused

SHORTEST_SECRET: Final = 16
LAST_PORT: Final = 65_535
_SECRET: Final = f"a text of at least {SHORTEST_SECRET} characters"
LONGEST_WAIT_S: Final = 24 * 60 * 60
_REFUSED: Final = (400, 413, 414, 415, 422)
"""Answers that concern this one message; other errors may pass or be mended."""


class WebhookSink:
    """Posts each alert as JSON to ``url``, signed with ``secret``; any 2xx answer is a yes.

    ``Jikimi-Delivery`` is the same on every try: a receiver that remembers it sees
    each alert once. One that does not can see a repeat if this process dies between
    the receiver's answer and noting it. ``Jikimi-Signature`` is ``t=SECONDS,v1=HEX``,
    HMAC-SHA256 of ``SECONDS.BODY``. Redirects are not followed.

    Args:
        url: https, or http to this machine.
        timeout: seconds for connecting, sending and each wait for an answer.
        previous: a second secret to sign with while receivers change over.
    """

    def __init__(
        self,
        name: str,
        *,
        url: str,
        secret: Secret,
        previous: Secret | None = None,
        timeout: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        address = httpx.URL(url)
        self._url = address.copy_with(userinfo=b"", fragment=None)
        self._auth = _basic(address)
        self._secrets = [secret] if previous is None else [secret, previous]
        self._timeout = httpx.Timeout(timeout).as_dict()
        self._clock = clock
        # Not a client: no redirects, cookies, .netrc, proxies, or addresses in logs.
        self._transport = httpx.HTTPTransport(retries=0)

    @classmethod
    def from_settings(cls, name: str, options: Mapping[str, object]) -> Self:
        """From ``[notify.NAME] options``: url, secret, previous_secret, timeout.

        Raises:
            SinkMisconfigured: a missing, wrong or unknown option.
        """
        given = SinkOptions(name, options)
        allowed = "an https address, or http to this machine"
        url = given.text("url", allowed=allowed)
        if not _is_fine(url):
            raise given.wrong("url", url, allowed)
        secret = _secret(given, "secret", given.text("secret", allowed=_SECRET))
        before = given.text("previous_secret", allowed=_SECRET, default="")
        previous = _secret(given, "previous_secret", before) if before else None
        timeout = given.seconds("timeout", 10.0, least=0.1, most=60.0)
        given.finish()
        return cls(name, url=url, secret=secret, previous=previous, timeout=timeout)

    @property
    def name(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f"WebhookSink({self._name!r}, {self._place()})"

    def deliver(self, delivery: Delivery, /) -> None:
        """Post it and wait for the answer's first lines.

        Raises:
            DeliveryRefused: the receiver does not accept this very message.
            DeliveryError: no answer, or one that is not 2xx.
        """
        body = msgspec.json.encode(delivery)
        request = httpx.Request(
            "POST",
            self._url,
            content=body,
            headers=self._headers(delivery, body),
            extensions={"timeout": self._timeout},
        )
        try:
            response = self._transport.handle_request(request)
            response.close()
        except httpx.TimeoutException:
            raise DeliveryError(f"{self._place()}: no answer in time") from None
        except httpx.HTTPError as error:
            # Its text may hold what the other side sent.
            what = type(error).__name__
            raise DeliveryError(f"{self._place()}: connection failed ({what})") from None
        self._judge(response)

    def _judge(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        told = f"{self._place()}: answered {response.status_code}"
        if response.status_code in _REFUSED:
            raise DeliveryRefused(told)
        if response.is_redirect:
            told += ", a redirect, which is not followed"
        raise DeliveryError(told, retry_after=_retry_after(response.headers))

    def _headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"jikimi/{version('jikimi')}",
            "Jikimi-Delivery": delivery.delivery_id,
            "Jikimi-Signature": signature(self._secrets, int(self._clock()), body),
            "Connection": "close",
        }
        if self._auth is not None:
            headers["Authorization"] = self._auth.reveal()
        return headers

    def _place(self) -> str:
        # Paths, queries and user names of hooks are credentials.
        return f"{self._url.scheme}://{self._url.netloc.decode('ascii')}"


def signature(secrets: list[Secret], at: int, body: bytes) -> str:
    """The value of ``Jikimi-Signature``: ``t=`` the time in seconds, a ``v1=`` a secret."""
    signed = b"%d.%s" % (at, body)
    marks = [
        hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()
        for secret in secrets
    ]
    return ",".join([f"t={at}", *(f"v1={mark}" for mark in marks)])


def _secret(given: SinkOptions, key: str, text: str) -> Secret:
    if len(text) < SHORTEST_SECRET:
        raise given.wrong(key, text, _SECRET)
    return Secret(text)


def _is_fine(url: str) -> bool:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return False
    if not address.host or any(character.isspace() for character in url):
        return False
    if address.port is not None and not 0 < address.port <= LAST_PORT:
        return False
    return address.scheme == "https" or (address.scheme == "http" and _is_here(address.host))


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _basic(address: httpx.URL) -> Secret | None:
    if not address.userinfo:
        return None
    request = httpx.Request("POST", address)
    signed = next(httpx.BasicAuth(address.username, address.password).auth_flow(request))
    return Secret(signed.headers["Authorization"])


def _retry_after(headers: httpx.Headers) -> float | None:
    asked = headers.get("Retry-After", "")
    if not re.fullmatch(r"[0-9]{1,9}", asked):
        return None
    return float(min(int(asked), LONGEST_WAIT_S))
