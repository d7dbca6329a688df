"""Posts by the API: one post with the reasons it was kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from dashboards.web.api.fields import (
    MAX_ID,
    Model,
    Time,
    iso,
    maybe_iso,
)
from dashboards.web.api.problems import not_found
from dashboards.web.harm import is_spared
from dashboards.web.site import TheSite
from detect.records import HarmCategory, Judgement, Mention, Reason, Target
from ingest.records import Author, Media
from stream.index import IndexedPost

router = APIRouter(tags=["posts"])
PostId = Annotated[
    str,
    Path(
        max_length=MAX_ID,
        description="Id of a post, percent-encoded: ids hold slashes and colons.",
    ),
]


class MentionModel(Model):
    """Why a post concerns a subject."""

    subject: str
    reason: Reason
    surface: str = Field(description="What stands in the text; else empty.")
    start: int | None = Field(description="Place in the text, in code points.")
    end: int | None
    via: str | None = Field(
        description="Post, container, account, known picture or family that led here."
    )


class MediaModel(Model):
    """A picture or clip a post refers to; bytes are never given out."""

    url: str
    kind: str
    mime: str | None
    alt: str | None
    sha256: str | None
    pdq: str | None


class AuthorModel(Model):
    """What the platform said about the account at the time of the post."""

    id: str
    handle: str | None
    created_at: Time | None
    followers: int | None


class HarmModel(Model):
    """How much a text reads like one category of harm."""

    category: HarmCategory
    score: float = Field(ge=0, le=1)
    unsure: bool = Field(description="Whether nobody should act on this score alone.")


class HarmReasonModel(Model):
    """What led to a score."""

    layer: str
    category: HarmCategory
    surface: str = Field(description="The words that led to it; empty for the whole text.")
    start: int | None = Field(description="Place in the text, in code points.")
    end: int | None


class JudgementModel(Model):
    """What a post says to people, as told when it was taken in."""

    language: str = Field(description="BCP 47; und where it cannot be told.")
    target: Target = Field(description="At whom it is aimed.")
    harm: list[HarmModel] = Field(description="Highest first; criticism never alarms.")
    reasons: list[HarmReasonModel]
    version: str


class PostModel(Model):
    """A public post, as it was written; the text may hold anything."""

    id: str
    source: str
    platform: str
    at: Time = Field(description="Event time: the claimed time as far as it is believed.")
    claimed_at: Time = Field(description="What the platform or the author claims.")
    observed_at: Time | None = Field(description="When the source saw it.")
    author: AuthorModel
    text: str
    spared: bool = Field(
        description="Whether readers of lists should be spared the text until they ask: "
        "it likely harms somebody."
    )
    truncated: bool = Field(description="Whether the end of a very long text was cut off.")
    lang: str | None
    url: str | None
    urls: list[str]
    hashtags: list[str]
    handles: list[str] = Field(description="Accounts named in the text, without @.")
    reply_to: str | None
    root: str | None
    repost_of: str | None
    quote_of: str | None
    container: str | None = Field(description="Subreddit, channel or video.")
    media: list[MediaModel]
    metrics: dict[str, int]
    subjects: list[str]
    mentions: list[MentionModel]
    clusters: list[str] = Field(description="Clusters of posts that say the same.")
    revision: int
    judgement: JudgementModel | None = Field(description="Null where nobody judged it.")


@router.get("/posts/{post_id:path}", operation_id="getPost")
def post(site: TheSite, post_id: PostId) -> PostModel:
    """One post."""
    found = site.index.post(post_id)
    if found is None:
        raise not_found("There is no such post. It may have been deleted where it stood.")
    return post_model(found)


def post_model(found: IndexedPost) -> PostModel:
    """A post as the API gives it."""
    one = found.post
    return PostModel(
        id=one.id,
        source=one.source,
        platform=one.platform,
        at=iso(one.event_at),
        claimed_at=iso(one.created_at),
        observed_at=maybe_iso(one.observed_at),
        author=_author(one.author_id, one.author),
        text=one.text,
        spared=is_spared(found.judgement),
        truncated=one.truncated,
        lang=one.lang,
        url=one.url,
        urls=list(one.urls),
        hashtags=list(one.hashtags),
        handles=list(one.mentions),
        reply_to=one.reply_to,
        root=one.root,
        repost_of=one.repost_of,
        quote_of=one.quote_of,
        container=one.container,
        media=[_media(item) for item in one.media],
        metrics=dict(one.metrics),
        subjects=list(found.subjects),
        mentions=[_mention(item) for item in found.mentions],
        clusters=list(found.clusters),
        revision=found.revision,
        judgement=_judgement(found.judgement),
    )


def _judgement(one: Judgement | None) -> JudgementModel | None:
    if one is None:
        return None
    return JudgementModel(
        language=one.language,
        target=one.target,
        harm=[HarmModel(category=h.category, score=h.score, unsure=h.unsure) for h in one.harm],
        reasons=[
            HarmReasonModel(
                layer=r.layer, category=r.category, surface=r.surface, start=r.start, end=r.end
            )
            for r in one.reasons
        ],
        version=one.version,
    )


def _author(author_id: str, author: Author | None) -> AuthorModel:
    return AuthorModel(
        id=author_id,
        handle=author.handle if author else None,
        created_at=maybe_iso(author.created_at) if author else None,
        followers=author.followers if author else None,
    )


def _media(one: Media) -> MediaModel:
    return MediaModel(
        url=one.url, kind=one.kind, mime=one.mime, alt=one.alt, sha256=one.sha256, pdq=one.pdq
    )


def _mention(one: Mention) -> MentionModel:
    return MentionModel(
        subject=one.subject,
        reason=one.reason,
        surface=one.surface,
        start=one.start,
        end=one.end,
        via=one.via,
    )
