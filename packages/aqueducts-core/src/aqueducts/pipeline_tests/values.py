r"""Values as files of tests write them, and the columns of tables.

A file knows text, numbers, true, false, null, lists and mappings. What else a column may hold is
text in a file: dates and times as ISO 8601 has them, binary values as their text or as `\x` and
hexadecimal digits. Durations are whole numbers of their unit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aqueducts.arrow_types import type_name

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NAN", "MisfitError", "as_type", "frozen", "storage", "to_values"]

NAN = math.nan
"""The one NaN in values: two columns hold the same where they hold this."""

_NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}

_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d{1,9}))?)?"
    r" ?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?"
)
_TIME = re.compile(r"(?P<time>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d{1,9}))?")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")
_INTEGER = re.compile(r"[+-]?\d+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MisfitError(ValueError):
    """A value that a column of its type cannot hold."""


# --- from columns ---


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
    if _is_binary(kind):
        return [None if value is None else binary_text(value) for value in array.to_pylist()]
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
            None if each is None else dict(zip(_INTERVAL, each, strict=True))
            for each in array.to_pylist()
        ]
    if pt.is_date64(kind):
        array = array.cast(pa.timestamp("ms")).cast(pa.date32(), safe=False)
    return [None if text is None else _iso(text) for text in array.cast(pa.string()).to_pylist()]


_INTERVAL = ("months", "days", "nanoseconds")


def _iso(text: str) -> str:
    """Arrow's text of a moment, without zeros that say nothing: `2024-01-31T12:30:00.5+01:00`."""
    text = text.replace(" ", "T", 1)
    text = re.sub(r"(\.\d*?)0+(?=$|Z|[+-])", r"\1", text).replace(".Z", "Z")
    text = re.sub(r"\.(?=$|[+-])", "", text)
    return re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text) if "T" in text else text


