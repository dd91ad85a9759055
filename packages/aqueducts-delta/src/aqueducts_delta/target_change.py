"""What a write would do to a table, told before the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aqueducts.arrow_types import type_name
from aqueducts.plan_facts import ColumnChange, TargetChange
from aqueducts_delta.column_types import delta_type
from aqueducts_delta.destination_config import Append, Replace, Upsert
from aqueducts_delta.target_columns import table_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

__all__ = ["target_change"]


def target_change(
    table: DeltaTable | None, mode: Append | Upsert | Replace, written: pa.Schema
) -> TargetChange:
    """The change that writing these columns in a mode makes; without a table it is created."""
    import pyarrow as pa

    if table is None:
        return TargetChange(action="create")
    sizes = pa.table(table.get_add_actions()).column("size_bytes").to_pylist()
    return TargetChange(
        action=_action(mode),
        detail=_detail(mode),
        files=len(sizes),
        size_bytes=sum(sizes),
        columns=_columns(table_schema(table), written),
    )


def _action(mode: Append | Upsert | Replace) -> Literal["add", "update", "replace"]:
    if isinstance(mode, Append):
        return "add"
    return "replace" if isinstance(mode, Replace) and not mode.params else "update"


def _detail(mode: Append | Upsert | Replace) -> str | None:
    if isinstance(mode, Upsert):
        return f"rows of the same {', '.join(mode.params)} are replaced, others added"
    if isinstance(mode, Replace) and mode.params:
        conditions = " and ".join(
            f"{each.column} is {'null' if each.value is None else repr(each.value)}"
            for each in mode.params
        )
        return f"rows are replaced where {conditions}"
    return None


def _columns(table: pa.Schema, written: pa.Schema) -> tuple[ColumnChange, ...]:
    added = [
        ColumnChange(name=field.name, change="added", after=type_name(_kept(field.type)))
        for field in written
        if field.name not in table.names
    ]
    removed = [
        ColumnChange(name=field.name, change="removed", before=type_name(field.type))
        for field in table
        if field.name not in written.names
    ]
    return (*added, *removed)


def _kept(data_type: pa.DataType) -> pa.DataType:
    return delta_type(data_type) or data_type
