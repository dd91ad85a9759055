"""Values and names as the SQL that deltalake takes, quoted by their type."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["column_sql", "has_literal", "in_list_sql", "literal_sql"]

_UNITS = {"s": "Second", "ms": "Millisecond", "us": "Microsecond", "ns": "Nanosecond"}


def column_sql(name: str, table: str | None = None) -> str:
    """A column by its exact name."""
    quoted = '"' + name.replace('"', '""') + '"'
    return quoted if table is None else f"{table}.{quoted}"


def has_literal(data_type: pa.DataType) -> bool:
    """Whether values of a type can be written in SQL without loss."""
    import pyarrow.types as pt

    return bool(
        pt.is_boolean(data_type)
        or pt.is_integer(data_type)
        or pt.is_string(data_type)
        or pt.is_large_string(data_type)
        or pt.is_date32(data_type)
        or pt.is_decimal128(data_type)
        or pt.is_float32(data_type)
        or pt.is_float64(data_type)
        or (pt.is_timestamp(data_type) and data_type.unit == "us")
    )


def literal_sql(value: Any, data_type: pa.DataType) -> str:
    """A value of a type that `has_literal`; None is NULL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, Decimal):
        kind = f"Decimal128({data_type.precision}, {data_type.scale})"
        return f"arrow_cast('{value:f}', '{kind}')"
    if isinstance(value, datetime.datetime):
        zone = "None" if data_type.tz is None else f'Some("{data_type.tz}")'
        moment = value if value.tzinfo is None else value.astimezone(datetime.UTC)
        text = moment.replace(tzinfo=None).isoformat(timespec="microseconds")
        kind = f"Timestamp({_UNITS[data_type.unit]}, {zone})"
        return f"arrow_cast('{text}{'' if value.tzinfo is None else 'Z'}', '{kind}')"
    if isinstance(value, datetime.date):
        return f"CAST('{value.isoformat()}' AS DATE)"
    raise TypeError(f"no SQL for a value of type {data_type}")


def in_list_sql(column: str, values: Collection[Any], data_type: pa.DataType) -> str:
    """A condition that a column is one of several values, None among them."""
    present = [literal_sql(value, data_type) for value in values if value is not None]
    parts = [f"{column} IN ({', '.join(present)})"] if present else []
    if any(value is None for value in values):
        parts.append(f"{column} IS NULL")
    return "(" + " OR ".join(parts) + ")" if parts else "false"
