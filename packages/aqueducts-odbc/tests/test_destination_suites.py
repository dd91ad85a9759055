"""Both destinations keep the contract that connectors are held to, on all databases."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import adbc_driver_postgresql.dbapi
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


def sqlite_table(path: str, name: str) -> pa.Table | None:
    """A table as Python's own module reads it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        cursor = connection.execute("SELECT name, type FROM pragma_table_info(?)", (name,))
        columns = [(column, _TYPES_OF_SQLITE.get(kind, pa.string())) for column, kind in cursor]
        if not columns:
            return None
        rows = connection.execute(f"SELECT * FROM {name}").fetchall()
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [
        pa.array(each, pa.int64()).cast(kind) if kind == pa.bool_() else pa.array(each, kind)
        for each, (_, kind) in zip(values, columns, strict=True)
    ]
    return pa.table(arrays, pa.schema(columns))


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

    # A table that is made for the rows is seen before they are committed: MariaDB commits it.
    test_may_begin_again_as_it_says = None  # type: ignore[assignment]


class TestSqlite(Tables):
    """SQLite; read back by Python's own module."""

    kind = "sqlite"
    preserves_types = frozenset({"bool", "int64", "float64", "string", "binary"})

    def read_back(self, folder: Path) -> pa.Table | None:
        """Read with Python's own module."""
        return sqlite_table(self.connection_string().split("Database=")[1], table_of(folder))


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


class TestWritingPostgreSql(PostgreSql, DestinationSuite):
    """Rows are added by COPY."""

    supports_kill = True
    appends = True
    operation: ClassVar[Mapping[str, Any]] = {"operation": "append"}
    preserves_types = frozenset(
        {"bool", "int16", "int32", "int64", "float32", "float64", "string", "binary", "date32"}
        | {"time64_us", "timestamp_us", "timestamp_utc", "list", "interval"}
    )

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Write to a table that is made by the first write."""
        return {
            "type": "adbc",
            "name": table_of(folder),
            "uri": os.environ[_PG],
            "write_mode": dict(self.operation),
            "create_table": "if_missing",
        }

    def read_back(self, folder: Path) -> pa.Table | None:
        """Read with the bare driver."""
        with postgresql_connection() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass($1)::text", [table_of(folder)])
            if cursor.fetchone() == (None,):
                return None
            cursor.execute(f"SELECT * FROM {table_of(folder)}")
            found = cursor.fetch_arrow_table()
        plain = {
            column: found[column].cast(found[column].type.storage_type)
            for column in found.column_names
            if isinstance(found[column].type, pa.BaseExtensionType)
        }
        for column, values in plain.items():
            found = found.set_column(found.schema.get_field_index(column), column, values)
        return found

    def refused_table(self) -> tuple[pa.Schema, list[str]]:
        """Return columns that PostgreSQL does not have."""
        columns = [("id", pa.int64()), ("m", pa.map_(pa.string(), pa.int64()))]
        return pa.schema([*columns, ("how long", pa.duration("s"))]), ["m", "how long"]

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Return a table that is not there and must not be made."""
        return dict(self.config(folder)) | {"create_table": "never", "name": "nothing"}

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Return a password that is a secret."""
        return dict(self.config(folder)) | {"password": secret}


class TestUpsertingPostgreSql(TestWritingPostgreSql):
    """Rows with new keys are added."""

    supports_kill = False  # as they are appended
    operation: ClassVar[Mapping[str, Any]] = {"operation": "upsert", "keys": ["id"]}

    test_types_survive = None  # type: ignore[assignment]  # its tables have no keys
    test_other_types_are_refused_or_written = None  # type: ignore[assignment]  # as above
    test_awkward_names_survive = None  # type: ignore[assignment]  # as above


class TestReplacingPostgreSql(TestWritingPostgreSql):
    """All rows are replaced."""

    supports_kill = False  # as they are appended
    appends = False
    operation: ClassVar[Mapping[str, Any]] = {"operation": "replace"}

    test_types_survive = None  # type: ignore[assignment]  # as they are appended
    test_other_types_are_refused_or_written = None  # type: ignore[assignment]  # as above


class TestWritingSqlite(Sqlite, DestinationSuite):
    """Rows are added through one prepared statement."""

    supports_kill = True
    appends = True
    preserves_types = frozenset({"bool", "int64", "float64", "string", "binary"})

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Write to a table that is made by the first write."""
        return {
            "type": "adbc",
            "name": table_of(folder),
            "uri": os.environ[_SQLITE],
            "write_mode": {"operation": "append"},
            "create_table": "if_missing",
        }

    def read_back(self, folder: Path) -> pa.Table | None:
        """Read with Python's module."""
        return sqlite_table(os.environ[_SQLITE].removeprefix("sqlite://"), table_of(folder))

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Return a file that is not there."""
        return dict(self.config(folder)) | {"uri": f"sqlite://{folder}/nothing.db"}
