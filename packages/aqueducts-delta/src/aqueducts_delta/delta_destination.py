"""The destination that is a Delta table: one run makes one commit, or none."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from aqueducts.connectors import Destination, Frame, ModelClass, RunContext, WriteReport
from aqueducts.diagnostics import nearest
from aqueducts.errors import DestinationError
from aqueducts_delta.commits import RunCommit, commit_once
from aqueducts_delta.destination_config import DeltaDestinationConfig, Replace, Upsert
from aqueducts_delta.feed import CommitGuard
from aqueducts_delta.locations import TableLocation, locate
from aqueducts_delta.merge_predicates import check_keys
from aqueducts_delta.replace_conditions import ReplacedRows
from aqueducts_delta.tables import find_table
from aqueducts_delta.target_columns import (
    TargetColumns,
    declared_schema,
    table_schema,
    target_columns,
)
from aqueducts_delta.writes import StreamedWrite, UpsertWrite, WriteTarget

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

    from aqueducts.plan_facts import TargetChange

__all__ = ["DeltaDestination"]


class DeltaDestination(Destination[DeltaDestinationConfig]):
    """Appends to, updates or replaces rows of a table."""

    type = "delta"
    config_model: ClassVar[ModelClass] = DeltaDestinationConfig
    restarts = "any_time"

    def prepare(self, context: RunContext) -> None:
        """Refuse what the table, the declared schema and the write mode say against each other."""
        table = find_table(self._locate(context), DestinationError)
        declared = declared_schema(self.config.fields)
        if declared is not None:
            existing = None if table is None else table_schema(table)
            columns = self._columns(declared, table)
            self._check_columns(columns.schema if existing is None else existing, table)

    def check(self, schema: pa.Schema, context: RunContext) -> None:
        """Refuse a result that cannot be cast to the table's columns."""
        table = find_table(self._locate(context), DestinationError)
        self._check_columns(self._columns(schema, table).schema, table)

    def describe_write(self, schema: pa.Schema, context: RunContext) -> TargetChange:
        """Which rows of the table stay, and which columns are new."""
        from aqueducts_delta.target_change import target_change  # no run needs it

        table = find_table(self._locate(context), DestinationError)
        return target_change(table, self.config.write_mode, schema)

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        """Write the frame in one commit."""
        config = self.config
        location = self._locate(context)
        commit = RunCommit(
            run_id=context.run_id,
            destination=config.name,
            metadata=config.metadata,
            location=config.location,
        )
        guard = CommitGuard(context.work_dir / f"upsert-{uuid.uuid4().hex}.parquet")
        context.staged(guard)
        target = WriteTarget(
            location, commit, guard, self._columns, self._of_new_table(), context.emit
        )
        write: StreamedWrite | UpsertWrite
        if isinstance(config.write_mode, Upsert):
            write = UpsertWrite(frame, target, config.write_mode.params)
        else:
            conditions = None
            if isinstance(config.write_mode, Replace):
                conditions = config.write_mode.params
            write = StreamedWrite(frame, target, conditions)
        try:
            return commit_once(commit, location, write)
        finally:
            guard.abort()

    def _of_new_table(self) -> dict[str, Any]:
        return {
            "partition_by": self.config.partition_columns or None,
            "configuration": self.config.table_properties or None,
        }

    def _columns(self, result: pa.Schema, table: DeltaTable | None) -> TargetColumns:
        return target_columns(
            result,
            declared_schema(self.config.fields),
            None if table is None else table_schema(table),
            adds_columns=self.config.schema_evolution == "add_columns",
        )

    def _check_columns(self, schema: pa.Schema, table: DeltaTable | None) -> None:
        """Refuse partition columns, keys and conditions that these columns do not allow."""
        config = self.config
        _check_partitions(config.partition_columns, schema, table)
        if isinstance(config.write_mode, Replace):
            ReplacedRows(config.write_mode.params, schema)
        if isinstance(config.write_mode, Upsert):
            _check_names("write_mode.params", config.write_mode.params, schema)
            check_keys(config.write_mode.params, schema)

    def _locate(self, context: RunContext) -> TableLocation:
        return locate(self.config.location, self.config.storage_config, context)


def _check_partitions(names: list[str], schema: pa.Schema, table: DeltaTable | None) -> None:
    if not names:
        return
    if table is not None:
        found = table.metadata().partition_columns
        if found != names:
            raise DestinationError(
                f"the table is divided by {found or 'nothing'}, not by partition_columns {names}",
                hint="an existing table keeps its partitions: leave partition_columns out",
            )
        return
    _check_names("partition_columns", names, schema)
    if len(names) == len(schema.names):
        raise DestinationError(
            "all columns are partition_columns, so that nothing is left to write in the files",
            hint="leave at least one column out of partition_columns",
        )
    import pyarrow.types as pt

    nested = [name for name in names if pt.is_nested(schema.field(name).type)]
    if nested:
        raise DestinationError(
            f"a table cannot be divided by these columns: {', '.join(map(repr, nested))}",
            hint="choose columns of text, numbers, booleans or dates",
        )


def _check_names(key: str, names: list[str], schema: pa.Schema) -> None:
    missing = [name for name in names if name not in schema.names]
    if missing:
        near = nearest(missing[0], schema.names)
        raise DestinationError(
            f"{key} names columns that there are not: {', '.join(map(repr, missing))}",
            hint=f"did you mean {near!r}?" if near else f"there are {', '.join(schema.names[:20])}",
        )
