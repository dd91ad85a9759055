"""The Delta connectors keep their contract where the tables are in buckets."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from servers.places import Place, place_of
from servers.s3 import S3Server

from aqueducts.testing import DestinationSuite, SourceSuite

KEPT_TYPES = frozenset(
    {
        *("bool", "int8", "int16", "int32", "int64", "float32", "float64", "decimal"),
        *("string", "binary", "date32", "timestamp_us", "timestamp_utc"),
        *("list", "struct", "map"),
    }
)


class _InBucket:
    """A table for each folder that a check gets."""

    place: Place

    @pytest.fixture(autouse=True)
    def _bucket(self, moto_server: S3Server) -> None:
        self.place = place_of(moto_server)

    def _key(self, folder: Path, name: str = "table") -> str:
        return f"{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}/{name}"

    def _options(self) -> dict[str, str]:
        config = self.place.storage_config
        return {
            "AWS_ENDPOINT_URL": config["endpoint"],
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": config["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": config["secret_access_key"],
            "AWS_REGION": config["region"],
        }

    def _at(self, key: str) -> dict[str, Any]:
        return {"type": "delta", **self.place.at(key)}


class TestSource(_InBucket, SourceSuite):
    """Tables that deltalake wrote."""

    preserves_types = KEPT_TYPES

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Return a table of two partitions."""
        return self.config_of_table(folder, self.expected_table(), ["region"])

    def expected_table(self) -> pa.Table:
        """Return what is in it."""
        return pa.table(
            {
                "id": pa.array([1, 2, None], pa.int64()),
                "region": ["eu", "us", "eu"],
                "amount": [1.5, None, -2.0],
            }
        )

    def config_of_table(
        self, folder: Path, table: pa.Table, partition_by: list[str] | None = None
    ) -> Mapping[str, Any]:
        """Write any table."""
        key = self._key(folder, f"table-{uuid.uuid4().hex}")
        write_deltalake(
            self.place.url(key), table, partition_by=partition_by, storage_options=self._options()
        )
        return self._at(key)

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Return a place where nothing is."""
        return self._at(self._key(folder, "nothing"))

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Return a location with a secret in it."""
        return self._at(self._key(folder, f"{secret}/table"))


class Tables(_InBucket, DestinationSuite):
    """What is the same for all write modes."""

    preserves_types = KEPT_TYPES
    write_mode: ClassVar[Mapping[str, Any]]

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Return a table of the folder's own."""
        return {**self._at(self._key(folder)), "write_mode": dict(self.write_mode)}

    def read_back(self, folder: Path) -> pa.Table | None:
        """Return what deltalake reads."""
        url, options = self.place.url(self._key(folder)), self._options()
        if not DeltaTable.is_deltatable(url, storage_options=options):
            return None
        table = DeltaTable(url, storage_options=options)
        schema = pa.schema(table.schema().to_arrow())
        return pa.RecordBatchReader.from_stream(table.scan()).read_all().cast(schema)

    def refused_table(self) -> tuple[pa.Schema, list[str]]:
        """Return columns that Delta tables do not have."""
        return pa.schema([("n", pa.int64()), ("at noon", pa.time64("us"))]), ["at noon"]

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Return a location with a secret in it."""
        where = self._at(self._key(folder, f"{secret}/table"))
        return {**where, "write_mode": dict(self.write_mode)}


class TestAppend(Tables):
    """Rows are added."""

    appends = True
    write_mode: ClassVar[Mapping[str, Any]] = {"operation": "append"}


class TestReplace(Tables):
    """All rows are replaced."""

    write_mode: ClassVar[Mapping[str, Any]] = {"operation": "replace"}


class TestUpsert(Tables):
    """Rows with new keys are added."""

    appends = True
    write_mode: ClassVar[Mapping[str, Any]] = {"operation": "upsert", "params": ["id"]}

    test_types_survive = None  # type: ignore[assignment]  # its tables have no keys
