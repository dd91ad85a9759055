"""Queries on their way into the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from aqueducts.errors import SourceError
from aqueducts_odbc.adbc.columns import ReadColumn, Reading
from aqueducts_odbc.adbc.connections import AdbcConnection, open_adbc
from aqueducts_odbc.adbc.postgresql_reading import postgresql_reading
from aqueducts_odbc.adbc.sqlite_reading import sqlite_reading

if TYPE_CHECKING:
    from aqueducts_odbc.adbc.databases import AdbcDatabase

__all__ = ["read", "reading_of"]

_SQLITE_BATCH_ROWS = 8192
_BATCH_BYTES = 4 << 20


def reading_of(connection: AdbcConnection, query: str, types: Mapping[str, pa.DataType]) -> Reading:
    """How to read a query. Raises SourceError."""
    is_postgresql = connection.database.kind == "postgresql"
    found = (postgresql_reading if is_postgresql else sqlite_reading)(connection, query, types)
    if not found.columns:
        raise SourceError(
            "the statement gives no columns", hint="a source's load_query is a query: SELECT ..."
        )
    return found


def read(
    database: AdbcDatabase, reading: Reading, wanted: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    """The rows, of these columns or of all. Raises SourceError."""
    columns = [each for each in reading.columns if wanted is None or each.name in wanted]
    schema = pa.schema([(column.name, column.arrow) for column in columns])
    product = database.product
    with (
        open_adbc(database) as connection,
        connection.cursor(f"{product} could not read on") as cursor,
    ):
        _tune(cursor, database)
        cursor.execute(reading.statement(columns))
        must_skip = reading.skips_first_row
        with cursor.fetch_record_batch() as reader:
            for found in reader:
                batch = found.slice(1) if must_skip else found
                must_skip = False
                if reading.check_extra is not None:
                    reading.check_extra(batch, columns)
                if batch.num_rows:
                    yield _converted(batch, columns, schema)


def _tune(cursor: object, database: AdbcDatabase) -> None:
    options = (
        {"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)}
        if database.kind == "postgresql"
        else {"adbc.sqlite.query.batch_rows": str(_SQLITE_BATCH_ROWS)}
    )
    cursor.adbc_statement.set_options(**options)  # type: ignore[attr-defined]


def _converted(
    batch: pa.RecordBatch, columns: Sequence[ReadColumn], schema: pa.Schema
) -> pa.RecordBatch:
    if not columns:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * batch.num_rows, pa.struct([])))
    arrays = [column.converted(batch.column(place)) for place, column in enumerate(columns)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
