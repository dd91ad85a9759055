"""Which database is read in which way."""

from __future__ import annotations

from aqueducts_odbc.profiles import Profile
from aqueducts_odbc.reading.columns import Strategy
from aqueducts_odbc.reading.mysql import MysqlReading
from aqueducts_odbc.reading.plain import PlainReading
from aqueducts_odbc.reading.postgresql import PostgresqlReading
from aqueducts_odbc.reading.sqlite import SqliteReading

__all__ = ["strategy_for"]


def strategy_for(profile: Profile) -> Strategy:
    """How databases with drivers of this profile are read."""
    match profile.name:
        case "postgresql":
            return PostgresqlReading()
        case "mysql":
            return MysqlReading()
        case "sqlite":
            return SqliteReading()
    return PlainReading()
