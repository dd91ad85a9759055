"""Stages that are computed once: in memory while small, else as Parquet in the run's folder."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.types as pt

from aqueducts.errors import EngineError

__all__ = ["POSITION", "KeptTable", "keep", "numbered"]

POSITION = "__position"
"""Column that keeps the order of rows where a stage has one: tables are read in parallel."""

_MEMORY_BYTES = 32 << 20
"""Up to here a result stays in memory, which is outside the engine's pool."""


class KeptTable(msgspec.Struct, frozen=True):
    """The rows of a stage, either batches or a Parquet file."""

    schema: pa.Schema
    batches: tuple[pa.RecordBatch, ...]
    path: Path | None
    rows: int
    size_bytes: int


def keep(reader: pa.RecordBatchReader, folder: Path) -> KeptTable:
    """Take all batches of a stream; memory stays bounded.

    The file is Parquet and not Arrow IPC: string views that were read back from IPC carry all
    their buffers through a join, 28 times the size.
    """
    held: list[pa.RecordBatch] = []
    size = 0
    batches = iter(reader)
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if size > _MEMORY_BYTES and _fits_parquet(reader.schema):
            return _spill(reader.schema, held, batches, folder)
    rows = sum(batch.num_rows for batch in held)
    return KeptTable(reader.schema, tuple(held), None, rows, size)


def numbered(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The stream with a column of positions."""
    schema = reader.schema.append(pa.field(POSITION, pa.int64()))

    def batches() -> Iterator[pa.RecordBatch]:
        first = 0
        for batch in reader:
            positions = pa.array(range(first, first + batch.num_rows), pa.int64())
            first += batch.num_rows
            yield pa.RecordBatch.from_arrays([*batch.columns, positions], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _spill(
    schema: pa.Schema,
    held: list[pa.RecordBatch],
    rest: Iterator[pa.RecordBatch],
    folder: Path,
) -> KeptTable:
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.parquet"
    rows = 0
    try:
        with pq.ParquetWriter(
            path,
            schema,
            compression="lz4",
            store_schema=True,
            # Those of floats leave NaN out: the engine would take a column for a constant.
            write_statistics=[each.name for each in schema if not pt.is_floating(each.type)],
        ) as writer:
            for batch in _chain(held, rest):
                rows += batch.num_rows
                writer.write_batch(batch)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _not_kept(error, folder) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return KeptTable(schema, (), path, rows, path.stat().st_size)


def _not_kept(error: OSError, folder: Path) -> EngineError:
    """What pyarrow says of a disk, in the words of the system."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return EngineError(
        f"rows cannot be kept in the folder for temporary files ({folder.parent.parent}): {reason}",
        hint="free some space, or choose another disk with --spill-dir",
    )


def _chain(held: list[pa.RecordBatch], rest: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    while held:
        yield held.pop(0)
    yield from rest


def _fits_parquet(schema: pa.Schema) -> bool:
    def refused(data_type: pa.DataType) -> bool:
        if pa.types.is_union(data_type) or pa.types.is_interval(data_type):
            return True
        return any(refused(data_type.field(i).type) for i in range(data_type.num_fields))

    return not any(refused(field.type) for field in schema)
