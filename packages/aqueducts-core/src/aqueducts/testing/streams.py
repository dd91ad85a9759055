"""Checks of an ArrowStream by itself, without an engine."""

from __future__ import annotations

import pyarrow as pa

from aqueducts.relations import ArrowStream
from aqueducts.testing.suite import require

__all__ = ["check_stream", "read_stream"]


def check_stream(stream: ArrowStream) -> None:
    """What a stream says of itself before it is read."""
    require(
        isinstance(stream.schema, pa.Schema),
        f"ArrowStream.schema is {type(stream.schema).__name__}",
        "give a pyarrow.Schema",
    )
    names = stream.schema.names
    doubled = sorted({name for name in names if names.count(name) > 1})
    require(
        not doubled,
        f"two columns are called {', '.join(doubled)}",
        "rename one of them, or raise SourceError that names them: SQL cannot tell them apart",
    )
    require(
        stream.partitions >= 1,
        f"the stream has {stream.partitions} partitions",
        "there is at least one, which may be empty",
    )


def read_stream(stream: ArrowStream) -> pa.Table:
    """All rows of all partitions; each batch has to have the columns of the schema."""
    batches = []
    for partition in range(stream.partitions):
        for batch in stream.open(partition, None, None):
            require(
                isinstance(batch, pa.RecordBatch),
                f"ArrowStream.open yields {type(batch).__name__}",
                "yield pyarrow.RecordBatch, of some thousand rows each",
            )
            batches.append(_shaped(batch, stream.schema))
    return pa.Table.from_batches(batches, schema=stream.schema)


def _shaped(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    missing = [name for name in schema.names if name not in batch.schema.names]
    require(
        not missing,
        f"a batch lacks the columns {', '.join(missing)}",
        "give all columns of the schema where `columns` is None",
    )
    for field in schema:
        found = batch.schema.field(field.name).type
        require(
            found == field.type,
            f"a batch has {field.name!r} as {found}, the schema says {field.type}",
            "make batches with schema=…, or cast them",
        )
    return batch.select(schema.names).cast(pa.schema(schema))
