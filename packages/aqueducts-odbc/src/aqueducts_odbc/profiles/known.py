"""The drivers that are known, each found wrong in its own way with its own defaults."""

from __future__ import annotations

from pathlib import PurePath

from aqueducts_odbc.profiles.profile import Profile

__all__ = ["DEFAULT", "KNOWN", "profile_for"]

POSTGRESQL = Profile(
    name="postgresql",
    product="PostgreSQL",
    file_names=("psqlodbc",),
    words=("postgres", "psqlodbc"),
    package="odbc-postgresql",
    keywords={
        "BoolsAsChar": "0",
        # Without it text of more than 8190 characters cannot be read, whatever is asked for.
        "MaxLongVarcharSize": "0",
        # A timestamptz comes in the session's zone, without saying which.
        "ConnSettings": "SET TIME ZONE 'UTC'",
    },
    # The driver holds the whole result in memory otherwise: 4.6 GB instead of 0.1 for 10 M rows.
    read_keywords={"UseDeclareFetch": "1", "Fetch": "10000"},
    session_query="SELECT pg_backend_pid()",
    cancel_statement="SELECT pg_cancel_backend({})",
)
MYSQL = Profile(
    name="mysql",
    product="MariaDB",
    file_names=("libmaodbc", "libmyodbc"),
    words=("mariadb", "mysql"),
    package="odbc-mariadb",
    # A TIMESTAMP comes in the session's zone, without saying which.
    keywords={"INITSTMT": "SET time_zone = '+00:00'"},
    login_timeout_keyword="CONN_TIMEOUT",
    session_query="SELECT CONNECTION_ID()",
    cancel_statement="KILL QUERY {}",
)
SQLITE = Profile(
    name="sqlite",
    product="SQLite",
    file_names=("libsqlite3odbc", "libsqliteodbc"),
    words=("sqlite",),
    package="libsqliteodbc",
    # Without NoCreat a mistyped path becomes an empty database.
    keywords={"BigInt": "1", "NoCreat": "1"},
    # Without it the driver holds the whole result in memory.
    read_keywords={"StepAPI": "1"},
)
SQL_SERVER = Profile(
    name="sqlserver",
    product="SQL Server",
    file_names=("libtdsodbc", "libmsodbcsql"),
    words=("freetds", "sql server", "msodbcsql"),
    package="tdsodbc",
)
DEFAULT = Profile(name="default", product="the database")

KNOWN = (POSTGRESQL, MYSQL, SQLITE, SQL_SERVER)


def profile_for(library: str | None, name: str | None = None) -> Profile:
    """The profile of a driver, by its library, else by the name it is registered under."""
    file = PurePath(library).name.lower() if library else ""
    for profile in KNOWN:
        if file and file.startswith(profile.file_names):
            return profile
    words = (name or "").lower()
    found = (each for each in KNOWN if any(word in words for word in each.words))
    return next(found, DEFAULT)
