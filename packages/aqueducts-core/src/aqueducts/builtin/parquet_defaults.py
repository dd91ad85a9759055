"""Options that Parquet files are written with unless the user says otherwise.

Each was measured on sorted, random, repeated and unique data against DuckDB's own files (the
figures are in the rationale): less CPU than the engine's defaults at about half the size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["parquet_defaults"]

_FOR_ALL = {"format.compression": "zstd(1)"}

_LONGEST_INTEGER_DECIMAL = 18
"""Decimals of up to this many digits are stored as integers."""


def parquet_defaults(schema: pa.Schema) -> dict[str, str]:
    """COPY options for a schema: those of the file, and an encoding for each column that has one.

    The encoding is what a column falls back to when its dictionary grows too large.
    """
    options = dict(_FOR_ALL)
    leaves = [leaf for field in schema for leaf in _leaves(field.name, field.type)]
    # A name with a dot in it is hit by the option for a leaf of that path.
    shared = Counter([path for path, _ in leaves] + [each for each in schema.names if "." in each])
    for path, data_type in leaves:
        encoding = _encoding(data_type)
        if encoding is not None and shared[path] == 1:
            options[f"format.encoding::{path}"] = encoding
    return options


def _encoding(data_type: pa.DataType) -> str | None:
    import pyarrow.types as pt

    if pt.is_decimal(data_type):
        is_integer = data_type.precision <= _LONGEST_INTEGER_DECIMAL
        return "delta_binary_packed" if is_integer else None
    if pt.is_integer(data_type) or (pt.is_temporal(data_type) and not pt.is_interval(data_type)):
        return "delta_binary_packed"
    texts = (pt.is_string, pt.is_large_string, pt.is_binary, pt.is_large_binary)
    if any(check(data_type) for check in texts):
        return "delta_length_byte_array"
    return None


def _leaves(path: str, data_type: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    """Leaf columns as the engine's options name them.

    It folds the names in options to lower case and splits them at dots, so that other names
    cannot be said; such columns are written as the engine likes.
    """
    import pyarrow.types as pt

    if path != path.lower() or "." in path:
        return
    if pt.is_struct(data_type):
        for field in data_type:
            for leaf, inner in _leaves(field.name, field.type):
                yield f"{path}.{leaf}", inner
    elif pt.is_list(data_type) or pt.is_large_list(data_type) or pt.is_fixed_size_list(data_type):
        for leaf, inner in _leaves(data_type.value_field.name, data_type.value_type):
            yield f"{path}.list.{leaf}", inner
    elif not pt.is_nested(data_type):
        yield path, data_type
