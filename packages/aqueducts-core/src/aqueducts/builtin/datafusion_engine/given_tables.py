"""The tables of a SessionContext that the caller passed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aqueducts.table_names import quote, spellings

if TYPE_CHECKING:
    import pyarrow as pa
    from datafusion import SessionContext

__all__ = ["GivenTables", "batches_of"]


class GivenTables:
    """What `in_memory` sources and destinations see of the caller's session."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context

    def names(self) -> Sequence[str]:
        """Names of all tables in the default schema, sorted."""
        return sorted(self._context.catalog().schema().names())

    def register(self, name: str, reader: pa.RecordBatchReader) -> int:
        """Keep a stream as a table in memory, replacing one of that name; returns its rows."""
        batches = list(reader) or [_empty_batch(reader.schema)]
        # Only now, when the whole result is here, the old table is given up.
        for spelling in map(quote, spellings(name)):
            if self._context.table_exist(spelling):
                self._context.deregister_table(spelling)
            self._context.register_record_batches(spelling, [batches])
        return sum(batch.num_rows for batch in batches)


def batches_of(table: pa.Table) -> list[pa.RecordBatch]:
    """Batches of a table, at least one: without any the engine knows no columns."""
    return table.to_batches() or [_empty_batch(table.schema)]


def _empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_arrays(
        [pa.array([], type=field.type) for field in schema], schema=schema
    )
