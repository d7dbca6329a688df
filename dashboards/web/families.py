"""Pictures: the list, and one with its variants, what was changed, scores, previews."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.queries.families import families as newest_families
from dashboards.queries.families import family as family_of
from dashboards.queries.families import telling
from dashboards.web.clusters import spread_of
from dashboards.web.signals import SIGNALS
from dashboards.web.site import Refused, TheSite
from dashboards.web.triage import page_number
from dashboards.web.words import gettext_noop
from detect.media.fusion import changed_in_picture
from detect.records import PictureFinding, PictureMatch

router = APIRouter()
PAGE = 25
LISTED = 40
LOOKS = 5
"""Last looks at a preview that are listed."""
SIDE = 600
"""Longest side of a drawing, in its own units."""

FOUND_BY: Mapping[str, str] = {
    "first": gettext_noop("looked at first"),
    "original": gettext_noop("by a known picture"),
    "hash": gettext_noop("by its hash"),
    "features": gettext_noop("by what can be seen in it"),
}
GATES: Mapping[str, str] = {
    "passed": gettext_noop("passed"),
    "sexual": gettext_noop("held back: may be sexual"),
    "minor": gettext_noop("held back: may show a minor"),
    "not_scored": gettext_noop("held back: nothing could score it"),
}
REASONS: Mapping[str, str] = {
    name.removeprefix("media_"): label
    for name, (label, _) in SIGNALS.items()
    if name.startswith("media_")
} | {
    "official_copy": gettext_noop("Copy of an official photo, nothing changed"),
    "ignored": gettext_noop("Picture that is to be ignored"),
}
BANDS: Mapping[str, str] = {
    "likely": gettext_noop("looks forged to the model"),
    "inconclusive": gettext_noop("the model cannot tell"),
    "unlikely": gettext_noop("does not look forged to the model"),
    "not_applicable": gettext_noop("the model has nothing to say of it"),
}
ORIGINS: Mapping[str, str] = {
    "origin": gettext_noop("origin"),
    "source_type": gettext_noop("type of source"),
    "generators": gettext_noop("traces of generators"),
    "tool": gettext_noop("tool"),
    "make": gettext_noop("camera make"),
    "model": gettext_noop("camera model"),
    "software": gettext_noop("software"),
    "changed": gettext_noop("changed at"),
    "signed": gettext_noop("a signature is there, not checked"),
    "signature": gettext_noop("signature"),
    "signed_issuer": gettext_noop("signed by"),
    "signed_tool": gettext_noop("signed tool"),
    "signed_source_type": gettext_noop("signed type of source"),
    "signature_problems": gettext_noop("problems of the signature"),
}
SIGNATURES: Mapping[str, str] = {
    "trusted": gettext_noop("by somebody you trust, and unchanged since"),
    "valid": gettext_noop("unchanged since; who the signer is, nobody vouches for"),
    "invalid": gettext_noop("changed since or wrongly signed: what it says is void"),
    "unreadable": gettext_noop("cannot be read"),
}
_SHA256 = re.compile(r"[0-9a-f]{64}")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture as boxes: the known picture in it, what was changed, faces. Units of SIDE."""

    width: int
    height: int
    outlines: tuple[str, ...]
    changed: tuple[tuple[float, float, float, float], ...]
    faces: tuple[tuple[float, float, float, float], ...]


@router.get("/families")
def families(request: Request, site: TheSite, subject: str = "", every: str = "") -> Response:
    """The newest families of pictures; with ``every`` also those nothing speaks against."""
    found = newest_families(site.index, subject=subject or None, grave=not every, limit=LISTED)
    return site.render(
        request,
        "families.html",
        families=found,
        reasons=REASONS,
        subject=subject,
        every=bool(every),
        most=LISTED,
    )


@router.get("/families/{family_id}")
def family(
    request: Request, site: TheSite, family_id: str, page: str = "", show: str = ""
) -> Response:
    """The page of a family; ``show`` names a variant to be shown, shielded.

    One that went into another leads there.
    """
    found = family_of(site.index, family_id)
    if found is None:
        into = site.merged_family(family_id)
        if into is not None:
            return RedirectResponse(f"/families/{quote(into, safe='')}", status_code=303)
        raise Refused(404, "There is no such family of pictures, or all its posts are gone.")
    chosen = next((one for one in found.findings if show and one.sha256 == show), None)
    shown = chosen or telling(found)
    number = page_number(page)
    return site.render(
        request,
        "family.html",
        family=found,
        rows=found.findings[(number - 1) * PAGE : number * PAGE],
        page=number,
        pages=max(1, -(-len(found.findings) // PAGE)),
        spread=spread_of(site.index, [one.at for one in found.findings]),
        one=shown,
        original=next(iter(originals(shown)), None),
        drawing=drawing(shown),
        preview=chosen is not None and site.preview(chosen.sha256) is not None,
        held=site.preview(shown.sha256) is not None,
        looks=site.looks.of(shown.sha256, LOOKS),
        reasons=REASONS,
        found_by=FOUND_BY,
        gates=GATES,
        bands=BANDS,
        origins=ORIGINS,
        signatures=SIGNATURES,
    )


@router.get("/previews/{sha256}.jpg")
def preview(request: Request, site: TheSite, sha256: str) -> Response:
    """A small picture of our own making; that it is shown is written down before."""
    data = site.preview(sha256) if _SHA256.fullmatch(sha256) else None
    if data is None:
        raise Refused(404, "There is no preview of this picture.")
    site.looks.note(sha256, request.state.person, site.now())
    log.info("preview_shown", sha256=sha256, who=request.state.person)
    return Response(data, media_type="image/jpeg", headers={"cache-control": "no-store"})


def originals(one: PictureFinding) -> list[PictureMatch]:
    """Known pictures in it, those in which something was changed first."""
    return sorted(one.matches, key=lambda match: (not match.changed, -match.inliers))


def drawing(one: PictureFinding) -> Drawing | None:
    """Where what is; None for a picture without a size."""
    if not (one.width and one.height):
        return None
    scale = SIDE / max(one.width, one.height)
    width, height = round(one.width * scale), round(one.height * scale)

    def placed(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        x, y, wide, high = box
        return (
            round(x * width, 1), round(y * height, 1),
            round(wide * width, 1), round(high * height, 1),
        )  # fmt: skip

    outlines = tuple(
        " ".join(f"{x * width:.1f},{y * height:.1f}" for x, y in match.region)
        for match in one.matches
        if match.region
    )
    changed = tuple(placed(box) for match in one.matches for box in changed_in_picture(match))
    faces = tuple(placed(face.box) for face in one.faces or ())
    return Drawing(width=width, height=height, outlines=outlines, changed=changed, faces=faces)
