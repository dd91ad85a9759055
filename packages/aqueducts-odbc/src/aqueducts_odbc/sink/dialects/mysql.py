"""MariaDB and MySQL."""

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

__all__ = ["MySqlDialect"]

_PLACE = "table_schema = {schema} AND table_name = ?"
_TABLE = """
SELECT CAST(t.table_schema AS CHAR(64)), CAST(t.table_name AS CHAR(64)),
    CAST(t.engine AS CHAR(64)), CAST(e.transactions AS CHAR(3))
FROM information_schema.tables t
LEFT JOIN information_schema.engines e ON e.engine = t.engine
WHERE t.{place}
"""
_COLUMNS = """
SELECT CAST(column_name AS CHAR(64)), CAST(column_type AS CHAR(4000)),
    CAST(data_type AS CHAR(64)), CAST(is_nullable AS CHAR(3)),
    CAST(column_default IS NOT NULL OR extra LIKE '%auto_increment%' AS CHAR(1)),
    CAST(extra LIKE '%GENERATED%' AND extra NOT LIKE 'DEFAULT_GENERATED%' AS CHAR(1)),
    CAST(character_maximum_length AS CHAR(20)), CAST(numeric_precision AS CHAR(20)),
    CAST(numeric_scale AS CHAR(20)), CAST(datetime_precision AS CHAR(20))
FROM information_schema.columns
WHERE {place}
ORDER BY ordinal_position
"""
_KEYS = """
SELECT CAST(index_name AS CHAR(64)), CAST(column_name AS CHAR(64))
FROM information_schema.statistics
WHERE {place} AND non_unique = 0 AND index_name NOT IN (
    SELECT index_name FROM information_schema.statistics
    WHERE {place} AND (sub_part IS NOT NULL OR column_name IS NULL)
)
ORDER BY index_name <> 'PRIMARY', index_name, seq_in_index
"""
_MOST_DIGITS = 65
_MOST_SCALE = 30
_ARROW_DIGITS = 38
_SIGNED_BYTES = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
_KEY_TEXT, _KEY_BYTES = "varchar(255)", "varbinary(255)"
_IS_UNSIGNED = re.compile(r"\bunsigned\b")


class MySqlDialect(Dialect):
    """MariaDB 10 and MySQL 8."""

    product: ClassVar[str] = "MariaDB"
    quote: ClassVar[str] = "`"
    end_quote: ClassVar[str] = "`"
    session_statements: ClassVar[tuple[str, ...]] = (
        # Otherwise values that do not fit are cut without a word where the server is set so.
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,NO_ZERO_IN_DATE')",
        "SET SESSION time_zone = '+00:00'",
    )
    floats: ClassVar[str] = FloatRules.NUMBERS
    allows_nul: ClassVar[bool] = True
    has_transactional_ddl: ClassVar[bool] = False

    def find_table(self, session: SqlSession, name: TableName) -> TargetTable | None:
        """Look into information_schema."""
        schema = "DATABASE()" if name.schema is None else "?"
        place = _PLACE.format(schema=schema)
        where = [part.text for part in name.parts[-2:]]
        tables = session.rows(_TABLE.format(place=place), where)
        if not tables:
            return None
        found, table, engine, has_transactions = tables[0]
        is_safe = has_transactions == "YES" or engine is None  # views have no engine
        return TargetTable(
            parts=(f"{found}", f"{table}"),
            sql=self.sql_name([f"{found}", f"{table}"]),
            shown=f"{table}" if name.schema is None else f"{found}.{table}",
            columns=tuple(
                _column(row) for row in session.rows(_COLUMNS.format(place=place), where)
            ),
            unique_keys=keys_by_index(session.rows(_KEYS.format(place=place), [*where, *where])),
            flaw=None if is_safe else f"its engine {engine} has no transactions",
            remedy=f"ALTER TABLE {table} ENGINE = InnoDB",
        )

    def ddl_type(self, arrow: pa.DataType, *, is_key: bool) -> str | None:
        """The narrowest type that has all values."""
        if pt.is_dictionary(arrow):
            return self.ddl_type(arrow.value_type, is_key=is_key)
        if pt.is_decimal(arrow):
            fits = arrow.precision <= _MOST_DIGITS and 0 <= arrow.scale <= _MOST_SCALE
            return f"decimal({arrow.precision},{arrow.scale})" if fits else None
        if pt.is_string(arrow) or pt.is_large_string(arrow) or pt.is_string_view(arrow):
            return _KEY_TEXT if is_key else "longtext"
        if pt.is_fixed_size_binary(arrow) and arrow.byte_width <= 255:
            return f"binary({arrow.byte_width})"
        if pt.is_binary(arrow) or pt.is_large_binary(arrow) or pt.is_binary_view(arrow):
            return _KEY_BYTES if is_key else "longblob"
        return next((ddl for is_kind, ddl in _DDL if is_kind(arrow)), None)

    def create_statement(
        self, sql: str, columns: Sequence[tuple[str, str]], keys: Sequence[str]
    ) -> str:
        """In the engine that has transactions; text as all of Unicode, keys letter by letter."""
        made = super().create_statement(sql, columns, keys)
        return f"{made} ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"

    def as_text(self, expression: str) -> str:
        """As CHAR: it knows no cast to varchar."""
        return f"CAST({expression} AS CHAR(1000))"

    def staging(self, table: TargetTable, columns: Sequence[TableColumn], name: str) -> Staging:
        """A temporary table: making one ends no transaction."""
        names = ", ".join(self.quoted(column.name) for column in columns)
        sql = self.quoted(name)
        return Staging(
            target=InsertTarget(sql, (name,), is_temporary=True),
            create=f"CREATE TEMPORARY TABLE {sql} ENGINE = InnoDB "  # noqa: S608 - quoted
            f"SELECT {names} FROM {table.sql} WHERE 1 = 0",
        )

    def upsert_statements(
        self, table: TargetTable, staging: str, columns: Sequence[TableColumn], keys: Sequence[str]
    ) -> Sequence[str]:
        """Not ON DUPLICATE KEY: that updates rows that equal in any unique index, not in these."""
        names = [column.name for column in columns]
        same = " AND ".join(f"t.{self.quoted(key)} = s.{self.quoted(key)}" for key in keys)
        assigned = ", ".join(
            f"t.{self.quoted(name)} = s.{self.quoted(name)}" for name in names if name not in keys
        )
        listed = ", ".join(map(self.quoted, names))
        values = ", ".join(f"s.{self.quoted(name)}" for name in names)
        insert = (
            f"INSERT INTO {table.sql} ({listed}) SELECT {values} FROM {staging} s "  # noqa: S608
            f"LEFT JOIN {table.sql} t ON {same} WHERE t.{self.quoted(keys[0])} IS NULL"
        )
        if not assigned:
            return (insert,)
        return (
            f"UPDATE {table.sql} t JOIN {staging} s ON {same} SET {assigned}",  # noqa: S608 - quoted
            insert,
        )


