"""What the search folder holds of a post: the schema, and documents made from rows.

A document holds tokens (``stream/tokens.py``), terms (``stream/post_terms.py``) and
numbers: ``n``, the row of the post, ``place``, its event time followed by the tie of its
id, by which hits are ordered, and ``minute``, in which histograms count. Texts are not
stored.
"""

from __future__ import annotations

import msgspec
import tantivy
from tantivy import Document

from ingest.records import Post
from stream.minutes import MINUTE_MS, TIE_BITS, held, tie
from stream.post_terms import plain_key, post_terms, searchable
from stream.query_tree import METRICS
from stream.tokens import tokens

COUNTED = ("subject", "platform", "lang", "tag", "domain", "account")
"""Fields that facets can count; they are kept in columns as well."""
FOUND = ("source", "author", "link", "mention", "mark")
LOTS = 10
"""Samples of all posts, each holding half of the one before."""


class SearchRow(msgspec.Struct, frozen=True):
    """A row of the tables, as far as search needs it."""

    n: int
    post: Post
    subjects: tuple[str, ...]
    reasons: tuple[str, ...] = ()


def schema() -> tantivy.Schema:
    """Fields of a document."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("n", indexed=True, fast=True)
    builder.add_unsigned_field("place", fast=True)
    builder.add_unsigned_field("minute", fast=True)
    for name in METRICS:
        builder.add_integer_field(name, fast=True)
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("singles", tokenizer_name="whitespace", index_option="basic")
    for name in (*COUNTED, *FOUND):
        builder.add_text_field(
            name, tokenizer_name="raw", index_option="basic", fast=name in COUNTED
        )
    return builder.build()


SCHEMA = schema()


def document(row: SearchRow) -> Document:
    """The document of a row."""
    post = row.post
    terms = post_terms(post, row.reasons)
    found = tokens(searchable(post))
    at = held(post.event_at)
    made = Document()
    made.add_unsigned("n", row.n)
    made.add_unsigned("place", at << TIE_BITS | tie(post.id))
    made.add_unsigned("minute", at // MINUTE_MS)
    made.add_text("words", found.words)
    if found.singles:
        made.add_text("singles", found.singles)
    made.add_text("platform", plain_key(post.platform))
    made.add_text("source", post.source)
    made.add_text("lang", terms.lang)
    made.add_text("account", terms.account)
    for name, values in (
        ("subject", row.subjects),
        ("author", terms.authors),
        ("tag", terms.tags),
        ("link", terms.links),
        ("domain", terms.domains),
        ("mention", terms.mentions),
        ("mark", terms.marks),
    ):
        for value in values:
            made.add_text(name, value)
    for lot in lots(post.id):
        made.add_text("mark", lot_mark(lot))
    for name, number in terms.numbers.items():
        made.add_integer(name, number)
    return made


def lots(post_id: str) -> range:
    """The samples that a post is in: in ``n`` it is one of 2 to the power of ``n``.

    The id alone decides, so that every index and every version of a post draws the same.
    """
    digest = tie(post_id) | 1 << LOTS
    return range(1, (digest & -digest).bit_length())


def lot_mark(lot: int) -> str:
    """The term under which the posts of a sample are found."""
    return f"lot:{lot}"
