"""Documents made from posts and results: ECS fields, our own, and the record itself.

A post's document is a function of what its subjects' logs have said (``standings``), so
that whoever writes it last writes the same.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any

import msgspec

from detect.records import Judgement, PictureFinding
from ingest.records import Gap, Post, Record, SourceStatus
from stream.elastic.mappings import ECS_VERSION
from stream.elastic.names import joint_key, key_of
from stream.records import Alert, Burst, Campaign, Cluster, Membership
from stream.search.judgement_terms import SCALE, WORST, judgement_terms
from stream.search.minutes import held, tie
from stream.search.standings import Standings, decode_standings, present_subjects, reasons_of
from stream.search.terms import plain_key, post_terms, searchable
from stream.search.tokens import tokens
from stream.threads.relatives import references, thread_root

SEVERITIES = {"low": 21, "medium": 47, "high": 73, "critical": 99}
"""As numbers, the ones that Elastic's own alerts have."""
LARGEST = 10**18
MINUTE_MS = 60_000
HOUR_MS = 3_600_000

_encode = msgspec.msgpack.Encoder().encode
_decode_post = msgspec.msgpack.Decoder(Post).decode
_decode_judgement = msgspec.msgpack.Decoder(Judgement).decode


class HeldPost(msgspec.Struct, frozen=True):
    """A post as its document says; ``post`` is None in a tombstone."""

    revision: int
    standings: Standings
    post: Post | None
    judgement: Judgement | None = None


def post_document(held_post: HeldPost, ingested: int) -> dict[str, Any]:
    """The document of a post, without content when it is gone."""
    post = held_post.post
    own: dict[str, Any] = {
        "revision": held_post.revision,
        "standings": _binary(held_post.standings),
    }
    if post is None:
        return {"jikimi": own | {"gone": True}}
    reasons = reasons_of(held_post.standings)
    terms = post_terms(post, reasons)
    found = tokens(searchable(post))
    own |= {
        "id": key_of(post.id),
        "tie": tie(post.id),
        "gone": False,
        "record": _binary(post),
        "subjects": present_subjects(held_post.standings),
        "reasons": reasons,
        "platform": plain_key(post.platform),
        "source": post.source,
        "lang": terms.lang,
        "lang_told": post.lang,
        "container": post.container,
        "account": terms.account,
        "authors": terms.authors,
        "tags": terms.tags,
        "links": terms.links,
        "domains": terms.domains,
        "mentions": terms.mentions,
        "marks": terms.marks,
        "words": found.words,
        "singles": found.singles,
        **{name: max(-LARGEST, min(n, LARGEST)) for name, n in terms.numbers.items()},
        **_relations(post),
        **_judged(held_post.judgement),
    }
    handle = post.author.handle if post.author else None
    return {
        "@timestamp": _date(post.event_at),
        "ecs": {"version": ECS_VERSION},
        "event": {
            "kind": "event",
            "dataset": "jikimi.posts",
            "provider": post.source,
            "created": _date(post.created_at),
            "ingested": _date(ingested),
        },
        "message": post.text,
        "tags": post.hashtags,
        "url": {"full": post.url, "domain": terms.domains},
        "user": {"id": post.author_id, "name": handle},
        "related": {"user": terms.authors + terms.mentions},
        "jikimi": own,
    }


def held_post(source: dict[str, Any]) -> HeldPost:
    """What a document (its ``_source``) holds."""
    own = source["jikimi"]
    body, said = own.get("record"), own.get("judgement")
    return HeldPost(
        own.get("revision", 0),
        decode_standings(b64decode(own["standings"])),
        None if body is None else _decode_post(b64decode(body)),
        None if said is None else _decode_judgement(b64decode(said)),
    )


def stray_document(standings: Standings, index: str | None) -> dict[str, Any]:
    """Where a post is that its first revision would not lead to; None: nowhere, it is gone."""
    return {"jikimi": {"gone": index is None, "index": index, "standings": _binary(standings)}}


def takedown_document(post: Post, subjects: tuple[str, ...], deleted_at: int) -> dict[str, Any]:
    """That a post went away and how long it stood, without saying which or by whom."""
    return _framed(
        deleted_at,
        "takedowns",
        {
            "subjects": subjects,
            "platform": plain_key(post.platform),
            "source": post.source,
            "hours": round(max(0, deleted_at - post.event_at) / HOUR_MS, 3),
        },
    )


def membership_document(one: Membership) -> dict[str, Any]:
    """A post in a cluster, or that it is in none."""
    own = {
        "post": key_of(one.post_id),
        "subject": one.subject,
        "cluster": None if one.cluster_id is None else key_of(one.cluster_id),
        "similarity": one.similarity,
        "revision": one.revision,
        "record": _binary(one),
    }
    return {"jikimi": own}


def membership_key(subject: str, post_id: str) -> str:
    """The id of a membership."""
    return joint_key(subject, post_id)


def cluster_document(one: Cluster) -> dict[str, Any]:
    """A cluster; its sample stands in the record and in ``message``."""
    own = _result(one.cluster_id, one) | {
        "subject": one.subject,
        "kind": one.kind,
        "founder": key_of(one.founder),
        "first_at": _date(one.first_at),
        "last_at": _date(one.last_at),
        "posts": one.posts,
        "accounts": one.accounts,
        "platforms": one.platforms,
        "merged_into": None if one.merged_into is None else key_of(one.merged_into),
        "duration_minutes": max(0, one.last_at - one.first_at) // MINUTE_MS,
    }
    return _framed(one.last_at, "clusters", own, message=one.sample)


