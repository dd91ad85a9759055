"""Values of files of tests, as columns of a type take them and give them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aqueducts.arrow_types import type_name
from aqueducts.pipeline_tests.values import INTERVAL, is_binary, to_values

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MisfitError", "as_type", "storage"]

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
        return to_values(pa.array([storage(value, kind)], kind))[0]
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
        (is_binary, _bytes),
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

    is_known = isinstance(value, dict) and value.keys() <= set(INTERVAL)
    if not is_known or kind != pa.month_day_nano_interval():
        raise _misfit(value, kind)
    return tuple(_integer(value.get(name, 0), pa.int64()) for name in INTERVAL)


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
