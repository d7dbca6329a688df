"""Signed cookies, form tokens, the password and the brake on guessing it.

Form tokens are HMAC-signed double-submit cookies bound to the session (OWASP
Cross-Site Request Forgery Prevention Cheat Sheet). Passwords are compared by
scrypt (RFC 7914) with N=2^14, r=8, p=1: about 50 ms and 16 MiB a try.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable

SESSION_COOKIE = "jikimi_session"
CSRF_COOKIE = "jikimi_csrf"
SESSION_MS = 12 * 60 * 60 * 1000
MAX_PASSWORD = 1024
MAX_NAME = 60


class Signer:
    """HMAC-SHA256 over length-prefixed parts, with a key of its own per purpose."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = hmac.digest(secret, purpose.encode(), "sha256")

    def sign(self, *parts: str) -> str:
        """Signature of the parts, in hex."""
        message = b"".join(
            len(raw).to_bytes(4, "big") + raw
            for raw in (part.encode("utf-8", "surrogatepass") for part in parts)
        )
        return hmac.digest(self._key, message, "sha256").hex()

    def valid(self, signature: str, *parts: str) -> bool:
        """Whether the signature is of these parts; takes the same time either way."""
        given = signature.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(given, self.sign(*parts).encode())


class FormTokens:
    """Tokens that only a page of ours can put into a form."""

    def __init__(self, secret: bytes) -> None:
        self._signer = Signer(secret, "form")

    @staticmethod
    def nonce() -> str:
        """A new value for the cookie."""
        return secrets.token_urlsafe(24)

    def token(self, nonce: str, session: str) -> str:
        """What the form carries, for this cookie and session."""
        return self._signer.sign(nonce, session)

    def valid(self, token: str, nonce: str, session: str) -> bool:
        """Whether the form was made for this cookie and session."""
        return bool(nonce) and self._signer.valid(token, nonce, session)


class Password:
    """Keeps a scrypt hash only; the text itself is not held."""

    def __init__(self, text: str) -> None:
        self._salt = secrets.token_bytes(16)
        self._hash = _scrypt(text, self._salt)

    def matches(self, text: str) -> bool:
        """Whether this is the password; over-long tries fail without being hashed."""
        if len(text) > MAX_PASSWORD:
            return False
        return hmac.compare_digest(self._hash, _scrypt(text, self._salt))


def _scrypt(text: str, salt: bytes) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(raw, salt=salt, n=2**14, r=8, p=1)


class Sessions:
    """Who is logged in, kept in a signed cookie; a new password ends all sessions.

    A session that was ended stays so while this process runs; a restart forgets it, and a
    copy of its cookie would again be good for what is left of its hours.
    """

    MOST_ENDED = 10_000

    def __init__(self, secret: bytes, password: str, now: Callable[[], int]) -> None:
        # A slow hash: cookie and secret together must not give the password away.
        mark = _scrypt(password, secret).hex()
        self._signer = Signer(secret, f"session {mark}")
        self._now = now
        self._ended: dict[str, int] = {}
        self._lock = threading.Lock()
        self.password = Password(password)
        self.brake = Brake(now)

    def start(self, person: str) -> str:
        """The cookie of a new session."""
        name = base64.urlsafe_b64encode(person.encode("utf-8", "replace")).decode()
        until = str(self._now() + SESSION_MS)
        nonce = secrets.token_urlsafe(12)
        return f"{name}.{until}.{nonce}.{self._signer.sign(name, until, nonce)}"

    def person(self, cookie: str) -> str | None:
        """Who the cookie stands for; None when forged, foreign, expired or ended."""
        held = self._read(cookie)
        return None if held is None else held[0]

    def end(self, cookie: str) -> None:
        """Make a cookie void, also copies of it."""
        held = self._read(cookie)
        if held is None:
            return
        with self._lock:
            now = self._now()
            kept = [(nonce, until) for nonce, until in self._ended.items() if until > now]
            self._ended = dict([*kept, held[1:]][-self.MOST_ENDED :])

    def _read(self, cookie: str) -> tuple[str, str, int] | None:
        parts = cookie.split(".", 3)
        if len(parts) != len(("name", "until", "nonce", "signature")):
            return None
        name, until, nonce, signature = parts
        if not self._signer.valid(signature, name, until, nonce):
            return None
        if int(until) <= self._now() or nonce in self._ended:
            return None
        return base64.urlsafe_b64decode(name).decode("utf-8", "replace"), nonce, int(until)


class Brake:
    """Slows guessing: a few failures an address, some more for all together."""

    WINDOW_MS = 5 * 60 * 1000
    PER_ADDRESS = 5
    TOGETHER = 50

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failures: list[tuple[int, str]] = []

    def try_in_s(self, address: str) -> int:
        """0 and the try counts as failed until :meth:`forgive`; else seconds to wait.

        Counting before the password is compared keeps parallel tries in the limit.
        """
        with self._lock:
            self._forget()
            own = [at for at, who in self._failures if who == address]
            every = [at for at, _ in self._failures]
            ends = [
                times[-limit] + self.WINDOW_MS
                for times, limit in ((own, self.PER_ADDRESS), (every, self.TOGETHER))
                if len(times) >= limit
            ]
            if not ends:
                self._failures.append((self._now(), address))
                return 0
        return max(1, -(-(max(ends) - self._now()) // 1000))

    def forgive(self, address: str) -> None:
        """The password was right: this address starts afresh."""
        with self._lock:
            self._failures = [(at, who) for at, who in self._failures if who != address]

    def _forget(self) -> None:
        since = self._now() - self.WINDOW_MS
        self._failures = [(at, who) for at, who in self._failures if at > since]