def _column(row: Row) -> TableColumn:
    name, declared, data_type, nullable, default, generated, size, precision, scale, digits = row
    numbers = [None if each is None else int(each) for each in (size, precision, scale, digits)]
    return TableColumn(
        name=f"{name}",
        declared=f"{declared}",
        type=_type(f"{data_type}".lower(), f"{declared}".lower(), numbers),
        is_nullable=nullable == "YES",
        has_default=default == "1",
        is_generated=generated == "1",
    )


def _type(name: str, declared: str, numbers: Sequence[int | None]) -> ColumnType:
    size, precision, scale, digits = numbers
    if name in _SIGNED_BYTES:
        return _integer(name, is_unsigned=_IS_UNSIGNED.search(declared) is not None)
    if name == "decimal":
        made = pa.decimal128 if (precision or 0) <= _ARROW_DIGITS else pa.decimal256
        is_wide = (precision or 0) > _ARROW_DIGITS
        lowest = 0 if _IS_UNSIGNED.search(declared) else None
        return ColumnType(
            arrow=made(precision, scale), wire=pa.string() if is_wide else None, lowest=lowest
        )
    if name in ("char", "varchar"):
        return ColumnType(
            arrow=pa.string(), max_characters=size, loses_trailing_blanks=name == "char"
        )
    if name in ("tinytext", "text", "mediumtext", "longtext"):
        return ColumnType(arrow=pa.string(), max_bytes=size)
    if name in ("varbinary", "tinyblob", "blob", "mediumblob", "longblob"):
        return ColumnType(arrow=pa.binary(), max_bytes=size)
    if name == "binary":
        return ColumnType(arrow=pa.binary(), exact_bytes=size)
    return _other_type(name, declared, digits or 0)


def _other_type(name: str, declared: str, digits: int) -> ColumnType:
    match name:
        case "float" if "(" not in declared:
            return ColumnType(arrow=pa.float32())
        case "double" if "(" not in declared:
            return ColumnType(arrow=pa.float64())
        case "date":
            return ColumnType(arrow=pa.date32(), lowest=1, highest=9999)
        case "time":
            return ColumnType(
                arrow=pa.time64("us"), wire=pa.string(), form="moment_text", second_digits=digits
            )
        case "datetime":
            return ColumnType(
                arrow=pa.timestamp("us"), lowest=1, highest=9999, second_digits=digits
            )
        case "timestamp":  # kept as an instant; the session is in UTC
            return ColumnType(
                arrow=pa.timestamp("us", "UTC"),
                wire=pa.timestamp("us"),
                form="utc",
                lowest=1970,
                highest=2037,
                second_digits=digits,
            )
        case "year":
            return ColumnType(arrow=pa.int16(), lowest=1901, highest=2155)
        case "json":  # of MySQL; MariaDB calls it longtext
            return ColumnType(arrow=pa.string(), form="json")
        case _:
            return ColumnType()


def _integer(name: str, *, is_unsigned: bool) -> ColumnType:
    size = _SIGNED_BYTES[name]
    if is_unsigned and name == "bigint":
        # The driver hands unsigned integers of this size over as signed ones.
        return ColumnType(arrow=pa.uint64(), wire=pa.decimal128(20, 0))
    if is_unsigned:
        highest = 2 ** (8 * size) - 1
        return ColumnType(arrow=pa.int64(), lowest=0, highest=highest)
    if name == "mediumint":
        return ColumnType(arrow=pa.int32(), lowest=-(2**23), highest=2**23 - 1)
    return ColumnType(arrow={1: pa.int8(), 2: pa.int16(), 4: pa.int32(), 8: pa.int64()}[size])


_DDL = (
    (pt.is_boolean, "tinyint(1)"),
    (pt.is_int8, "tinyint"),
    (pt.is_int16, "smallint"),
    (pt.is_int32, "int"),
    (pt.is_int64, "bigint"),
    (pt.is_uint8, "tinyint unsigned"),
    (pt.is_uint16, "smallint unsigned"),
    (pt.is_uint32, "int unsigned"),
    (pt.is_uint64, "bigint unsigned"),
    (lambda t: pt.is_float16(t) or pt.is_float32(t), "float"),
    (pt.is_float64, "double"),
    (pt.is_date, "date"),
    (pt.is_time, "time(6)"),
    (pt.is_timestamp, "datetime(6)"),
)
