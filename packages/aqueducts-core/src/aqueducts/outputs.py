"""Rows and schemas as text tables for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aqueducts.arrow_types import type_name
from aqueducts.events import OutputTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["masked_rows", "python_values", "schema_table", "shown_table"]


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


def masked_rows(rows: pa.Table, mask: Callable[[str], str]) -> pa.Table:
    """The rows without secrets, which queries may have put there."""
    import pyarrow as pa

    for index, field in enumerate(rows.schema):
        if not _holds_text(field.type):
            continue
        values = python_values(rows.column(index))
        masked = [_masked_value(value, mask) for value in values]
        if masked != values:
            rows = rows.set_column(index, field, pa.array(masked, type=field.type))
    return rows


def python_values(column: pa.ChunkedArray) -> list[Any]:
    """The values of a column as Python has them; times are cut to microseconds, its finest."""
    kind = _without_nanoseconds(column.type)
    return list((column if kind == column.type else column.cast(kind, safe=False)).to_pylist())


def _masked_value(value: Any, mask: Callable[[str], str]) -> Any:
    match value:
        case str():
            return mask(value)
        case list() | tuple():
            return type(value)(_masked_value(item, mask) for item in value)
        case dict():
            return {key: _masked_value(item, mask) for key, item in value.items()}
        case _:
            return value


def _holds_text(kind: pa.DataType) -> bool:
    import pyarrow.types as pt

    if pt.is_dictionary(kind):
        return _holds_text(kind.value_type)
    if pt.is_nested(kind):
        return any(_holds_text(kind.field(index).type) for index in range(kind.num_fields))
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def _without_nanoseconds(kind: pa.DataType) -> pa.DataType:
    """The type with microseconds in the place of nanoseconds, inside lists and structs as well."""
    import pyarrow as pa
    import pyarrow.types as pt

    if pt.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if pt.is_time64(kind):
        return pa.time64("us")
    if pt.is_duration(kind) and kind.unit == "ns":
        return pa.duration("us")
    if pt.is_list(kind):
        return pa.list_(_without_nanoseconds(kind.value_type))
    if pt.is_large_list(kind):
        return pa.large_list(_without_nanoseconds(kind.value_type))
    if pt.is_map(kind):
        return pa.map_(_without_nanoseconds(kind.key_type), _without_nanoseconds(kind.item_type))
    if pt.is_struct(kind):
        return pa.struct([field.with_type(_without_nanoseconds(field.type)) for field in kind])
    return kind


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        return [None if value is None else repr(value) for value in column.to_pylist()]
    try:
        return list(pc.cast(column, pa.string()).to_pylist())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return [None if value is None else _text(value) for value in python_values(column)]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    if isinstance(value, bytes):
        return value.hex()
    return "null" if value is None else str(value)
