"""Tables that suites send through connectors, and how what comes back is compared."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

__all__ = [
    "ALL_TYPES",
    "AWKWARD_NAMES",
    "AWKWARD_TEXTS",
    "difference",
    "many_batches",
    "small_table",
    "table_of_types",
]

ALL_TYPES = frozenset(
    {
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float32", "float64", "decimal", "decimal256", "string", "large_string"),
        *("binary", "large_binary", "fixed_binary", "date32", "date64"),
        *("time32_s", "time32_ms", "time64_us", "time64_ns"),
        *("timestamp_s", "timestamp_ms", "timestamp_us", "timestamp_ns", "timestamp_utc"),
        *("timestamp_zone", "duration_s", "duration_ms", "duration_us", "duration_ns"),
        *("interval", "list", "large_list", "fixed_list", "struct", "map"),
    }
)
"""Names of all types that a result can have; the columns of `table_of_types` are called so."""

AWKWARD_NAMES = (
    "Mixed Case",
    "select",
    'with "quotes"',
    "it's",
    "größe_尺寸",
    "a.b",
    "x,y;z",
    "100%",
    "$1",
)
"""Names of columns that break queries, paths and headers that are put together without quoting."""

AWKWARD_TEXTS = (
    "plain",
    "ünïcödé 漢字 🦆",
    'say "hi", please',
    "it's; DROP TABLE t",
    "a\tb\\c",
    "NULL",
    "123",
    "true",
    " padded ",
    None,
)
"""Texts that are easily damaged: quotes, separators, other alphabets, words like values."""


def small_table(kinds: Collection[str] = ALL_TYPES, *, rows: int = 5, start: int = 0) -> pa.Table:
    """A table of an `id` that counts from `start`, and a `label`.

    The `id` is text where integers are not among `kinds`.
    """
    numbers = range(start, start + rows)
    ids = pa.array(numbers, pa.int64())
    if "int64" not in kinds:
        ids = pa.array([f"n{number:06}" for number in numbers], pa.string())
    return pa.table({"id": ids, "label": pa.array([f"row {n}" for n in numbers], pa.string())})


def many_batches(
    kinds: Collection[str], *, batches: int, rows: int
) -> Callable[[], Iterator[pa.RecordBatch]]:
    """What yields batches with labels of 100 characters, made anew each time."""

    def make() -> Iterator[pa.RecordBatch]:
        for number in range(batches):
            table = small_table(kinds, rows=rows, start=number * rows)
            labels = pa.array([f"{n:0100}" for n in range(number * rows, (number + 1) * rows)])
            yield from table.set_column(1, "label", labels).combine_chunks().to_batches()

    return make


def table_of_types(kinds: Collection[str] = ALL_TYPES, *, has_nulls: bool = True) -> pa.Table:
    """A table with a column of each of these types: values at the ends of its range, and nulls."""
    chosen = {name: array for name, array in sorted(_columns().items()) if name in kinds}
    table = pa.table(chosen)
    return table if has_nulls else table.take([0, 2])


def difference(
    expected: pa.Table,
    actual: pa.Table,
    *,
    is_ordered: bool = False,
    has_types: bool = True,
) -> str | None:
    """What differs between two tables, in words; None where they hold the same.

    Rows are compared regardless of their order, unless `is_ordered`.
    """
    if actual.schema.names != expected.schema.names:
        return f"the columns are {actual.schema.names} instead of {expected.schema.names}"
    if has_types:
        for wanted, found in zip(expected.schema, actual.schema, strict=True):
            if _plain(wanted.type) != _plain(found.type):
                return f"column {wanted.name!r} is {found.type} instead of {wanted.type}"
    if actual.num_rows != expected.num_rows:
        return f"there are {actual.num_rows} rows instead of {expected.num_rows}"
    rows, wanted_rows = _rows(actual), _rows(expected)
    if is_ordered:
        pairs = enumerate(zip(wanted_rows, rows, strict=True))
        return next(
            (
                f"row {place} is {row} instead of {wanted}"
                for place, (wanted, row) in pairs
                if row != wanted
            ),
            None,
        )
    missing, extra = Counter(wanted_rows) - Counter(rows), Counter(rows) - Counter(wanted_rows)
    if not missing and not extra:
        return None
    return f"there is {next(iter(extra))} where {next(iter(missing))} is expected"


def _rows(table: pa.Table) -> list[str]:
    # As texts: NaN equals itself, and nested values can be counted.
    return [repr(row) for row in table.to_pylist()]


def _plain(data_type: pa.DataType) -> pa.DataType:
    """Nested fields go by other names in other systems; what is in them counts."""
    if pa.types.is_list(data_type):
        return pa.list_(_plain(data_type.value_type))
    if pa.types.is_large_list(data_type):
        return pa.large_list(_plain(data_type.value_type))
    if pa.types.is_fixed_size_list(data_type):
        return pa.list_(_plain(data_type.value_type), data_type.list_size)
    if pa.types.is_struct(data_type):
        return pa.struct([(each.name, _plain(each.type)) for each in data_type])
    if pa.types.is_map(data_type):
        return pa.map_(_plain(data_type.key_type), _plain(data_type.item_type))
    return data_type


@cache
def _columns() -> Mapping[str, pa.Array]:
    return {
        name: pa.array([values[0], None, values[1]], data_type)
        for name, (data_type, values) in {**_numbers(), **_texts(), **_times(), **_nested()}.items()
    }


def _numbers() -> dict[str, tuple[pa.DataType, list[Any]]]:
    found: dict[str, tuple[pa.DataType, list[Any]]] = {"bool": (pa.bool_(), [True, False])}
    for bits in (8, 16, 32, 64):
        half = 2 ** (bits - 1)
        found[f"int{bits}"] = (getattr(pa, f"int{bits}")(), [-half, half - 1])
        found[f"uint{bits}"] = (getattr(pa, f"uint{bits}")(), [0, 2 * half - 1])
    return found | {
        "float32": (pa.float32(), [-0.5, 3.4028234663852886e38]),
        "float64": (pa.float64(), [0.1, -1.7976931348623157e308]),
        "decimal": (pa.decimal128(20, 4), [Decimal("-1.2345"), Decimal("9999999999999999.0001")]),
        "decimal256": (pa.decimal256(50, 2), [Decimal("-0.01"), Decimal(10**47) + Decimal("0.25")]),
    }


def _texts() -> dict[str, tuple[pa.DataType, list[Any]]]:
    return {
        "string": (pa.string(), ["ünïcödé 漢字 🦆", 'say "hi", please']),
        "large_string": (pa.large_string(), ["one", "two"]),
        "binary": (pa.binary(), [b"\x00\xff", b"plain"]),
        "large_binary": (pa.large_binary(), [b"\x00\xff", b"plain"]),
        "fixed_binary": (pa.binary(3), [b"\x00\x01\x02", b"abc"]),
    }


def _times() -> dict[str, tuple[pa.DataType, list[Any]]]:
    day, later = datetime.date(1969, 12, 31), datetime.date(2038, 1, 20)
    noon, late = datetime.time(12, 0, 1), datetime.time(23, 59, 59)
    moment = datetime.datetime(1969, 12, 31, 23, 59, 58)  # noqa: DTZ001 - the type has no zone
    next_one = datetime.datetime(2038, 1, 20, 3, 4, 5)  # noqa: DTZ001 - the type has no zone
    span = [datetime.timedelta(days=-1), datetime.timedelta(hours=5, seconds=1)]
    units = ("s", "ms", "us", "ns")
    return {
        "date32": (pa.date32(), [day, later]),
        "date64": (pa.date64(), [day, later]),
        "time32_s": (pa.time32("s"), [noon, late]),
        "time32_ms": (pa.time32("ms"), [noon, late]),
        "time64_us": (pa.time64("us"), [noon, late.replace(microsecond=999_999)]),
        "time64_ns": (pa.time64("ns"), [noon, late.replace(microsecond=999_999)]),
        **{f"timestamp_{unit}": (pa.timestamp(unit), [moment, next_one]) for unit in units},
        "timestamp_utc": (pa.timestamp("us", "UTC"), [moment, next_one]),
        "timestamp_zone": (pa.timestamp("ms", "Europe/Berlin"), [moment, next_one]),
        **{f"duration_{unit}": (pa.duration(unit), span) for unit in units},
        "interval": (
            pa.month_day_nano_interval(),
            [pa.MonthDayNano([1, 15, 0]), pa.MonthDayNano([-2, 3, 1_000_000])],
        ),
    }


def _nested() -> dict[str, tuple[pa.DataType, list[Any]]]:
    members = pa.struct([("x", pa.int64()), ("y", pa.list_(pa.string()))])
    return {
        "list": (pa.list_(pa.int64()), [[1, None, 3], []]),
        "large_list": (pa.large_list(pa.string()), [["a", None], []]),
        "fixed_list": (pa.list_(pa.int32(), 2), [[1, 2], [3, None]]),
        "struct": (members, [{"x": 1, "y": ["a"]}, {"x": None, "y": None}]),
        "map": (pa.map_(pa.string(), pa.int64()), [[("a", 1), ("b", None)], []]),
    }
