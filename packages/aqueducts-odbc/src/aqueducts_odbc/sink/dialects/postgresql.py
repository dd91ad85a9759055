"""PostgreSQL, through ODBC or through ADBC's binary COPY."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import msgspec
import pyarrow as pa
import pyarrow.types as pt

from aqueducts_odbc.sink.dialect import Dialect, Staging
from aqueducts_odbc.sink.table_names import TableName
from aqueducts_odbc.sink.tables import (
    ColumnType,
    InsertTarget,
    TableColumn,
    TargetTable,
    keys_by_index,
)

if TYPE_CHECKING:
    from aqueducts_odbc.sink.session import SqlSession
    from aqueducts_odbc.sink.tables import Row

__all__ = ["PostgreSqlDialect"]

_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod),
    format_type(b.oid, CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END),
    b.typtype::text, b.typname::text, (NOT a.attnotnull)::text,
    (a.atthasdef OR a.attidentity <> '')::text,
    (a.attgenerated <> '' OR a.attidentity = 'a')::text,
    c.relkind::text, c.oid::regclass::text
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
WHERE c.oid = to_regclass(?) AND c.relkind IN ('r', 'p', 'v', 'f')
ORDER BY a.attnum
"""
_KEYS = """
SELECT i.indexrelid::text, a.attname::text
FROM pg_catalog.pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = to_regclass(?) AND i.indisunique AND i.indisvalid AND i.indimmediate
    AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
ORDER BY i.indisprimary DESC, i.indexrelid, k.place
"""
_ARGUMENTS = re.compile(r"\((-?\d+)(?:,(-?\d+))?\)")
_FIRST_YEAR, _LAST_YEAR = 1, 9999
"""What drivers can hand over; PostgreSQL itself goes further."""
_MOST_DIGITS = 38


