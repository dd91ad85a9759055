"""The query as a part of another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from aqueducts_odbc.reading.columns import ColumnReading, SourceQuery, Statements
from aqueducts_odbc.worker.wire import ReadBounds

if TYPE_CHECKING:
    from aqueducts_odbc.connections import Connection

__all__ = ["described", "probe_texts", "wrapped"]


def described(
    connection: Connection, query: SourceQuery, sql: str, *, max_text_bytes: int = 256
) -> pa.Schema:
    """The columns of a query as the driver tells them; reads no rows."""
    bounds = ReadBounds(
        batch_rows=1,
        max_text_bytes=max_text_bytes,
        max_binary_bytes=256,
        query_timeout=query.query_timeout,
    )
    batches = connection.read(sql, query.parameters, bounds)
    batches.close()
    return batches.found


def probe_texts(connection: Connection, query: SourceQuery, sql: str) -> list[str | None]:
    """The only row of a query, as texts."""

    def as_text(found: pa.Schema) -> pa.Schema:
        return pa.schema([pa.field(field.name, pa.string()) for field in found])

    bounds = ReadBounds(batch_rows=16, max_text_bytes=1024, query_timeout=query.query_timeout)
    batches = connection.read(sql, query.parameters, bounds, as_text)
    rows = [row for batch in batches for row in zip(*batch.columns, strict=True)]
    return [value.as_py() for value in rows[0]] if rows else []


def wrapped(
    query: SourceQuery,
    columns: Sequence[ColumnReading],
    condition: str | None,
    quote: Callable[[str], str],
) -> Statements:
    """`SELECT` of each column's expression; of one that costs nothing where none is wanted."""
    chosen = [f"{each.sql} AS {quote(each.name)}" for each in columns] or ["1 AS nothing"]
    where = "" if condition is None else f" WHERE {condition}"
    sql = f"SELECT {', '.join(chosen)} FROM {query.as_table()}{where}"  # noqa: S608 - the user's
    return Statements(sql)
