"""What an engine and a destination can tell of a run before it begins."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["ColumnChange", "HeldRows", "QueryPlan", "SourceScan", "TargetChange"]


class SourceScan(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a query reads a source. `None` means that the engine cannot tell."""

    source: str
    columns: tuple[str, ...] | None = None
    """Columns that are read, also where the names of folders tell their values."""
    filters: tuple[str, ...] | None = None
    """Conditions that the source gets, to leave out folders, files or rows, as SQL."""
    has_runtime_filter: bool = False
    """Whether a join or a LIMIT narrows the scan further while the query runs."""
    limit: int | None = None
    """Rows after which reading stops; None where there is no such number."""
    files: int | None = None
    """Files that are opened."""
    file_bytes: int | None = None
    """Size of these files."""
    read_bytes: int | None = None
    """Bytes of the columns in these files: the most that can be read of them."""
    group_bytes: int | None = None
    """Bytes of the columns in the largest row group, where files have such: they are read whole."""


class HeldRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that an operator keeps in memory while a query runs; an estimate."""

    operator: Literal["join", "group", "sort", "window"]
    detail: str
    """What is joined, grouped, sorted or counted by, in the engine's words."""
    rows: int | None = None
    size_bytes: int | None = None
    can_spill: bool = False
    """Whether the operator goes on on disk where memory ends."""
    basis: Literal["statistics", "sample", "bound", "assumption", "unknown"] = "unknown"
    """What the number of rows is: the engine's estimate from statistics, an estimate from the
    beginning of a text file, the most that there can be by one of these, the guess that a join
    gives as many rows as its larger side has, or nothing at all."""


class QueryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How an engine would run one query."""

    scans: tuple[SourceScan, ...] = ()
    held: tuple[HeldRows, ...] = ()
    base_bytes: int | None = None
    """Memory that the process takes with any query."""
    moving_bytes: int = 0
    """Memory that rows take on their way from sources to the result; an estimate."""
    writing_bytes: int = 0
    """Memory that the engine's own writer takes where it writes the result; an estimate."""
    pool_bytes: int | None = None
    """Memory after which operators that can spill do so, by their own count: they take twice it."""


class ColumnChange(msgspec.Struct, frozen=True, kw_only=True):
    """A column that the target has otherwise than the result; a type is None where unknown."""

    name: str
    change: Literal["added", "removed", "type"]
    before: str | None = None
    after: str | None = None


class TargetChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a write would do to what is there now."""

    action: Literal["create", "replace", "update", "add", "nothing"]
    """`add` keeps what is there and `update` most of it, with rows changed, removed or added;
    `nothing` means that nothing stays after the run."""
    detail: str | None = None
    """What becomes of single rows, in the destination's words; None where `action` says it all."""
    files: int | None = None
    """Files that are there now."""
    size_bytes: int | None = None
    """Their size."""
    written_at: float | None = None
    """When the oldest of them was written, in seconds since 1970."""
    columns: tuple[ColumnChange, ...] | None = None
    """Columns that differ; None where what is there does not tell its columns."""