class PostgreSqlDialect(Dialect):
    """PostgreSQL 12 and newer."""

    product: ClassVar[str] = "PostgreSQL"
    outcome_query: ClassVar[str | None] = "SELECT txid_current()::text"

    def __init__(self, *, is_binary: bool = False) -> None:
        self._is_binary = is_binary
        """Whether values are handed over in PostgreSQL's own binary form (COPY)."""

    def folded(self, name: str) -> str:
        """In lower case."""
        return name.lower()

    def find_table(self, session: SqlSession, name: TableName) -> TargetTable | None:
        """Look into the catalog."""
        for parts in self.candidates(name):
            sql = self.sql_name(parts)
            rows = session.rows(_COLUMNS, [sql])
            if rows:
                return TargetTable(
                    parts=parts,
                    sql=sql,
                    shown=f"{rows[0][9]}",
                    columns=tuple(self._column(row) for row in rows),
                    unique_keys=keys_by_index(session.rows(_KEYS, [sql])),
                )
        return None

    def ddl_type(self, arrow: pa.DataType, *, is_key: bool) -> str | None:  # noqa: ARG002
        """The narrowest type that has all values."""
        if pt.is_dictionary(arrow):
            return self.ddl_type(arrow.value_type, is_key=False)
        if pt.is_decimal(arrow):
            return f"numeric({arrow.precision},{arrow.scale})"
        if pt.is_timestamp(arrow):
            return "timestamptz" if arrow.tz is not None else "timestamp"
        if self._is_binary and arrow == pa.month_day_nano_interval():
            return "interval"
        if self._is_binary and (pt.is_list(arrow) or pt.is_large_list(arrow)):
            inner = self.ddl_type(arrow.value_type, is_key=False)
            return None if inner is None or inner.endswith("]") else f"{inner}[]"
        return next((ddl for is_kind, ddl in _DDL if is_kind(arrow)), None)

    def staging(
        self,
        table: TargetTable,  # noqa: ARG002 - its types are in the columns
        columns: Sequence[TableColumn],
        name: str,
    ) -> Staging:
        """A table that is dropped with the transaction."""
        defined = ", ".join(
            f"{self.quoted(each.name)} {'text' if self.needs_staging(each) else each.declared}"
            for each in columns
        )
        sql = f"pg_temp.{self.quoted(name)}"
        return Staging(
            target=InsertTarget(sql, (name,), is_temporary=True),
            create=f"CREATE TEMPORARY TABLE {self.quoted(name)} ({defined}) ON COMMIT DROP",
        )

    def staged_value(self, column: TableColumn) -> str:
        """What COPY cannot take is made of its text."""
        quoted = self.quoted(column.name)
        return f"{quoted}::{column.declared}" if self.needs_staging(column) else quoted

    def resolved(self, column: TableColumn, source: pa.DataType) -> TableColumn:
        """A numeric without precision takes decimals as they are."""
        if column.type.form != "numeric":
            return column
        if pt.is_integer(source):
            kind = ColumnType(arrow=pa.decimal128(20, 0))
        elif pt.is_decimal128(source):
            kind = ColumnType(arrow=source)
        elif pt.is_decimal(source):
            form = "other" if self._is_binary else ""
            kind = ColumnType(arrow=source, wire=pa.string(), form=form)
        else:
            kind = ColumnType(form="other")
        return msgspec.structs.replace(column, type=kind)

    def needs_staging(self, column: TableColumn) -> bool:
        """COPY takes types in their own binary forms only."""
        return self._is_binary and column.type.form == "other"

    def upsert_statements(
        self, table: TargetTable, staging: str, columns: Sequence[TableColumn], keys: Sequence[str]
    ) -> Sequence[str]:
        """One statement, which holds against other writers too."""
        quoted_keys = ", ".join(map(self.quoted, keys))
        moved = self.move_statement(table, staging, columns)
        return (f"{moved} ON CONFLICT ({quoted_keys}) DO {self.on_conflict(columns, keys)}",)

    def outcome_of(self, session: SqlSession, number: str) -> bool | None:
        """PostgreSQL keeps what became of recent transactions."""
        [[status]] = session.rows("SELECT txid_status(?::bigint)", [number])
        return {"committed": True, "aborted": False}.get(status or "")

    def _column(self, row: Row) -> TableColumn:
        name, declared, base, base_kind, base_name, nullable, default, generated, *_ = row
        return TableColumn(
            name=f"{name}",
            declared=f"{declared}",
            type=self._type(f"{base}", f"{base_kind}", f"{base_name}"),
            is_nullable=nullable == "true",
            has_default=default == "true",
            is_generated=generated == "true",
        )

    def _type(self, declared: str, kind: str, name: str) -> ColumnType:
        """The type of a column, by what format_type says of it and by its name in the catalog."""
        plain = _plain_types().get(name)
        if plain is not None:
            return plain
        found = _ARGUMENTS.search(declared)
        first = int(found[1]) if found else None
        if name == "numeric":
            return self._numeric(first, int(found[2] or 0) if found else 0)
        if name in ("varchar", "bpchar"):
            return ColumnType(arrow=pa.string(), max_characters=first)
        if name in ("time", "timestamp", "timestamptz"):
            return self._moment(name, 6 if first is None else first)
        if self._is_binary:
            return self._binary_type(declared, kind, name)
        if name in ("json", "jsonb"):
            return ColumnType(arrow=pa.string(), form="json")
        return ColumnType()

    def _numeric(self, precision: int | None, scale: int) -> ColumnType:
        if precision is None:
            # Any number of digits; decimals are handed over as they are.
            return ColumnType(arrow=None, form="numeric")
        if scale < 0 or scale > precision:
            return ColumnType(arrow=None, form="other")
        if precision > _MOST_DIGITS:
            return ColumnType(
                arrow=pa.decimal256(min(precision, 76), scale),
                wire=pa.string(),
                form="other" if self._is_binary else "",
            )
        return ColumnType(arrow=pa.decimal128(precision, scale))

    def _moment(self, name: str, digits: int) -> ColumnType:
        if name == "time":
            return ColumnType(arrow=pa.time64("us"), second_digits=digits)
        is_instant = name == "timestamptz"
        is_shifted = is_instant and not self._is_binary
        return ColumnType(
            arrow=pa.timestamp("us", "UTC" if is_instant else None),
            wire=pa.timestamp("us") if is_shifted else None,
            form="utc" if is_shifted else "",
            second_digits=digits,
            lowest=_FIRST_YEAR,
            highest=_LAST_YEAR,
        )

    def _binary_type(self, declared: str, kind: str, name: str) -> ColumnType:
        if name == "uuid":
            return ColumnType(arrow=pa.string(), wire=pa.binary(), form="uuid")
        if name == "jsonb":
            return ColumnType(arrow=pa.string(), wire=pa.binary(), form="jsonb")
        if name == "json":
            return ColumnType(arrow=pa.string(), form="json")
        if name == "interval" and declared == "interval":
            return ColumnType(arrow=pa.month_day_nano_interval())
        if kind == "e":  # an enum is its label, in binary too
            return ColumnType(arrow=pa.string())
        if name.startswith("_"):
            inner = _plain_types().get(name[1:])
            if inner is not None and inner.arrow is not None and not declared.endswith("[][]"):
                return ColumnType(arrow=pa.list_(inner.arrow), form="list")
        return ColumnType(form="other")


@cache
def _plain_types() -> dict[str, ColumnType]:
    return {
        "bool": ColumnType(arrow=pa.bool_()),
        "int2": ColumnType(arrow=pa.int16()),
        "int4": ColumnType(arrow=pa.int32()),
        "int8": ColumnType(arrow=pa.int64()),
        "float4": ColumnType(arrow=pa.float32()),
        "float8": ColumnType(arrow=pa.float64()),
        "text": ColumnType(arrow=pa.string()),
        "bytea": ColumnType(arrow=pa.binary()),
        "date": ColumnType(arrow=pa.date32(), lowest=_FIRST_YEAR, highest=_LAST_YEAR),
    }


_DDL = (
    (pt.is_boolean, "boolean"),
    (lambda t: pt.is_int8(t) or pt.is_int16(t) or pt.is_uint8(t), "smallint"),
    (lambda t: pt.is_int32(t) or pt.is_uint16(t), "integer"),
    (lambda t: pt.is_int64(t) or pt.is_uint32(t), "bigint"),
    (pt.is_uint64, "numeric(20,0)"),
    (lambda t: pt.is_float16(t) or pt.is_float32(t), "real"),
    (pt.is_float64, "double precision"),
    (lambda t: pt.is_string(t) or pt.is_large_string(t) or pt.is_string_view(t), "text"),
    (
        lambda t: (
            pt.is_binary(t)
            or pt.is_large_binary(t)
            or pt.is_binary_view(t)
            or pt.is_fixed_size_binary(t)
        ),
        "bytea",
    ),
    (pt.is_date, "date"),
    (pt.is_time, "time"),
)
