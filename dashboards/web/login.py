"""Logging in and out, and the few things a person may prefer."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.web.forms import PostedForm
from dashboards.web.sessions import MAX_NAME, SESSION_COOKIE, SESSION_MS
from dashboards.web.site import THEMES, Refused, TheSite, local_path
from dashboards.web.text import plain
from dashboards.web.times import ZONES
from dashboards.web.words import LANGUAGES

router = APIRouter()
YEAR_S = 365 * 24 * 60 * 60
CHOICES = {
    "theme": THEMES,
    "lang": tuple(LANGUAGES),
    "keys": ("on", "off"),
    "zone": tuple(ZONES),
}


@router.get("/login")
def ask(request: Request, site: TheSite, next: str = "/") -> Response:  # noqa: A002 - query name
    """The login form."""
    if site.sessions is None:
        return RedirectResponse("/", status_code=303)
    return site.render(request, "login.html", next=local_path(next), wrong=False)


@router.post("/login")
def enter(request: Request, site: TheSite, form: PostedForm) -> Response:
    """Compare the password; the right one starts a session."""
    if site.sessions is None:
        return RedirectResponse("/", status_code=303)
    address = request.client.host if request.client else ""
    wait = site.sessions.brake.try_in_s(address)
    if wait:
        raise Refused(429, "Too many tries. Wait a few minutes.", retry_after=wait)
    goal = local_path(form.get("next", "/"))
    if not site.sessions.password.matches(form.get("password", "")):
        return site.render(request, "login.html", status=403, next=goal, wrong=True)
    site.sessions.brake.forgive(address)
    name = plain(form.get("name", ""), MAX_NAME) or "somebody"
    if name.startswith("key:"):
        # So are the decisions of programs signed.
        name = name.replace(":", " ", 1)
    answer = RedirectResponse(goal, status_code=303)
    session = site.sessions.start(name)
    site.set_cookie(answer, SESSION_COOKIE, session, max_age=SESSION_MS // 1000)
    return answer


@router.post("/logout")
def leave(request: Request, site: TheSite, form: PostedForm) -> Response:
    """End the session, also for copies of its cookie."""
    del form
    if site.sessions is not None:
        site.sessions.end(request.cookies.get(SESSION_COOKIE, ""))
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


@router.post("/preferences")
def prefer(site: TheSite, form: PostedForm) -> Response:
    """Keep theme, language, time zone or shortcut keys in a cookie, and go back."""
    answer = RedirectResponse(local_path(form.get("back", "/")), status_code=303)
    for name, allowed in CHOICES.items():
        if form.get(name) in allowed:
            site.set_cookie(answer, f"jikimi_{name}", form[name], max_age=YEAR_S)
    return answer
