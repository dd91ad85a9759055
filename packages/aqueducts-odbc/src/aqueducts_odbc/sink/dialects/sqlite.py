"""SQLite: a column's declared type is a wish, so that values go in as what comes back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa
import pyarrow.types as pt

from aqueducts_odbc.sink.dialect import Dialect, Staging
from aqueducts_odbc.sink.table_names import TableName
from aqueducts_odbc.sink.tables import (
    ColumnType,
    InsertTarget,
    Row,
    TableColumn,
    TargetTable,
    keys_by_index,
)
from aqueducts_odbc.sink.value_checks import FloatRules

if TYPE_CHECKING:
    from aqueducts_odbc.sink.session import SqlSession

__all__ = ["SqliteDialect", "declared_type"]

_TABLE = (
    "SELECT CAST(type AS varchar(100)), CAST(name AS varchar(1000)) FROM {schema}sqlite_master "
    "WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')"
)
_COLUMNS = (
    "SELECT CAST(name AS varchar(1000)), CAST(type AS varchar(1000)), "
    'CAST("notnull" AS varchar(10)), CAST(dflt_value IS NOT NULL AS varchar(10)), '
    "CAST(hidden AS varchar(10)), CAST(pk AS varchar(10)) "
    "FROM pragma_table_xinfo(?, ?) ORDER BY cid"
)
_KEYS = (
    "SELECT CAST(i.name AS varchar(1000)), CAST(c.name AS varchar(1000)) "
    "FROM pragma_index_list(?, ?) i, pragma_index_info(i.name, ?) c "
    'WHERE i."unique" = 1 AND i.partial = 0 ORDER BY i.seq DESC, c.seqno'
)
_ARGUMENTS = re.compile(r"\((\d+)(?:\s*,\s*(\d+))?\)")
_KEPT_DIGITS = 15
"""Of a number that SQLite stores as a float."""
_MOST_DIGITS = 38


class SqliteDialect(Dialect):
    """SQLite 3.24 and newer."""

    product: ClassVar[str] = "SQLite"
    floats: ClassVar[str] = FloatRules.INFINITY

    def find_table(self, session: SqlSession, name: TableName) -> TargetTable | None:
        """Ask its pragmas."""
        schema = "main" if name.schema is None else name.schema.text
        tables = session.rows(_TABLE.format(schema=f"{self.quoted(schema)}."), [name.table.text])
        if not tables:
            return None
        table = f"{tables[0][1]}"
        rows = session.rows(_COLUMNS, [table, schema])
        keys = list(keys_by_index(session.rows(_KEYS, [table, schema, schema])))
        primary = tuple(f"{row[0]}" for row in sorted(rows, key=_key_place) if _key_place(row))
        if primary and primary not in keys:
            keys.insert(0, primary)
        return TargetTable(
            parts=(schema, table),
            sql=self.sql_name([schema, table]),
            shown=str(name),
            columns=tuple(_column(row, primary) for row in rows),
            unique_keys=tuple(keys),
        )

    def ddl_type(self, arrow: pa.DataType, *, is_key: bool) -> str | None:  # noqa: ARG002
        """A type that says what is in the column; decimals are text, for numbers are floats."""
        if pt.is_dictionary(arrow):
            return self.ddl_type(arrow.value_type, is_key=False)
        return next((ddl for is_kind, ddl in _DDL if is_kind(arrow)), None)

    def staging(self, table: TargetTable, columns: Sequence[TableColumn], name: str) -> Staging:
        """A table of the temporary database of the connection."""
        names = ", ".join(self.quoted(column.name) for column in columns)
        sql = f"temp.{self.quoted(name)}"
        return Staging(
            target=InsertTarget(sql, (name,), is_temporary=True),
            create=f"CREATE TEMPORARY TABLE {self.quoted(name)} AS "  # noqa: S608 - quoted
            f"SELECT {names} FROM {table.sql} WHERE 1 = 0",
        )

    def upsert_statements(
        self, table: TargetTable, staging: str, columns: Sequence[TableColumn], keys: Sequence[str]
    ) -> Sequence[str]:
        """One statement; its parser takes ON for that of a join unless there is a WHERE."""
        moved = self.move_statement(table, staging, columns)
        quoted_keys = ", ".join(map(self.quoted, keys))
        return (
            f"{moved} WHERE true ON CONFLICT ({quoted_keys}) DO {self.on_conflict(columns, keys)}",
        )


def _key_place(row: Row) -> int:
    return int(row[5] or 0)


def _column(row: Row, primary: Sequence[str]) -> TableColumn:
    name, declared, not_null, default, hidden, place = row
    upper = f"{declared or ''}".upper()
    is_counter = upper == "INTEGER" and len(primary) == 1 and place != "0"
    return TableColumn(
        name=f"{name}",
        declared=f"{declared}" if declared else "any type",
        type=declared_type(upper),
        is_nullable=not_null != "1" and not is_counter,
        has_default=default == "1" or is_counter,
        is_generated=hidden not in ("0", None),
    )


def declared_type(declared: str) -> ColumnType:
    """What comes back as it went in, by the rules of affinity (SQLite, datatype3.html, 3.1)."""
    text = pa.string()
    base = declared.split("(", maxsplit=1)[0].strip()
    if base in ("BOOLEAN", "BOOL"):
        return ColumnType(arrow=pa.bool_(), wire=pa.int64())
    if "INT" in declared:
        return ColumnType(arrow=pa.int64())
    if any(word in declared for word in ("CHAR", "CLOB", "TEXT")):
        found = _ARGUMENTS.search(declared)
        return ColumnType(arrow=text, max_characters=int(found[1]) if found else None)
    if "BLOB" in declared or "BINARY" in declared or not declared:
        return ColumnType(arrow=pa.binary())
    if any(word in declared for word in ("REAL", "FLOA", "DOUB")):
        return ColumnType(arrow=pa.float64())
    if base == "DATE":
        return ColumnType(arrow=pa.date32(), wire=text, form="moment_text", lowest=1, highest=9999)
    if base == "TIME":
        return ColumnType(arrow=pa.time64("us"), wire=text, form="moment_text")
    if base in ("DATETIME", "TIMESTAMP"):
        return ColumnType(
            arrow=pa.timestamp("us"), wire=text, form="moment_text", lowest=1, highest=9999
        )
    if base in ("DECIMAL", "NUMERIC"):
        return _decimal(declared)
    return ColumnType()


def _decimal(declared: str) -> ColumnType:
    """A number that SQLite may keep as a float: with few enough digits that is the same."""
    found = _ARGUMENTS.search(declared)
    precision, scale = (int(found[1]), int(found[2] or 0)) if found else (_MOST_DIGITS, 10)
    return ColumnType(
        arrow=pa.decimal128(min(precision, _MOST_DIGITS), scale),
        wire=pa.string(),
        significant_digits=_KEPT_DIGITS,
    )


_DDL = (
    (pt.is_boolean, "BOOLEAN"),
    (lambda t: pt.is_integer(t) and not pt.is_uint64(t), "BIGINT"),
    (lambda t: pt.is_uint64(t) or pt.is_decimal(t), "TEXT"),
    (pt.is_floating, "DOUBLE"),
    (lambda t: pt.is_string(t) or pt.is_large_string(t) or pt.is_string_view(t), "TEXT"),
    (
        lambda t: (
            pt.is_binary(t)
            or pt.is_large_binary(t)
            or pt.is_binary_view(t)
            or pt.is_fixed_size_binary(t)
        ),
        "BLOB",
    ),
    (pt.is_date, "DATE"),
    (pt.is_time, "TIME"),
    (pt.is_timestamp, "TIMESTAMP"),
)
