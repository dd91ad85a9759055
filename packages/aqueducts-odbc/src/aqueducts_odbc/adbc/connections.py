"""Connections through ADBC, and what its drivers report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from aqueducts.connectors import StagedWrite
from aqueducts.errors import AqueductsError, RunError
from aqueducts_odbc.adbc.databases import AdbcDatabase
from aqueducts_odbc.redaction import redacted

__all__ = ["AdbcConnection", "open_adbc"]

_NOISE = re.compile(
    r"^(?:(?:INVALID_ARGUMENT|INTERNAL|IO|UNKNOWN|NOT_FOUND|ALREADY_EXISTS|INTEGRITY|UNAUTHORIZED"
    r"|\[libpq\]|\[SQLite\]|ERROR|Failed to (?:connect|commit)):?\s+)+"
)
_MISLEADING = ": failed to allocate memory"
"""What SQLite's driver says of a file that is not there."""
_HINTS = {
    "28P01": "look at the user and the password",
    "3D000": "look at the name of the database",
    "42P01": "look at how the table and its schema are written",
    "42501": "the user may not do this: GRANT it, or use another user",
}
_TEXT_HINTS = (
    ("password authentication failed", "look at the user and the password"),
    ("Connection refused", "is the database running, and are host and port right?"),
    ("could not translate host name", "look at the name of the host"),
    ("failed to open", "look at the path: a file that is not there is not made"),
    ("database is locked", "another program is writing; try again"),
    ("readonly database", "the file, or its folder, may not be written by this user"),
)


@contextmanager
def open_adbc(database: AdbcDatabase) -> Iterator[AdbcConnection]:
    """A connection in a transaction, rolled back and closed at the end unless it was committed.

    What it does is cancelled where the run is stopped. Raises the database's kind of error.
    """
    connect = _driver(database)
    try:
        opened = connect(database.uri)
    except Exception as error:
        if not _is_of_driver(error):
            raise
        raise _failure(error, database, f"cannot connect to {database.product}") from None
    connection = AdbcConnection(opened, database)
    database.context.staged(_Cancelled(connection))
    with closing(connection):
        yield connection


class AdbcConnection:
    """One connection; does one thing after another."""

    def __init__(self, opened: Any, database: AdbcDatabase) -> None:
        self._opened = opened
        self._cursor: Any = None
        self._is_closed = False
        self.database = database

    @contextmanager
    def cursor(self, what: str) -> Iterator[Any]:
        """A cursor of the driver; its errors become the database's, `what` says what failed."""
        database = self.database
        try:
            with closing(self._opened.cursor()) as cursor:
                self._cursor = cursor
                yield cursor
        except AqueductsError:
            raise
        except Exception as error:
            if not _is_of_driver(error):
                raise
            raise _failure(error, database, what) from None
        finally:
            self._cursor = None

    def commit(self) -> None:
        """Commit."""
        try:
            self._opened.commit()
        except Exception as error:
            if not _is_of_driver(error):
                raise
            raise _failure(
                error, self.database, f"{self.database.product} could not commit"
            ) from None
        return

    def rollback(self) -> None:
        """Roll back; what fails here failed before."""
        with suppress(Exception):
            self._opened.rollback()

    def cancel(self) -> None:
        """End what is running, from any thread."""
        cursor = self._cursor
        if cursor is not None and not self._is_closed:
            with suppress(Exception):
                cursor.adbc_cancel()

    def close(self) -> None:
        """Close; what was not committed is rolled back."""
        self._is_closed = True
        self.rollback()
        with suppress(Exception):
            self._opened.close()


class _Cancelled(StagedWrite):
    """Ends what a connection does with the run."""

    def __init__(self, connection: AdbcConnection) -> None:
        self._connection = connection

    def commit(self) -> None:
        """Nothing is staged."""

    def abort(self) -> None:
        """Cancel what is running."""
        self._connection.cancel()


def _driver(database: AdbcDatabase) -> Any:
    try:
        if database.kind == "postgresql":
            from adbc_driver_postgresql import dbapi as postgresql

            return postgresql.connect
        from adbc_driver_sqlite import dbapi as sqlite
    except ImportError as error:
        raise database.error(
            f"the ADBC driver of {database.product} is not installed",
            hint="pip install 'aqueducts-odbc[adbc]'",
        ) from error
    return sqlite.connect


def _is_of_driver(error: Exception) -> bool:
    """Whether the driver raised it; reading a stream it raises OSError."""
    import adbc_driver_manager
    import pyarrow as pa

    return isinstance(error, adbc_driver_manager.Error | OSError | pa.ArrowException)


def _failure(error: Exception, database: AdbcDatabase, what: str) -> RunError:
    """The error that tells of a failure of the driver; secrets are left out."""
    text = redacted(str(error) or type(error).__name__, database.secrets)
    state = getattr(error, "sqlstate", None)
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    said = " ".join(line for line in lines if not line.startswith(("LINE ", "^")))
    said = _NOISE.sub("", said).removesuffix(_MISLEADING).strip().rstrip(";. ")
    suffix = f" (SQLSTATE {state})" if state else ""
    hint = _HINTS.get(state or "") or next(
        (hint for words, hint in _TEXT_HINTS if words in text), None
    )
    return database.error(f"{what}: {said}{suffix}", hint=hint)
