"""What was found in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from aqueducts.relations import DataFile

__all__ = ["Column", "Finding", "TableFinding"]


class Column(msgspec.Struct, frozen=True):
    """A column as it was found."""

    name: str
    data_type: str
    """As pipeline files name it; what the reader is told, not what `expression` makes of it."""
    expression: str | None = None
    """SQL that turns the column into what it stands for; None where it is that already."""
    reason: str = ""
    """Why it is read like this, where that is no matter of course."""
    is_left_out: bool = False
    """Whether it cannot be written, or not be named."""


class TableFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What one format's look at some files found."""

    format: str
    options: Mapping[str, object] = msgspec.field(default_factory=dict)
    """Options of the format that differ from their defaults, without the schema."""
    compression: str | None = None
    columns: Sequence[Column]
    is_declared: bool = False
    """Whether the reader should be told the columns."""
    has_all_columns: bool = True
    """Whether later rows cannot bring further columns."""
    rows: int = 0
    """Rows that were looked at."""
    is_whole: bool = False
    """Whether these are all the rows of the files that were looked at."""
    notes: Sequence[str] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A source that was found."""

    location: str
    """To be written into a pipeline; as it was given, or a glob for it."""
    files: Sequence[DataFile]
    files_seen: int
    """How many of them were looked into."""
    is_directory: bool
    partitions: Sequence[Column] = ()
    table: TableFinding
    notes: Sequence[str] = ()
