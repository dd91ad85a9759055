"""The stranger's plugin keeps the contract, checked with the kit as its author would."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from aqueducts_fixedwidth.fixed_width import FixedWidth

from aqueducts.connectors import FileFormat
from aqueducts.testing import (
    AWKWARD_TEXTS,
    DestinationSuite,
    FileFormatSuite,
    PluginSuite,
    SourceSuite,
)


class TestCountdown(SourceSuite):
    """Numbers that can be read once."""

    is_rereadable = False

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Count down from 5, in three batches."""
        return {"type": "countdown", "start": 5, "batch_rows": 2}

    def expected_table(self) -> pa.Table:
        """Return the numbers."""
        return pa.table({"n": [5, 4, 3, 2, 1], "is_even": [False, True, False, True, False]})


class TestDigest(DestinationSuite):
    """A fingerprint of the rows: they cannot be read back."""

    keeps_rows = False

    def config(self, folder: Path) -> Mapping[str, Any]:
        """Write to a file."""
        return {"type": "digest", "location": str(folder / "digest.txt")}

    def state(self, folder: Path) -> object:
        """Return the text of the file."""
        path = folder / "digest.txt"
        return path.read_text() if path.exists() else None

    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """Name a folder below a file."""
        (folder / "file").touch()
        return {"type": "digest", "location": str(folder / "file" / "digest.txt")}


class TestFixedWidth(FileFormatSuite):
    """Text in columns of fixed widths."""

    preserves_types = frozenset({"string"})
    preserves_nulls = False
    awkward_texts = tuple(text for text in AWKWARD_TEXTS if text != " padded ")

    def file_format(self) -> type[FileFormat]:
        """Return the class."""
        return FixedWidth

    def read_options(self, schema: pa.Schema) -> Mapping[str, Any]:
        """Give each column the same width."""
        return {"widths": dict.fromkeys(schema.names, 120)}

    def write_options(self, schema: pa.Schema) -> Mapping[str, Any]:
        """Give each column the same width."""
        return self.read_options(schema)

    def sample_file(self, folder: Path) -> tuple[Path, pa.Table]:
        """Return lines as another program writes them."""
        path = folder / "sample.fwf"
        path.write_text(f"{'ada':120}{'1815':120}\n")
        return path, pa.table({"name": ["ada"], "born": ["1815"]})

    def refused_table(self) -> tuple[pa.Schema, Collection[str]]:
        """Return a column of a type that is no text."""
        return pa.schema([("many", pa.list_(pa.int64()))]), ["many"]


class TestDistribution(PluginSuite):
    """The whole plugin."""

    def distribution(self) -> str:
        """Return its name."""
        return "aqueducts-fixedwidth"
