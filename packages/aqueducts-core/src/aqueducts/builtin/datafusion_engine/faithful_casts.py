"""Columns as their declared types, without a silent change of what the files hold.

The engine's readers cut digits, fractions of seconds and times of day that a declared type has no
room for. Here such columns are read as a type with more room, and made the declared one by
expressions that fail at the first value that would change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
from datafusion import DataFrame, Expr, col, lit, udf
from datafusion import functions as f

from aqueducts.arrow_types import type_name
from aqueducts.builtin.datafusion_engine.unify import unify_types
from aqueducts.table_names import quote

__all__ = ["Refusal", "as_declared", "is_lossless", "is_text", "refusal_in", "roomy_type"]

_MARK = "value-does-not-fit:"
_EXTRA_DIGITS = 18
"""Places behind the declared ones that are looked at in any case: more than a double has."""

_WIDEST_128, _WIDEST_256 = 38, 76
_WHOLE_NUMBERS = pa.decimal128(_WIDEST_128, _EXTRA_DIGITS)
"""Room for every integer of 64 bits, and for what may stand behind its point."""

_DATE_LENGTH = len("2026-01-31")
_LENGTHS = {"s": 19, "ms": 23, "us": 26, "ns": 29}
"""Characters of a timestamp without a zone that has all digits of its unit: no need to look."""
_TIME_BEGINS_AT = len("2026-01-31 ")
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


class Refusal(msgspec.Struct, frozen=True):
    """A value that its column's declared type cannot hold."""

    source: str
    column: str
    declared: str
    """The declared type, as pipeline files call it."""
    found: str
    """The type of the value as it was read."""
    value: str | None
    """None: a null, in a column that may hold none."""


def roomy_type(declared: pa.DataType, *, cuts_fractions: bool = False) -> pa.DataType:
    """What to read a column as that is to become `declared`: itself where no reader cuts it.

    `cuts_fractions` is for JSON, whose reader takes `1.5` for an integer.
    """
    if pa.types.is_decimal(declared):
        whole = declared.precision - declared.scale
        if declared.precision + _EXTRA_DIGITS <= _WIDEST_128:
            return pa.decimal128(_WIDEST_128, _WIDEST_128 - whole)
        return pa.decimal256(_WIDEST_256, _WIDEST_256 - whole)
    if pa.types.is_integer(declared) and cuts_fractions:
        return _WHOLE_NUMBERS
    if pa.types.is_list(declared):
        return pa.list_(roomy_type(declared.value_type, cuts_fractions=cuts_fractions))
    if pa.types.is_struct(declared):
        return pa.struct(
            [
                each.with_type(roomy_type(each.type, cuts_fractions=cuts_fractions))
                for each in declared
            ]
        )
    return declared


def is_lossless(found: pa.DataType, declared: pa.DataType) -> bool:
    """Whether the engine's own cast keeps every value, or the nearest one that a float has."""
    if is_text(declared):
        return True
    if is_text(found):
        return bool(pa.types.is_binary(declared) or pa.types.is_large_binary(declared))
    if pa.types.is_floating(declared):
        return True
    return bool(unify_types(found, declared) == declared)


def is_text(data_type: pa.DataType) -> bool:
    """Whether values are text, in whatever layout."""
    if pa.types.is_dictionary(data_type):
        return is_text(data_type.value_type)
    return bool(
        pa.types.is_string(data_type)
        or pa.types.is_large_string(data_type)
        or pa.types.is_string_view(data_type)
    )


def as_declared(frame: DataFrame, fields: Sequence[pa.Field], source: str) -> DataFrame:
    """The frame's columns of these names, as their declared types.

    Running it raises for a value that would change, and for a null where a field is not nullable;
    `refusal_in` reads what is raised.
    """
    there = frame.schema()
    found = {field.name: there.field(field.name).type for field in fields}
    casts = {
        field.name: cast.alias(f"__cast_{index}")
        for index, field in enumerate(fields)
        if (cast := _cast(field, found[field.name])) is not None
    }
    # A select of its own, so that what the checks look at is computed once.
    names = [col(quote(field.name)) for field in fields]
    before = frame.select(*names, *casts.values()) if casts else frame
    return before.select(
        *(
            _checked(
                field,
                found[field.name],
                col(f"__cast_{index}") if field.name in casts else None,
                source,
            ).alias(field.name)
            for index, field in enumerate(fields)
        )
    )


