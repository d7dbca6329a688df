"""Settings of matching: for which reasons a post is kept."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from stream.config.section import Section

MatchReason = Literal["alias", "copy", "thread", "container", "official", "media", "face"]
USUAL_REASONS: tuple[MatchReason, ...] = (
    "alias",
    "copy",
    "thread",
    "container",
    "official",
    "media",
)
"""Without ``face``: it has the faces of everybody who posts looked at."""


class MatchingSettings(Section, frozen=True, kw_only=True):
    """Which posts are kept."""

    reasons: Annotated[
        tuple[MatchReason, ...],
        Meta(
            description="Why a post counts as being about a subject: named in it (alias), "
            "holds an ambiguous name and says, links or shows what a post about the subject "
            "does (copy), "
            "answers or quotes such a post (thread), stands in a place of the subject "
            "(container), comes from or addresses an official account (official), shows a "
            "picture that a bank says is about the subject (media), or the face of an enrolled "
            "person (face, off unless named: it looks at the faces of everybody who posts)."
        ),
    ] = USUAL_REASONS
