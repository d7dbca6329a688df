"""What every answer passes: Host check against DNS rebinding, headers, the password gate.

Both layers are plain ASGI. They deny by default: a page that is added later
is behind them without anybody having to remember it.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as HttpScope

from dashboards.keys import SCOPES, Keys, Scope
from dashboards.web.api.problems import ApiError, problem
from dashboards.web.sessions import SESSION_COOKIE, Sessions
from stream.settings import ConfigError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
NOBODY = "this computer"
"""Who decides where no password is set: whoever sits at the machine."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
ONLY_HTTPS = f"max-age={365 * 24 * 60 * 60}"
OPEN_PATHS = ("/login", "/healthz", "/readyz", "/preferences")
_HOST = re.compile(r"^(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[a-z0-9.-]+))(?::\d{1,5})?$")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host.casefold() in LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_bind(host: str, password: str | None) -> None:
    """Refuse to listen where others reach the pages unless a password is set.

    Raises:
        ConfigError: no password, and ``host`` is not a loopback address.
    """
    if password or is_loopback(host):
        return
    raise ConfigError(
        f"web.host: found {host!r}, which other machines can reach; set web.password "
        "(JIKIMI__WEB__PASSWORD), or listen on 127.0.0.1"
    )


def allowed_hosts(public_url: str | None, bound: str | None = None) -> frozenset[str]:
    """Names under which the pages answer: loopback, the public address, the bound one."""
    hosts = set(LOOPBACK)
    public = urlsplit(public_url or "").hostname
    if public:
        hosts.add(public.casefold())
    if bound and bound.strip("[]") not in {"0.0.0.0", "::", ""}:  # noqa: S104 - refused here
        hosts.add(bound.strip("[]").casefold())
    return frozenset(hosts)


def host_name(header: str) -> str | None:
    """The name in a Host header without its port, None when it is no name at all."""
    found = _HOST.match(header.strip().casefold())
    if found is None:
        return None
    return found["six"] or found["name"].rstrip(".")


class Guard:
    """Outermost layer: refuses foreign Host headers, puts the security headers on."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], secure: bool) -> None:
        self._app = app
        self._hosts = hosts
        self._headers = HEADERS | ({"strict-transport-security": ONLY_HTTPS} if secure else {})

    async def __call__(self, scope: HttpScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        named = Headers(scope=scope).getlist("host")
        if len(named) != 1 or host_name(named[0]) not in self._hosts:
            await _foreign_host(scope)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sent a request, and whether that still holds for an answer that takes long."""

    person: str | None
    scopes: tuple[Scope, ...] = ()
    by_key: bool = False


class Gate:
    """Lets only people in who have logged in, once a password is set, and keys to the API."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions | None, keys: Keys) -> None:
        self._app = app
        self._sessions = sessions
        self._keys = keys

    async def __call__(self, scope: HttpScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        headers = Headers(scope=scope)
        sender = self._sender(headers, for_programs=of_programs(path))
        state = scope.setdefault("state", {})
        state["person"] = sender.person
        state["scopes"] = sender.scopes
        state["by_key"] = sender.by_key
        state["still"] = lambda: (
            self._sender(headers, for_programs=of_programs(path)).person is not None
        )
        if sender.person is None and path not in OPEN_PATHS and not path.startswith("/static/"):
            await _ask_who(path, scope["method"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _sender(self, headers: Headers, *, for_programs: bool) -> Sender:
        if for_programs and "authorization" in headers:
            # A wrong key is never quietly taken for nobody in particular.
            scheme, _, text = headers["authorization"].partition(" ")
            key = self._keys.holder(text.strip()) if scheme.casefold() == "bearer" else None
            if key is None:
                return Sender(person=None)
            return Sender(person=key.who, scopes=key.scopes, by_key=True)
        token = read_cookie(headers.get("cookie", ""), SESSION_COOKIE)
        person = self._sessions.person(token) if self._sessions else NOBODY
        return Sender(person=person, scopes=() if person is None else SCOPES)


def _ask_who(path: str, method: str) -> Response:
    if of_programs(path):
        return problem(_WHO)
    back = quote(path, safe="/") if method == "GET" else "/"
    return RedirectResponse(f"/login?next={quote(back, safe='')}", status_code=303)


def of_programs(path: str) -> bool:
    """Whether keys are taken here."""
    return of_api(path) or path == "/metrics"


def of_api(path: str) -> bool:
    """Whether programs and not people ask for this path."""
    return path.startswith("/api/") or path == "/api"


_WHO = ApiError(
    401,
    "not-identified",
    "Send a key of `jikimi keys create` as `Authorization: Bearer …`, or log in to the pages.",
    headers={"www-authenticate": "Bearer"},
)


def _foreign_host(scope: HttpScope) -> Response:
    reason = "jikimi does not serve this address. To reach it by this name, set web.public_url."
    if of_api(scope["path"]):
        return problem(ApiError(400, "foreign-host", reason))
    return PlainTextResponse(f"{reason}\n", status_code=400)


def read_cookie(header: str, name: str) -> str:
    """One cookie of a Cookie header; empty when absent or unreadable."""
    try:
        jar = SimpleCookie(header)
    except CookieError:
        return ""
    found = jar.get(name)
    return found.value if found else ""
