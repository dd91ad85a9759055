"""MariaDB and MySQL through MariaDB's driver.

The driver does not say that an integer has no sign: 2^64-1 comes as -1. Together with a negative
number such an integer becomes a decimal, which shows. Dates that are none (0000-00-00) come as
NULL, and one bit always does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.types as pt

from aqueducts_odbc.readable_types import readable
from aqueducts_odbc.reading.columns import ColumnReading, SourceQuery, Statements
from aqueducts_odbc.reading.wrapped import described, wrapped

if TYPE_CHECKING:
    from aqueducts_odbc.connections import Connection

__all__ = ["MysqlReading"]

_UNSIGNED = {
    pa.int8(): (pa.int16(), pa.uint8()),
    pa.uint8(): (pa.uint8(), pa.uint8()),
    pa.int16(): (pa.int32(), pa.uint16()),
    pa.int32(): (pa.int64(), pa.uint32()),
    pa.int64(): (pa.string(), pa.uint64()),
}
"""Integers that have no sign: what they are read as, and what they are."""


class MysqlReading:
    """Asks for signs, and for texts of dates and times."""

    def columns(self, connection: Connection, query: SourceQuery) -> tuple[ColumnReading, ...]:
        """Look at the columns of a query."""
        table = query.as_table()
        found = described(connection, query, f"SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608
        doubtful = [
            field.name
            for field in found
            if pt.is_integer(field.type) or pt.is_fixed_size_binary(field.type)
        ]
        unsigned: set[str] = set()
        if doubtful:
            asked = ", ".join(f"COALESCE(q.{_quote(name)}, -1)" for name in doubtful)
            sql = f"SELECT {asked} FROM {table} WHERE 1 = 0"  # noqa: S608 - the query is the user's
            answers = described(connection, query, sql)
            unsigned = {
                name
                for name, answer in zip(doubtful, answers, strict=True)
                if pt.is_decimal(answer.type)
            }
        return tuple(
            _column(raw, field, is_unsigned=field.name in unsigned)
            for raw, field in zip(found, readable(found), strict=True)
        )

    def statements(
        self, query: SourceQuery, columns: Sequence[ColumnReading], condition: str | None
    ) -> Statements:
        """Give the `SELECT` around the query."""
        return wrapped(query, columns, condition, _quote)


def _column(raw: pa.Field, field: pa.Field, *, is_unsigned: bool) -> ColumnReading:
    column = f"q.{_quote(field.name)}"
    if pt.is_fixed_size_binary(raw.type) and is_unsigned:  # bits, of which only numbers come whole
        text = f"CAST({column} + 0 AS CHAR)"
        return ColumnReading(field.name, pa.string(), pa.uint64(), column, text)
    if pt.is_boolean(field.type):
        return ColumnReading(field.name, pa.int8(), pa.bool_(), column, f"{column} + 0")
    if is_unsigned:
        transit, shown = _UNSIGNED[field.type]
        return ColumnReading(field.name, transit, shown, column)
    if pt.is_temporal(field.type):
        text = f"CAST({column} AS CHAR(40))"
        return ColumnReading(field.name, pa.string(), field.type, column, text)
    if pt.is_float32(field.type):  # of several rows at a time, the driver reads the first right
        return ColumnReading(field.name, pa.float64(), pa.float32(), column, f"{column} + 0e0")
    return ColumnReading(field.name, field.type, field.type, column)


def _quote(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
