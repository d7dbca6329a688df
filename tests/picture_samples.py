"""A finding of a picture with every field filled in."""

from __future__ import annotations

import msgspec

from detect.records import PictureFinding, PictureMatch, SeenFace

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
