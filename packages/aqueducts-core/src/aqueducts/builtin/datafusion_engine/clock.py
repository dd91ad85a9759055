"""A clock that stands still, for tests of pipelines."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from datafusion import SessionContext

__all__ = ["stop_clock"]

_FUNCTIONS = ("now", "current_timestamp", "current_date", "today", "current_time")
"""Everything that tells the time. All are functions, also where SQL writes no parentheses."""


def stop_clock(context: SessionContext, moment: datetime) -> None:
    """Let every function that tells the time give one moment, which has a time zone.

    Each is replaced by a function of the same type that always gives the same: the planner
    computes it once and plans with the value, as it does with the real ones.
    """
    calls = ", ".join(f"{name}() AS {name}" for name in _FUNCTIONS)
    schema = context.sql(f"SELECT {calls}").schema()
    zone = schema.field("now").type.tz or "UTC"
    local: datetime = pa.scalar(moment, pa.timestamp("us", zone)).as_py()
    for field in schema:
        context.register_udf(_constant(field, pa.array([_at(local, field.type)], field.type)))


def _at(moment: datetime, kind: pa.DataType) -> Any:
    if pa.types.is_date(kind):
        return moment.date()
    if pa.types.is_time(kind):
        return moment.time()
    return moment if kind.tz is not None else moment.replace(tzinfo=None)


def _constant(field: pa.Field, value: pa.Array) -> Any:
    from datafusion import udf

    def give() -> pa.Array:
        return value

    return udf(give, [], field, "immutable", field.name)
