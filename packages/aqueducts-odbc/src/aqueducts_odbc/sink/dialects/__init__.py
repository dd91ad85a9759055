"""The databases that are known."""

from __future__ import annotations

from aqueducts_odbc.sink.dialect import Dialect
from aqueducts_odbc.sink.dialects.mysql import MySqlDialect
from aqueducts_odbc.sink.dialects.postgresql import PostgreSqlDialect
from aqueducts_odbc.sink.dialects.sql_server import SqlServerDialect
from aqueducts_odbc.sink.dialects.sqlite import SqliteDialect
from aqueducts_odbc.sink.dialects.standard import StandardDialect

__all__ = ["PostgreSqlDialect", "dialect_for"]

_DIALECTS: dict[str, type[Dialect]] = {
    "postgresql": PostgreSqlDialect,
    "mysql": MySqlDialect,
    "sqlite": SqliteDialect,
    "sqlserver": SqlServerDialect,
}


def dialect_for(name: str) -> Dialect:
    """The dialect of a driver's profile."""
    return _DIALECTS.get(name, StandardDialect)()
