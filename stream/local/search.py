"""The search folder of the local index: tantivy, fed from the tables and never the truth.

A document holds tokens (``stream/tokens.py``), filter terms and two numbers: ``n``,
the row of the post, and ``place``, its event time followed by low bits of ``n``, by
which hits are ordered. Texts are not stored. What tantivy has committed is noted
in ``position.json`` beside it; what the tables hold beyond that is added again on
opening, so a crash anywhere between the two heals itself.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

import msgspec
import tantivy
from tantivy import Document, FieldType, Occur, Query

from ingest.records import Post
from stream.index import PostQuery
from stream.local.tables import LATEST_MS, UNKNOWN_LANG
from stream.tokens import VERSION as TOKENS_VERSION
from stream.tokens import clauses, tokens

FOLDER = "search"
POSITION = "position.json"
FORMAT = f"1.{TOKENS_VERSION}"
HEAP_BYTES = 48_000_000
TIE_BITS = 20
TIE_MASK = (1 << TIE_BITS) - 1
FILTERS = ("subject", "platform", "lang", "author")


class Position(msgspec.Struct, frozen=True):
    """Rows and changes that tantivy has committed."""

    format: str = FORMAT
    n: int = 0
    touched: int = 0


class Hits(msgspec.Struct, frozen=True):
    """Rows of one page, newest first, and how many match in all."""

    total: int
    rows: tuple[int, ...]


class SearchDamagedError(Exception):
    """The search folder cannot be used; it can be made anew from the tables."""


def schema() -> tantivy.Schema:
    """Fields of a document."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("n", indexed=True, fast=True)
    builder.add_unsigned_field("place", fast=True)
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("singles", tokenizer_name="whitespace", index_option="basic")
    for name in FILTERS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    return builder.build()


SCHEMA = schema()


class SearchReader:
    """Searches a folder that this or another process writes; ``reload`` to see news.

    Raises:
        SearchDamagedError: the folder is of no use, or not there yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with _reported(folder):
            self._index = tantivy.Index.open(str(folder))
            self._index.config_reader("manual")
            self._searcher = self._index.searcher()

    def reload(self) -> None:
        """See what was committed since."""
        with _reported(self._folder):
            self._index.reload()
            self._searcher = self._index.searcher()

    def find(self, query: PostQuery) -> Hits:
        """Rows that match, newest first."""
        wanted = _query(query)
        if wanted is None:
            return Hits(0, ())
        limit = max(query.limit, 0)
        with _reported(self._folder):
            # tantivy refuses a limit of 0.
            found = self._searcher.search(
                wanted,
                limit=max(limit, 1),
                offset=max(query.offset, 0),
                order_by_field="place",
            )
            hits = [address for _, address in found.hits[:limit]]
            rows = self._searcher.fast_field_values("n", hits) if hits else []
        return Hits(int(getattr(found, "count", 0) or 0), tuple(int(n or 0) for n in rows))


class SearchWriter:
    """Adds and removes documents; what is not committed is lost with the process.

    Raises:
        SearchDamagedError: the folder is of no use, delete it and fill a new one.
        OSError: no space left; this object is of no use any more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with _reported(folder):
            self.position = _read_position(folder)
            self._index = tantivy.Index(SCHEMA, path=str(folder))
            self._index.config_reader("manual")
            self._writer = self._index.writer(HEAP_BYTES, 1)

    def add(self, rows: Iterable[tuple[int, Post, Sequence[str]]]) -> None:
        """Add documents for rows; older ones of the same rows must be removed first."""
        with _reported(self._folder):
            for n, post, subjects in rows:
                self._writer.add_document(_document(n, post, subjects))

    def remove(self, rows: Iterable[int]) -> None:
        """Remove the documents of rows, where there are any."""
        with _reported(self._folder):
            for n in rows:
                # Deleting by term makes a signed term, which no unsigned field holds.
                self._writer.delete_documents_by_query(Query.term_query(SCHEMA, "n", n))

    def remove_after(self, n: int) -> None:
        """Remove every document of a row above ``n``."""
        query = Query.range_query(
            SCHEMA, "n", FieldType.Unsigned, lower_bound=n, include_lower=False
        )
        with _reported(self._folder):
            self._writer.delete_documents_by_query(query)

    def commit(self, position: Position) -> None:
        """Make everything so far durable and visible, then note the position."""
        with _reported(self._folder):
            self._writer.commit()
            _write_position(self._folder, position)
        self.position = position

    def documents(self) -> int:
        """Committed documents that can be found."""
        with _reported(self._folder):
            self._index.reload()
            return int(self._index.searcher().num_docs)

    def close(self) -> None:
        """Wait for merges and let go of the folder."""
        with contextlib.suppress(SearchDamagedError, OSError), _reported(self._folder):
            self._writer.wait_merging_threads()


