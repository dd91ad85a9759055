"""PostgreSQL through psqlodbc.

The driver calls a double a float; loses NaN and infinities of numerics, guesses their scale from
the rows it has seen; makes today's date of years above 9999, and forgets "BC". It does not tell a
timestamp with a zone from one without. `pg_typeof` tells all of it, of a row that is joined with
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.types as pt

from aqueducts_odbc.readable_types import readable
from aqueducts_odbc.reading.columns import ColumnReading, SourceQuery, Statements
from aqueducts_odbc.reading.wrapped import described, probe_texts, wrapped

if TYPE_CHECKING:
    from aqueducts_odbc.connections import Connection

__all__ = ["PostgresqlReading"]

_UNKNOWN_PRECISION = 28
"""What the driver says of numerics without declared digits."""
_DEFAULT_NUMERIC = pa.decimal128(38, 18)
_MONEY = pa.decimal128(20, 2)

_TEXTS = {
    "date": pa.date32(),
    "time without time zone": pa.time64("us"),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
}
"""Types whose texts of at most 40 characters Arrow reads."""


class PostgresqlReading:
    """Asks the server for the types, and for texts where its driver is not exact."""

    def columns(self, connection: Connection, query: SourceQuery) -> tuple[ColumnReading, ...]:
        """Look at the columns of a query."""
        table = query.as_table()
        found = described(connection, query, f"SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608
        if not found.names or len(set(found.names)) < len(found.names):
            return tuple(ColumnReading(name, pa.string(), pa.string(), "") for name in found.names)
        asked = ", ".join(f"pg_typeof(q.{_quote(name)})" for name in found.names)
        sql = f"SELECT {asked} FROM (SELECT 1) AS one LEFT JOIN {table} ON false"  # noqa: S608
        names = probe_texts(connection, query, sql)
        return tuple(
            _column(field, name or "", query)
            for field, name in zip(readable(found), names, strict=True)
        )

    def statements(
        self, query: SourceQuery, columns: Sequence[ColumnReading], condition: str | None
    ) -> Statements:
        """Give the `SELECT` around the query."""
        return wrapped(query, columns, condition, _quote)


def _column(field: pa.Field, type_name: str, query: SourceQuery) -> ColumnReading:
    column = f"q.{_quote(field.name)}"
    if type_name in _TEXTS:
        text = f"CAST({column} AS varchar(40))"
        return ColumnReading(field.name, pa.string(), _TEXTS[type_name], column, text)
    match type_name:
        case "double precision":
            return ColumnReading(field.name, pa.float64(), pa.float64(), column)
        case "numeric":
            return _numeric(field, column, query)
        case "money":
            text = f"CAST(CAST({column} AS numeric) AS varchar(40))"
            return ColumnReading(field.name, pa.string(), _MONEY, column, text)
        case "oid":
            return ColumnReading(
                field.name, pa.int64(), pa.int64(), column, f"CAST({column} AS bigint)"
            )
        case "uuid":  # in lower case, as everywhere else
            text = f"CAST({column} AS varchar(36))"
            return ColumnReading(field.name, pa.string(), pa.string(), column, text)
    return ColumnReading(field.name, field.type, field.type, column)


def _numeric(field: pa.Field, column: str, query: SourceQuery) -> ColumnReading:
    is_declared = pt.is_decimal128(field.type) and field.type.precision != _UNKNOWN_PRECISION
    shown = field.type if is_declared else query.numeric_type or _DEFAULT_NUMERIC
    if pt.is_string(shown):  # all digits, as many as there are
        return ColumnReading(field.name, shown, shown, column, f"CAST({column} AS text)")
    # Longer than any number that fits: one that is cut has too many digits still.
    text = f"CAST({column} AS varchar(100))"
    return ColumnReading(field.name, pa.string(), shown, column, text)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
