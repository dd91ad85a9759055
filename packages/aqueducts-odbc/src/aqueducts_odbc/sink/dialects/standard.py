"""Databases that are not known: their columns are told by INFORMATION_SCHEMA."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa
import pyarrow.types as pt

from aqueducts_odbc.sink.dialect import Dialect
from aqueducts_odbc.sink.table_names import TableName
from aqueducts_odbc.sink.tables import ColumnType, Row, TableColumn, TargetTable
from aqueducts_odbc.sink.value_checks import FloatRules

if TYPE_CHECKING:
    from aqueducts_odbc.sink.session import SqlSession

__all__ = ["StandardDialect"]

_COLUMNS = """
SELECT CAST(column_name AS varchar(128)), CAST(data_type AS varchar(128)),
    CAST(is_nullable AS varchar(3)), CAST(character_maximum_length AS varchar(20)),
    CAST(numeric_precision AS varchar(20)), CAST(numeric_scale AS varchar(20)),
    CAST(datetime_precision AS varchar(20)), CAST(column_default AS varchar(4000)),
    CAST(table_schema AS varchar(128)), CAST(table_name AS varchar(128))
FROM information_schema.columns
WHERE {schema}table_name = ?
ORDER BY ordinal_position
"""
_MOST_DIGITS = 38
_DEFAULT_SECOND_DIGITS = 6


class StandardDialect(Dialect):
    """What the standard of SQL says; nobody has tried it with a database of their own yet."""

    product: ClassVar[str] = "this database"
    floats: ClassVar[str] = FloatRules.NUMBERS
    has_transactional_ddl: ClassVar[bool] = False

    def find_table(self, session: SqlSession, name: TableName) -> TargetTable | None:
        """Look into INFORMATION_SCHEMA."""
        for parts in self.candidates(name):
            schema = "" if name.schema is None else "table_schema = ? AND "
            rows = session.rows(_COLUMNS.format(schema=schema), parts[-2:])
            if rows:
                return TargetTable(
                    parts=parts,
                    sql=self.sql_name(parts),
                    shown=".".join(parts),
                    columns=tuple(self._column(row) for row in rows),
                )
        return None

    def ddl_type(self, arrow: pa.DataType, *, is_key: bool) -> str | None:
        """Types of the standard."""
        if pt.is_decimal(arrow):
            return f"decimal({arrow.precision},{arrow.scale})"
        if pt.is_string(arrow) or pt.is_large_string(arrow) or pt.is_string_view(arrow):
            return "varchar(255)" if is_key else "varchar(4000)"
        return next((ddl for is_kind, ddl in _DDL if is_kind(arrow)), None)

    def _column(self, row: Row) -> TableColumn:
        name, declared, nullable, size, precision, scale, digits, default, *_ = row
        numbers = tuple(
            None if each is None else int(each) for each in (size, precision, scale, digits)
        )
        return TableColumn(
            name=f"{name}",
            declared=f"{declared}",
            type=self.column_type(f"{declared}".lower(), numbers),
            is_nullable=nullable == "YES",
            has_default=default is not None,
        )

    def column_type(self, declared: str, numbers: tuple[int | None, ...]) -> ColumnType:
        """The type of a column by its name and its length, precision, scale, digits of a second."""
        size, precision, scale, digits = numbers
        plain = _PLAIN.get(declared)
        if plain is not None:
            return ColumnType(arrow=plain)
        if declared in ("decimal", "numeric") and precision is not None:
            return ColumnType(arrow=pa.decimal128(min(precision, _MOST_DIGITS), scale or 0))
        if "char" in declared or declared in ("text", "ntext", "clob"):
            limit = size if size is not None and size > 0 else None
            return ColumnType(arrow=pa.string(), max_characters=limit)
        if "binary" in declared or declared in ("blob", "image"):
            limit = size if size is not None and size > 0 else None
            return ColumnType(arrow=pa.binary(), max_bytes=limit)
        if declared.startswith(("timestamp", "datetime")):
            kept = _DEFAULT_SECOND_DIGITS if digits is None else min(digits, 6)
            return ColumnType(arrow=pa.timestamp("us"), second_digits=kept, lowest=1, highest=9999)
        if declared.startswith("time"):
            return ColumnType(arrow=pa.time64("us"), second_digits=min(digits or 0, 6))
        return ColumnType()


_PLAIN = {
    "boolean": pa.bool_(),
    "bit": pa.bool_(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "float": pa.float64(),
    "double": pa.float64(),
    "double precision": pa.float64(),
    "date": pa.date32(),
}
_DDL = (
    (pt.is_boolean, "boolean"),
    (lambda t: pt.is_int8(t) or pt.is_int16(t) or pt.is_uint8(t), "smallint"),
    (lambda t: pt.is_int32(t) or pt.is_uint16(t), "integer"),
    (lambda t: pt.is_int64(t) or pt.is_uint32(t), "bigint"),
    (pt.is_uint64, "decimal(20,0)"),
    (lambda t: pt.is_float16(t) or pt.is_float32(t), "real"),
    (pt.is_float64, "double precision"),
    (pt.is_date, "date"),
    (pt.is_time, "time(6)"),
    (pt.is_timestamp, "timestamp(6)"),
)
