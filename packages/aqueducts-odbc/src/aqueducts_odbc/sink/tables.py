"""Tables of a database, as far as writing has to know them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "ColumnType",
    "Columns",
    "InsertTarget",
    "Row",
    "TableColumn",
    "TargetTable",
    "keys_by_index",
]

Row = tuple[str | None, ...]
"""A row of a catalog, as texts; None is NULL."""


class ColumnType(msgspec.Struct, frozen=True, kw_only=True):
    """Which values a column keeps as they are."""

    arrow: pa.DataType | None = None
    """The type that holds exactly these values; None for types that the database reads from text
    by its own rules, such as `inet`."""
    wire: pa.DataType | None = None
    """The type to hand them over in, where it is another one; see `wire`."""
    form: str = ""
    """How values become the type that they are handed over in; `json`, `uuid` and others."""
    max_characters: int | None = None
    max_bytes: int | None = None
    exact_bytes: int | None = None
    """For columns that pad shorter values."""
    second_digits: int = 6
    """Digits of a second that a time or timestamp keeps."""
    lowest: int | None = None
    """The least number, or the earliest year of a date or timestamp."""
    highest: int | None = None
    significant_digits: int | None = None
    """Digits of a decimal that are kept."""
    loses_trailing_blanks: bool = False


class TableColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table."""

    name: str
    declared: str
    """Its type, as the database calls it."""
    type: ColumnType
    is_nullable: bool = True
    has_default: bool = False
    """Whether the database fills it where nothing is given: a default, a counter."""
    is_generated: bool = False
    """Whether nothing may be given."""


class InsertTarget(msgspec.Struct, frozen=True):
    """Where rows are inserted."""

    sql: str
    """The quoted name."""
    parts: tuple[str, ...]
    """The name without quotes: the table, behind its schema where that is known."""
    is_temporary: bool = False


class TargetTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table that is there."""

    parts: tuple[str, ...]
    """Its name, behind that of its schema where it has one."""
    sql: str
    """Its quoted name."""
    shown: str
    columns: tuple[TableColumn, ...]
    unique_keys: tuple[tuple[str, ...], ...] = ()
    """Columns of primary keys and of unique indexes that hold for all rows."""
    flaw: str | None = None
    """Why nothing can be written into it all or nothing."""
    remedy: str | None = None

    @property
    def insert_target(self) -> InsertTarget:
        """The table as rows are inserted into it."""
        return InsertTarget(self.sql, self.parts)

    def names(self) -> Sequence[str]:
        """Names of its columns."""
        return [column.name for column in self.columns]


class Columns(msgspec.Struct, frozen=True):
    """What is inserted: names of the table's columns, and the types that are handed over."""

    names: tuple[str, ...]
    quoted: tuple[str, ...]
    """The names as they stand in SQL."""
    schema: pa.Schema


def keys_by_index(rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    """Columns of each index, from rows of an index and a column."""
    found: dict[str, list[str]] = {}
    for index, name in rows:
        found.setdefault(f"{index}", []).append(f"{name}")
    return tuple(tuple(names) for names in found.values())
