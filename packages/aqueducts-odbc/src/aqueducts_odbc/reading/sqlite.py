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

import msgspec
import pyarrow as pa
import pyarrow.types as pt

from aqueducts_odbc.reading.columns import ColumnReading, SourceQuery, Statements
from aqueducts_odbc.reading.wrapped import probe_texts
from aqueducts_odbc.worker.wire import ReadBounds

if TYPE_CHECKING:
    from aqueducts_odbc.connections import Connection

__all__ = ["SqliteReading"]

_NUMBER_BYTES = 64
_SHAPE = "aqueducts_shape"
_DUPLICATE = re.compile(r":\d+\Z")
_PLACEHOLDER = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|\?", re.DOTALL
)
"""A question mark, or what may hold one that is no parameter."""

# There is no other way to end a query than a value that cannot be computed.
_REFUSED = "CAST(abs(-9223372036854775807 - 1) AS TEXT)"
_BY_VALUE = {
    "integer": pa.int64(),
    "real": pa.float64(),
    "blob": pa.binary(),
}


class SqliteReading:
    """Takes types from declarations; of expressions, which have none, from the first row."""

    def columns(self, connection: Connection, query: SourceQuery) -> tuple[ColumnReading, ...]:
        """Look at the columns of a query."""
        query = _without_comments(query)
        declared = self._declared(connection, query)
        names = list(declared)
        if _has_duplicates(names):
            names = [_DUPLICATE.sub("", name) for name in names]
            return tuple(ColumnReading(name, pa.string(), pa.string(), "") for name in names)
        undeclared = [name for name, kind in declared.items() if kind is None]
        by_value: dict[str, pa.DataType] = {}
        if undeclared:
            asked = ", ".join(f"typeof(q.{_quote(name)})" for name in undeclared)
            sql = f"SELECT {asked} FROM {query.as_table()} LIMIT 1"  # noqa: S608 - the user's
            kinds = probe_texts(connection, query, sql) or ["null"] * len(undeclared)
            by_value = {
                name: _BY_VALUE.get(kind or "", pa.string())
                for name, kind in zip(undeclared, kinds, strict=True)
            }
        return tuple(_column(name, kind or by_value[name]) for name, kind in declared.items())

    def _declared(
        self, connection: Connection, query: SourceQuery
    ) -> dict[str, pa.DataType | None]:
        """Columns with the types that tables declare for them; None for expressions.

        The driver itself cuts names at points and tells nothing where there are no rows.
        """
        view = f"{_SHAPE}_of_query"
        body = _PLACEHOLDER.sub(_null, query.text.rstrip().rstrip(";"))  # views have no parameters
        connection.execute(f"CREATE TEMP VIEW {view} AS {body}")
        sql = f"SELECT name, type FROM pragma_table_info('{view}')"  # noqa: S608 - a name of ours
        batches = connection.read(sql, bounds=ReadBounds(max_text_bytes=1024))
        columns = [row for batch in batches for row in batch.to_pylist()]
        connection.execute(f"DROP VIEW {view}")
        return {column["name"]: _declared_type(column["type"]) for column in columns}

    def statements(
        self, query: SourceQuery, columns: Sequence[ColumnReading], condition: str | None
    ) -> Statements:
        """Give the table of widths and the query behind it."""
        query = _without_comments(query)
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
        blob = f"CASE WHEN typeof({column}) IN ('null', 'blob') THEN {column} ELSE {_REFUSED} END"
        return ColumnReading(name, pa.binary(), shown, column, blob)
    real = _exact_real(column) if pt.is_floating(shown) else _short_real(column)
    text = (
        f"CASE typeof({column}) WHEN 'null' THEN NULL WHEN 'real' THEN {real} "
        f"WHEN 'integer' THEN CAST({column} AS TEXT) WHEN 'blob' THEN {_REFUSED} "
        f"ELSE CASE WHEN instr({column}, char(0)) THEN {_REFUSED} ELSE {column} END END"
    )
    return ColumnReading(name, pa.string(), shown, column, text)


def _exact_real(column: str) -> str:
    # With 17 digits SQLite errs in numbers beyond 1e+300; with 19 it did in none of a million.
    return f"printf('%!.19g', {column})"


def _short_real(column: str) -> str:
    return (
        f"CASE WHEN CAST(CAST({column} AS TEXT) AS REAL) = {column} THEN CAST({column} AS TEXT) "
        f"ELSE printf('%!.17g', {column}) END"
    )


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


def _without_comments(query: SourceQuery) -> SourceQuery:
    """The query without what the driver looks for parameters in."""

    def blank(match: re.Match[str]) -> str:
        return " " if match[0].startswith(("--", "/*")) else match[0]

    return msgspec.structs.replace(query, text=_PLACEHOLDER.sub(blank, query.text))


def _null(match: re.Match[str]) -> str:
    return "NULL" if match[0] == "?" else match[0]


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
