"""Arrow's types and those that Delta tables have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["can_become", "delta_type", "same_type"]


def delta_type(data_type: pa.DataType) -> pa.DataType | None:
    """The type of a Delta table that holds all values of an Arrow type; None where none does."""
    import pyarrow as pa

    if data_type in _plain():
        return _plain()[data_type]
    if pa.types.is_timestamp(data_type):
        return pa.timestamp("us", None if data_type.tz is None else "UTC")
    if pa.types.is_decimal128(data_type):
        return data_type
    if pa.types.is_fixed_size_binary(data_type):
        return pa.binary()
    if pa.types.is_dictionary(data_type):
        return delta_type(data_type.value_type)
    if any(check(data_type) for check in _list_checks()):
        return _rebuilt([data_type.value_type], pa.list_)
    if pa.types.is_map(data_type):
        return _rebuilt([data_type.key_type, data_type.item_type], pa.map_)
    if pa.types.is_struct(data_type) and data_type.num_fields:
        names = [field.name for field in data_type]
        return _rebuilt(
            [field.type for field in data_type],
            lambda *types: pa.struct(list(zip(names, types, strict=True))),
        )
    return None


def same_type(one: pa.DataType, other: pa.DataType) -> bool:
    """Whether two types of Delta tables are one; what the items of a list are called is nothing."""
    return delta_type(one) == delta_type(other)


def can_become(data_type: pa.DataType, target: pa.DataType) -> bool:
    """Whether there is a cast; single values may still not fit."""
    import pyarrow as pa

    try:
        pa.array([], data_type).cast(target)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    return True


def _rebuilt(parts: list[pa.DataType], make: Callable[..., pa.DataType]) -> pa.DataType | None:
    found = [delta_type(part) for part in parts]
    return None if any(part is None for part in found) else make(*found)


def _plain() -> dict[pa.DataType, pa.DataType]:
    import pyarrow as pa

    same = (
        *(pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64()),
        *(pa.float32(), pa.float64(), pa.string(), pa.binary(), pa.date32()),
    )
    return {each: each for each in same} | {
        pa.uint8(): pa.int16(),
        pa.uint16(): pa.int32(),
        pa.uint32(): pa.int64(),
        pa.uint64(): pa.decimal128(20, 0),
        pa.float16(): pa.float32(),
        pa.large_string(): pa.string(),
        pa.string_view(): pa.string(),
        pa.large_binary(): pa.binary(),
        pa.binary_view(): pa.binary(),
        pa.date64(): pa.date32(),
        pa.null(): pa.string(),
    }


def _list_checks() -> tuple[Callable[[pa.DataType], bool], ...]:
    import pyarrow.types as pt

    return (pt.is_list, pt.is_large_list, pt.is_fixed_size_list, pt.is_list_view)
