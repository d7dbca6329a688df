"""What the search folder holds of a post: the schema, and documents made from rows.

A document holds tokens (``stream/search/tokens.py``), terms (``stream/search/terms.py``) and
numbers: ``n``, the row of the post, ``place``, its event time followed by the tie of its
id, by which hits are ordered, and ``minute``, in which histograms count. Texts are not
stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec
import tantivy
from tantivy import Document

from detect.records import Judgement
from ingest.records import Post
from stream.search.judgement_terms import judgement_terms
from stream.search.minutes import MINUTE_MS, TIE_BITS, held, tie
from stream.search.terms import PostTerms, plain_key, post_terms, searchable
from stream.search.tokens import tokens
from stream.search.tree import METRICS, SCORES

COUNTED = ("subject", "platform", "lang", "language", "target", "found")
"""Fields that facets can count; they are kept in columns as well."""
NUMBERED = ("tag", "domain", "account")
"""The same with many values, kept as numbers (:func:`number_of`): in text columns each
segment would have to read its dictionary for the names of its most frequent values."""
FOUND = ("source", "author", "link", "mention", "mark")
LOTS = 10
"""Samples of all posts, each holding half of the one before."""


class SearchRow(msgspec.Struct, frozen=True):
    """A row of the tables, as far as search needs it."""

    n: int
    post: Post
    subjects: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    judgement: Judgement | None = None


def column_of(score: str) -> str:
    """The column of a score, in thousandths."""
    return "score_" + score.removeprefix("harm.")


def schema() -> tantivy.Schema:
    """Fields of a document."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("n", indexed=True, fast=True)
    builder.add_unsigned_field("place", fast=True)
    builder.add_unsigned_field("minute", fast=True)
    for name in (*METRICS, *(column_of(score) for score in SCORES)):
        builder.add_integer_field(name, fast=True)
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("singles", tokenizer_name="whitespace", index_option="basic")
    for name in NUMBERED:
        builder.add_unsigned_field(name, indexed=True, fast=True)
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
    judged = judgement_terms(row.judgement)
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
    for name, values in (
        ("subject", row.subjects),
        ("author", terms.authors),
        ("link", terms.links),
        ("mention", terms.mentions),
        ("mark", terms.marks),
        ("language", judged.language),
        ("target", judged.target),
        ("found", judged.found),
    ):
        for value in values:
            made.add_text(name, value)
    for lot in lots(post.id):
        made.add_text("mark", lot_mark(lot))
    for name, several in numbered(terms).items():
        for value in several:
            made.add_unsigned(name, number_of(value))
    for name, number in terms.numbers.items():
        made.add_integer(name, number)
    for score, thousandths in judged.scores.items():
        made.add_integer(column_of(score), thousandths)
    return made


def numbered(terms: PostTerms) -> dict[str, Sequence[str]]:
    """The values of a post in the fields that are kept as numbers."""
    return {"tag": terms.tags, "domain": terms.domains, "account": (terms.account,)}


def number_of(value: str) -> int:
    """The number that stands for a value: 64 bits of a digest.

    Two values of the same number would be counted and found as one; nobody can make
    one to fit another.
    """
    digest = blake2b(value.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def lots(post_id: str) -> range:
    """The samples that a post is in: in ``n`` it is one of 2 to the power of ``n``.

    The id alone decides, so that every index and every version of a post draws the same.
    """
    digest = tie(post_id) | 1 << LOTS
    return range(1, (digest & -digest).bit_length())


def lot_mark(lot: int) -> str:
    """The term under which the posts of a sample are found."""
    return f"lot:{lot}"
