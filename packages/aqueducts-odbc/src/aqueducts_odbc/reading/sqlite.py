"""SQLite through libsqliteodbc.

Columns of SQLite have no types, values have. The driver takes the declared type for the values':
text in a number column comes as NULL, 300 in a tinyint as 44, and 0.1 + 0.2 as 0.3. So all comes
as text that SQLite itself makes, with 17 digits of a double. How wide a column may be the driver
takes from its declaration: an empty table that is declared for this stands in front of the query.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.types as pt

from aqueducts_odbc.readable_types import readable
from aqueducts_odbc.reading.columns import ColumnReading, SourceQuery, Statements
from aqueducts_odbc.reading.wrapped import described, probe_texts

if TYPE_CHECKING:
    from aqueducts_odbc.connections import Connection

__all__ = ["SqliteReading"]

_NUMBER_BYTES = 64
_SHAPE = "aqueducts_shape"
_DUPLICATE = re.compile(r":\d+\Z")

# There is no other way to end a query than a value that cannot be computed.
_REFUSED = "CAST(abs(-9223372036854775807 - 1) AS TEXT)"
_REAL = (
    "CASE WHEN CAST(CAST({0} AS TEXT) AS REAL) = {0} THEN CAST({0} AS TEXT) "
    "ELSE printf('%!.17g', {0}) END"
)
_TEXT = (
    "CASE typeof({0}) WHEN 'null' THEN NULL WHEN 'integer' THEN CAST({0} AS TEXT) "
    f"WHEN 'real' THEN {_REAL} WHEN 'blob' THEN {_REFUSED} "
    f"ELSE CASE WHEN instr({{0}}, char(0)) THEN {_REFUSED} ELSE {{0}} END END"
)
_BLOB = f"CASE WHEN typeof({{0}}) IN ('null', 'blob') THEN {{0}} ELSE {_REFUSED} END"

_BY_VALUE = {
    "integer": pa.int64(),
    "real": pa.float64(),
    "blob": pa.binary(),
}


class SqliteReading:
    """Takes types from declarations; of expressions, which have none, from the first row."""

    def columns(self, connection: Connection, query: SourceQuery) -> tuple[ColumnReading, ...]:
        """Look at the columns of a query."""
        table = query.as_table()
        # One row of NULLs: of no rows the driver tells nothing.
        sql = f"SELECT q.* FROM (SELECT 1) LEFT JOIN {table} ON 0"  # noqa: S608 - the user's
        found = readable(described(connection, query, sql))
        if _has_duplicates(found.names):
            names = [_DUPLICATE.sub("", name) for name in found.names]
            return tuple(ColumnReading(name, pa.string(), pa.string(), "") for name in names)
        declared = self._declared(connection, query, found)
        undeclared = [name for name in found.names if declared[name] is None]
        by_value: dict[str, pa.DataType] = {}
        if undeclared:
            asked = ", ".join(f"typeof(q.{_quote(name)})" for name in undeclared)
            sql = f"SELECT {asked} FROM {table} LIMIT 1"  # noqa: S608 - the query is the user's
            kinds = probe_texts(connection, query, sql) or ["null"] * len(undeclared)
            by_value = {
                name: _BY_VALUE.get(kind or "", pa.string())
                for name, kind in zip(undeclared, kinds, strict=True)
            }
        return tuple(_column(name, declared[name] or by_value[name]) for name in found.names)

    def _declared(
        self, connection: Connection, query: SourceQuery, found: pa.Schema
    ) -> dict[str, pa.DataType | None]:
        """Types of columns as tables declare them; None for expressions."""
        if query.parameters:  # a view has none; the driver knows the declarations, if less well
            unknown = (pa.string(), pa.int64(), pa.float64())
            return {
                field.name: None if field.type in unknown else _plain(field.type) for field in found
            }
        view = f"{_SHAPE}_of_query"
        body = query.text.rstrip().rstrip(";")
        connection.execute(f"CREATE TEMP VIEW {view} AS {body}")
        sql = f"SELECT type FROM pragma_table_info('{view}')"  # noqa: S608 - a name of ours
        batches = connection.read(sql)
        types = [value.as_py() for batch in batches for value in batch.column(0)]
        connection.execute(f"DROP VIEW {view}")
        return {
            name: _declared_type(declared)
            for name, declared in zip(found.names, types, strict=True)
        }

    def statements(
        self, query: SourceQuery, columns: Sequence[ColumnReading], condition: str | None
    ) -> Statements:
        """Give the table of widths and the query behind it."""
        where = "" if condition is None else f" WHERE {condition}"
        chosen = list(columns) or [_column("nothing", pa.int64())]
        expressions = ", ".join(each.sql for each in columns) or "1"
        shape = ", ".join(_declaration(each, query) for each in chosen)
        sql = (
            f"SELECT * FROM temp.{_SHAPE} UNION ALL SELECT {expressions} "  # noqa: S608 - the user's
            f"FROM {query.as_table()}{where}"
        )
        return Statements(sql, (f"CREATE TEMP TABLE {_SHAPE} ({shape})",))


def _has_duplicates(names: Sequence[str]) -> bool:
    """Whether SQLite had to number columns: `a`, `a:1`."""
    return any(_DUPLICATE.search(name) and _DUPLICATE.sub("", name) in names for name in names)


def _column(name: str, shown: pa.DataType) -> ColumnReading:
    column = f"q.{_quote(name)}"
    if pt.is_binary(shown):
        return ColumnReading(name, pa.binary(), shown, column, _BLOB.format(column))
    return ColumnReading(name, pa.string(), shown, column, _TEXT.format(column))


def _declaration(column: ColumnReading, query: SourceQuery) -> str:
    if pt.is_binary(column.transit):
        kind = f"blob({query.max_binary_bytes})"
    elif pt.is_string(column.shown):
        kind = f"varchar({query.max_text_bytes})"
    else:
        kind = f"varchar({_NUMBER_BYTES})"
    return f"{_quote(column.name)} {kind}"


def _declared_type(declared: str) -> pa.DataType | None:
    """After the rules by which SQLite itself takes declarations (affinity), and dates."""
    words = declared.upper()
    rules: tuple[tuple[tuple[str, ...], pa.DataType], ...] = (
        (("DATETIME", "TIMESTAMP"), pa.timestamp("us")),
        (("DATE",), pa.date32()),
        (("TIME",), pa.time64("us")),
        (("BOOL",), pa.bool_()),
        (("INT",), pa.int64()),
        (("CHAR", "CLOB", "TEXT", "JSON", "UUID"), pa.string()),
        (("BLOB", "BINARY"), pa.binary()),
        (("REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL"), pa.float64()),
    )
    if "INTERVAL" in words or "POINT" in words:  # there is INT in them
        return None
    found = (kind for parts, kind in rules if any(part in words for part in parts))
    return next(found, None)


def _plain(data_type: pa.DataType) -> pa.DataType:
    if pt.is_timestamp(data_type):
        return pa.timestamp("us")
    if pt.is_time(data_type):
        return pa.time64("us")
    return pa.int64() if pt.is_integer(data_type) else data_type


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
