"""What a source may hand over: a closed union that every engine understands.

A source describes a relation and opens nothing that the engine could open better. The engine
registers it under the source's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

__all__ = [
    "ArrowStream",
    "ArrowTable",
    "CsvDialect",
    "DataFile",
    "FileReader",
    "FileScan",
    "GivenTable",
    "Relation",
    "StreamFiles",
    "TableProvider",
]


class FileReader(Protocol):
    """Reads files that are not on this machine; a store makes one for what it finds.

    It is called from several threads at once, and shows no secrets in its `repr`.
    """

    def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:
        """The bytes from `start` to before `end`, in pieces, in their order.

        Most likely all of them are wanted, and a little may be asked for ahead; whoever needs no
        more closes the iterator. `end` is at most the file's size. Raises StorageError, also where
        the file is no longer the one that was found.
        """


class DataFile(msgspec.Struct, frozen=True):
    """One file of a source.

    `path` is an absolute local path, or a URL that only `reader` can read.
    `partition_values` are the decoded values of the partition columns in their order; `None` is
    a null. `aqueducts.data_files.open_file` opens it wherever it is.
    """

    path: str
    size_bytes: int
    partition_values: tuple[str | None, ...] = ()
    modified_at: float | None = None
    """When it was written, in seconds since 1970, where the store tells."""
    reader: FileReader | None = None
    """Reads the file; None for one of this machine."""


class CsvDialect(msgspec.Struct, frozen=True):
    """How a CSV file is written."""

    has_header: bool = True
    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    comment: str | None = None
    null_values: tuple[str, ...] = ()
    newlines_in_values: bool = False


class FileScan(msgspec.Struct, frozen=True):
    """Files that the engine reads itself, as many at a time as it likes, as often as it likes."""

    format: Literal["csv", "json", "parquet"]
    files: Sequence[DataFile]
    schema: pa.Schema | None = None
    """Declared columns, without partition columns; matched by name where files carry names."""
    partitions: pa.Schema | None = None
    """Partition columns in the order of their folders."""
    dialect: CsvDialect = msgspec.field(default_factory=CsvDialect)
    compression: str | None = None
    """`gzip`, `bzip2`, `xz` or `zstd`; `none` for plain; None means by each file's extension."""


class TableProvider(msgspec.Struct, frozen=True):
    """An object with `__datafusion_table_provider__` (a PyCapsule), such as a Delta table."""

    provider: Any
    size_bytes: int | None = None
    """Bytes of all rows where that is known."""


class StreamFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Files that one scan of a stream would open."""

    files: int
    size_bytes: int


class ArrowStream(msgspec.Struct, frozen=True):
    """Record batches that Python opens: a cursor, an API, a format the engine cannot read.

    `open(partition, columns, filter)` yields batches that hold at least `columns` (all where
    None) plus whatever columns `filter` needs, in any order; the engine applies the filter
    exactly and projects. It may be called from several threads at once, once per partition and
    scan, and is closed (generator `close`) as soon as no more rows are wanted.
    """

    schema: pa.Schema
    """All columns; no two of one name. Batches have exactly these types."""
    open: Callable[[int, Sequence[str] | None, pc.Expression | None], Iterable[pa.RecordBatch]]
    partitions: int = 1
    is_rereadable: bool = False
    """Whether `open` may be called again for the same partition and gives the same rows."""
    size_bytes: int | None = None
    """Bytes of all rows where that is known: the planner puts the smaller side of a join first."""
    find_files: Callable[[pc.Expression | None], StreamFiles | None] | None = None
    """For `aqueducts plan`: which files `open` would read for a condition, where rows are in files;
    None where it cannot be told."""


class ArrowTable(msgspec.Struct, frozen=True):
    """Rows that are in memory, and few enough to stay there: a list of codes, an API's answer."""

    table: pa.Table


class GivenTable(msgspec.Struct, frozen=True):
    """A table that is in the caller's session already."""

    name: str


Relation: TypeAlias = FileScan | TableProvider | ArrowStream | ArrowTable | GivenTable
