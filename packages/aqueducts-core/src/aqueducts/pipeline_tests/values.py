r"""Columns of tables as values, in the form in which files of tests write them.

A file knows text, numbers, true, false, null, lists and mappings. What else a column may hold is
text in a file: dates and times as ISO 8601 has them, binary values as their text or as `\x` and
hexadecimal digits. Durations are whole numbers of their unit.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["INTERVAL", "NAN", "frozen", "is_binary", "to_values"]

NAN = math.nan
"""The one NaN in values: two columns hold the same where they hold this."""

INTERVAL = ("months", "days", "nanoseconds")
"""The parts of an interval."""


def to_values(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Return a column as values: None, bool, int, float, Decimal, str, list or dict."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        return [value for chunk in column.chunks for value in to_values(chunk)]
    return _read(column)


def _read(array: pa.Array) -> list[Any]:
    import pyarrow as pa
    import pyarrow.types as pt

    kind = array.type
    if pt.is_dictionary(kind):
        return _read(array.dictionary_decode())
    if pt.is_floating(kind):
        # Through text: the shortest number that is this one, not what a wider type makes of it.
        short = array if pt.is_float64(kind) else array.cast(pa.float32()).cast(pa.string())
        return [_one_nan(value) for value in short.to_pylist()]
    if pt.is_map(kind):
        return _read_maps(array)
    if pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind):
        return [None if not each.is_valid else _read(each.values) for each in array]
    if pt.is_struct(kind):
        return _read_structs(array)
    if pt.is_temporal(kind):
        return _read_temporal(array)
    if is_binary(kind):
        return [None if value is None else _binary_text(value) for value in array.to_pylist()]
    return list(array.to_pylist())


def _one_nan(value: float | str | None) -> float | None:
    if value is None:
        return None
    number = float(value)
    return NAN if math.isnan(number) else number


def _read_structs(array: pa.Array) -> list[Any]:
    names = [field.name for field in array.type]
    columns = [_read(column) for column in array.flatten()]
    # A struct without members is there or not, and nothing else.
    rows = zip(*columns, strict=True) if columns else (() for _ in array)
    return [
        dict(zip(names, row, strict=True)) if is_there else None
        for row, is_there in zip(rows, array.is_valid().to_pylist(), strict=True)
    ]


def _read_maps(array: pa.Array) -> list[Any]:
    found: list[Any] = []
    for each in array:
        if not each.is_valid:
            found.append(None)
            continue
        keys, items = (_read(part) for part in each.values.flatten())
        is_named = all(isinstance(key, str) for key in keys)
        pairs = list(zip(keys, items, strict=True))
        found.append(dict(pairs) if is_named else [list(pair) for pair in pairs])
    return found


def _read_temporal(array: pa.Array) -> list[Any]:
    import pyarrow as pa
    import pyarrow.types as pt

    kind = array.type
    if pt.is_duration(kind):
        return list(array.cast(pa.int64()).to_pylist())
    if pt.is_interval(kind):
        return [
            None if each is None else dict(zip(INTERVAL, each, strict=True))
            for each in array.to_pylist()
        ]
    if pt.is_date64(kind):
        array = array.cast(pa.timestamp("ms")).cast(pa.date32(), safe=False)
    return [None if text is None else _iso(text) for text in array.cast(pa.string()).to_pylist()]


def _iso(text: str) -> str:
    """Arrow's text of a moment, without zeros that say nothing: `2024-01-31T12:30:00.5+01:00`."""
    text = text.replace(" ", "T", 1)
    text = re.sub(r"(\.\d*?)0+(?=$|Z|[+-])", r"\1", text).replace(".Z", "Z")
    text = re.sub(r"\.(?=$|[+-])", "", text)
    return re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text) if "T" in text else text


def _binary_text(value: bytes) -> str:
    r"""Return a binary value as its text, or as `\x` and hexadecimal digits."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return f"\\x{value.hex()}"
    is_plain = text.isprintable() and not text.startswith("\\x")
    return text if is_plain else f"\\x{value.hex()}"


def is_binary(kind: pa.DataType) -> bool:
    """Whether a type is one of binary values."""
    import pyarrow.types as pt

    return bool(
        pt.is_binary(kind)
        or pt.is_large_binary(kind)
        or pt.is_fixed_size_binary(kind)
        or pt.is_binary_view(kind)
    )


def frozen(value: Any) -> Any:
    """Return a value in a form that can be compared and looked up."""
    match value:
        case dict():
            return tuple((key, frozen(item)) for key, item in sorted(value.items()))
        case list():
            return tuple(frozen(item) for item in value)
        case bool():
            return ("bool", value)  # True is 1 in Python
        case _:
            return value
