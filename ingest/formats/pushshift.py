"""Reddit submissions and comments as Pushshift and its successors dump them.

Dumps escape HTML, which the API does not, and name the time they were made.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

from ingest import clean
from ingest.clean import Context, Unreadable
from ingest.formats import reddit
from ingest.records import Deletion, Malformed, Post


def recognises(record: Mapping[str, object]) -> bool:
    """Whether a record is a Reddit submission or comment."""
    return "created_utc" in record and ("subreddit" in record or "link_id" in record)


def decode(
    raw: bytes | Mapping[str, object], context: Context
) -> list[Post | Deletion | Malformed]:
    """The one submission or comment of a line."""
    try:
        fields = clean.fields(raw)
        is_comment = "body" in fields or "link_id" in fields
        if reddit.is_gone(fields, is_comment):
            created_at = clean.instant(fields.get("created_utc"), "created_utc", context.now)
            return [
                Deletion(
                    id=reddit.post_id(fields, is_comment),
                    source=context.source,
                    deleted_at=_seen_at(fields, created_at, context),
                )
            ]
        return [reddit.post(fields, context, is_comment=is_comment, plain=html.unescape)]
    except Unreadable as error:
        return [clean.malformed(context, raw, str(error))]


def _seen_at(fields: Mapping[str, object], created_at: int, context: Context) -> int:
    """When the dump was made, the latest moment by which it was gone."""
    for name in ("updated_utc", "retrieved_utc", "retrieved_on"):
        try:
            return max(created_at, clean.instant(fields.get(name), name, context.now))
        except Unreadable:
            continue
    return created_at
