"""Asks Reddit through PRAW, and turns everything that can go wrong into our errors.

PRAW logs in (application-only, no account) and knows the API. It would sleep
through quotas and retries where nothing could wake it, so both are taken from
it here: what is left of the quota is read from the answers before PRAW sees
them, and an answer worth a retry ends the attempt, which the collector repeats.
Messages name places and numbers only, never what an answer or a setting holds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import praw
import requests
from praw.exceptions import PRAWException
from prawcore import Requestor
from prawcore.const import ACCESS_TOKEN_PATH
from prawcore.exceptions import (
    BadJSON,
    InsufficientScope,
    InvalidToken,
    OAuthException,
    PrawcoreException,
    RequestException,
    ResponseException,
)
from urllib3.exceptions import HTTPError

from ingest import clean
from ingest.reddit.limits import Limits
from ingest.source import Disconnected, RateLimited, SourceError, SourceMisconfigured, Stop

if TYPE_CHECKING:
    from ingest.reddit.options import RedditOptions

LARGEST_ANSWER = 32 << 20
LONGEST_ANSWER_S = 60.0
PATIENCE_S = 10.0
"""Waits longer than this are told to the collector, so that people see the reason."""
PASSING = frozenset({408, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530})
PAGE = 100
"""Things that Reddit gives at most at once."""

UNACCEPTED = "Reddit does not accept client_id and client_secret"

_REASONS = {
    "private": "is private",
    "banned": "is banned",
    "quarantined": "is quarantined",
    "gold_only": "is for paying members",
}
_STATUSES = {
    302: "does not exist",
    400: "is not understood by Reddit",
    403: "is closed to us",
    404: "does not exist or is banned",
    414: "is too long",
    451: "may not be shown for legal reasons",
}


class Stopped(Exception):
    """We were asked to stop while waiting for our turn."""


class Refused(Exception):
    """Reddit answers, but not about this place; the message says why.

    ``is_stated`` False: nothing says that it is about this place alone.
    """

    def __init__(self, status: int, why: str, *, is_stated: bool = True) -> None:
        super().__init__(why)
        self.status = status
        self.is_stated = is_stated


class Client:
    """One app's access to Reddit.

    Args:
        name: of the source, for messages about its settings.
        stop: ends waits.
        accepted: set once Reddit has accepted the credentials; from then on a
            refusal is Reddit's trouble and not a person's.
    """

    def __init__(
        self,
        name: str,
        options: RedditOptions,
        limits: Limits,
        stop: Stop,
        accepted: threading.Event,
    ) -> None:
        self._where = f"sources.{name}.options"
        self._limits = limits
        self._stop = stop
        self._accepted = accepted
        self._session = requests.Session()
        # Without it a .netrc of this machine would replace PRAW's token.
        self._session.auth = _as_it_is
        try:
            self._reddit = praw.Reddit(
                "DEFAULT",
                requestor_class=_Requestor,
                requestor_kwargs={
                    "session": self._session,
                    "timeout": options.timeout_s,
                    "limits": limits,
                    "accepted": accepted,
                    "where": self._where,
                },
                client_id=options.client_id,
                client_secret=options.client_secret.reveal(),
                user_agent=options.user_agent,
                oauth_url=options.oauth_url,
                reddit_url=options.reddit_url,
                # Also what a praw.ini or the environment may say is not for us.
                username=None,
                password=None,
                refresh_token=None,
                redirect_uri=None,
                check_for_updates=False,
                check_for_async=False,
            )
        except (PRAWException, PrawcoreException, ValueError, LookupError):
            raise SourceMisconfigured(
                f"{self._where}: PRAW does not accept these settings (or a praw.ini)"
            ) from None

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def spare_in(self) -> float:
        """Seconds until there is quota for what can wait."""
        return self._limits.spare_in()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> object:
        """The answer to a GET as plain JSON.

        Raises:
            Refused: this place cannot be read.
            SourceError: nothing can be read for now.
            SourceMisconfigured: the credentials are wrong.
            Stopped: while waiting for our turn.
        """
        return self._ask("GET", path, params=dict(params or {}))

    def post(self, path: str, data: Mapping[str, str | int]) -> object:
        """The answer to a POST that reads; errors as :meth:`get`."""
        return self._ask("POST", path, data=dict(data))

    def _ask(self, method: str, path: str, **arguments: Any) -> object:
        self._wait()
        try:
            return cast("Any", self._reddit).request(method=method, path=path, **arguments)
        except OAuthException:
            if self._accepted.is_set():
                raise Disconnected("Reddit refuses to let us log in") from None
            raise SourceMisconfigured(f"{self._where}: {UNACCEPTED}") from None
        except BadJSON:
            raise Disconnected("Reddit answered with something else than JSON") from None
        except (InvalidToken, InsufficientScope):
            raise Disconnected("Reddit does not accept the token it gave") from None
        except ResponseException as error:
            raise _refused(error.response) from None
        except PRAWException:
            raise Refused(400, _STATUSES[400]) from None
        except PrawcoreException as error:
            raise Disconnected(f"Reddit: {type(error).__name__}") from None
        except (ValueError, LookupError, TypeError, AttributeError, AssertionError):
            raise Disconnected("Reddit answered with something that PRAW cannot read") from None
        except RecursionError:
            raise Disconnected("Reddit's answer is nested too deeply") from None

    def _wait(self) -> None:
        pause = self._limits.pause()
        if pause > PATIENCE_S:
            raise RateLimited("Reddit's quota is used up", retry_after=pause)
        if pause > 0:
            self._stop.wait(pause)
        if self._stop.is_set():
            raise Stopped


class _Requestor(Requestor):
    """Sends PRAW's requests: bounded in size and time, limits noted, failures named."""

    def __init__(
        self, *, limits: Limits, accepted: threading.Event, where: str, **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self._limits = limits
        self._where = where
        self._refusals = 0
        self._accepted = accepted

    def request(self, *args: Any, **arguments: Any) -> requests.Response:
        """Send one request.

        Raises:
            SourceError: it failed in a way that passes.
            SourceMisconfigured: Reddit does not know these credentials.
        """
        is_login = str(args[1]).endswith(ACCESS_TOKEN_PATH)
        # PRAW passes a default of its own; the time limit of the settings counts.
        arguments |= {"timeout": self.timeout, "stream": True}
        response = self._send(args, arguments, again=True)
        try:
            self._read(response)
        except (HTTPError, OSError) as error:
            raise Disconnected(f"Reddit: {_cause(error)}") from None
        self._limits.heard(response.headers)
        self._judge(response, is_login)
        for name in [key for key in response.headers if key.lower().startswith("x-ratelimit")]:
            # PRAW would sleep by them, and stumbles where one is no whole number.
            del response.headers[name]
        return response

    def _send(
        self, args: tuple[Any, ...], arguments: dict[str, Any], *, again: bool
    ) -> requests.Response:
        self._limits.sent()
        try:
            return super().request(*args, **arguments)
        except RequestException as error:
            cause = error.original_exception
        if again and type(cause) is requests.ConnectionError:
            # The server may just have closed a connection that we kept open for too long.
            return self._send(args, arguments, again=False)
        raise Disconnected(f"Reddit: {_cause(cause)}")

    def _read(self, response: requests.Response) -> None:
        """Take the body in, within bounds, so that nothing is left on the wire."""
        wire = response.raw
        body = bytearray()
        began = time.monotonic()
        for chunk in wire.stream(1 << 16, decode_content=True):
            body += chunk
            if len(body) > LARGEST_ANSWER or time.monotonic() - began > LONGEST_ANSWER_S:
                wire.close()
                raise Disconnected("Reddit's answer is endless")
        response.raw = _Body(bytes(body))

    def _judge(self, response: requests.Response, is_login: bool) -> None:
        status = response.status_code
        if status == 429:  # noqa: PLR2004
            wait = self._limits.asked_to_wait(response.headers)
            raise RateLimited("Reddit asks us to wait (429)", retry_after=wait)
        if status in PASSING:
            raise Disconnected(f"Reddit is in trouble ({status})")
        if not is_login:
            self._refusals = self._refusals + 1 if status == 401 else 0  # noqa: PLR2004
            if self._refusals > 1:
                # PRAW has logged in anew in between; it would sleep and try a third time.
                self._refusals = 0
                raise Disconnected("Reddit does not accept the token it gave (401)")
            if not self._refusals:
                self._accepted.set()
            return
        if status == 200:  # noqa: PLR2004
            return
        if status in (400, 401) and not self._accepted.is_set():
            raise SourceMisconfigured(f"{self._where}: {UNACCEPTED} ({status})")
        raise Disconnected(f"Reddit refuses to let us log in ({status})")


class _Body:
    """A body that was read, as ``requests`` asks for it."""

    def __init__(self, body: bytes) -> None:
        self._left = body

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def close(self) -> None:
        """Nothing is open."""

    release_conn = close


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _refused(response: requests.Response) -> Refused | SourceError:
    status = response.status_code
    try:
        told = clean.mapping(clean.loads(response.content[: clean.RAW_LIMIT])).get("reason")
    except clean.Unreadable:
        told = None
    why = _REASONS.get(told) if isinstance(told, str) else None
    is_stated = why is not None or status != 403  # noqa: PLR2004
    if why is None and status in (301, 302):
        why = _STATUSES[302]
    if why is None:
        why = _STATUSES.get(status)
    if why is None:
        return Disconnected(f"Reddit answered {status}")
    return Refused(status, why, is_stated=is_stated)


def _cause(error: BaseException) -> str:
    """What went wrong on the way, in words that quote nothing."""
    name = type(error).__name__
    if "Timeout" in name:
        return "no answer in time"
    if name in ("ChunkedEncodingError", "ProtocolError", "IncompleteRead"):
        return "the answer broke off"
    if "SSL" in name or "Certificate" in name:
        return "the connection is not trustworthy (certificate)"
    return f"the connection failed ({name})"
