"""The search folder in parts that can each be made anew quickly, and one view of them all.

tantivy only marks a removed document: its words stay in the segment until a merge takes
it in, and no merge can be asked for. So the rows are cut into shards of fifty thousand,
each a tantivy folder of its own, and a shard with removed documents is written again
from the tables, beside the old one, then put in its place. Readers see none of this:
the folder itself is a tantivy folder whose ``meta.json`` lists the segments of every
shard and whose segment files are hard links.

    search/meta.json, *.term, …      the view that readers open
    shards/<shard>.<generation>/     what the writer works on
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import tantivy
from tantivy import Document, FieldType, Query

from stream.local.shard_view import META, SUFFIXES, Meta, Segment, View, decode

ROWS = 50_000
"""Rows of a shard; writing so many again takes about 2.5 s of CPU."""
PLACE = "shards"
HEAP_BYTES = 48_000_000
SMALL_HEAP_BYTES = 15_000_000
"""For shards that only lose documents; tantivy accepts no less."""


class Shard:
    """One tantivy folder; a writer is open only while it is needed."""

    def __init__(self, folder: Path, schema: tantivy.Schema) -> None:
        self.folder = folder
        self._schema = schema
        self._writer: tantivy.IndexWriter | None = None
        self._dirty = False
        self._fresh = not folder.exists()

    def add(self, document: Document, heap: int) -> None:
        """Add a document."""
        self._open(heap).add_document(document)
        self._dirty = True

    def remove(self, query: Query) -> None:
        """Remove what matches."""
        self._open(SMALL_HEAP_BYTES).delete_documents_by_query(query)
        self._dirty = True

    def commit(self) -> None:
        """Make it durable."""
        if self._writer is not None and self._dirty:
            self._writer.commit()
        self._dirty = False

    def close(self) -> None:
        """Wait for merges and let go of the folder."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.wait_merging_threads()

    def meta(self) -> Meta | None:
        """What it has committed, None when nothing yet."""
        if self._fresh and not self.folder.exists():
            return None
        return decode((self.folder / META).read_bytes())

    def segments(self) -> list[Segment]:
        """Its committed segments."""
        meta = self.meta()
        return [] if meta is None else meta.segments

    def remove_uncommitted(self) -> None:
        """Delete what a killed writer left: words may be in it that no commit names."""
        kept = {name for segment in self.segments() for name in segment.files()}
        for file in self.folder.iterdir():
            if file.suffix in SUFFIXES and file.name not in kept:
                file.unlink()

    def _open(self, heap: int) -> tantivy.IndexWriter:
        if self._writer is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            index = tantivy.Index(self._schema, path=str(self.folder))
            index.config_reader("manual")
            self._writer = index.writer(heap, 1)
        return self._writer


class Fresh:
    """A shard that is being written again; rows up to ``reached`` are in it."""

    def __init__(self, number: int, generation: int, shard: Shard) -> None:
        self.number = number
        self.generation = generation
        self.shard = shard
        self.reached = number * ROWS

    def end(self, newest: int) -> int:
        """The last row that belongs to it, while ``newest`` is the last of all."""
        return min((self.number + 1) * ROWS, newest)


