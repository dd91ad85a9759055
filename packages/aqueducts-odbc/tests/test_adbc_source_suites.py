"""The ADBC source keeps the contract that connectors are held to, on PostgreSQL and SQLite."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import adbc_driver_postgresql.dbapi
import pyarrow as pa
import pytest

from aqueducts.testing import SourceSuite

_PG, _SQLITE = "AQUEDUCTS_TEST_PG_URI", "AQUEDUCTS_TEST_SQLITE_URI"


def postgresql_uri(server: Any, database: Any) -> str:
    """How libpq reaches a database."""
    password = quote(database.password, safe="")
    return f"postgresql://app:{password}@127.0.0.1:{server.port}/{database.name}"


@contextlib.contextmanager
def postgresql_connection() -> Iterator[Any]:
    """The bare driver."""
    with contextlib.closing(adbc_driver_postgresql.dbapi.connect(os.environ[_PG])) as connection:
        yield connection


class PostgreSql:
    """A database for the checks of a class; processes that are killed learn of it, too."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _database(cls, postgresql_server: Any) -> Iterator[None]:
        database = postgresql_server.database()
        os.environ[_PG] = postgresql_uri(postgresql_server, database)
        yield
        postgresql_server.drop(database)


class Sqlite:
    """A file for the checks of a class."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _database(cls, sqlite_folder: Any) -> Iterator[None]:
        database = sqlite_folder.database()
        os.environ[_SQLITE] = f"sqlite://{database.name}"
        yield
        sqlite_folder.drop(database)


class Sources(SourceSuite):
    """What is the same for both databases."""

    is_rereadable = False  # the table may change meanwhile
    uri_of: ClassVar[str]

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Make a table."""
        return self.config_of_table(folder, self.expected_table())

    def expected_table(self) -> pa.Table:
        """Return what is in it."""
        return pa.table({"id": pa.array([1, 2, None], pa.int64()), "name": ["a", None, "c"]})

    def source(self, name: str) -> dict[str, Any]:
        """Return the config of a table."""
        query = f'SELECT * FROM "{name}"'
        return {"type": "adbc", "uri": os.environ[self.uri_of], "load_query": query}

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Return a table that is not there."""
        return self.source("nothing")


class TestReadingPostgreSql(PostgreSql, Sources):
    """Rows come by binary COPY."""

    uri_of = _PG
    preserves_types = frozenset(
        {"bool", "int16", "int32", "int64", "float32", "float64", "string", "binary", "date32"}
        | {"time64_us", "timestamp_us", "timestamp_utc", "list", "interval", "decimal"}
    )

    def config_of_table(self, folder: Path, table: pa.Table) -> Mapping[str, Any]:
        """Let the bare driver make a table, numerics declared by hand."""
        name = f"t_{uuid.uuid4().hex}"
        with postgresql_connection() as connection, connection.cursor() as cursor:
            cursor.adbc_ingest(name, table, mode="create")
            for field in table.schema:
                if pa.types.is_decimal(field.type):
                    kind = f"numeric({field.type.precision},{field.type.scale})"
                    cursor.execute(f'ALTER TABLE {name} ALTER "{field.name}" TYPE {kind}')
            connection.commit()
        return self.source(name)

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Return a password that is a secret."""
        return self.source("nothing") | {"password": secret}


class TestReadingSqlite(Sqlite, Sources):
    """Rows come with the types that their columns declare."""

    uri_of = _SQLITE
    preserves_types = frozenset({"bool", "int64", "float64", "string", "binary"})

    def config_of_table(self, folder: Path, table: pa.Table) -> Mapping[str, Any]:
        """Make a table with Python's module."""
        kinds = {"bool": "BOOLEAN", "int64": "BIGINT", "double": "DOUBLE", "string": "TEXT"}
        name = f"t_{uuid.uuid4().hex}"
        columns = ", ".join(
            f'"{field.name.replace(chr(34), chr(34) * 2)}" {kinds.get(str(field.type), "BLOB")}'
            for field in table.schema
        )
        marks = ", ".join("?" * table.num_columns)
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        path = os.environ[_SQLITE].removeprefix("sqlite://")
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f'CREATE TABLE "{name}" ({columns})')
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)
            connection.commit()
        return self.source(name)