def _cast(field: pa.Field, found: pa.DataType) -> Expr | None:
    """A cast that gives null, or another value, where one does not fit; None: none is checked."""
    column = col(quote(field.name))
    if _is_counted(field.type, found):
        return column.try_cast(pa.int32() if field.type.bit_width <= 32 else pa.int64())
    return None if is_lossless(found, field.type) else column.try_cast(field.type)


def _checked(field: pa.Field, found: pa.DataType, cast: Expr | None, source: str) -> Expr:
    column = col(quote(field.name))
    refuse = _refusing(source, field, found)
    if cast is None:
        checked = column if found == field.type else column.cast(field.type)
    else:
        is_bad = cast.is_null() & column.is_not_null()
        changes = _changes(column, cast, found, field.type)
        if changes is not None:
            is_bad = is_bad | changes
        kept = cast.cast(field.type) if _is_counted(field.type, found) else cast
        checked = f.when(is_bad, refuse(column)).otherwise(kept)
    if not field.nullable:
        checked = f.when(column.is_null(), refuse(column)).otherwise(checked)
    return checked


def _is_counted(declared: pa.DataType, found: pa.DataType) -> bool:
    """Whether moments are numbers of units since 1970, or since midnight."""
    return bool(found == _WHOLE_NUMBERS and pa.types.is_temporal(declared))


def _changes(column: Expr, cast: Expr, found: pa.DataType, declared: pa.DataType) -> Expr | None:
    """Whether the cast is another value than the column's; None: that cannot be."""
    if not is_text(found):
        return cast.cast(found) != column
    if pa.types.is_decimal(declared):
        exact = column.try_cast(roomy_type(declared))
        return cast.cast(roomy_type(declared)) != exact
    if pa.types.is_date(declared):
        moment, day = pa.timestamp("us"), cast.cast(pa.date32())
        is_long = f.octet_length(column) > lit(_DATE_LENGTH)
        return is_long & (day.cast(moment) != column.try_cast(moment))
    if pa.types.is_timestamp(declared) or pa.types.is_time(declared):
        begin = _TIME_BEGINS_AT if pa.types.is_time(declared) else 0
        is_long = f.octet_length(column) > lit(_LENGTHS[declared.unit] - begin)
        further = rf"[.][0-9]{{{_DIGITS[declared.unit]}}}[0-9]*[1-9]"
        return is_long & f.regexp_like(column, lit(further))
    return None


def _refusing(source: str, field: pa.Field, found: pa.DataType) -> Callable[[Expr], Expr]:
    def refuse(values: pa.Array) -> pa.Array:
        if not len(values):
            return pa.nulls(0, field.type)
        refusal = Refusal(
            source=source,
            column=field.name,
            declared=type_name(field.type),
            found=type_name(found),
            value=_shown(values[0]) if values[0].is_valid else None,
        )
        raise ValueError(_MARK + msgspec.json.encode(refusal).hex())

    # A function, since an expression of the engine cannot fail with words of ours.
    return udf(refuse, [found], field.type, "immutable", "refuse_value")


def refusal_in(text: str) -> Refusal | None:
    """The refusal that an engine's message tells of."""
    _, mark, behind = text.partition(_MARK)
    if not mark:
        return None
    digits = behind[: next((i for i, each in enumerate(behind) if each not in _HEX), len(behind))]
    return msgspec.json.decode(bytes.fromhex(digits), type=Refusal)


_HEX = frozenset("0123456789abcdef")


def _shown(value: pa.Scalar) -> str:
    if pa.types.is_temporal(value.type):
        return str(value.cast(pa.string()).as_py())
    plain = _plain(value.as_py())
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def _plain(value: Any) -> Any:
    """A value for JSON, with decimals as the shortest digits that they can be written as."""
    if isinstance(value, Decimal):
        digits = f"{value:f}"
        return msgspec.Raw((digits.rstrip("0").rstrip(".") if "." in digits else digits).encode())
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
