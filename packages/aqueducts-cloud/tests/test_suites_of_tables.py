"""Sources and destinations in buckets keep the contract that local ones are held to."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from servers.gcs import GcsServer
from servers.s3 import S3Server
from servers.web import WebServer

from aqueducts.testing import ALL_TYPES, DestinationSuite, PluginSuite, SourceSuite

_TABLE = pa.table(
    {
        "id": pa.array([1, 2, None], pa.int64()),
        "name": pa.array(["ada", "grâce", "漢字"], pa.string()),
    }
)
_PARQUET_TYPES = ALL_TYPES - {"date64", "interval", "time32_s", "timestamp_s"}


def _parquet(table: pa.Table) -> bytes:
    made = io.BytesIO()
    pq.write_table(table, made)
    return made.getvalue()


def _key(folder: Path) -> str:
    return hashlib.sha256(str(folder).encode()).hexdigest()[:16]


class TestFileSource(SourceSuite):
    """A Parquet file in S3."""

    preserves_types = _PARQUET_TYPES

    @pytest.fixture(autouse=True)
    def a_bucket(self, moto_server: S3Server) -> None:
        """Of its own."""
        self.server, self.bucket = moto_server, moto_server.new_bucket()

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Return a file of three rows."""
        return self.config_of_table(folder, _TABLE)

    def expected_table(self) -> pa.Table:
        """Return the rows."""
        return _TABLE

    def config_of_table(self, folder: Path, table: pa.Table) -> Mapping[str, Any]:
        """Store the table."""
        key = f"{_key(folder)}/in.parquet"
        self.server.put(self.bucket, key, _parquet(table))
        return self._config(key, "parquet")

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Name an object that is not there."""
        return self._config(f"{_key(folder)}/missing.csv", "csv")

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Have the secret as the key."""
        config = self._config(f"{_key(folder)}/missing.csv", "csv")
        return {**config, "storage_config": {**config["storage_config"], "access_key_id": secret}}

    def _config(self, key: str, kind: str) -> dict[str, Any]:
        return {
            "type": "file",
            "location": f"s3://{self.bucket}/{key}",
            "format": {"type": kind},
            "storage_config": self.server.storage_config,
        }


class TestDirectorySource(SourceSuite):
    """CSV files in folders of a column, in Google Cloud Storage."""

    @pytest.fixture(autouse=True)
    def a_bucket(self, gcs_server: GcsServer) -> None:
        """Of its own."""
        self.server, self.bucket = gcs_server, gcs_server.new_bucket()

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Return two files in folders of their days."""
        for day in ("mon", "tue"):
            self.server.put(self.bucket, f"in/day={day}/a.csv", f"n,text\n1,{day} a\n2,\n".encode())
        return self._config("in")

    def expected_table(self) -> pa.Table:
        """Return the rows of both."""
        return pa.table(
            {
                "n": pa.array([1, 2, 1, 2], pa.int64()),
                "text": ["mon a", None, "tue a", None],
                "day": ["mon", "mon", "tue", "tue"],
            }
        )

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Name a folder that is not there."""
        return self._config("missing")

    def _config(self, key: str) -> dict[str, Any]:
        return {
            "type": "directory",
            "location": f"gs://{self.bucket}/{key}",
            "format": {"type": "csv"},
            "partition_columns": [{"name": "day", "data_type": "string"}],
            "storage_config": self.server.storage_config,
        }


class TestWebSource(SourceSuite):
    """A Parquet file of a web server."""

    preserves_types = _PARQUET_TYPES

    @pytest.fixture(autouse=True)
    def a_server(self, web: WebServer) -> None:
        """With an empty folder."""
        self.server = web

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Return a file of three rows."""
        return self.config_of_table(folder, _TABLE)

    def expected_table(self) -> pa.Table:
        """Return the rows."""
        return _TABLE

    def config_of_table(self, folder: Path, table: pa.Table) -> Mapping[str, Any]:
        """Store the table."""
        name = f"{_key(folder)}.parquet"
        path = self.server.folder / name
        if not path.exists() or path.read_bytes() != _parquet(table):
            path.write_bytes(_parquet(table))  # readers are told of a file that is replaced
        return self._config(name)

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Name a file that is not there."""
        return self._config("missing.parquet")

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Have the secret in the query."""
        return self._config(f"missing.parquet?signature={secret}")

    def _config(self, name: str) -> dict[str, Any]:
        location = f"{self.server.endpoint}/{name}"
        return {"type": "file", "location": location, "format": {"type": "parquet"}}


class _CloudDestination(DestinationSuite):
    """A place in a bucket of S3."""

    preserves_types = _PARQUET_TYPES

    @pytest.fixture(autouse=True)
    def a_bucket(self, moto_server: S3Server) -> None:
        """Of its own."""
        self.server, self.bucket = moto_server, moto_server.new_bucket()

    def read_back(self, folder: Path) -> pa.Table | None:
        """Read it with pyarrow, by Amazon's own client."""
        keys = self.server.keys(self.bucket, f"{_key(folder)}/out")
        tables = [pq.read_table(io.BytesIO(self.server.get(self.bucket, key))) for key in keys]
        return pa.concat_tables(tables) if tables else None

    def state(self, folder: Path) -> object:
        """Contents of all objects, and uploads that nobody ended."""
        keys = self.server.keys(self.bucket)
        found = sorted(self.server.get(self.bucket, key) for key in keys)
        return found, self.server.unfinished_uploads(self.bucket)

    def refused_table(self) -> tuple[pa.Schema, list[str]]:
        """Return a column that Parquet has no type for."""
        interval = pa.month_day_nano_interval()
        return pa.schema([("id", pa.int64()), ("a span", interval)]), ["a span"]

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Name a bucket that is not there."""
        return {**self.config(folder), "location": "s3://missing-bucket/out.parquet"}

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Have the secret as the key."""
        options = {**self.server.storage_config, "endpoint": "http://127.0.0.1:1"}
        return {**self.config(folder), "storage_config": {**options, "access_key_id": secret}}

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Return a file or a folder of its own."""
        return {
            "type": "file",
            "location": f"s3://{self.bucket}/{_key(folder)}/{self.name}",
            "format": {"type": "parquet"},
            "storage_config": self.server.storage_config,
        }

    name = "out.parquet"


class TestFileDestination(_CloudDestination):
    """One object."""


class TestFolderDestination(_CloudDestination):
    """All objects below a key."""

    name = "out/"


class TestPlugin(PluginSuite):
    """The plugin as a whole."""

    def distribution(self) -> str:
        """Return its name."""
        return "aqueducts-cloud"
