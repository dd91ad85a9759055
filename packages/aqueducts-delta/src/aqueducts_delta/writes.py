"""The ways to put a frame into a table, each as one commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from aqueducts.connectors import Frame
from aqueducts.events import Notice
from aqueducts_delta.casting import BatchCaster
from aqueducts_delta.commits import RunCommit
from aqueducts_delta.destination_config import ReplaceCondition
from aqueducts_delta.duplicate_keys import refuse_duplicates
from aqueducts_delta.feed import CommitGuard, Feed
from aqueducts_delta.literals import column_sql
from aqueducts_delta.locations import TableLocation
from aqueducts_delta.merge_predicates import SOURCE, TARGET, merge_predicate
from aqueducts_delta.parquet_files import writer_properties
from aqueducts_delta.replace_conditions import ReplacedRows
from aqueducts_delta.spool import Spool
from aqueducts_delta.target_columns import TargetColumns

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

__all__ = ["StreamedWrite", "UpsertWrite", "WriteTarget", "memory_notice"]

_SMALL_BYTES = 64 << 20
"""Rows to upsert are held in memory up to this size, by which more of the table is passed over."""
_LEAST_MERGE_BYTES = 256 << 20
"""Memory that a merge of more rows may take; rows to write do not spill, so it grows with them."""
_MERGE_BASE_BYTES = 400_000_000
_MERGE_FACTOR = 3.5
"""A merge takes so much memory, and so many times the size of the rows that it writes."""
_TOLD_BYTES = 1_000_000_000
"""Memory from which on a merge is told of before it begins."""


class WriteTarget(msgspec.Struct, frozen=True):
    """Where and how a run commits."""

    location: TableLocation
    commit: RunCommit
    guard: CommitGuard
    columns: Callable[[pa.Schema, DeltaTable | None], TargetColumns]
    """What is written of a result's schema to a table, or to a new one."""
    new_table: Mapping[str, Any]
    """How a table is made where there is none."""
    tell: Callable[[Notice], object]
    """Tells the user something."""

    def append(self, reader: pa.RecordBatchReader, table: DeltaTable | None, **mode: Any) -> None:
        """Write a stream to the table, or to a new one that nobody else makes meanwhile."""
        from deltalake import write_deltalake

        mode["writer_properties"] = writer_properties()
        if table is None:
            write_deltalake(
                self.location.uri,
                reader,
                mode="error",
                storage_options=self.location.storage_options,
                commit_properties=self.commit.properties(is_first=True),
                writer_properties=mode["writer_properties"],
                **self.new_table,
            )
        else:
            write_deltalake(table, reader, commit_properties=self.commit.properties(), **mode)


class StreamedWrite:
    """Rows go straight to the table's files: appended, or in the place of others."""

    def __init__(
        self,
        frame: Frame,
        target: WriteTarget,
        conditions: Sequence[ReplaceCondition] | None,
    ) -> None:
        self._frame = frame
        self._target = target
        self._conditions = conditions
        """Which rows are replaced; None means that none are."""
        self.rows = 0

    def __call__(self, table: DeltaTable | None) -> bool:
        """Write and commit."""
        columns = self._target.columns(self._frame.schema, table)
        caster = BatchCaster(self._frame.schema, columns.schema)
        mode: dict[str, Any] = {"mode": "append"}
        replaced = None
        if self._conditions is not None:
            replaced = ReplacedRows(self._conditions, columns.schema)
            mode = {"mode": "overwrite", "predicate": replaced.predicate}
        if columns.added:
            mode["schema_mode"] = "merge"

        def shape(batch: pa.RecordBatch) -> pa.RecordBatch:
            rows = caster.cast(batch)
            if replaced is not None:
                replaced.check(rows)
            return rows

        with Feed(self._frame, columns.schema, shape, self._target.guard) as feed:
            try:
                self._target.append(feed.reader(), table, **mode)
            finally:
                self.rows = feed.rows
        return True


class UpsertWrite:
    """Rows are kept in a file of the run, looked through for doubles, and merged into the table.

    The query runs once, also where conflicts let the merge be done again.
    """

    def __init__(self, frame: Frame, target: WriteTarget, keys: Sequence[str]) -> None:
        self._frame = frame
        self._target = target
        self._keys = keys
        self._spool: Spool | None = None
        self.rows = 0

    def __call__(self, table: DeltaTable | None) -> bool:
        """Merge and commit, where there are rows or a table is to be made."""
        columns = self._target.columns(self._frame.schema, table)
        spool = self._spooled(columns.schema)
        self._target.guard.commit()
        self.rows = spool.rows
        if not spool.rows and table is not None:
            return False
        if table is None:
            self._target.append(spool.reader(), None)
        else:
            self._merge(table, spool, columns)
        return True

    def _spooled(self, schema: pa.Schema) -> Spool:
        if self._spool is None or self._spool.schema != schema:
            spool = Spool(self._target.guard.path, schema, self._keys)
            caster = BatchCaster(self._frame.schema, schema)
            with Feed(self._frame, schema, caster.cast, self._target.guard) as feed:
                spool.fill(feed.batches())
            refuse_duplicates(spool, self._target.guard.path.parent)
            self._spool = spool
        return self._spool

    def _merge(self, table: DeltaTable, spool: Spool, columns: TargetColumns) -> None:
        is_small = spool.size_bytes <= _SMALL_BYTES
        notice = memory_notice(spool.rows, spool.size_bytes)
        if notice is not None:
            self._target.tell(notice)
        assigned = {column_sql(name): column_sql(name, SOURCE) for name in columns.schema.names}
        merger = table.merge(
            spool.reader(),
            predicate=merge_predicate(spool.keys, table.metadata().partition_columns),
            source_alias=SOURCE,
            target_alias=TARGET,
            merge_schema=bool(columns.added),
            commit_properties=self._target.commit.properties(),
            writer_properties=writer_properties(),
            streamed_exec=not is_small,
            max_spill_size=None if is_small else max(_LEAST_MERGE_BYTES, 4 * spool.size_bytes),
        )
        merger.when_matched_update(assigned).when_not_matched_insert(assigned).execute()


def memory_notice(rows: int, size_bytes: int) -> Notice | None:
    """What is told before a merge of many rows; None where they are few.

    All rows that a merge writes are in memory; deltalake knows no way to have it otherwise.
    """
    expected = _MERGE_BASE_BYTES + int(_MERGE_FACTOR * size_bytes)
    if expected < _TOLD_BYTES:
        return None
    message = (
        f"this upsert merges {rows:,} rows at once, which takes about {expected / 1e9:.1f} GB of "
        "memory: where that is too much, write them in several runs, each with a part of the keys"
    )
    return Notice(code="delta-merge-memory", message=message)
