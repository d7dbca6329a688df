"""Reddit dumps: real submissions and comments, and what was deleted before the dump."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from ingest.clean import Context
from ingest.formats import pushshift, recognise
from ingest.records import Deletion, Malformed, Post
from tests.ingest.payloads import PAYLOADS, needs_payloads

CONTEXT = Context(source="archive", now=1_795_000_000_000)
COMMENT = {
    "id": "abc", "author": "somebody", "author_fullname": "t2_x", "body": "뷔 최고",
    "created_utc": 1_609_459_200, "link_id": "t3_post", "parent_id": "t1_up",
    "subreddit": "kpop", "permalink": "/r/kpop/comments/post/_/abc/", "score": 7,
}  # fmt: skip
SUBMISSION = {
    "id": "post", "author": "somebody", "author_fullname": "t2_x", "title": "Tom &amp; Jerry",
    "selftext": "", "created_utc": "1609459200", "subreddit": "kpop", "is_self": False,
    "url": "https://i.example/a.jpg?x=1&amp;y=2", "permalink": "/r/kpop/comments/post/_/",
}  # fmt: skip


def decode(fields: dict[str, Any], **changes: Any) -> Post | Deletion | Malformed:
    [item] = pushshift.decode(json.dumps(fields | changes).encode(), CONTEXT)
    return item


def good(fields: dict[str, Any], **changes: Any) -> Post:
    item = decode(fields, **changes)
    assert isinstance(item, Post), item
    return item


def real(name: str) -> list[dict[str, Any]]:
    with gzip.open(PAYLOADS / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_a_comment_answers_its_parent_under_its_submission():
    post = good(COMMENT)

    assert (post.id, post.reply_to, post.root) == (
        "reddit:t1_abc",
        "reddit:t1_up",
        "reddit:t3_post",
    )
    assert (post.author_id, post.container) == ("t2_x", "reddit:kpop")
    assert post.url == "https://www.reddit.com/r/kpop/comments/post/_/abc/"
    assert post.metrics == {"score": 7}


def test_a_submission_is_its_title_its_text_and_its_link():
    post = good(SUBMISSION, selftext="more")

    assert post.text == "Tom & Jerry\n\nmore"
    assert post.urls == ("https://i.example/a.jpg?x=1&y=2",)
    assert [m.url for m in post.media] == ["https://i.example/a.jpg?x=1&y=2"]
    assert (post.id, post.reply_to) == ("reddit:t3_post", None)


@pytest.mark.parametrize("mark", ["[deleted]", "[removed]", "[ Removed by Reddit ]"])
def test_what_was_removed_is_a_deletion_and_its_text_is_not_kept(mark):
    comment = decode(COMMENT, body=mark, retrieved_on=1_609_462_800)
    submission = decode(SUBMISSION, selftext=mark)

    assert isinstance(comment, Deletion)
    assert (comment.id, comment.deleted_at) == ("reddit:t1_abc", 1_609_462_800_000)
    assert isinstance(submission, Deletion)


def test_what_a_moderator_removed_is_a_deletion_although_the_dump_holds_its_text():
    assert isinstance(decode(SUBMISSION, removed_by_category="moderator"), Deletion)


def test_a_parent_written_as_a_number_is_the_same_comment():
    number = int("fq0k3x1", 36)

    assert good(COMMENT, parent_id=number).reply_to == "reddit:t1_fq0k3x1"


def test_a_comment_without_parent_answers_the_submission():
    assert (
        good({k: v for k, v in COMMENT.items() if k != "parent_id"}).reply_to
        == "reddit:t3_post"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"body": None}, "body: expected text, found nothing"),
        ({"created_utc": None}, "created_utc: missing"),
        ({"id": None}, "id: missing"),
        ({"author_fullname": None, "author": "[deleted]"}, "author: deleted"),
        ({"parent_id": -1}, "parent_id: no id of Reddit"),
    ],
)
def test_a_broken_comment_is_refused_in_plain_words(changes, said):
    item = decode(COMMENT, **changes)

    assert isinstance(item, Malformed)
    assert said in item.reason


@needs_payloads
@pytest.mark.parametrize("kind", ["comments", "submissions"])
def test_every_real_line_is_a_post_a_deletion_or_lacks_its_author(kind):
    rows = real(f"pushshift_{kind}_300.ndjson.gz")
    items = [decode(row) for row in rows]
    gone = {"[deleted]", "[removed]", "[ Removed by Reddit ]"}

    text = "body" if kind == "comments" else "selftext"
    deleted = [bool(r.get("removed_by_category")) or r.get(text) in gone for r in rows]
    assert [isinstance(item, Deletion) for item in items] == deleted
    for row, item in zip(rows, items, strict=True):
        if isinstance(item, Malformed):
            assert "author" in item.reason
            assert row.get("author") == "[deleted]"
        elif isinstance(item, Post):
            assert item.id.endswith(row["id"])
            assert item.container == f"reddit:{row['subreddit']}"
            assert recognise(row).name == "pushshift"  # type: ignore[union-attr]
    assert sum(isinstance(item, Post) for item in items) > 150
