"""A result on its way out of the engine: what destinations and writers get and give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["EngineWriter", "Frame", "SessionTables", "StreamWriter", "WriteReport"]


class SessionTables(Protocol):
    """The tables of the session that the caller passed to `run`."""

    def names(self) -> Sequence[str]:
        """Names of all tables that are there."""

    def register(self, name: str, reader: pa.RecordBatchReader) -> int:
        """Keep a stream as a table under `name` (replacing one) and return its rows."""


class WriteReport(msgspec.Struct, frozen=True):
    """What a destination has committed."""

    rows: int
    """Rows of this write, without those that were there before."""
    size_bytes: int | None = None
    files: int | None = None
    location: str | None = None
    """As the user wrote it, with references to secrets unresolved."""


class EngineWriter(msgspec.Struct, frozen=True):
    """A file format that the engine writes itself (`COPY ... STORED AS`)."""

    stored_as: str
    options: Mapping[str, str] = msgspec.field(default_factory=dict)
    extension: str = ""
    """With its dot; files in folders get it."""


class StreamWriter(msgspec.Struct, frozen=True):
    """A file format that Python writes."""

    write: Callable[[pa.RecordBatchReader, Path], int]
    """`write(reader, path)` makes the file, batch by batch, and returns the rows written."""
    extension: str = ""
    """With its dot; files in folders get it."""


class Frame(Protocol):
    """The result of a stage, ready to be streamed once or more."""

    @property
    def schema(self) -> pa.Schema:
        """Columns with plain types (no views), all nullable."""

    def check(self) -> None:
        """Plan the query to the end without running it.

        Raises EngineError for what only then shows.
        """

    def stream(self) -> pa.RecordBatchReader:
        """Run the query. Batches arrive as they are made; memory stays bounded.

        The reader is closed by whoever asked for it (`with frame.stream() as reader`), also where
        not all of it was read. Raises EngineError, and what a source raises, while it is read.
        """

    def write_files(
        self,
        path: Path,
        writer: EngineWriter,
        *,
        is_single_file: bool,
        partition_columns: Sequence[str] = (),
    ) -> int:
        """Run the query into files with the engine's own writer; returns the rows written.

        `path` is a file, or a folder where `is_single_file` is False. An error leaves files that
        look whole and are not: write to a staged path only.
        """
