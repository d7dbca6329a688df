"""What speaks in a picture, put together: reasons, and what they amount to.

The rules are few and each can be said in a sentence. A forgery score never counts by itself,
and neither does what a file says of its origin, signed or not, or that it says nothing. A
copy of an official picture is no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from detect.records import PictureMatch, SeenFace

VERSION = "fusion/2"
Severity = Literal["", "low", "medium", "high", "critical"]
ORDER: tuple[Severity, ...] = ("", "low", "medium", "high", "critical")

FACE_SEXUAL = "face_sexual"
"""A person who is enrolled, in a picture that is sexual: the gravest, whatever else."""
ALTERED_SEXUAL = "official_altered_sexual"
FACE_ALTERED = "official_face_altered"
ALTERED = "official_altered"
KNOWN_BAD = "known_bad"
FAMILY_BAD = "family_known_bad"
FACE_MACHINE_MADE = "face_machine_made"
MACHINE_MADE = "machine_made"
"""The file says itself that a machine made it, or a part of it."""
SIGNATURE_INVALID = "signature_invalid"
"""It was signed, and changed since or wrongly signed."""
FORGERY_LIKELY = "forgery_likely"
FORGERY_UNLIKELY = "forgery_unlikely"
SIGNATURE_TRUSTED = "signature_trusted"
"""Signed by somebody the agency trusts, and unchanged since."""
OFFICIAL_COPY = "official_copy"
IGNORED = "ignored"

SEVERITIES: dict[str, Severity] = {
    FACE_SEXUAL: "critical",
    ALTERED_SEXUAL: "critical",
    FACE_ALTERED: "high",
    KNOWN_BAD: "high",
    FAMILY_BAD: "high",
    ALTERED: "medium",
    FACE_MACHINE_MADE: "medium",
}
"""What a reason amounts to; what is not named here amounts to nothing by itself."""


SUPPORT = (MACHINE_MADE, SIGNATURE_INVALID, FORGERY_LIKELY)
"""Reasons that are told beside others and never count by themselves."""
AGAINST = (SIGNATURE_TRUSTED, FORGERY_UNLIKELY)
"""Reasons that speak for a picture; they lower nothing, people weigh them."""


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """All that was seen. ``faces`` None: nobody looked for any.

    ``sexual``: the score is at or above the threshold. ``machine_made``: the file says so
    itself. ``signature``: the state of its signed claims. ``family_bad``: a variant of it is
    known harm.
    """

    matches: Sequence[PictureMatch] = ()
    sexual: bool = False
    faces: Sequence[SeenFace] | None = None
    forgery_band: str = ""
    machine_made: bool = False
    signature: str = ""
    family_bad: bool = False


def fuse(signs: Signs) -> tuple[Severity, tuple[str, ...]]:
    """What it amounts to, and the reasons, the gravest first."""
    reasons = _reasons(signs)
    ignored = IGNORED in reasons and FACE_SEXUAL not in reasons
    found: list[Severity] = [] if ignored else [SEVERITIES.get(one, "") for one in reasons]
    worst = ORDER[max((ORDER.index(one) for one in found), default=0)]
    if worst == "medium" and signs.faces and reasons[0] == ALTERED:
        # Faces were looked for and found, and what was changed touches none of them.
        worst = "low"
    return worst, tuple(reasons)


def _reasons(signs: Signs) -> list[str]:
    kinds = {match.kind for match in signs.matches}
    altered = [one for one in signs.matches if one.kind == "official" and one.changed]
    enrolled = any(one.subject and one.sure for one in signs.faces or ())
    said = {
        FACE_SEXUAL: enrolled and signs.sexual,
        ALTERED_SEXUAL: bool(altered) and signs.sexual,
        FACE_ALTERED: any(touches_a_face(one, signs.faces or ()) for one in altered),
        KNOWN_BAD: "known_bad" in kinds,
        FAMILY_BAD: signs.family_bad and "known_bad" not in kinds,
        ALTERED: bool(altered),
        FACE_MACHINE_MADE: enrolled and signs.machine_made,
        MACHINE_MADE: signs.machine_made and not enrolled,
        SIGNATURE_INVALID: signs.signature == "invalid",
        FORGERY_LIKELY: signs.forgery_band == "likely",
        OFFICIAL_COPY: "official" in kinds and not altered,
        SIGNATURE_TRUSTED: signs.signature == "trusted",
        FORGERY_UNLIKELY: signs.forgery_band == "unlikely",
        IGNORED: "ignore" in kinds,
    }
    return [name for name, holds in said.items() if holds]


def touches_a_face(match: PictureMatch, faces: Sequence[SeenFace]) -> bool:
    """Whether something that was changed lies over a face of the picture."""
    boxes = [face.box for face in faces]
    return any(_overlap(box, part) for part in changed_in_picture(match) for box in boxes)


Box = tuple[float, float, float, float]


def changed_in_picture(match: PictureMatch) -> list[Box]:
    """The changed rectangles as shares of the picture that was found, not of the reference."""
    if len(match.region) != len("abcd"):
        return []
    (x0, y0), (x1, y1), _, (x3, y3) = match.region
    made: list[Box] = []
    for x, y, width, height in match.changed:
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        xs = [x0 + u * (x1 - x0) + v * (x3 - x0) for u, v in corners]
        ys = [y0 + u * (y1 - y0) + v * (y3 - y0) for u, v in corners]
        made.append((min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)))
    return made


def _overlap(one: Box, other: Box) -> bool:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return across > 0 and down > 0
