"""What is said of a post's pictures: verdicts as findings, judged by the rules of fusion."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from detect.media.fusion import Signs, fuse
from detect.records import PictureFinding
from ingest.media.addresses import url_key
from ingest.records import Post
from stream.ids import derive_id
from stream.media.looking import PIPELINE
from stream.media.records import MOST_PICTURES, Errand, Verdict
from stream.records import LoggedMedia, PostSeen

LONGEST_URL = 2000
GROWS_WITH = ("likes", "reposts", "replies", "quotes", "views", "shares", "score", "comments")


def errand_of(event: PostSeen, *, minor: bool = False) -> Errand | None:
    """What a post asks of the media stage; None where it shows nothing."""
    post = event.post
    urls = tuple(dict.fromkeys(one.url for one in post.media if one.url))[:MOST_PICTURES]
    if not urls or post.repost_of is not None or event.change not in {"new", "edit"}:
        return None
    return Errand(
        post_id=post.id,
        account=post.account,
        platform=post.platform,
        at=post.event_at,
        urls=urls,
        reach=_reach(post),
        minor=minor,
    )


def _reach(post: Post) -> int:
    followers = post.author.followers if post.author and post.author.followers else 0
    return max(0, followers) + sum(max(0, post.metrics.get(name, 0)) for name in GROWS_WITH)


def priority(event: PostSeen, shown: int) -> float:
    """How urgent: reach times growth times severity, each above one.

    Args:
        shown: posts that showed the same before.
    """
    harm = event.judgement.worst if event.judgement is not None else 0.0
    reach = 1 + (_reach(event.post)).bit_length()
    return round(reach * (1 + shown.bit_length()) * (1 + 4 * harm), 3)


def finding(
    errand: Errand, url: str, verdict: Verdict, *, sexual_from: float, family_bad: bool
) -> PictureFinding:
    """One picture of a post."""
    made = PictureFinding(
        finding_id=derive_id("fi", errand.post_id, url_key(url)),
        version=PIPELINE,
        post_id=errand.post_id,
        account=errand.account,
        platform=errand.platform,
        at=errand.at,
        reach=errand.reach,
        url="data:" if url.startswith("data:") else url[:LONGEST_URL],
    )
    return judged(made, verdict, sexual_from=sexual_from, family_bad=family_bad)


def judged(
    one: PictureFinding, verdict: Verdict, *, sexual_from: float, family_bad: bool
) -> PictureFinding:
    """A finding with what is known of its picture now."""
    sexual = verdict.score is not None and verdict.score >= sexual_from
    severity, reasons = fuse(
        Signs(
            matches=verdict.matches,
            sexual=sexual,
            faces=verdict.faces,
            forgery_band=verdict.forgery_band,
            machine_made=verdict.machine_made,
            signature=verdict.signature,
            family_bad=family_bad,
        )
    )
    return msgspec.structs.replace(
        one,
        sha256=verdict.sha256,
        pdq=verdict.pdq,
        quality=verdict.quality,
        width=verdict.width,
        height=verdict.height,
        format=verdict.format,
        family=verdict.family,
        found_by=verdict.found_by,
        severity=severity,
        reasons=reasons,
        score=verdict.score,
        gate=verdict.gate,
        matches=verdict.matches,
        faces=verdict.faces,
        forgery=verdict.forgery,
        forgery_band=verdict.forgery_band,
        forgery_model=verdict.forgery_model,
        forgery_reasons=verdict.forgery_reasons,
        forgery_parts=verdict.forgery_parts,
        provenance=verdict.provenance,
        partial=verdict.partial,
        problem=verdict.problem,
    )


def not_looked_at(errand: Errand, url: str, why: str) -> PictureFinding:
    """A picture of which nothing is known, and why."""
    nothing = Verdict(sha256="", version=PIPELINE, format="", problem=why, gate="not_scored")
    return finding(errand, url, nothing, sexual_from=1.0, family_bad=False)


def said(
    errand: Errand, findings: Sequence[PictureFinding], before: LoggedMedia | None
) -> LoggedMedia | None:
    """What the log is told: under a higher revision where it differs; None: nothing new."""
    held = {} if before is None else {one.finding_id: one for one in before.findings}
    made: list[PictureFinding] = []
    for one in findings:
        old = held.get(one.finding_id)
        if old is None:
            made.append(one)
            continue
        same = msgspec.structs.replace(one, revision=old.revision) == old
        made.append(old if same else msgspec.structs.replace(one, revision=old.revision + 1))
    told = LoggedMedia(post_id=errand.post_id, account=errand.account, findings=tuple(made))
    return None if before == told else told
