"""Mention and Finding: what is said about one post or one picture."""

from __future__ import annotations

from typing import Literal

from ingest.records import Record

Reason = Literal["alias", "thread", "container", "official", "media", "face", "dataset"]


class Mention(Record, frozen=True, kw_only=True, tag="mention/1"):
    """Why a post concerns a subject.

    ``start`` and ``end`` are code points of the original text (both None when
    the reason is not in the text); ``surface`` is what stands there. ``via``
    names the post, container or account that led here for the reasons
    ``thread``, ``container`` and ``official``. ``dataset`` stands for every post
    of a data set that is analysed without a watchlist.
    """

    subject: str
    reason: Reason
    surface: str = ""
    start: int | None = None
    end: int | None = None
    via: str | None = None


class Finding(Record, frozen=True, kw_only=True, tag="finding/1"):
    """What a detector says about one thing, with the limits of what it knows."""

    detector: str
    version: str
    subject: str | None = None
    score: float | None = None
    flagged: bool = False
    reasons: tuple[str, ...] = ()
