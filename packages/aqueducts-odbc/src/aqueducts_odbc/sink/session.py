"""What the sink needs of a connection to a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts_odbc.sink.tables import Columns, InsertTarget, Row

__all__ = ["SqlSession"]


class SqlSession(Protocol):
    """One connection with a transaction. All methods raise DestinationError."""

    def execute(self, statement: str) -> None:
        """Run a statement that gives no rows."""

    def rows(self, query: str, parameters: Sequence[str] = ()) -> list[Row]:
        """The few rows of a query that gives texts only; `?` stands for a parameter."""

    def insert(
        self, target: InsertTarget, columns: Columns, batches: Iterator[pa.RecordBatch]
    ) -> None:
        """Insert rows into a table.

        Batches have the types of `columns`. What they raise passes through.
        """

    def execute_for_each_row(
        self, statement: str, columns: Columns, batches: Iterator[pa.RecordBatch]
    ) -> None:
        """Run a statement with the values of each row in the place of its markers."""

    def commit(self) -> None:
        """Commit. Raises CommitLostError where nobody answers whether it was done."""

    def rollback(self) -> None:
        """Undo what was not committed; never raises."""
