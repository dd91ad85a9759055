"""Data types of pipeline files as Arrow's types, and back.

Apart from the models, and with pyarrow imported on first use: a pipeline is read and checked
without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from aqueducts.models.types import DataType, DataTypeError, Member

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.models.schema import SchemaField

__all__ = ["from_arrow", "schema_to_arrow", "to_arrow", "type_name"]

_UNITS = {"second": "s", "millisecond": "ms", "microsecond": "us", "nanosecond": "ns"}
_UNIT_NAMES = {short: name for name, short in _UNITS.items()}


def to_arrow(data_type: DataType) -> pa.DataType:
    """Return the Arrow type of a data type. Parts of nested types are nullable."""
    if data_type.name in _plain():
        return _plain()[data_type.name]
    return _makers()[data_type.name](*data_type.parameters)


def from_arrow(arrow: pa.DataType) -> DataType:
    """Return the data type of an Arrow type; views become the plain type that they are views of.

    Raises DataTypeError for the few Arrow types that pipeline files have no name for.
    """
    if arrow in _names():
        return _names()[arrow]
    for is_kind, read in _readers():
        if is_kind(arrow):
            return read(arrow)
    raise DataTypeError(f"the Arrow type '{arrow}' has no name in pipeline files")


def type_name(arrow: pa.DataType) -> str:
    """Return what pipeline files call an Arrow type, or Arrow's own name for it."""
    try:
        return str(from_arrow(arrow))
    except DataTypeError:
        return str(arrow)


def schema_to_arrow(fields: Iterable[SchemaField]) -> pa.Schema:
    """Return the Arrow schema of declared fields."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field(
                each.name,
                to_arrow(each.data_type),
                nullable=each.nullable,
                metadata={"description": each.description} if each.description else None,
            )
            for each in fields
        ]
    )


@cache
def _plain() -> dict[str, pa.DataType]:
    import pyarrow as pa

    same = (
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float32", "float64", "string", "large_string", "binary", "large_binary"),
        *("date32", "date64"),
    )
    return {"bool": pa.bool_(), **{name: getattr(pa, name)() for name in same}}


@cache
def _intervals() -> dict[str, pa.DataType]:
    import pyarrow as pa

    from aqueducts.arrow_c_types import type_of_c_format  # takes ctypes

    return {
        "year_month": type_of_c_format(b"tiM"),
        "day_time": type_of_c_format(b"tiD"),
        "month_day_nano": pa.month_day_nano_interval(),
    }


@cache
def _names() -> dict[pa.DataType, DataType]:
    import pyarrow as pa

    return {
        **{arrow: DataType(name) for name, arrow in _plain().items()},
        **{arrow: DataType("interval", (unit,)) for unit, arrow in _intervals().items()},
        # Views are how engines hold text while they work, not types of their own.
        pa.string_view(): DataType("string"),
        pa.binary_view(): DataType("binary"),
    }


@cache
def _makers() -> dict[str, Callable[..., pa.DataType]]:
    """Return for each type with parameters the function that makes it from them."""
    import pyarrow as pa

    def item(data_type: DataType) -> pa.Field:
        return pa.field("item", to_arrow(data_type))

    def fields(members: Iterable[Member]) -> list[pa.Field]:
        return [pa.field(each.name, to_arrow(each.data_type)) for each in members]

    return {
        "fixed_binary": pa.binary,
        "time32": lambda unit: pa.time32(_UNITS[unit]),
        "time64": lambda unit: pa.time64(_UNITS[unit]),
        "timestamp": lambda unit, time_zone=None: pa.timestamp(_UNITS[unit], time_zone),
        "duration": lambda unit: pa.duration(_UNITS[unit]),
        "interval": lambda unit: _intervals()[unit],
        "decimal": pa.decimal128,
        "decimal256": pa.decimal256,
        "list": lambda value: pa.list_(item(value)),
        "large_list": lambda value: pa.large_list(item(value)),
        "fixed_list": lambda value, size: pa.list_(item(value), size),
        "struct": lambda *members: pa.struct(fields(members)),
        "map": lambda key, value: pa.map_(to_arrow(key), to_arrow(value)),
        "dictionary": lambda key, value: pa.dictionary(to_arrow(key), to_arrow(value)),
        "union": lambda mode, *members: pa.union(fields(members), mode=mode),
    }


@cache
def _readers() -> tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], DataType]], ...]:
    """Return the tests for kinds of Arrow types, each with what reads that kind."""
    from pyarrow import types as kinds

    return (
        (kinds.is_fixed_size_binary, lambda arrow: DataType("fixed_binary", (arrow.byte_width,))),
        (kinds.is_time32, _with_unit("time32")),
        (kinds.is_time64, _with_unit("time64")),
        (kinds.is_timestamp, _timestamp),
        (kinds.is_duration, _with_unit("duration")),
        (kinds.is_decimal256, _decimal("decimal256")),
        (kinds.is_decimal, _decimal("decimal")),
        (kinds.is_fixed_size_list, _fixed_list),
        (kinds.is_list, _list("list")),
        (kinds.is_list_view, _list("list")),
        (kinds.is_large_list, _list("large_list")),
        (kinds.is_large_list_view, _list("large_list")),
        (kinds.is_map, _map),
        (kinds.is_struct, lambda arrow: DataType("struct", _members(arrow))),
        (kinds.is_dictionary, _dictionary),
        (kinds.is_union, lambda arrow: DataType("union", (arrow.mode, *_members(arrow)))),
    )


def _with_unit(name: str) -> Callable[[Any], DataType]:
    return lambda arrow: DataType(name, (_UNIT_NAMES[arrow.unit],))


def _decimal(name: str) -> Callable[[Any], DataType]:
    return lambda arrow: DataType(name, (arrow.precision, arrow.scale))


def _list(name: str) -> Callable[[Any], DataType]:
    return lambda arrow: DataType(name, (from_arrow(arrow.value_type),))


def _timestamp(arrow: Any) -> DataType:
    time_zone = () if arrow.tz is None else (arrow.tz,)
    return DataType("timestamp", (_UNIT_NAMES[arrow.unit], *time_zone))


def _members(arrow: Any) -> tuple[Member, ...]:
    fields = [arrow.field(index) for index in range(arrow.num_fields)]
    return tuple(Member(each.name, from_arrow(each.type)) for each in fields)


def _fixed_list(arrow: Any) -> DataType:
    return DataType("fixed_list", (from_arrow(arrow.value_type), arrow.list_size))


def _map(arrow: Any) -> DataType:
    return DataType("map", (from_arrow(arrow.key_type), from_arrow(arrow.item_type)))


def _dictionary(arrow: Any) -> DataType:
    return DataType("dictionary", (from_arrow(arrow.index_type), from_arrow(arrow.value_type)))