def burst_document(one: Burst) -> dict[str, Any]:
    """A burst of copies."""
    own = _result(one.burst_id, one) | {
        "subject": one.subject,
        "kind": one.kind,
        "cluster": key_of(one.cluster_id),
        "first_at": _date(one.first_at),
        "last_at": _date(one.last_at),
        "posts": one.posts,
        "accounts": one.accounts,
        "peak_accounts": one.peak_accounts,
        "expected_accounts": one.expected_accounts,
    }
    return _framed(one.detected_at, "bursts", own)


def campaign_document(one: Campaign) -> dict[str, Any]:
    """A campaign with its four axes."""
    own = _result(one.campaign_id, one) | {
        "subject": one.subject,
        "kind": one.kind,
        "first_at": _date(one.first_post_at),
        "last_at": _date(one.last_post_at),
        "posts": one.posts or len(one.post_ids),
        "accounts": len(one.accounts),
        "platforms": one.platforms,
        "merged_into": one.merged_into,
        "coordination": one.coordination,
        "harm": one.harm,
        "openness": one.openness,
        "independence": one.independence,
    }
    return _framed(one.detected_at, "campaigns", own)


def finding_document(one: PictureFinding) -> dict[str, Any]:
    """What was found in a picture; never the picture."""
    own = {
        "id": key_of(one.finding_id),
        "subject": one.subject,
        "revision": one.revision,
        "operator_version": one.version,
        "record": _binary(one),
        "post": key_of(one.post_id),
        "account": one.account,
        "platform": one.platform,
        "family": one.family,
        "sha256": one.sha256,
        "pdq": one.pdq,
        "severity": one.severity,
        "reasons": one.reasons,
        "gate": one.gate,
        "banks": sorted({match.bank for match in one.matches}),
        "partial": one.partial,
        "gone": one.gone,
    }
    return _framed(one.at, "findings", own)


def alert_document(one: Alert) -> dict[str, Any]:
    """An alert, with the fields by which Kibana's own alerts are told and sorted."""
    own = _result(one.alert_id, one) | {
        "subject": one.subject,
        "kind": one.kind,
        "severity": one.severity,
        "cluster": one.cluster_id,
        "campaign": one.campaign_id,
        "updated_at": _date(one.updated_at),
        "posts": one.posts,
        "accounts": one.accounts,
        "platforms": one.platforms,
    }
    made = _framed(one.created_at, "alerts", own, message=one.title)
    made["event"] |= {"kind": "alert", "severity": SEVERITIES[one.severity]}
    made["rule"] = {"name": one.kind}
    return made


def gap_document(gap: Gap) -> dict[str, Any]:
    """A stretch in which a source may have missed posts."""
    since, until = held(gap.since), held(gap.until)
    own = {
        "source": gap.source,
        "since": since,
        "until": until,
        "minutes": max(0, until - since) // MINUTE_MS,
        "reason": gap.reason,
    }
    return _framed(since, "gaps", own)


def gap_key(gap: Gap) -> str:
    """The id of a gap."""
    return joint_key(gap.source, str(held(gap.since)), str(held(gap.until)))


def source_document(one: SourceStatus) -> dict[str, Any]:
    """How a source does."""
    own = {
        "source": one.source,
        "state": one.state,
        "changed_at": _date(one.changed_at),
        "last_item_at": None if one.last_item_at is None else _date(one.last_item_at),
        "read": one.read,
        "logged": one.logged,
        "unmatched": one.unmatched,
        "malformed": one.malformed,
        "skipped": one.skipped,
        "record": _binary(one),
    }
    return _framed(one.changed_at, "sources", own)


def record_bytes(source: dict[str, Any]) -> bytes:
    """The record in a document, as msgpack."""
    return b64decode(source["jikimi"]["record"])


def _relations(post: Post) -> dict[str, str]:
    names = {"reply": "reply_to", "repost": "repost_of", "quote": "quote_of"}
    found = {names[kind]: key_of(target) for kind, target in references(post)}
    root = thread_root(post)
    return found if root is None else found | {"root": key_of(root)}


def _judged(judgement: Judgement | None) -> dict[str, Any]:
    """What is said of the language and the harm of a post."""
    if judgement is None:
        return {}
    terms = judgement_terms(judgement)
    scores = {name: held / SCALE for name, held in terms.scores.items()}
    return {
        "judgement": _binary(judgement),
        "language": terms.language,
        "target": terms.target,
        "found": terms.found,
        "harm": scores.pop(WORST),
        "scores": scores,
    }


def _result(id_: str, one: Cluster | Burst | Campaign | Alert) -> dict[str, Any]:
    return {
        "id": key_of(id_),
        "revision": one.revision,
        "operator_version": one.operator_version,
        "record": _binary(one),
    }


def _framed(at: int, noun: str, own: dict[str, Any], *, message: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {
        "@timestamp": _date(at),
        "ecs": {"version": ECS_VERSION},
        "event": {"kind": "state", "dataset": f"jikimi.{noun}"},
        "jikimi": own,
    }
    return made | {"message": message} if message else made


def _binary(value: Record | Standings) -> str:
    return b64encode(_encode(value)).decode()


def _date(at: int) -> datetime:
    whole, rest = divmod(held(at), 1000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest * 1000)