def binary_text(value: bytes) -> str:
    r"""Return a binary value as its text, or as `\x` and hexadecimal digits."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return f"\\x{value.hex()}"
    is_plain = text.isprintable() and not text.startswith("\\x")
    return text if is_plain else f"\\x{value.hex()}"


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow.types as pt

    return bool(
        pt.is_binary(kind)
        or pt.is_large_binary(kind)
        or pt.is_fixed_size_binary(kind)
        or pt.is_binary_view(kind)
    )


# --- to columns ---


def as_type(value: Any, kind: pa.DataType) -> Any:
    """Return an expected value as `to_values` would give it for a column of a type.

    Decimals keep digits that the type has no place for: they may be within a tolerance.
    Raises MisfitError for a value that the type does not have.
    """
    import pyarrow as pa
    import pyarrow.types as pt

    if value is None:
        return None
    if pt.is_dictionary(kind):
        return as_type(value, kind.value_type)
    if _is_list(kind) and isinstance(value, list):
        return [as_type(item, kind.value_type) for item in value]
    if pt.is_struct(kind) and isinstance(value, dict):
        _check_members(value, kind)
        return {field.name: as_type(value.get(field.name), field.type) for field in kind}
    if pt.is_map(kind) and isinstance(value, dict | list):
        pairs = [
            (as_type(key, kind.key_type), as_type(item, kind.item_type))
            for key, item in _pairs(value, kind)
        ]
        is_named = all(isinstance(key, str) for key, _ in pairs)
        return dict(pairs) if is_named else [list(pair) for pair in pairs]
    if pt.is_decimal(kind):
        return _decimal(value, kind)
    try:
        return _read(pa.array([storage(value, kind)], kind))[0]
    except (pa.ArrowException, OverflowError) as error:
        raise _misfit(value, kind) from error


def storage(value: Any, kind: pa.DataType) -> Any:
    """Return a value as `pyarrow.array` takes it for a column of a type.

    Raises MisfitError for a value that the type does not have.
    """
    import pyarrow.types as pt

    if value is None:
        return None
    if pt.is_dictionary(kind):
        return storage(value, kind.value_type)
    if _is_list(kind) and isinstance(value, list):
        return [storage(item, kind.value_type) for item in value]
    if pt.is_struct(kind) and isinstance(value, dict):
        _check_members(value, kind)
        return {field.name: storage(value.get(field.name), field.type) for field in kind}
    if pt.is_map(kind) and isinstance(value, dict | list):
        return [
            (storage(key, kind.key_type), storage(item, kind.item_type))
            for key, item in _pairs(value, kind)
        ]
    for is_kind, read in _scalar_readers():
        if is_kind(kind):
            return read(value, kind)
    raise _misfit(value, kind)


@cache
def _scalar_readers() -> tuple[tuple[Callable[[Any], bool], Callable[[Any, Any], Any]], ...]:
    """The tests for kinds of types, each with what reads a value of that kind."""
    import pyarrow.types as pt

    return (
        (pt.is_boolean, _bool),
        (pt.is_integer, _integer),
        (pt.is_duration, _integer),
        (pt.is_floating, _float),
        (pt.is_decimal, lambda value, kind: _scaled(_decimal(value, kind), kind)),
        (pt.is_interval, _interval),
        (pt.is_temporal, _temporal),
        (_is_binary, _bytes),
        (_is_text, _text),
    )


def _text(value: Any, kind: pa.DataType) -> str:
    if isinstance(value, str):
        return value
    raise _misfit(value, kind)


def _bool(value: Any, kind: pa.DataType) -> bool:
    words = {"true": True, "false": False}
    found = words.get(value.lower()) if isinstance(value, str) else value
    if isinstance(found, bool):
        return found
    raise _misfit(value, kind)


def _integer(value: Any, kind: pa.DataType) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _misfit(value, kind)


def _float(value: Any, kind: pa.DataType) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _misfit(value, kind)
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise _misfit(value, kind) from None


def _decimal(value: Any, kind: pa.DataType) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise _misfit(value, kind)
    try:
        found = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise _misfit(value, kind) from None
    if not found.is_finite():
        raise _misfit(value, kind)
    return found


def _scaled(value: Decimal, kind: pa.DataType) -> Decimal:
    digits = value.normalize().as_tuple()
    exponent = digits.exponent
    assert isinstance(exponent, int)  # noqa: S101 - finite numbers have one
    if -exponent > kind.scale or len(digits.digits) + exponent > kind.precision - kind.scale:
        raise _misfit(value, kind)
    return value


def _interval(value: Any, kind: pa.DataType) -> Any:
    import pyarrow as pa

    is_known = isinstance(value, dict) and value.keys() <= set(_INTERVAL)
    if not is_known or kind != pa.month_day_nano_interval():
        raise _misfit(value, kind)
    return tuple(_integer(value.get(name, 0), pa.int64()) for name in _INTERVAL)


def _temporal(value: Any, kind: pa.DataType) -> int:
    import pyarrow.types as pt

    if not isinstance(value, str):
        raise _misfit(value, kind)
    try:
        if pt.is_time(kind):
            return _in_unit(_time_of_day(value), kind)
        if pt.is_timestamp(kind):
            return _in_unit(_moment(value, kind.tz), kind)
        days = (date.fromisoformat(value) - _EPOCH.date()).days
    except (ValueError, OverflowError):
        raise _misfit(value, kind) from None
    return days * 86_400_000 if pt.is_date64(kind) else days


def _in_unit(nanoseconds: int, kind: pa.DataType) -> int:
    number, rest = divmod(nanoseconds, _NANOSECONDS[kind.unit])
    if rest:
        raise ValueError("finer than the unit")
    return number


def _time_of_day(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    found = time.fromisoformat(match["time"])
    seconds = found.hour * 3600 + found.minute * 60 + found.second
    return seconds * 1_000_000_000 + _fraction(match)


def _fraction(match: re.Match[str]) -> int:
    return int((match["fraction"] or "").ljust(9, "0"))


def _moment(text: str, time_zone: str | None) -> int:
    """Nanoseconds since 1970 in UTC; without an offset, of the wall clock of the time zone."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    found = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00'}")
    zone = UTC if match["zone"] == "Z" else _zone(match["zone"] or time_zone or "UTC")
    seconds = (found.replace(tzinfo=zone) - _EPOCH) // timedelta(seconds=1)
    return seconds * 1_000_000_000 + _fraction(match)


def _zone(name: str) -> timezone | ZoneInfo:
    offset = _OFFSET.fullmatch(name)
    if offset is None:
        return ZoneInfo(name)
    sign, hours, minutes = offset.groups()
    found = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-found if sign == "-" else found)


def _bytes(value: Any, kind: pa.DataType) -> bytes:
    if not isinstance(value, str):
        raise _misfit(value, kind)
    if not value.startswith("\\x"):
        return value.encode()
    try:
        return bytes.fromhex(value[2:])
    except ValueError:
        raise _misfit(value, kind) from None


def _check_members(value: Mapping[str, Any], kind: pa.DataType) -> None:
    unknown = [key for key in value if kind.get_field_index(key) < 0]
    if unknown:
        raise MisfitError(f"'{unknown[0]}' is no member of {type_name(kind)}")


def _pairs(value: Any, kind: pa.DataType) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from value.items()
        return
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:
            raise _misfit(value, kind)
        yield pair[0], pair[1]


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind))


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def _misfit(value: Any, kind: pa.DataType) -> MisfitError:
    name = type_name(kind)
    match value:
        case bool():
            shown = str(value).lower()
        case str() if len(value) > 60:
            shown = "this text"
        case str():
            shown = f"the text '{value}'"
        case list():
            shown = "a list"
        case dict():
            shown = "a mapping"
        case _:
            shown = str(value)
    hint = ""
    if name in ("string", "large_string") and not isinstance(value, list | dict):
        hint = ": put it in quotes"
    return MisfitError(f"{shown} is no {name}{hint}")


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
