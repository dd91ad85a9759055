"""The source keeps the contract that connectors are held to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

from aqueducts.testing import ALL_TYPES, DestinationSuite, PluginSuite, SourceSuite

KEPT_TYPES = frozenset(
    {
        *("bool", "int8", "int16", "int32", "int64", "float32", "float64", "decimal"),
        *("string", "binary", "date32", "timestamp_us", "timestamp_utc"),
        *("list", "struct", "map"),
    }
)
"""Types that Delta has; others are widened, or refused."""

assert KEPT_TYPES < ALL_TYPES


class TestDelta(PluginSuite):
    """The distribution as it is installed."""

    drivers = ("deltalake",)

    def distribution(self) -> str:
        """Return its name."""
        return "aqueducts-delta"


class TestDeltaSource(SourceSuite):
    """Tables that deltalake wrote."""

    preserves_types = KEPT_TYPES

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Make a table of two files in two partitions."""
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
        path = folder / f"table-{uuid.uuid4().hex}"
        write_deltalake(str(path), table, partition_by=partition_by)
        return {"type": "delta", "location": str(path)}

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Return a folder that is not there."""
        return {"type": "delta", "location": str(folder / "nothing")}

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Return a location with a secret in it."""
        return {"type": "delta", "location": f"{folder}/{secret}/table"}


class Tables(DestinationSuite):
    """What is the same for all write modes."""

    supports_kill = True
    preserves_types = KEPT_TYPES
    write_mode: ClassVar[Mapping[str, Any]]

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Write to a table in the folder."""
        return {
            "type": "delta",
            "location": str(folder / "table"),
            "write_mode": dict(self.write_mode),
        }

    def read_back(self, folder: Path) -> pa.Table | None:
        """Read the files that the log names."""
        path = folder / "table"
        if not (path / "_delta_log").is_dir():
            return None
        table = DeltaTable(str(path))
        schema = pa.schema(table.schema().to_arrow())
        files = [pq.read_table(uri.removeprefix("file://")) for uri in table.file_uris()]
        return pa.concat_tables([schema.empty_table(), *(each.cast(schema) for each in files)])

    def refused_table(self) -> tuple[pa.Schema, list[str]]:
        """Return columns that Delta tables do not have."""
        schema = pa.schema(
            [("n", pa.int64()), ("at noon", pa.time64("us")), ("how long", pa.duration("s"))]
        )
        return schema, ["at noon", "how long"]

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Return a folder in a file."""
        (folder / "file").write_text("")
        return dict(self.config(folder)) | {"location": str(folder / "file" / "table")}

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Return a location with a secret in it."""
        return dict(self.config(folder)) | {"location": f"{folder}/{secret}/table"}


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
