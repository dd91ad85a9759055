"""An ODBC connection as the sink uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from aqueducts.errors import CommitLostError, DestinationError, RunError
from aqueducts_odbc.connections import open_connection
from aqueducts_odbc.sink.dialect import Dialect
from aqueducts_odbc.sink.sqlstates import is_answered
from aqueducts_odbc.sink.tables import Columns, InsertTarget, Row
from aqueducts_odbc.targets import Target
from aqueducts_odbc.worker.wire import ReadBounds

if TYPE_CHECKING:
    from aqueducts_odbc.connections import Connection

__all__ = ["odbc_session"]

_CATALOG_BOUNDS = ReadBounds(batch_rows=100, max_text_bytes=16_000)
_ONE_LENGTH = frozenset({"sqlite"})
"""Profiles whose driver gives all binary values that are sent at once the length of the first."""


@contextmanager
def odbc_session(target: Target, dialect: Dialect, batch_rows: int) -> Iterator[OdbcSession]:
    """A connection that writes; what was not committed is rolled back at the end."""
    with open_connection(target, is_autocommit=False) as connection:
        session = OdbcSession(
            connection, batch_rows, has_one_length=target.profile.name in _ONE_LENGTH
        )
        for statement in dialect.session_statements:
            session.execute(statement)
        yield session


class OdbcSession:
    """Statements and rows through ODBC."""

    def __init__(
        self, connection: Connection, batch_rows: int, *, has_one_length: bool = False
    ) -> None:
        self._connection = connection
        self._batch_rows = batch_rows
        self._has_one_length = has_one_length

    def execute(self, statement: str) -> None:
        """Run a statement."""
        self._connection.execute(statement)

    def rows(self, query: str, parameters: Sequence[str] = ()) -> list[Row]:
        """All rows, as texts."""
        reader = self._connection.read(query, parameters, _CATALOG_BOUNDS)
        return [
            tuple(None if value is None else str(value) for value in row.values())
            for batch in reader
            for row in _numbered(batch).to_pylist()
        ]

    def insert(
        self, target: InsertTarget, columns: Columns, batches: Iterator[pa.RecordBatch]
    ) -> None:
        """Insert rows, as many at a time as was asked for."""
        # Names in quotes are taken as they are.
        schema = pa.schema(
            [
                pa.field(quoted, field.type)
                for quoted, field in zip(columns.quoted, columns.schema, strict=True)
            ]
        )
        if self._has_one_length and any(pt.is_binary(field.type) for field in schema):
            for batch in batches:
                for part in of_one_length(batch):
                    rows = _Renamed(schema, iter([part]))
                    self._connection.insert_into_table(rows, target.sql, self._batch_rows)
        else:
            rows = _Renamed(schema, batches)
            self._connection.insert_into_table(rows, target.sql, self._batch_rows)

    def execute_for_each_row(
        self,
        statement: str,
        columns: Columns,  # noqa: ARG002 - all are texts
        batches: Iterator[pa.RecordBatch],
    ) -> None:
        """Run a statement once per row: drivers can send many rows at a time for inserts only."""
        for batch in batches:
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                self._connection.execute(statement, parameters=list(row))

    def commit(self) -> None:
        """Commit."""
        try:
            self._connection.commit()
        except DestinationError as error:
            if is_answered(error):
                raise
            raise CommitLostError(error.message, hint=error.hint) from error

    def rollback(self) -> None:
        """Undo what was not committed; a connection that is lost has done so itself."""
        with suppress(RunError):
            self._connection.rollback()


def of_one_length(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The rows in parts, in each of which all binary values of a column have one length."""
    lengths = [
        pc.binary_length(column).to_pylist()
        for column in batch.columns
        if pt.is_binary(column.type)
    ]
    places: dict[tuple[int | None, ...], list[int]] = {}
    for place, key in enumerate(zip(*lengths, strict=True)):
        places.setdefault(key, []).append(place)
    for part in places.values():
        yield batch.take(pa.array(part))


class _Renamed:
    """Batches under other names of columns."""

    def __init__(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        self.schema = schema
        self._batches = batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            yield pa.RecordBatch.from_arrays(batch.columns, schema=self.schema)


def _numbered(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.rename_columns([str(place) for place in range(batch.num_columns)])