class Shards:
    """All shards of a search folder, by their number.

    Args:
        folder: where the view stands; the shards stand beside it.
        generations: which folder of each shard is in use; all others are deleted.
    """

    def __init__(
        self, folder: Path, schema: tantivy.Schema, generations: Mapping[int, int]
    ) -> None:
        self._schema = schema
        self._place = folder.with_name(PLACE)
        self.generations = dict(generations)
        self.fresh: Fresh | None = None
        self._view = View(folder, schema)
        self.remove_unused()
        self._shards = {
            number: Shard(self._path(number, generation), schema)
            for number, generation in sorted(self.generations.items())
        }
        for shard in self._shards.values():
            shard.remove_uncommitted()

    # --- documents ---------------------------------------------------------------

    def add(self, n: int, document: Document) -> None:
        """Add the document of a row."""
        number = shard_of(n)
        if number not in self._shards:
            self._begin(number)
        newest = number == max(self._shards)
        self._shards[number].add(document, HEAP_BYTES if newest else SMALL_HEAP_BYTES)
        fresh = self._holding(n)
        if fresh is not None:
            fresh.add(document, HEAP_BYTES)

    def remove(self, n: int) -> None:
        """Remove the document of a row, where there is one."""
        shard = self._shards.get(shard_of(n))
        if shard is None:
            return
        # Deleting by term makes a signed term, which no unsigned field holds.
        query = Query.term_query(self._schema, "n", n)
        shard.remove(query)
        fresh = self._holding(n)
        if fresh is not None:
            fresh.remove(query)

    def remove_after(self, n: int) -> None:
        """Remove every document of a row above ``n``."""
        query = Query.range_query(
            self._schema, "n", FieldType.Unsigned, lower_bound=n, include_lower=False
        )
        for number, shard in self._shards.items():
            if (number + 1) * ROWS > n:
                shard.remove(query)

    def _holding(self, n: int) -> Shard | None:
        """The shard being rewritten, where the row is in it already."""
        fresh = self.fresh
        if fresh is None or fresh.number != shard_of(n) or n > fresh.reached:
            return None
        return fresh.shard

    def _begin(self, number: int) -> None:
        """The first row of a shard; those before it are hardly ever added to again."""
        for shard in self._shards.values():
            shard.commit()
            shard.close()
        self.generations[number] = 1
        self._shards[number] = Shard(self._path(number, 1), self._schema)

    # --- commits -----------------------------------------------------------------

    def commit(self) -> None:
        """Make all documents durable; :meth:`publish` makes them visible."""
        for shard in self._shards.values():
            shard.commit()

    def publish(self) -> None:
        """Show readers what is committed, merges that ended since the last time too."""
        self._view.publish(list(self._shards.values()))

    def tidy(self) -> None:
        """Let go of shards nobody adds to, and of folders that were replaced."""
        for number in list(self._shards)[:-1]:
            self._shards[number].close()
        self.remove_unused()

    def check(self) -> None:
        """Notice files that somebody else took away.

        Raises:
            OSError: some are gone.
        """
        self._view.check()

    def remove_unused(self) -> None:
        """Delete folders of shards that are not in use."""
        used = {self._path(number, held) for number, held in self.generations.items()}
        if self.fresh is not None:
            used.add(self.fresh.shard.folder)
        if self._place.is_dir():
            for folder in self._place.iterdir():
                if folder not in used:
                    shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Wait for merges and let go of everything."""
        self.abandon()
        for shard in self._shards.values():
            shard.close()

    # --- writing a shard again ---------------------------------------------------

    def marked(self) -> set[int]:
        """Shards with documents that are only marked as removed."""
        return {
            number
            for number, shard in self._shards.items()
            if any(segment.removed for segment in shard.segments())
        }

    def crowded(self, segments: int) -> set[int]:
        """Shards nobody adds to any more that have more segments than that."""
        return {
            number
            for number in list(self._shards)[:-1]
            if len(self._shards[number].segments()) > segments
        }

    def rewrite(self, number: int) -> Fresh:
        """Begin to write a shard again; its rows are to be handed to :meth:`refill`."""
        self.abandon()
        generation = self.generations[number] + 1
        folder = self._path(number, generation)
        shutil.rmtree(folder, ignore_errors=True)
        self.fresh = Fresh(number, generation, Shard(folder, self._schema))
        return self.fresh

    def refill(self, fresh: Fresh, documents: Iterable[Document], reached: int) -> None:
        """Take documents of the rows up to ``reached`` into the shard being rewritten."""
        for document in documents:
            fresh.shard.add(document, HEAP_BYTES)
        fresh.reached = reached

    def replace(self, fresh: Fresh) -> None:
        """Put the rewritten shard in the place of the old one, whose folder goes later."""
        self.fresh = None
        self._shards[fresh.number].close()
        fresh.shard.commit()
        self._shards[fresh.number] = fresh.shard
        self.generations[fresh.number] = fresh.generation

    def abandon(self) -> None:
        """Forget a shard that was being rewritten."""
        if self.fresh is not None:
            self.fresh.shard.close()
            self.fresh = None

    def _path(self, number: int, generation: int) -> Path:
        return self._place / f"{number}.{generation}"


def shard_of(n: int) -> int:
    """The shard of a row; rows count from 1."""
    return (n - 1) // ROWS
