"""The built-in formats, store and secret resolvers keep the contract that plugins are held to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aqueducts.arrow_types import type_name
from aqueducts.builtin.csv_format import CsvFormat
from aqueducts.builtin.json_format import JsonFormat
from aqueducts.builtin.local_store import LocalStoreType
from aqueducts.builtin.parquet_format import ParquetFormat
from aqueducts.builtin.secret_resolvers import EnvSecretResolver, FileSecretResolver
from aqueducts.testing import ALL_TYPES, FileFormatSuite, ObjectStoreSuite, SecretResolverSuite


def _declared(schema: pa.Schema) -> list[dict[str, str]]:
    return [{"name": field.name, "data_type": type_name(field.type)} for field in schema]


class TestCsv(FileFormatSuite):
    """CSV with its columns declared."""

    preserves_nulls = False  # an empty text and a null are written alike
    preserves_types = frozenset({"int64", "string"})

    def file_format(self) -> type[CsvFormat]:
        """Return the class."""
        return CsvFormat

    def read_options(self, schema: pa.Schema) -> Mapping[str, Any]:
        """Declare the columns."""
        return {"schema": _declared(schema)}

    def sample_file(self, folder: Path) -> tuple[Path, pa.Table]:
        """Return a file as spreadsheets write it."""
        path = folder / "sample.csv"
        path.write_bytes(b'a,b\r\n1,"x, ""y"""\r\n2,z\r\n')
        return path, pa.table({"a": pa.array([1, 2], pa.int64()), "b": ['x, "y"', "z"]})

    def broken_file(self, folder: Path) -> tuple[Path, pa.Schema]:
        """Return a file with words where numbers are declared."""
        path = folder / "broken.csv"
        path.write_text("a\n1\nmany\n")
        return path, pa.schema([("a", pa.int64())])

    def refused_table(self) -> tuple[pa.Schema, list[str]]:
        """Return columns that CSV has no way to write."""
        schema = pa.schema([("n", pa.int64()), ("many of them", pa.list_(pa.int64()))])
        return schema, ["many of them"]


class TestJson(FileFormatSuite):
    """JSON with its columns declared."""

    preserves_types = frozenset({"bool", "int64", "float64", "string", "list", "struct"})

    def file_format(self) -> type[JsonFormat]:
        """Return the class."""
        return JsonFormat

    def read_options(self, schema: pa.Schema) -> Mapping[str, Any]:
        """Declare the columns."""
        return {"schema": _declared(schema)}

    def sample_file(self, folder: Path) -> tuple[Path, pa.Table]:
        """Return lines of objects."""
        path = folder / "sample.json"
        path.write_text('{"a": 1, "b": ["x"]}\n{"a": 2, "b": []}\n')
        return path, pa.table({"a": pa.array([1, 2], pa.int64()), "b": [["x"], []]})

    def broken_file(self, folder: Path) -> tuple[Path, pa.Schema]:
        """Return a file that is cut off."""
        path = folder / "broken.json"
        path.write_text('{"a": 1}\n{"a": ')
        return path, pa.schema([("a", pa.int64())])


class TestParquet(FileFormatSuite):
    """Parquet."""

    preserves_types = ALL_TYPES - {"date64", "interval", "time32_s", "timestamp_s"}

    def file_format(self) -> type[ParquetFormat]:
        """Return the class."""
        return ParquetFormat

    def broken_file(self, folder: Path) -> tuple[Path, pa.Schema]:
        """Return a file that is something else."""
        path = folder / "broken.parquet"
        path.write_bytes(b"PAR1 but not really PAR1")
        return path, pa.schema([("a", pa.int64())])

    def refused_table(self) -> tuple[pa.Schema, list[str]]:
        """Return a column that Parquet has no type for."""
        return pa.schema([("a span", pa.month_day_nano_interval())]), ["a span"]


class TestLocalStore(ObjectStoreSuite):
    """The local file system."""

    def store_type(self) -> type[LocalStoreType]:
        """Return the class."""
        return LocalStoreType

    def location(self, folder: Path) -> str:
        """Return the folder as a URL."""
        return f"file://{folder}"

    def read_file(self, path: str) -> bytes:
        """Read it."""
        return Path(path).read_bytes()

    def bad_location(self) -> str:
        """Name a file of another machine."""
        return "file://elsewhere/a.csv"


class TestEnvSecrets(SecretResolverSuite):
    """Environment variables."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KIT_PASSWORD", "hunter2 & more")
        monkeypatch.delenv("KIT_MISSING", raising=False)

    def resolver(self) -> type[EnvSecretResolver]:
        """Return the class."""
        return EnvSecretResolver

    def known_secret(self, folder: Path) -> tuple[str, str]:
        """Name the variable."""
        return "KIT_PASSWORD", "hunter2 & more"

    def unknown_reference(self, folder: Path) -> str:
        """Name a variable that is not set."""
        return "KIT_MISSING"


class TestFileSecrets(SecretResolverSuite):
    """Files."""

    def resolver(self) -> type[FileSecretResolver]:
        """Return the class."""
        return FileSecretResolver

    def known_secret(self, folder: Path) -> tuple[str, str]:
        """Write a file."""
        path = folder / "password"
        path.write_text("hunter2 & more\n")
        return str(path), "hunter2 & more"

    def unknown_reference(self, folder: Path) -> str:
        """Name a file that is not there."""
        return str(folder / "missing")
