"""How one column is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts_odbc.connections import Connection

__all__ = ["ColumnReading", "SourceQuery", "Statements", "Strategy"]


class ColumnReading(msgspec.Struct, frozen=True):
    """A column of a query, from the database to Arrow."""

    name: str
    transit: pa.DataType
    """The type that the driver is asked for."""
    natural: pa.DataType
    """The type that the values have."""
    source: str
    """SQL that names the column, where the query is a part of another one, called `q`."""
    expression: str = ""
    """SQL that gives it in a form that the driver does no harm to; the column as it is without."""

    wanted: pa.DataType | None = None
    """The type that the user wants."""

    @property
    def shown(self) -> pa.DataType:
        """The type that the column has in the end."""
        return self.natural if self.wanted is None else self.wanted

    @property
    def sql(self) -> str:
        """What is selected."""
        return self.expression or self.source


class SourceQuery(msgspec.Struct, frozen=True):
    """A query as the user gave it, secrets resolved."""

    text: str
    parameters: tuple[str | None, ...] = ()
    max_text_bytes: int = 32_768
    max_binary_bytes: int = 65_536
    query_timeout: int | None = None
    numeric_type: pa.DataType | None = None
    """What numbers without a declared number of digits become; None is decimal(38, 18)."""

    def as_table(self) -> str:
        """The query as a table `q`."""
        return f"({self.text.rstrip().rstrip(';').rstrip()}\n) AS q"

    def __repr__(self) -> str:
        return "<SourceQuery>"


class Statements(msgspec.Struct, frozen=True):
    """What is run to read."""

    query: str
    before: tuple[str, ...] = ()
    """Statements that prepare the session."""


class Strategy(Protocol):
    """How one kind of database is read."""

    def columns(self, connection: Connection, query: SourceQuery) -> tuple[ColumnReading, ...]:
        """Look at the columns of a query; none where it gives no rows."""

    def statements(
        self, query: SourceQuery, columns: Sequence[ColumnReading], condition: str | None
    ) -> Statements:
        """What reads these columns, of rows that fulfil a condition on `q`."""
