"""Rows and schemas as text tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aqueducts.arrow_types import type_name
from aqueducts.events import OutputTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["schema_table", "shown_table"]


def shown_table(rows: pa.Table, limit: int) -> OutputTable:
    """The first `limit` rows; `rows` may hold one more to tell that there are more."""
    shown = rows.slice(0, limit)
    columns = [_texts(column) for column in shown.columns]
    return OutputTable(
        columns=tuple(rows.schema.names),
        types=tuple(type_name(field.type) for field in rows.schema),
        rows=tuple(zip(*columns, strict=True)) if columns else ((),) * min(limit, rows.num_rows),
        has_more=rows.num_rows > limit,
    )


def schema_table(schema: pa.Schema) -> OutputTable:
    """Columns and their types."""
    return OutputTable(
        columns=("column", "type"),
        types=("string", "string"),
        rows=tuple((field.name, type_name(field.type)) for field in schema),
    )


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        return [None if value is None else repr(value) for value in column.to_pylist()]
    try:
        return list(pc.cast(column, pa.string()).to_pylist())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return [None if value is None else _text(value) for value in column.to_pylist()]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    if isinstance(value, bytes):
        return value.hex()
    return "null" if value is None else str(value)
