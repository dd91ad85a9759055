"""Which database is read in which way."""

from __future__ import annotations

from aqueducts_odbc.profiles import Profile
from aqueducts_odbc.reading.columns import SourceQuery, Strategy
from aqueducts_odbc.reading.first_words import check_query, tells_of_the_database
from aqueducts_odbc.reading.mysql import MysqlReading
from aqueducts_odbc.reading.plain import PlainReading, TextReading
from aqueducts_odbc.reading.postgresql import PostgresqlReading
from aqueducts_odbc.reading.sqlite import SqliteReading

__all__ = ["strategy_for"]


def strategy_for(profile: Profile, query: SourceQuery) -> Strategy:
    """How a query is read with a driver of this profile. Raises SourceError for what is none."""
    exact: dict[str, type[Strategy]] = {
        "postgresql": PostgresqlReading,
        "mysql": MysqlReading,
        "sqlite": SqliteReading,
    }
    check_query(query.text, allows_procedures=profile.name not in exact)
    if tells_of_the_database(query.text):
        return TextReading()
    return exact.get(profile.name, PlainReading)()
