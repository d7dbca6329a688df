"""Posted forms: small, url-encoded, from a page of ours, with a valid token."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request

from dashboards.web.guard import host_name
from dashboards.web.sessions import CSRF_COOKIE, SESSION_COOKIE
from dashboards.web.site import Refused, get_site

MAX_BYTES = 16 * 1024
MAX_FIELDS = 150
FORM_TYPE = "application/x-www-form-urlencoded"


class Form(dict[str, str]):
    """The fields of a form by name; of a repeated field the last value."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def all(self, name: str) -> list[str]:
        """Every value of a repeated field."""
        return [value for key, value in self._pairs if key == name]


async def posted_form(request: Request) -> Form:
    """The fields of a posted form.

    Raises:
        Refused: it is too large, of another type, or did not come from our page.
    """
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().casefold()
    if kind != FORM_TYPE:
        raise Refused(415, "Only forms of these pages are accepted.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise Refused(413, "This form is too large.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise Refused(400, "This form could not be read.") from None
    fields = Form(pairs)
    if not from_our_pages(request):
        raise Refused(403, "This form did not come from these pages.")
    site = get_site(request)
    nonce = request.cookies.get(CSRF_COOKIE, "")
    session = request.cookies.get(SESSION_COOKIE, "")
    if not site.tokens.valid(fields.pop("csrf", ""), nonce, session):
        raise Refused(403, "This form is no longer valid. Go back, reload the page, try again.")
    return fields


PostedForm = Annotated[Form, Depends(posted_form)]


def from_our_pages(request: Request) -> bool:
    """Whether a request came from pages of ours, as far as the browser says."""
    came_from = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = host_name(request.headers.get("host", ""))
    # Under "Referrer-Policy: no-referrer" browsers send "Origin: null" for own forms.
    foreign = origin not in {None, "null"} and urlsplit(origin).hostname != own
    return came_from in {"same-origin", "none"} and not foreign
