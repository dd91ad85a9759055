"""Connections to databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aqueducts_odbc.failures import reported
from aqueducts_odbc.targets import Target

if TYPE_CHECKING:
    from arrow_odbc import Connection

__all__ = ["open_connection"]


@contextmanager
def open_connection(target: Target, *, is_autocommit: bool = True) -> Iterator[Connection]:
    """A connection, closed at the end; without autocommit what was not committed is rolled back.

    Raises the target's kind of error, for what is done in here as well.
    """
    with reported(target, f"cannot connect to {target.shown}"):
        import arrow_odbc

        connection = arrow_odbc.connect(
            target.text,
            login_timeout_sec=target.login_timeout or None,
            autocommit=is_autocommit,
        )
    with reported(target, f"{target.shown} reports an error"):
        yield connection
