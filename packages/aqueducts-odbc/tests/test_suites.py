"""The source keeps the contract that connectors are held to, on all databases."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from aqueducts.testing import ALL_TYPES, PluginSuite, SourceSuite

if TYPE_CHECKING:
    from conftest import Database

SQLITE_TYPES = frozenset(
    {"bool", "int64", "float64", "string", "binary", "date32", "time64_us", "timestamp_us"}
)
POSTGRESQL_TYPES = SQLITE_TYPES | {"int16", "int32", "float32", "decimal", "timestamp_utc"}
MYSQL_TYPES = (POSTGRESQL_TYPES - {"timestamp_utc"}) | {
    *("int8", "uint8", "uint16", "uint32", "uint64"),
    *("time32_s", "timestamp_s", "timestamp_ms"),
}

assert POSTGRESQL_TYPES < ALL_TYPES
assert MYSQL_TYPES < ALL_TYPES


class TestOdbc(PluginSuite):
    """The distribution as it is installed."""

    drivers = ("arrow_odbc", "pyarrow")

    def distribution(self) -> str:
        """Return its name."""
        return "aqueducts-odbc"


class Queries(SourceSuite):
    """What is the same for all databases."""

    database: Database
    is_rereadable = False

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Query a table."""
        return self.config_of_table(folder, self.expected_table())

    def expected_table(self) -> pa.Table:
        """Return what is in it."""
        return pa.table(
            {
                "id": pa.array([1, 2, None], pa.int64()),
                "region": ["eu", "us", "eu"],
                "amount": [1.5, None, -2.0],
            }
        )

    def config_of_table(self, folder: Path, table: pa.Table) -> Mapping[str, Any]:
        """Put any table into the database."""
        name = f"t {uuid.uuid4().hex}"
        self.database.fill(name, table)
        return self.database.config(load_query=f"SELECT * FROM {self.database.quote(name)}")

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Query a table that is not there."""
        return self.database.config(load_query="SELECT * FROM nothing_at_all")

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Connect with a secret that is wrong, and is told to the server."""
        return dict(self.config(folder)) | {"user": "nobody", "password": secret}


class TestPostgresql(Queries):
    """PostgreSQL."""

    preserves_types = POSTGRESQL_TYPES

    @pytest.fixture(autouse=True)
    def _database(self, postgresql: Database) -> None:
        self.database = postgresql


class TestMysql(Queries):
    """MariaDB."""

    preserves_types = MYSQL_TYPES

    @pytest.fixture(autouse=True)
    def _database(self, mysql: Database) -> None:
        self.database = mysql


class TestSqlite(Queries):
    """SQLite."""

    preserves_types = SQLITE_TYPES

    @pytest.fixture(autouse=True)
    def _database(self, sqlite: Database) -> None:
        self.database = sqlite
