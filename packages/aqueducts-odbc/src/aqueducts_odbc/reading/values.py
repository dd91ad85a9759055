"""Values of the types that columns have in the end, of those that the driver gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from aqueducts.errors import SourceError

if TYPE_CHECKING:
    from aqueducts_odbc.reading.columns import ColumnReading

__all__ = ["converted", "shown_schema", "transit_schema"]

_HINTS = (
    (pt.is_decimal, "give numeric_as more digits, or string; or give the column a type in types"),
    (
        pt.is_integer,
        "give the column another type in types, such as float64, decimal<38,0> or string",
    ),
    (
        pt.is_temporal,
        "there is no such value in Arrow; make it NULL, or a text, in the query",
    ),
)

_ROUNDED = 1 + 1e-9
"""What a double may be off by."""


def shown_schema(columns: Sequence[ColumnReading]) -> pa.Schema:
    """The columns with the types that they have in the end."""
    return pa.schema([pa.field(each.name, each.shown) for each in columns])


def transit_schema(found: pa.Schema, columns: Sequence[ColumnReading]) -> pa.Schema:
    """What to ask the driver for, in the place of what it offers."""
    if not columns:
        return found
    if len(found) != len(columns):
        raise SourceError(
            f"the query gives {len(found)} columns now, and gave {len(columns)} when the run began"
        )
    return pa.schema([pa.field(each.name, each.transit) for each in columns])


def converted(batch: pa.RecordBatch, columns: Sequence[ColumnReading]) -> pa.RecordBatch:
    """A batch as its columns are shown; SourceError for a value that its type does not have."""
    if not columns:
        return batch
    arrays = [
        column if column.type == each.shown else _cast(column, each)
        for column, each in zip(batch.columns, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=shown_schema(columns))


def _cast(array: pa.Array, column: ColumnReading) -> pa.Array:
    try:
        if pt.is_floating(column.natural) and array.type != column.natural:
            # A text of it has more digits than the number.
            array = _converted(array, column.natural)
        return _converted(array, column.shown)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        value = _first_refused(array, column.shown)
        hint = next((text for test, text in _HINTS if test(column.shown)), None)
        what = "a value" if value is None else f"the value {value!r}"
        message = f"column {column.name!r}: {what} is no {column.shown}"
        raise SourceError(message, hint=hint or "give the column another type in types") from error


def _converted(array: pa.Array, target: pa.DataType) -> pa.Array:
    if pt.is_floating(target):
        return _finite(array, array.cast(target))
    if not pt.is_string(array.type):
        return array.cast(target)
    if pt.is_decimal(target):
        _check_digits(array, target)
    elif pt.is_time(target):
        # Arrow reads times of day only behind a date.
        moments = pc.binary_join_element_wise("1970-01-01", array, " ").cast(
            pa.timestamp("ns" if target == pa.time64("ns") else "us")
        )
        return moments.cast(target)
    elif pt.is_timestamp(target) and target.tz is not None:
        return _instants(array, target)
    return array.cast(target)


def _check_digits(array: pa.Array, target: pa.DataType) -> None:
    """Refuse numbers that are too large or small for a decimal.

    Arrow takes '1e30' for another decimal(38, 18), and '1e-199' for 0.
    """
    whole_digits = target.precision - target.scale
    longest = pc.max(pc.binary_length(array)).as_py() or 0
    has_exponents = pc.any(pc.match_substring(array, "e", ignore_case=True)).as_py()
    if longest <= whole_digits and not has_exponents:
        return
    sizes = pc.abs(array.cast(pa.float64()))
    largest = pc.max(sizes).as_py()
    if largest is not None and largest > float(10**whole_digits) * _ROUNDED:
        raise pa.ArrowInvalid("more digits than the type has")
    smallest = pc.min(sizes.filter(pc.greater(sizes, 0))).as_py()
    if smallest is not None and smallest * _ROUNDED < float(10) ** -target.scale:
        raise pa.ArrowInvalid("more digits behind the point than the type has")


def _finite(array: pa.Array, result: pa.Array) -> pa.Array:
    """The result, unless a number became infinite that was not."""
    if not pc.any(pc.is_inf(result)).as_py():
        return result
    if pt.is_string(array.type):
        was_infinite = pc.match_substring(array, "inf", ignore_case=True)
    else:
        was_infinite = pc.is_inf(array.cast(pa.float64()))
    if pc.all(pc.or_(was_infinite, pc.invert(pc.is_inf(result)))).as_py() is False:
        raise pa.ArrowInvalid("the number is too large")
    return result


def _instants(array: pa.Array, target: pa.DataType) -> pa.Array:
    """Texts with an offset, or without one in UTC, which is the session's zone."""
    try:
        return array.cast(target)
    except pa.ArrowInvalid:
        return array.cast(pa.timestamp(target.unit)).cast(target)


def _first_refused(array: pa.Array, target: pa.DataType) -> str | None:
    """The first value that cannot be converted, found by halves."""
    low, high = 0, len(array)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            _converted(array.slice(low, middle - low), target)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            high = middle
        else:
            low = middle
    value = array[low].as_py() if len(array) else None
    if value is None:
        return None
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
