"""The one way in for cursors, APIs and formats that the engine cannot read.

DataFusion reads a `pyarrow.dataset.Dataset` through a handful of methods and checks nothing but
the class, so a subclass that has these methods is a lazy table: nothing is read at registration,
batches are pulled one at a time, projection and filters arrive here, and a stream that is dropped
closes the generator. The filter that arrives counts as applied: it must be exact. A contract test
holds DataFusion to all of this.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from aqueducts.errors import EngineError, SourceError
from aqueducts.relations import ArrowStream, StreamFiles

__all__ = ["LazyDataset", "PlannedScan"]


class PlannedScan(msgspec.Struct, frozen=True):
    """A scan that a query was planned with; it is not run."""

    columns: tuple[str, ...]
    condition: pc.Expression | None
    files: Callable[[pc.Expression | None], StreamFiles | None] | None

    def find_files(self) -> StreamFiles | None:
        """The files that it would open, where the source can tell."""
        return None if self.files is None else self.files(self.condition)


class LazyDataset(ds.Dataset):  # type: ignore[misc]  # pyarrow has no types for it
    """An ArrowStream as a table that DataFusion scans lazily."""

    def __init__(self, name: str, stream: ArrowStream) -> None:
        self._name = name
        self._stream = stream
        self._lock = threading.Lock()
        self._opened: set[int] = set()
        self.rows_read = 0
        self._failure: Exception | None = None
        self.planned: list[PlannedScan] = []
        """Scans since the list was last emptied."""

    @property
    def schema(self) -> pa.Schema:
        """All columns."""
        return self._stream.schema

    @property
    def partitions(self) -> int:
        """How many parts can be read at the same time."""
        return self._stream.partitions

    def get_fragments(self, filter: Any = None) -> Iterator[_Fragment]:  # noqa: A002, ARG002 - pyarrow's
        """One fragment per partition; each gets the filter again when it is scanned."""
        return iter([_Fragment(self, part) for part in range(self.partitions)])

    def scanner(self, columns: Any = None, filter: Any = None, **_: Any) -> _Scanner:  # noqa: A002 - pyarrow's name
        """A scan of all partitions, one after another; made when a query is planned."""
        names = self.schema.names if columns is None else columns
        self.planned.append(PlannedScan(tuple(names), filter, self._stream.find_files))
        return _Scanner(self, None, columns, filter)

    def read(
        self, partition: int, columns: Sequence[str] | None, condition: Any
    ) -> Iterator[pa.RecordBatch]:
        """Batches of one partition, filtered and with exactly `columns`."""
        batches: Iterator[pa.RecordBatch] = iter(())
        try:
            self._claim(partition)
            wanted = self._needed(columns, condition)
            batches = iter(self._stream.open(partition, wanted, condition))
            for batch in batches:
                chosen = batch if condition is None else batch.filter(condition)
                shaped = self._shape(chosen, columns)
                with self._lock:
                    self.rows_read += shaped.num_rows
                yield shaped
        except Exception as error:
            if isinstance(error, SourceError) and error.step is None:
                error.step = self._name  # it shows while a stage is read, and is not the stage's
            self._failure = error
            raise
        finally:
            close = getattr(batches, "close", None)
            if close is not None:
                close()

    def take_failure(self) -> Exception | None:
        """What reading raised, once: DataFusion keeps only the text of it."""
        failure, self._failure = self._failure, None
        return failure

    def _claim(self, partition: int) -> None:
        with self._lock:
            if partition in self._opened and not self._stream.is_rereadable:
                raise EngineError(f"source {self._name!r} can be read only once")
            self._opened.add(partition)

    def _needed(self, columns: Sequence[str] | None, condition: Any) -> list[str] | None:
        if columns is None:
            return None
        # The expression does not list its fields; a name inside a longer one does no harm.
        text = "" if condition is None else str(condition)
        names = self._stream.schema.names
        return [name for name in names if name in columns or name in text]

    def _shape(self, batch: pa.RecordBatch, columns: Sequence[str] | None) -> pa.RecordBatch:
        schema = self._stream.schema
        fields = [schema.field(name) for name in (schema.names if columns is None else columns)]
        if not fields:
            # A row count without columns survives only as a batch built from a struct.
            return pa.RecordBatch.from_struct_array(pa.nulls(batch.num_rows, type=pa.struct([])))
        arrays = []
        for field in fields:
            column = batch.column(field.name)
            arrays.append(column if column.type == field.type else column.cast(field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


class _Fragment:
    def __init__(self, owner: LazyDataset, partition: int) -> None:
        self._owner = owner
        self._partition = partition

    def scanner(
        self,
        schema: Any = None,  # noqa: ARG002 - positional, as pyarrow has it
        columns: Any = None,
        filter: Any = None,  # noqa: A002 - pyarrow's name
        **_: Any,
    ) -> _Scanner:
        return _Scanner(self._owner, self._partition, columns, filter)


class _Scanner:
    def __init__(
        self, owner: LazyDataset, partition: int | None, columns: Any, condition: Any
    ) -> None:
        self._owner = owner
        self._partition = partition
        self._columns = columns
        self._condition = condition

    @property
    def projected_schema(self) -> pa.Schema:
        schema = self._owner.schema
        if self._columns is None:
            return schema
        return pa.schema([schema.field(name) for name in self._columns])

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        partitions = range(self._owner.partitions) if self._partition is None else [self._partition]
        for partition in partitions:
            yield from self._owner.read(partition, self._columns, self._condition)
