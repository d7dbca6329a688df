"""Mention, Judgement and Finding: what is said about one post or one picture."""

from __future__ import annotations

from typing import Literal, get_args

from ingest.records import Part, Record

Reason = Literal["alias", "copy", "thread", "container", "official", "media", "face", "dataset"]


class Mention(Record, frozen=True, kw_only=True, tag="mention/1"):
    """Why a post concerns a subject.

    ``start`` and ``end`` are code points of the original text (both None when
    the reason is not in the text); ``surface`` is what stands there. ``via``
    names the post, container or account that led here for the reasons
    ``copy`` (an ambiguous name in a post that says what that one says), ``thread``,
    ``container`` and ``official``, the known picture or the family of
    pictures for ``media``. ``dataset`` stands for every post
    of a data set that is analysed without a watchlist.
    """

    subject: str
    reason: Reason
    surface: str = ""
    start: int | None = None
    end: int | None = None
    via: str | None = None


class PictureMatch(Part, frozen=True, kw_only=True):
    """A known picture that another is or holds.

    By hash: ``distance`` differing bits of ``view``. By local features: ``region`` are the
    corners of the known picture as shares of this one, ``agreeing`` is the share of what
    can be compared that is the same, ``changed`` are rectangles (x, y, width, height) that
    are not, as shares of the known picture.
    """

    reference: str
    bank: str
    kind: str
    label: str = ""
    distance: int | None = None
    view: str = "original"
    region: tuple[tuple[float, float], ...] = ()
    inliers: int = 0
    agreeing: float | None = None
    changed: tuple[tuple[float, float, float, float], ...] = ()


class SeenFace(Part, frozen=True, kw_only=True):
    """A face: ``box`` (x, y, width, height) as shares of the picture.

    ``subject`` is an enrolled person whom it resembles by ``likeness``; ``sure`` says
    whether that is above their threshold or only in the band to be reviewed. Nothing by
    which anybody could be known again is kept.
    """

    box: tuple[float, float, float, float]
    score: float
    subject: str | None = None
    likeness: float | None = None
    sure: bool = False


class Finding(Record, frozen=True, kw_only=True, tag="finding/1"):
    """What a detector says about one thing, with the limits of what it knows."""

    detector: str
    version: str
    subject: str | None = None
    score: float | None = None
    flagged: bool = False
    reasons: tuple[str, ...] = ()


class PictureFinding(Record, frozen=True, kw_only=True, tag="picture-finding/1"):
    """What was found in one picture of one post, with the limits of what is known.

    ``score`` is how sexual it is, ``gate`` whether more than hashes may be kept, ``family``
    the id that all its variants share, ``found_by`` how it came there, ``reasons`` what
    speaks (``detect/media/fusion.py``), ``severity`` what they amount to, ``partial`` the
    steps that were left out for now, ``faces`` None where nobody looked for any.
    ``forgery_band`` is "" where no model is installed, ``forgery_reasons`` say why it is left
    open, ``forgery_parts`` when (ms, ms) in a clip something looks forged. A finding of a
    deleted post is ``gone`` and holds nothing else.
    """

    finding_id: str
    version: str
    revision: int = 1
    subject: str = ""
    post_id: str = ""
    account: str = ""
    platform: str = ""
    at: int = 0
    reach: int = 0
    url: str = ""
    sha256: str = ""
    pdq: str = ""
    quality: int = 0
    width: int = 0
    height: int = 0
    format: str = ""
    family: str = ""
    found_by: str = ""
    severity: Literal["", "low", "medium", "high", "critical"] = ""
    reasons: tuple[str, ...] = ()
    score: float | None = None
    gate: str = ""
    matches: tuple[PictureMatch, ...] = ()
    faces: tuple[SeenFace, ...] | None = None
    forgery: float | None = None
    forgery_band: str = ""
    forgery_model: str = ""
    forgery_reasons: tuple[str, ...] = ()
    forgery_parts: tuple[tuple[int, int, float], ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()
    partial: tuple[str, ...] = ()
    problem: str | None = None
    gone: bool = False


HarmCategory = Literal[
    "defamation",
    "sexual_harassment",
    "sexual_deepfake",
    "threat",
    "stalking",
    "hate",
    "deceptive_marketing",
    "impersonation",
    "criticism",
]
"""What a post does to a person; ``criticism`` is opinion, a lane that never alarms."""
HARM_CATEGORIES: tuple[HarmCategory, ...] = get_args(HarmCategory)
OPINION: HarmCategory = "criticism"
Target = Literal["subject", "fan", "other", "unknown"]
"""At whom a post is aimed; only what is aimed at a watched subject may alarm."""
TARGETS: tuple[Target, ...] = get_args(Target)
LIKELY = 0.5
"""Score from which a category is more likely than not."""
UNKNOWN_LANGUAGE = "und"
"""Language of a text in which none can be told (BCP 47)."""


WORDS, MODEL = "words", "model"
"""Layers of reasons: of a category that the model alone gave, the reasons are its own."""


class HarmScore(Part, frozen=True, kw_only=True):
    """How much a text reads like one category of harm.

    ``score`` is a probability, 0 to 1, rounded to three decimals so that it does not
    depend on how posts were batched. ``unsure`` marks the band in which nobody should
    act on it alone.
    """

    category: HarmCategory
    score: float
    unsure: bool = False


class HarmReason(Part, frozen=True, kw_only=True):
    """What led to a score: the layer that spoke and the words on which it did.

    ``start`` and ``end`` are code points of the original text, and ``surface`` is what
    stands there; both are None where a layer judged the text as a whole.
    """

    layer: str
    category: HarmCategory
    surface: str = ""
    start: int | None = None
    end: int | None = None


class Judgement(Record, frozen=True, kw_only=True, tag="judgement/1"):
    """What a post says to a person: its language, what harm, to whom, and why.

    Made once, when the post is taken in, and read from the log ever after. ``harm`` holds
    the categories above a floor, the highest score first.
    """

    language: str = UNKNOWN_LANGUAGE
    harm: tuple[HarmScore, ...] = ()
    target: Target = "unknown"
    reasons: tuple[HarmReason, ...] = ()
    version: str

    @property
    def found(self) -> tuple[HarmCategory, ...]:
        """The categories that are said for sure: at least as likely as not, and no doubt."""
        return tuple(
            one.category for one in self.harm if one.score >= LIKELY and not one.unsure
        )

    @property
    def worded(self) -> tuple[HarmScore, ...]:
        """The scores that rest on words; those of the model alone are left out."""
        told = {one.category for one in self.reasons if one.layer == MODEL}
        return tuple(one for one in self.harm if one.category not in told)

    @property
    def worst(self) -> float:
        """The highest score of a category that may alarm; 0 where there is none."""
        return max((one.score for one in self.harm if one.category != OPINION), default=0.0)
