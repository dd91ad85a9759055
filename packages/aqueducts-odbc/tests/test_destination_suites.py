"""The destination keeps the contract that connectors are held to, on all databases."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import arrow_odbc
import pyarrow as pa
import pytest

from aqueducts.testing import DestinationSuite

_CONNECTION = "AQUEDUCTS_TEST_{}"
_TYPES_OF_SQLITE = {
    "BOOLEAN": pa.bool_(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "TEXT": pa.string(),
    "BLOB": pa.binary(),
}


def table_of(folder: Path) -> str:
    """A name of a table that is new for each folder."""
    return f"t_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"


class Tables(DestinationSuite):
    """What is the same for all; processes that are killed learn of the database by environment."""

    supports_kill = True
    kind: ClassVar[str]
    write_mode: ClassVar[Mapping[str, Any]] = {"operation": "append"}
    appends = True

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _database(cls, request: pytest.FixtureRequest) -> Iterator[None]:
        fixture = {"mysql": "mysql_server", "postgresql": "postgresql_server"}.get(cls.kind)
        server = request.getfixturevalue(fixture or "sqlite_folder")
        database = server.database()
        os.environ[_CONNECTION.format(cls.kind)] = database.connection_string
        yield
        server.drop(database)

    def connection_string(self) -> str:
        """The connection of the tests of this class."""
        return os.environ[_CONNECTION.format(self.kind)]

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Write to a table that is made by the first write."""
        return {
            "type": "odbc",
            "name": table_of(folder),
            "connection_string": self.connection_string(),
            "write_mode": dict(self.write_mode),
            "create_table": "if_missing",
        }

    def read_back(self, folder: Path) -> pa.Table | None:
        """Read with the bare driver."""
        connection = arrow_odbc.connect(self.connection_string())
        try:
            reader = connection.read_arrow_batches(
                f"SELECT * FROM {table_of(folder)}",
                batch_size=1000,
                max_text_size=2000,
                max_binary_size=2000,
                map_schema=_exact,
            )
        except arrow_odbc.Error as error:
            if "t exist" in str(error):
                return None
            raise
        return pa.Table.from_batches(reader, schema=reader.schema)

    def refused_table(self) -> tuple[pa.Schema, list[str]]:
        """Return columns that no database has."""
        columns = [
            ("n", pa.int64()),
            ("how long", pa.duration("s")),
            ("m", pa.map_(pa.string(), pa.int64())),
        ]
        return pa.schema(columns), ["how long", "m"]

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Return a table that is not there and must not be made."""
        return dict(self.config(folder)) | {"create_table": "never", "name": "nothing"}

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Return a password that is a secret."""
        return dict(self.config(folder)) | {"user": "app", "password": secret}


def _exact(found: pa.Schema) -> pa.Schema:
    """What the driver says of its columns, without the types in which it loses something."""
    wider = {pa.float32(): pa.float64(), pa.timestamp("s"): pa.timestamp("us")}
    return pa.schema([pa.field(each.name, wider.get(each.type, each.type)) for each in found])


class TestPostgreSql(Tables):
    """PostgreSQL; read back through its driver, which has types of its own."""

    kind = "postgresql"
    preserves_types = frozenset(
        {"int16", "int32", "int64", "float64", "decimal", "string", "binary", "date32"}
        | {"time64_us", "timestamp_us"}
    )


class TestMySql(Tables):
    """MariaDB."""

    kind = "mysql"
    preserves_types = frozenset(
        {"int8", "int16", "int32", "int64", "float64", "decimal", "string", "binary", "date32"}
        | {"timestamp_us"}
    )


class TestSqlite(Tables):
    """SQLite; read back by Python's own module."""

    kind = "sqlite"
    preserves_types = frozenset({"bool", "int64", "float64", "string", "binary"})

    def read_back(self, folder: Path) -> pa.Table | None:
        """Read with Python's module."""
        path = self.connection_string().split("Database=")[1]
        with contextlib.closing(sqlite3.connect(path)) as connection:
            cursor = connection.execute(
                f"SELECT name, type FROM pragma_table_info('{table_of(folder)}')"
            )
            columns = [(name, _TYPES_OF_SQLITE.get(kind, pa.string())) for name, kind in cursor]
            if not columns:
                return None
            rows = connection.execute(f"SELECT * FROM {table_of(folder)}").fetchall()
        values = list(zip(*rows, strict=True)) or [()] * len(columns)
        arrays = [
            pa.array(each, pa.int64()).cast(kind) if kind == pa.bool_() else pa.array(each, kind)
            for each, (_, kind) in zip(values, columns, strict=True)
        ]
        return pa.table(arrays, pa.schema(columns))
