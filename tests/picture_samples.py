"""A finding of a picture with every field filled in."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import msgspec

from detect.records import PictureFinding, PictureMatch, SeenFace
from stream.media.previews import Previews
from stream.media.records import Errand, Kept, Verdict
from stream.media.shelf import Shelf

FOUND = PictureFinding(
    version="media/1",
    subject="seo-haneul",
    score=0.031,
    reasons=("official_face_altered", "official_altered"),
    finding_id="fi_1",
    revision=2,
    post_id="bluesky:at://did:plc:abc/app.bsky.feed.post/3k",
    account="bluesky:did:plc:abc",
    platform="x",
    at=1_790_000_000_000,
    reach=1200,
    url="https://media.example/a.jpg",
    sha256="0" * 64,
    pdq="f" * 64,
    quality=100,
    width=640,
    height=480,
    format="jpeg",
    family="fam_1",
    found_by="features",
    severity="high",
    gate="passed",
    matches=(
        PictureMatch(
            reference="ref_1",
            bank="official",
            kind="official",
            label="concept.jpg",
            region=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),
            inliers=80,
            agreeing=0.9,
            changed=((0.25, 0.25, 0.125, 0.125),),
        ),
    ),
    faces=(
        SeenFace(box=(0.25, 0.25, 0.5, 0.5), score=0.9, subject="seo-haneul", likeness=0.5),
    ),
    forgery=0.5,
    forgery_band="inconclusive",
    forgery_model="sbi/1",
    provenance=(("c2pa", "absent"),),
    partial=("forgery",),
    problem="cut off",
)

JUDGED = msgspec.structs.replace(
    FOUND,
    finding_id="fi_2",
    forgery_reasons=("the face is smaller than 80 pixels",),
    forgery_parts=((0, 400, 0.9),),
)
"""The same with what came to such findings later."""

PREVIEW = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqg"
    "tObDoKrarYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4"
    "+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAAIAAgDASIAAhEBAxEB/8QA"
    "HwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIh"
    "MUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW"
    "V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXG"
    "x8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQF"
    "BgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAV"
    "YnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOE"
    "hYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq"
    "8vP09fb3+Pn6/9oADAMBAAIRAxEAPwAooooA/9k="
)
"""A small grey JPEG."""


def with_preview(folder: Path) -> Previews:
    """A data folder in which the picture of ``FOUND`` has a preview."""
    shelf = Shelf(folder)
    shelf.put(Errand(post_id="x:1", account="x:a", platform="x", at=1, urls=("u",)), 1.0)
    verdict = Verdict(sha256=FOUND.sha256, version="1", format="jpeg", family="fam_1")
    shelf.keep(Kept(verdict=verdict, preview=PREVIEW))
    shelf.close()
    return Previews(folder)
