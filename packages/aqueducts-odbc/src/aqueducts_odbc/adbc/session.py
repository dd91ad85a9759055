"""An ADBC connection as the sink uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from aqueducts.errors import CommitLostError, DestinationError
from aqueducts_odbc.adbc.connections import AdbcConnection, open_adbc
from aqueducts_odbc.adbc.databases import AdbcDatabase
from aqueducts_odbc.sink.dialect import Dialect
from aqueducts_odbc.sink.sqlstates import is_answered
from aqueducts_odbc.sink.tables import Columns, InsertTarget, Row

__all__ = ["adbc_session"]


@contextmanager
def adbc_session(database: AdbcDatabase, dialect: Dialect) -> Iterator[AdbcSession]:
    """A connection that writes; what was not committed is rolled back at the end."""
    with open_adbc(database) as connection:
        session = AdbcSession(connection)
        for statement in dialect.session_statements:
            session.execute(statement)
        yield session


class AdbcSession:
    """Statements and rows through ADBC."""

    def __init__(self, connection: AdbcConnection) -> None:
        self._connection = connection
        self._is_postgresql = connection.database.kind == "postgresql"
        self._product = connection.database.product

    def execute(self, statement: str) -> None:
        """Run a statement."""
        with self._connection.cursor(f"{self._product} refuses a statement") as cursor:
            cursor.execute(statement)

    def rows(self, query: str, parameters: Sequence[str] = ()) -> list[Row]:
        """All rows, as texts."""
        with self._connection.cursor(f"{self._product} refuses a query") as cursor:
            cursor.execute(self._numbered(query), list(parameters) or None)
            found = cursor.fetchall()
        return [tuple(None if each is None else str(each) for each in row) for row in found]

    def insert(
        self, target: InsertTarget, columns: Columns, batches: Iterator[pa.RecordBatch]
    ) -> None:
        """Insert rows: PostgreSQL by COPY, SQLite by one prepared statement."""
        rows = _Stream(columns, batches)
        with (
            rows.failures(),
            self._connection.cursor(f"{self._product} refuses the rows") as cursor,
        ):
            if self._is_postgresql:
                schema = target.parts[-2] if len(target.parts) > 1 else None
                cursor.adbc_ingest(
                    target.parts[-1],
                    rows.reader(columns.names),
                    mode="append",
                    db_schema_name=None if target.is_temporary else schema,
                    temporary=target.is_temporary,
                )
            else:
                names, marks = ", ".join(columns.quoted), ", ".join("?" * len(columns.quoted))
                statement = f"INSERT INTO {target.sql} ({names}) VALUES ({marks})"  # noqa: S608
                cursor.executemany(statement, rows.reader(columns.schema.names))

    def execute_for_each_row(
        self, statement: str, columns: Columns, batches: Iterator[pa.RecordBatch]
    ) -> None:
        """Run a statement once per row, prepared once."""
        rows = _Stream(columns, batches)
        with (
            rows.failures(),
            self._connection.cursor(f"{self._product} refuses the rows") as cursor,
        ):
            cursor.executemany(self._numbered(statement), rows.reader(columns.schema.names))

    def commit(self) -> None:
        """Commit."""
        try:
            self._connection.commit()
        except DestinationError as error:
            # What SQLite refuses it has not done: there is no connection that could be lost.
            if not self._is_postgresql or is_answered(error):
                raise
            raise CommitLostError(error.message, hint=error.hint) from error

    def rollback(self) -> None:
        """Undo what was not committed."""
        self._connection.rollback()

    def _numbered(self, statement: str) -> str:
        """PostgreSQL numbers its markers."""
        if not self._is_postgresql or "$1" in statement:
            return statement
        return numbered_markers(statement)


_SKIPPED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\?", re.DOTALL)


def numbered_markers(statement: str) -> str:
    """A statement with `$1`, `$2` in the place of its question marks, outside of texts."""
    number = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal number
        if found[0] != "?":
            return found[0]
        number += 1
        return f"${number}"

    return _SKIPPED.sub(replaced, statement)


class _Stream:
    """Batches for native code, which loses what is raised while it asks for them."""

    def __init__(self, columns: Columns, batches: Iterator[pa.RecordBatch]) -> None:
        self._columns = columns
        self._batches = batches
        self._failure: BaseException | None = None

    def reader(self, names: Sequence[str]) -> pa.RecordBatchReader:
        """All batches, with these names of columns."""
        types = self._columns.schema.types
        schema = pa.schema(list(zip(names, types, strict=True)))

        def renamed() -> Iterator[pa.RecordBatch]:
            try:
                for batch in self._batches:
                    yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
            # What ends a stopped run is no Exception; it is raised again in `failures`.
            except BaseException as error:
                self._failure = error
                raise

        return pa.RecordBatchReader.from_batches(schema, renamed())

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Raise what the batches raised in the place of what became of it."""
        try:
            yield
        except BaseException:
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure from None
            raise
        finally:
            close = getattr(self._batches, "close", None)
            if close is not None:
                close()
