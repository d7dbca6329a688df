"""Who may do what by the API: a key with its scopes, or a person at the pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from dashboards.keys import Scope
from dashboards.web.api.problems import ApiError
from dashboards.web.forms import from_our_pages
from dashboards.web.sessions import CSRF_COOKIE, SESSION_COOKIE
from dashboards.web.site import get_site

CSRF_HEADER = "x-csrf-token"
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def permitted(request: Request) -> None:
    """Let a request through that its sender may make: reading, or else deciding.

    A browser sends its cookies by itself, so what changes anything must also carry the
    token that only our pages hold. A key is never sent by itself.

    Raises:
        ApiError: it may not.
    """
    needed: Scope = "read" if request.method in READING else "decide"
    scopes: tuple[Scope, ...] = getattr(request.state, "scopes", ())
    if needed not in scopes:
        raise ApiError(
            403,
            "scope-missing",
            f"This needs a key with the scope {needed!r}; `jikimi keys create` makes one.",
        )
    if needed == "read" or request.state.by_key:
        return
    nonce = request.cookies.get(CSRF_COOKIE, "")
    session = request.cookies.get(SESSION_COOKIE, "")
    token = request.headers.get(CSRF_HEADER, "")
    if not from_our_pages(request) or not get_site(request).tokens.valid(token, nonce, session):
        raise ApiError(
            403,
            "token-missing",
            "Without a key this needs the form token of a page as X-CSRF-Token; programs "
            "use a key with the scope 'decide'.",
        )


def sender(request: Request) -> str:
    """As whom a decision is recorded."""
    who: str = request.state.person
    return who


Sender = Annotated[str, Depends(sender)]
