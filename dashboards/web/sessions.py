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
        self._hash = self._scrypt(text)

    def matches(self, text: str) -> bool:
        """Whether this is the password; over-long tries fail without being hashed."""
        if len(text) > MAX_PASSWORD:
            return False
        return hmac.compare_digest(self._hash, self._scrypt(text))

    def _scrypt(self, text: str) -> bytes:
        raw = text.encode("utf-8", "surrogatepass")
        return hashlib.scrypt(raw, salt=self._salt, n=2**14, r=8, p=1)


class Sessions:
    """Who is logged in, kept in a signed cookie; a new password ends all sessions."""

    def __init__(self, secret: bytes, password: str, now: Callable[[], int]) -> None:
        mark = hashlib.sha256(password.encode("utf-8", "surrogatepass")).hexdigest()
        self._signer = Signer(secret, f"session {mark}")
        self._now = now
        self.password = Password(password)
        self.brake = Brake(now)

    def start(self, person: str) -> str:
        """The cookie of a new session."""
        name = base64.urlsafe_b64encode(person.encode("utf-8", "replace")).decode()
        until = str(self._now() + SESSION_MS)
        return f"{name}.{until}.{self._signer.sign(name, until)}"

    def person(self, cookie: str) -> str | None:
        """Who the cookie stands for; None when forged, foreign or expired."""
        name, _, rest = cookie.partition(".")
        until, _, signature = rest.partition(".")
        if not self._signer.valid(signature, name, until):
            return None
        if int(until) <= self._now():
            return None
        return base64.urlsafe_b64decode(name).decode("utf-8", "replace")


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
