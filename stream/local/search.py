"""The search folder of the local index: tantivy, fed from the tables and never the truth.

What a document holds stands in ``documents.py``. What tantivy has committed is noted
in ``position.json`` beside it; what the tables hold beyond that is added again on
opening, so a crash anywhere between the two heals itself.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import tantivy
from tantivy import Order

from stream.index import FacetCounts, PostFacet, PostQuery
from stream.local import counting, facets
from stream.local.compiling import Rows, compiled
from stream.local.documents import SCHEMA, SearchRow, document
from stream.local.shards import PLACE as SHARDS
from stream.local.shards import Shards
from stream.search.tokens import VERSION as TOKENS_VERSION

FOLDER = "search"
POSITION = "position.json"
FORMAT = f"7.{TOKENS_VERSION}"
ORDERS = {"newest": Order.Desc, "oldest": Order.Asc}


class Position(msgspec.Struct, frozen=True):
    """Rows and changes that tantivy has committed, and the generation of each shard."""

    format: str = FORMAT
    n: int = 0
    touched: int = 0
    shards: dict[int, int] = {}


class Hits(msgspec.Struct, frozen=True):
    """Rows of one page, in the order asked for, and how many match in all."""

    total: int
    rows: tuple[int, ...]


class SearchDamagedError(Exception):
    """The search folder cannot be used; it can be made anew from the tables."""


class SearchReader:
    """Searches a folder that this or another process writes; ``reload`` to see news.

    Raises:
        SearchDamagedError: the folder is of no use, or not there yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with _reported(folder):
            _check_format(folder)
            self._index = tantivy.Index.open(str(folder))
            self._index.config_reader("manual")
            self._searcher = self._index.searcher()

    def reload(self) -> None:
        """See what was committed since."""
        with _reported(self._folder):
            self._index.reload()
            self._searcher = self._index.searcher()

    def find(self, query: PostQuery, rows: Rows) -> Hits:
        """Rows that match, in the order asked for."""
        limit = max(query.limit, 0)
        with _reported(self._folder):
            # tantivy refuses a limit of 0.
            found = self._searcher.search(
                compiled(query, rows),
                limit=max(limit, 1),
                offset=max(query.offset, 0),
                order_by_field="place",
                order=ORDERS[query.order],
            )
            hits = [address for _, address in found.hits[:limit]]
            numbers = self._searcher.fast_field_values("n", hits) if hits else []
        total = int(getattr(found, "count", 0) or 0)
        return Hits(total, tuple(int(n or 0) for n in numbers))

    def by_minutes(
        self, query: PostQuery, rows: Rows, *, first: int, last: int, width: int
    ) -> dict[int, int]:
        """Hits by bucket of ``width`` minutes, from minute ``first`` on and before ``last``."""
        with _reported(self._folder):
            wanted = compiled(query, rows)
            return counting.by_minutes(
                self._searcher, wanted, first=first, last=last, width=width
            )

    def edges(self, query: PostQuery, rows: Rows) -> tuple[int, int] | None:
        """The minutes of the first and of the last hit."""
        with _reported(self._folder):
            return counting.edges(self._searcher, compiled(query, rows))

    def by_value(
        self,
        query: PostQuery,
        rows: Rows,
        names: Sequence[PostFacet],
        limit: int,
        *,
        posts: facets.Posts,
        quick: bool,
    ) -> Mapping[PostFacet, FacetCounts]:
        """Hits by value of each facet."""
        with _reported(self._folder):
            wanted = compiled(query, rows)
            return facets.by_value(
                self._searcher, wanted, names, limit, posts=posts, quick=quick
            )


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
            self.shards = Shards(folder, SCHEMA, self.position.shards)

    def add(self, rows: Iterable[SearchRow]) -> None:
        """Add documents for rows; older ones of the same rows must be removed first."""
        with _reported(self._folder):
            for row in rows:
                self.shards.add(row.n, document(row))

    def remove(self, rows: Iterable[int]) -> None:
        """Remove the documents of rows, where there are any."""
        with _reported(self._folder):
            for n in rows:
                self.shards.remove(n)

    def remove_after(self, n: int) -> None:
        """Remove every document of a row above ``n``."""
        with _reported(self._folder):
            self.shards.remove_after(n)

    def commit(self, position: Position) -> None:
        """Make everything so far durable, note the position, then show it to readers."""
        with _reported(self._folder):
            self.shards.commit()
            position = msgspec.structs.replace(position, shards=self.shards.generations)
            _write_position(self._folder, position)
            self.shards.publish()
            self.shards.tidy()
        self.position = position

    def publish(self) -> None:
        """Show readers what merges have done since."""
        with _reported(self._folder):
            self.shards.publish()

    def sweep(self, step: Callable[[Shards], bool]) -> bool:
        """Let a sweep go on; True when a shard was replaced and must be committed."""
        with _reported(self._folder):
            return step(self.shards)

    def check(self) -> None:
        """Notice files that somebody else took away; tantivy itself goes on without them."""
        with _reported(self._folder):
            self.shards.check()

    def documents(self) -> int:
        """Committed documents that can be found."""
        with _reported(self._folder):
            index = tantivy.Index.open(str(self._folder))
            index.config_reader("manual")
            return int(index.searcher().num_docs)

    def close(self) -> None:
        """Wait for merges and let go of the folder."""
        with contextlib.suppress(SearchDamagedError, OSError), _reported(self._folder):
            self.shards.close()


def discard(folder: Path) -> None:
    """Delete a search folder with its shards."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder.with_name(SHARDS), ignore_errors=True)


def _check_format(folder: Path) -> None:
    try:
        position = msgspec.json.decode((folder / POSITION).read_bytes(), type=Position)
    except (FileNotFoundError, msgspec.DecodeError):
        # Not noted yet, or by an outside hand: tantivy itself tells whether it can be read.
        return
    if position.format != FORMAT:
        raise SearchDamagedError(f"{folder} has format {position.format}, not {FORMAT}")


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
    except (ValueError, OSError, msgspec.DecodeError) as error:
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
