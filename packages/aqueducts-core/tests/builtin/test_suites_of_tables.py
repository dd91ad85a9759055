"""The built-in sources and destinations keep the contract that plugins are held to."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from datafusion import SessionContext

from aqueducts.testing import ALL_TYPES, DestinationSuite, SourceSuite

_TABLE = pa.table(
    {
        "id": pa.array([1, 2, None], pa.int64()),
        "name": pa.array(["ada", "grâce", "漢字"], pa.string()),
    }
)

PARQUET_TYPES = ALL_TYPES - {"date64", "interval", "time32_s", "timestamp_s"}
"""Parquet knows neither seconds nor intervals."""


class TestParquetFile(SourceSuite):
    """A Parquet file, which keeps nearly all types."""

    preserves_types = PARQUET_TYPES

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Return a file of three rows."""
        return self.config_of_table(folder, _TABLE)

    def expected_table(self) -> pa.Table:
        """Return the rows."""
        return _TABLE

    def config_of_table(self, folder: Path, table: pa.Table) -> Mapping[str, Any]:
        """Write the table."""
        path = folder / "in.parquet"
        pq.write_table(table, path)
        return {"type": "file", "location": str(path), "format": {"type": "parquet"}}

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Name a file that is not there."""
        return {"type": "file", "location": str(folder / "no.csv"), "format": {"type": "csv"}}

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Have the secret in the path."""
        return {"type": "file", "location": f"{folder}/{secret}/a.csv", "format": {"type": "csv"}}


class TestDirectory(SourceSuite):
    """A folder of CSV files with a partition column."""

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Return two files in folders of their days."""
        for day in ("mon", "tue"):
            path = folder / "in" / f"day={day}" / "a.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"n,text\n1,{day} a\n2,\n")
        return {
            "type": "directory",
            "location": str(folder / "in"),
            "format": {"type": "csv"},
            "partition_columns": [{"name": "day", "data_type": "string"}],
        }

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
        return {"type": "directory", "location": str(folder / "no"), "format": {"type": "csv"}}


class TestInMemorySource(SourceSuite):
    """A table of the caller's session."""

    def session(self) -> SessionContext:
        """Return a session with the table."""
        context = SessionContext()
        context.register_record_batches("kit rows", [_TABLE.to_batches()])
        return context

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Name the table."""
        return {"type": "in_memory", "name": "kit rows"}

    def expected_table(self) -> pa.Table:
        """Return the rows."""
        return _TABLE

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Name a table that is not there."""
        return {"type": "in_memory"}


class TestParquetDestination(DestinationSuite):
    """One Parquet file."""

    supports_kill = True
    preserves_types = PARQUET_TYPES

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Return a file in a folder of its own."""
        location = str(folder / "out.parquet")
        return {"type": "file", "location": location, "format": {"type": "parquet"}}

    def read_back(self, folder: Path) -> pa.Table | None:
        """Read it with pyarrow."""
        path = folder / "out.parquet"
        return pq.read_table(path) if path.exists() else None

    def refused_table(self) -> tuple[pa.Schema, list[str]]:
        """Return a column that Parquet has no type for."""
        interval = pa.month_day_nano_interval()
        return pa.schema([("id", pa.int64()), ("a span", interval)]), ["a span"]

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Name a folder below a file."""
        (folder / "file").touch()
        return {"type": "file", "location": f"{folder}/file/a.csv", "format": {"type": "csv"}}

    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """Have the secret in the path."""
        (folder / "file").touch()
        location = f"{folder}/file/{secret}/a.parquet"
        return {"type": "file", "location": location, "format": {"type": "parquet"}}


class TestFolderDestination(DestinationSuite):
    """A folder of CSV files, which are replaced together."""

    supports_kill = True
    preserves_types = frozenset({"int64", "string"})
    preserves_nulls = False

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Return a folder in a folder of its own."""
        return {"type": "file", "location": f"{folder}/out/", "format": {"type": "csv"}}

    def read_back(self, folder: Path) -> pa.Table | None:
        """Read all files with pyarrow."""
        paths = sorted((folder / "out").glob("*.csv"))
        return pa.concat_tables(map(_read_csv, paths)) if paths else None


class TestInMemoryDestination(DestinationSuite):
    """A table of the caller's session."""

    supports_commit_ban = False  # a table is registered, nothing is staged
    bounds_memory = False  # the result is kept in memory, as it was asked for

    @cached_property
    def _context(self) -> SessionContext:
        return SessionContext()

    def session(self) -> SessionContext:
        """Return the same session each time."""
        return self._context

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Name the table."""
        return {"type": "in_memory", "name": "kit result"}

    def read_back(self, folder: Path) -> pa.Table | None:
        """Read the table."""
        if not self._context.table_exist("kit result"):
            return None
        frame = self._context.table('"kit result"')
        return pa.Table.from_batches(frame.collect(), schema=frame.schema())


def _read_csv(path: Path) -> pa.Table:
    with path.open() as file:
        names = next(csv.reader(file))
    texts = [name for name in names if name in ("label", "string") or name.startswith("the_")]
    types = dict.fromkeys(texts, pa.string())
    return pyarrow.csv.read_csv(
        path, convert_options=pyarrow.csv.ConvertOptions(column_types=types)
    )
