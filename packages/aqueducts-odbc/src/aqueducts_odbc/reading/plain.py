"""Databases of which little is known: the query as it is, and what the driver says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.types as pt

from aqueducts.errors import SourceError
from aqueducts_odbc.readable_types import readable
from aqueducts_odbc.reading.columns import ColumnReading, SourceQuery, Statements
from aqueducts_odbc.reading.wrapped import described

if TYPE_CHECKING:
    from aqueducts_odbc.connections import Connection

__all__ = ["PlainReading", "TextReading"]


class PlainReading:
    """Runs the query as it is, and believes the driver."""

    def columns(self, connection: Connection, query: SourceQuery) -> tuple[ColumnReading, ...]:
        """Look at the columns as the driver tells them, if need be by running the query."""
        try:
            sql = f"SELECT * FROM {query.as_table()} WHERE 1 = 0"  # noqa: S608 - the user's query
            found = readable(self._described(connection, query, sql))
        except SourceError:  # a procedure, or more than a database takes as a part of a query
            found = readable(self._described(connection, query, query.text))
        # Some drivers tell float where they mean double; the other way loses nothing.
        types = [pa.float64() if pt.is_float32(field.type) else field.type for field in found]
        return tuple(
            ColumnReading(field.name, each, each, f"q.{field.name}")
            for field, each in zip(found, types, strict=True)
        )

    def _described(self, connection: Connection, query: SourceQuery, sql: str) -> pa.Schema:
        return described(connection, query, sql, max_text_bytes=query.max_text_bytes)

    def statements(
        self,
        query: SourceQuery,
        columns: Sequence[ColumnReading],  # noqa: ARG002 - all come, in their order
        condition: str | None,
    ) -> Statements:
        """Give the query; with a condition as a part of another one."""
        if condition is None:
            return Statements(query.text)
        return Statements(f"SELECT * FROM {query.as_table()} WHERE {condition}")  # noqa: S608


class TextReading(PlainReading):
    """All columns as texts: what databases tell of themselves."""

    def columns(self, connection: Connection, query: SourceQuery) -> tuple[ColumnReading, ...]:
        """Look at the names of the columns."""
        return tuple(
            ColumnReading(each.name, pa.string(), pa.string(), each.source)
            for each in super().columns(connection, query)
        )