def discard(folder: Path) -> None:
    """Delete a search folder."""
    shutil.rmtree(folder, ignore_errors=True)


def _document(n: int, post: Post, subjects: Iterable[str]) -> Document:
    found = tokens(_searchable(post))
    document = Document()
    document.add_unsigned("n", n)
    document.add_unsigned("place", _place(post.event_at) | n & TIE_MASK)
    document.add_text("words", found.words)
    if found.singles:
        document.add_text("singles", found.singles)
    for subject in subjects:
        document.add_text("subject", subject)
    document.add_text("platform", post.platform)
    document.add_text("lang", post.lang or UNKNOWN_LANG)
    document.add_text("author", post.author_id)
    if post.author and post.author.handle and post.author.handle != post.author_id:
        document.add_text("author", post.author.handle)
    return document


def _searchable(post: Post) -> str:
    """The text, with hashtags and picture descriptions that do not stand in it."""
    parts = [post.text]
    parts += [tag for tag in post.hashtags if tag not in post.text]
    parts += [media.alt for media in post.media if media.alt]
    return "\n".join(parts) if len(parts) > 1 else post.text


def _place(at: int) -> int:
    return min(max(at, 0), LATEST_MS) << TIE_BITS


def _query(query: PostQuery) -> Query | None:
    """The conditions for tantivy; None when nothing can match."""
    must: list[Query] = []
    wanted = clauses(query.text)
    if wanted is not None:
        if not wanted:
            return None
        for clause in wanted:
            if clause.single:
                must.append(_term("singles", clause.single))
            elif len(clause.words) == 1:
                must.append(_term("words", clause.words[0]))
            else:
                must.append(Query.phrase_query(SCHEMA, "words", list(clause.words)))
    author = query.author.removeprefix(f"{query.platform}:") if query.author else None
    filters = (query.subject, query.platform, query.lang, author)
    must += [_term(f, v) for f, v in zip(FILTERS, filters, strict=True) if v is not None]
    if query.since is not None or query.until is not None:
        must.append(_between(query.since, query.until))
    if not must:
        return Query.all_query()
    return Query.boolean_query([(Occur.Must, one) for one in must])


def _term(name: str, value: str) -> Query:
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return Query.term_query(SCHEMA, name, clean, index_option="basic")


def _between(since: int | None, until: int | None) -> Query:
    """Event times from ``since`` on and before ``until``."""
    return Query.range_query(
        SCHEMA,
        "place",
        FieldType.Unsigned,
        lower_bound=_place(since or 0),
        upper_bound=_place(LATEST_MS + 1 if until is None else until),
        include_upper=until is None,
    )


def _read_position(folder: Path) -> Position:
    """The noted position; a folder without a usable one is emptied."""
    try:
        position = msgspec.json.decode((folder / POSITION).read_bytes(), type=Position)
    except (FileNotFoundError, msgspec.DecodeError):
        position = None
    if position is None or position.format != FORMAT:
        discard(folder)
        folder.mkdir(parents=True, exist_ok=True)
        return Position()
    return position


def _write_position(folder: Path, position: Position) -> None:
    fresh = folder / f"{POSITION}.new"
    fresh.write_bytes(msgspec.json.encode(position))
    fresh.replace(folder / POSITION)


@contextlib.contextmanager
def _reported(folder: Path) -> Generator[None]:
    """A full disk as OSError, whatever else tantivy reports as damage."""
    try:
        yield
    except (ValueError, OSError) as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or "No space left" in str(error):
            raise OSError(
                errno.ENOSPC,
                f"no space left on the disk that holds {folder}: free some and it goes on",
            ) from error
        raise SearchDamagedError(f"{folder}: {error}") from error
    except BaseException as error:
        # A broken segment makes tantivy panic, and a panic is no Exception.
        if type(error).__name__ == "PanicException":
            raise SearchDamagedError(f"{folder}: {error}") from error
        raise
