"""The rows of an upsert in a file: they are read more than once, and may be many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aqueducts.errors import DestinationError
from aqueducts_delta.literals import has_literal

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["KeyRange", "Spool"]

_GROUP_BYTES = 512 << 10
_GROUP_ROWS = 131_072
_MOST_VALUES = 200
"""How many different values of a key are remembered."""


class KeyRange:
    """What is known of the values of one key column."""

    def __init__(self, name: str, data_type: pa.DataType) -> None:
        import pyarrow.types as pt

        self._name = name
        self._is_floating = pt.is_floating(data_type)
        self.data_type = data_type
        self.has_nulls = False
        self.lowest: Any = None
        self.highest: Any = None
        self.values: set[Any] | None = set()
        """All values but null, or None where they are too many."""
        self.is_known = has_literal(data_type)

    def add(self, column: pa.Array) -> None:
        """Take the values of one batch into account (DestinationError for NaN)."""
        import pyarrow.compute as pc

        if self._is_floating and pc.any(pc.is_nan(column)).as_py():
            raise DestinationError(
                f"column {self._name!r} holds NaN, which is no key: statistics leave it out",
                hint="filter such rows out in the last stage, or choose other keys",
            )

        self.has_nulls = self.has_nulls or column.null_count > 0
        if not self.is_known or column.null_count == len(column):
            return
        bounds = pc.min_max(column).as_py()
        low, high = bounds["min"], bounds["max"]
        self.lowest = low if self.lowest is None else min(self.lowest, low)
        self.highest = high if self.highest is None else max(self.highest, high)
        if self.values is not None:
            found = pc.unique(column)
            if len(found) <= _MOST_VALUES:
                self.values.update(value for value in found.to_pylist() if value is not None)
            if len(found) > _MOST_VALUES or len(self.values) > _MOST_VALUES:
                self.values = None


class Spool:
    """Batches in a Parquet file of the run, and what is known of their keys."""

    def __init__(self, path: Path, schema: pa.Schema, keys: Sequence[str]) -> None:
        self.path = path
        self.schema = schema
        self.keys = {name: KeyRange(name, schema.field(name).type) for name in keys}
        self.rows = 0
        self.size_bytes = 0
        """In memory, not in the file."""

    def fill(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Write all batches, in row groups that are large enough to be read well."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path.parent.mkdir(parents=True, exist_ok=True)
        waiting: list[pa.RecordBatch] = []
        waiting_bytes = waiting_rows = 0
        with pq.ParquetWriter(
            self.path,
            self.schema,
            compression="lz4",
            use_dictionary=False,
            # They leave NaN out, and the engine takes a column of one value and NaN for a constant.
            write_statistics=False,
        ) as writer:
            for batch in batches:
                for name, known in self.keys.items():
                    known.add(batch.column(self.schema.get_field_index(name)))
                waiting.append(batch)
                waiting_bytes += batch.nbytes
                waiting_rows += batch.num_rows
                self.rows += batch.num_rows
                self.size_bytes += batch.nbytes
                if waiting_bytes > _GROUP_BYTES or waiting_rows > _GROUP_ROWS:
                    writer.write_table(pa.Table.from_batches(waiting))
                    waiting, waiting_bytes, waiting_rows = [], 0, 0
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting))

    def reader(self) -> pa.RecordBatchReader:
        """All rows again, a few at a time."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        # Read ahead, the whole file would be in memory.
        with pq.ParquetFile(self.path, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=16_384):
                yield pa.RecordBatch.from_arrays(batch.columns, schema=self.schema)
