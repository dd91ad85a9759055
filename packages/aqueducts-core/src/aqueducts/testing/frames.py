"""A stage's result that does what a check asks of it: fails midway, counts what it gave."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from aqueducts.connectors import EngineWriter
from aqueducts.relations import ArrowStream

if TYPE_CHECKING:
    from aqueducts.connectors import Frame
    from aqueducts.testing.bench import Bench

__all__ = ["ScriptedFrame"]

_NAMES = count()


class ScriptedFrame:
    """A Frame over batches of the test's own.

    `before_batch(n)` is called before the batch with that number, counted from 0, and once more
    with their number after the last; what it raises, the query raises. Batches go through a real
    engine where the engine writes the files.
    """

    def __init__(
        self,
        bench: Bench,
        schema: pa.Schema,
        batches: Callable[[], Iterator[pa.RecordBatch]],
        before_batch: Callable[[int], object] | None = None,
    ) -> None:
        self._bench = bench
        self._schema = schema
        self._make = batches
        self._before_batch = before_batch
        self.rows_given = 0
        self.starts = 0
        """How often the query was run."""
        self.held_bytes: list[tuple[int, int]] = []
        """At each batch: the bytes given so far, and what the process holds of memory then.

        Python's part is known while tracemalloc is tracing.
        """

    @classmethod
    def of(
        cls, bench: Bench, table: pa.Table, before_batch: Callable[[int], object] | None = None
    ) -> ScriptedFrame:
        """A frame of a table, in batches of at most 2 rows."""
        return cls(
            bench, table.schema, lambda: iter(table.to_batches(max_chunksize=2)), before_batch
        )

    @property
    def schema(self) -> pa.Schema:
        """Columns, all nullable."""
        return self._schema

    def check(self) -> None:
        """Nothing is wrong with this query before it runs."""

    def stream(self) -> pa.RecordBatchReader:
        """The batches, made as they are asked for."""
        return pa.RecordBatchReader.from_batches(self._schema, self._batches())

    def write_files(
        self,
        path: Path,
        writer: EngineWriter,
        *,
        is_single_file: bool,
        partition_columns: Sequence[str] = (),
    ) -> int:
        """Write files with the engine's own writer."""
        frame = self._engine_frame()
        return frame.write_files(
            path, writer, is_single_file=is_single_file, partition_columns=partition_columns
        )

    def _engine_frame(self) -> Frame:
        stream = ArrowStream(self._schema, lambda *_: self._batches(), is_rereadable=True)
        session = self._bench.engine_session()
        name = f"scripted_{next(_NAMES)}"
        session.register(name, stream, is_joined=False)
        return session.frame(name)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        self.starts += 1
        given, number = 0, 0
        for number, batch in enumerate(self._make(), 1):
            self._tell(number - 1)
            self.held_bytes.append((given, _held_bytes()))
            given += batch.nbytes
            self.rows_given += batch.num_rows
            yield batch
            del batch  # or it would count as held by the destination
        self._tell(number)

    def _tell(self, number: int) -> None:
        if self._before_batch is not None:
            self._before_batch(number)


def _held_bytes() -> int:
    python = tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0
    return int(pa.total_allocated_bytes()) + python
