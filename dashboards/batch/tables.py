"""Writes tables line by line: ndjson, and a Parquet twin beside it where that is asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ingest.source import SourceMisconfigured

ROWS = 20_000
"""Rows of a Parquet row group: what is held in memory."""
_encoder = msgspec.json.Encoder(order="deterministic")


class ParquetUnavailableError(SourceMisconfigured):
    """Parquet was asked for, and the library that writes it is not installed."""


def put(path: Path, body: bytes) -> None:
    """Write a file so that it is either whole or as it was."""
    with putting(path) as file:
        file.write(body)


@contextmanager
def putting(path: Path) -> Generator[BinaryIO]:
    """A file to write to, which takes its place when all went well."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Tables:
    """The tables of one folder; counts the lines of each.

    Raises:
        ParquetUnavailableError: ``parquet`` without pyarrow.
    """

    def __init__(self, out: Path, *, parquet: bool) -> None:
        self._out = out
        self._library: Any = _pyarrow() if parquet else None
        self.counts: dict[str, int] = {}

    def write(
        self, name: str, kind: type[msgspec.Struct], rows: Iterable[msgspec.Struct]
    ) -> None:
        """Write ``name.ndjson`` and its twin, holding only a part of the rows at a time."""
        count = 0
        with putting(self._out / f"{name}.ndjson") as file, self._twin(name, kind) as twin:
            for row in rows:
                file.write(_encoder.encode(row) + b"\n")
                twin.add(row)
                count += 1
        self.counts[name] = count

    @contextmanager
    def _twin(self, name: str, kind: type[msgspec.Struct]) -> Generator[_NoTwin | _Twin]:
        path = self._out / f"{name}.parquet"
        if self._library is None:
            path.unlink(missing_ok=True)
            yield _NoTwin()
            return
        with putting(path) as file:
            twin = _Twin(self._library, kind, file)
            yield twin
            twin.close()


class _NoTwin:
    def add(self, row: msgspec.Struct) -> None:
        """Nothing is kept of the row."""


class _Twin:
    """Parquet with zstd; the same rows give the same bytes."""

    def __init__(self, library: Any, kind: type[msgspec.Struct], file: BinaryIO) -> None:
        self._arrow, parquet = library
        self._schema = self._arrow.schema(_fields(self._arrow, kind))
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._rows: list[Any] = []

    def add(self, row: msgspec.Struct) -> None:
        """Hold one more row, and write all when they are many."""
        self._rows.append(msgspec.to_builtins(row))
        if len(self._rows) >= ROWS:
            self._flush()

    def close(self) -> None:
        """Write the rest and the end of the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(
                self._arrow.Table.from_pylist(self._rows, schema=self._schema)
            )
            self._rows = []


def _pyarrow() -> Any:
    # Of an extra that need not be installed, and without types: hence by name.
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ParquetUnavailableError(
            "Parquet needs pyarrow, which is not installed; "
            "`pip install 'jikimi[parquet]'` brings it, or leave --parquet out"
        ) from None


def _fields(arrow: Any, kind: type[msgspec.Struct]) -> list[Any]:
    """The columns of a row type, in its order."""
    info = msgspec.inspect.type_info(kind)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(f"{kind.__name__} is no row")
    return [arrow.field(one.name, _column(arrow, one.type)) for one in info.fields]


def _column(arrow: Any, info: msgspec.inspect.Type) -> Any:  # noqa: PLR0911 - one case a type
    match info:
        case msgspec.inspect.UnionType():
            inner = [t for t in info.types if not isinstance(t, msgspec.inspect.NoneType)]
            return _column(arrow, inner[0])
        case msgspec.inspect.StructType():
            return arrow.struct(_fields(arrow, info.cls))
        case msgspec.inspect.VarTupleType():
            return arrow.list_(_column(arrow, info.item_type))
        case msgspec.inspect.DictType():
            return arrow.map_(arrow.string(), _column(arrow, info.value_type))
        case msgspec.inspect.IntType():
            return arrow.int64()
        case msgspec.inspect.FloatType():
            return arrow.float64()
        case msgspec.inspect.StrType() | msgspec.inspect.LiteralType():
            return arrow.string()
        case _:
            raise TypeError(f"no column for {info}")
