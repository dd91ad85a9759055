"""Data types of pipeline files as Arrow's types, and back.

Apart from the models, so that a pipeline can be read and checked without loading pyarrow.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from aqueducts.models.types import DataType, DataTypeError, Member

if TYPE_CHECKING:
    from aqueducts.models.schema import SchemaField

__all__ = ["from_arrow", "schema_to_arrow", "to_arrow"]

_PLAIN: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "string": pa.string(),
    "large_string": pa.large_string(),
    "binary": pa.binary(),
    "large_binary": pa.large_binary(),
    "date32": pa.date32(),
    "date64": pa.date64(),
}

_PLAIN_NAMES = {arrow: name for name, arrow in _PLAIN.items()} | {
    # Views are how engines hold text while they work, not a type of its own.
    pa.string_view(): "string",
    pa.binary_view(): "binary",
}

_UNITS = {"second": "s", "millisecond": "ms", "microsecond": "us", "nanosecond": "ns"}
_UNIT_NAMES = {short: name for name, short in _UNITS.items()}

_DECIMALS = {"decimal": pa.decimal128, "decimal256": pa.decimal256}


def to_arrow(data_type: DataType) -> pa.DataType:
    """Return the Arrow type of a data type. Parts of nested types are nullable."""
    name, parameters = data_type.name, cast("tuple[Any, ...]", data_type.parameters)
    if name in _PLAIN:
        return _PLAIN[name]
    return _MAKERS[name](*parameters)


def from_arrow(arrow: pa.DataType) -> DataType:
    """Return the data type of an Arrow type; views become the plain type that they are views of.

    Raises DataTypeError for the few Arrow types that pipeline files have no name for.
    """
    if arrow in _PLAIN_NAMES:
        return DataType(_PLAIN_NAMES[arrow])
    for is_kind, read in _READERS:
        if is_kind(arrow):
            return read(arrow)
    raise DataTypeError(f"the Arrow type '{arrow}' has no name in pipeline files")


def schema_to_arrow(fields: Iterable[SchemaField]) -> pa.Schema:
    """Return the Arrow schema of declared fields."""
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


def _item(data_type: DataType) -> pa.Field:
    return pa.field("item", to_arrow(data_type))


def _fields(members: Iterable[Member]) -> list[pa.Field]:
    return [pa.field(each.name, to_arrow(each.data_type)) for each in members]


_MAKERS: dict[str, Callable[..., pa.DataType]] = {
    "fixed_binary": pa.binary,
    "time32": lambda unit: pa.time32(_UNITS[unit]),
    "time64": lambda unit: pa.time64(_UNITS[unit]),
    "timestamp": lambda unit, time_zone=None: pa.timestamp(_UNITS[unit], time_zone),
    "duration": lambda unit: pa.duration(_UNITS[unit]),
    "interval": lambda unit: _INTERVALS[unit],
    "decimal": pa.decimal128,
    "decimal256": pa.decimal256,
    "list": lambda item: pa.list_(_item(item)),
    "large_list": lambda item: pa.large_list(_item(item)),
    "fixed_list": lambda item, size: pa.list_(_item(item), size),
    "struct": lambda *members: pa.struct(_fields(members)),
    "map": lambda key, value: pa.map_(to_arrow(key), to_arrow(value)),
    "dictionary": lambda key, value: pa.dictionary(to_arrow(key), to_arrow(value)),
    "union": lambda mode, *members: pa.union(_fields(members), mode=mode),
}


def _unit(name: str) -> Callable[[Any], DataType]:
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


def _is_interval(arrow: pa.DataType) -> bool:
    return arrow in _INTERVALS.values()


def _interval(arrow: Any) -> DataType:
    return DataType("interval", (next(n for n, each in _INTERVALS.items() if each == arrow),))


_READERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], DataType]], ...] = (
    (pa.types.is_fixed_size_binary, lambda arrow: DataType("fixed_binary", (arrow.byte_width,))),
    (pa.types.is_time32, _unit("time32")),
    (pa.types.is_time64, _unit("time64")),
    (pa.types.is_timestamp, _timestamp),
    (pa.types.is_duration, _unit("duration")),
    (_is_interval, _interval),
    (pa.types.is_decimal256, _decimal("decimal256")),
    (pa.types.is_decimal, _decimal("decimal")),
    (pa.types.is_fixed_size_list, _fixed_list),
    (pa.types.is_list, _list("list")),
    (pa.types.is_list_view, _list("list")),
    (pa.types.is_large_list, _list("large_list")),
    (pa.types.is_large_list_view, _list("large_list")),
    (pa.types.is_map, _map),
    (pa.types.is_struct, lambda arrow: DataType("struct", _members(arrow))),
    (pa.types.is_dictionary, _dictionary),
    (pa.types.is_union, lambda arrow: DataType("union", (arrow.mode, *_members(arrow)))),
)


class _ArrowSchema(ctypes.Structure):
    """The struct of the Arrow C data interface that describes a type."""


_Release = ctypes.CFUNCTYPE(None, ctypes.POINTER(_ArrowSchema))

_ArrowSchema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", _Release),
    ("private_data", ctypes.c_void_p),
]


def _imported(c_format: bytes) -> pa.DataType:
    """Return a type that pyarrow knows and has no function to make, by its C format."""

    def release(schema: Any) -> None:
        schema.contents.release = _Release()

    schema = _ArrowSchema(format=c_format, name=b"", release=_Release(release))
    return pa.DataType._import_from_c(ctypes.addressof(schema))  # noqa: SLF001 - the only way in


_INTERVALS: dict[str, pa.DataType] = {
    "year_month": _imported(b"tiM"),
    "day_time": _imported(b"tiD"),
    "month_day_nano": pa.month_day_nano_interval(),
}
