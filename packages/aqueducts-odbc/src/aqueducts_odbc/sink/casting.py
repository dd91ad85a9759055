"""Values of a result as values of a column: the same value, or an error that shows it.

Arrow's own casts refuse what is out of range and what loses digits. What they let pass is checked
here: what a float would lose as a decimal, the time of day of a timestamp that becomes a date.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

__all__ = ["Cast", "ValueProblem", "cast_between"]

_SHOWN_CHARACTERS = 40


class ValueProblem(ValueError):
    """A value that a column cannot keep."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


Cast = Callable[[pa.Array], pa.Array]
"""Gives the values in another type. Raises ValueProblem, pa.ArrowInvalid."""


def cast_between(source: pa.DataType, target: pa.DataType | None) -> Cast | None:
    """How values of a type become those of another; None where no cast keeps them.

    A target of None is a type that the database reads from text.
    """
    if pt.is_dictionary(source):
        inner = cast_between(source.value_type, target)
        return None if inner is None else lambda values: inner(values.dictionary_decode())
    if target is None:
        return _to(pa.string()) if _is_text(source) or pt.is_null(source) else None
    if source == target:
        return lambda values: values
    if pt.is_null(source):
        return _to(target)
    if pt.is_list(target):
        return _list_cast(source, target)
    for is_source, is_target, make in _RULES:
        if is_source(source) and is_target(target):
            return make(source, target)
    return None


def _list_cast(source: Any, target: Any) -> Cast | None:
    """Arrow's own cast, where that is all that values in the list need."""
    if not (pt.is_list(source) or pt.is_large_list(source) or pt.is_fixed_size_list(source)):
        return None
    inner = source.value_type
    both = (inner, target.value_type)
    is_safe = (
        inner == target.value_type
        or all(map(pt.is_integer, both))
        or all(map(_is_text, both))
        or all(map(_is_binary, both))
        or (pt.is_floating(inner) and pt.is_float64(target.value_type))
    )
    return _to(target) if is_safe else None


def as_json(values: pa.Array) -> pa.Array:
    """Lists, structs and maps as JSON texts."""
    return pa.array(
        [
            None if value is None else _json(value)
            for value in values.to_pylist(maps_as_pydicts="strict")
        ],
        pa.string(),
    )


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_json_part)
    except (TypeError, ValueError) as error:
        raise ValueProblem(f"a value cannot be JSON: {error}") from error


def _json_part(value: Any) -> str:
    if isinstance(value, bytes):
        raise TypeError("it holds bytes")
    return str(value)


def show(value: Any) -> str:
    """A value in a message."""
    text = repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def refuse_where(mask: pa.Array, values: pa.Array, why: str, hint: str | None = None) -> None:
    """Raise ValueProblem that shows the first value where the mask is true."""
    if not pc.any(mask, min_count=0).as_py():
        return
    value = values[pc.index(mask, True).as_py()].as_py()
    raise ValueProblem(f"{show(value)} {why}", hint=hint)


def _to(target: pa.DataType) -> Cast:
    return lambda values: values.cast(target)


def _plain(_: pa.DataType, target: pa.DataType) -> Cast:
    return _to(target)


def _integer_to_decimal(_: pa.DataType, target: Any) -> Cast:
    wide = pa.decimal256(76, target.scale)
    return lambda values: values.cast(pa.decimal256(20, 0)).cast(wide).cast(target)


def _decimal_to_integer(source: Any, target: pa.DataType) -> Cast:
    if pt.is_decimal256(source):
        narrow = pa.decimal128(38, 0)
        return lambda values: values.cast(narrow).cast(target)
    return _to(target)


def _float_to_decimal(source: pa.DataType, target: pa.DataType) -> Cast:
    def cast(values: pa.Array) -> pa.Array:
        refuse_where(
            pc.invert(pc.is_finite(values)), values, "is no number that a decimal could hold"
        )
        # By its shortest text, so that 0.1 is 0.1; text with too many digits is refused.
        try:
            return _parsed_decimals(values.cast(pa.string()), target)
        except pa.ArrowInvalid:
            rounded = values.cast(target, safe=False)
            _refuse_different(values, rounded.cast(source), target)
            raise

    return cast


def _decimal_to_float(source: pa.DataType, target: pa.DataType) -> Cast:
    def cast(values: pa.Array) -> pa.Array:
        found = values.cast(target)
        try:
            back = _parsed_decimals(found.cast(pa.string()), source)
        except pa.ArrowInvalid as error:
            raise ValueProblem(
                f"a value has more digits than {target} holds",
                hint="cast it in the last stage where that is meant: x::double",
            ) from error
        _refuse_different(values, back, target)
        return found

    return cast


def _timestamp_to_date(source: Any, target: pa.DataType) -> Cast:
    def cast(values: pa.Array) -> pa.Array:
        found = values.cast(pa.timestamp(source.unit)).cast(target)
        back = found.cast(pa.timestamp(source.unit, source.tz))
        _refuse_different(values, back, target)
        return found

    return cast


def _timestamp_to_timestamp(source: Any, target: Any) -> Cast:
    """Without a zone a timestamp is one of UTC; with one it is an instant."""

    def cast(values: pa.Array) -> pa.Array:
        exact = values.cast(pa.timestamp(target.unit, source.tz))
        return exact.cast(pa.timestamp(target.unit)).cast(target)

    return cast


def _refuse_different(values: pa.Array, back: pa.Array, target: pa.DataType) -> None:
    refuse_where(
        pc.fill_null(pc.not_equal(values, back), False),
        values,
        f"would be changed as {target}",
        hint="round or cast it in the last stage where that is meant",
    )


def _text_to_other(_: pa.DataType, target: pa.DataType) -> Cast:
    def cast(values: pa.Array) -> pa.Array:
        texts = values.cast(pa.string())
        if pt.is_decimal(target):
            return _parsed_decimals(texts, target)
        if pt.is_time(target):  # Arrow reads times of day only behind a date
            moments = pc.binary_join_element_wise("1970-01-01", texts, " ")
            unit = "ns" if target == pa.time64("ns") else "us"
            return moments.cast(pa.timestamp(unit)).cast(target)
        return texts.cast(target)

    return cast


def _decimal_to_decimal(source: Any, target: Any) -> Cast:
    """In 256 bits: in 128 Arrow's cast gives other numbers where it overflows."""
    if pt.is_decimal256(source):
        return _to(target)
    wide = pa.decimal256(76, target.scale)
    return lambda values: values.cast(wide).cast(target)


def _parsed_decimals(texts: pa.Array, target: Any) -> pa.Array:
    """In 256 bits, as above: '1e30' would be another decimal<38,18>."""
    wide = pa.decimal256(target.precision, target.scale)
    found = texts.cast(wide).cast(target)
    is_zero = pc.equal(found, pa.scalar(Decimal(0), target))
    if pc.any(pc.and_(is_zero, pc.match_substring_regex(texts, "^[^eE]*[1-9]"))).as_py():
        raise pa.ArrowInvalid("a number is too small")  # Arrow takes '1e-199' for 0
    return found


def _other_to_text(source: Any, target: pa.DataType) -> Cast:
    if pt.is_timestamp(source) and source.tz is not None:
        # The zone of the type says how to show the instant; as a text it is UTC.
        zoned = pa.timestamp(source.unit, "UTC")
        return lambda values: values.cast(zoned).cast(target)
    return _to(target)


def _is_text(each: pa.DataType) -> bool:
    return any(is_kind(each) for is_kind in (pt.is_string, pt.is_large_string, pt.is_string_view))


def _is_binary(each: pa.DataType) -> bool:
    kinds = (pt.is_binary, pt.is_large_binary, pt.is_binary_view, pt.is_fixed_size_binary)
    return any(is_kind(each) for is_kind in kinds)


def _is_parsed(each: pa.DataType) -> bool:
    """Whether values can be read from text."""
    kinds = (pt.is_integer, pt.is_floating, pt.is_decimal, pt.is_boolean, *_MOMENTS)
    return any(is_kind(each) for is_kind in kinds)


def _is_shown(each: pa.DataType) -> bool:
    """Whether values have one text that everybody reads."""
    kinds = (pt.is_integer, pt.is_floating, pt.is_decimal, *_MOMENTS)
    return any(is_kind(each) for is_kind in kinds)


_MOMENTS = (pt.is_date, pt.is_time, pt.is_timestamp)

_RULES: tuple[
    tuple[
        Callable[[Any], bool],
        Callable[[Any], bool],
        Callable[[pa.DataType, pa.DataType], Cast],
    ],
    ...,
] = (
    (pt.is_integer, pt.is_integer, _plain),
    (pt.is_boolean, pt.is_integer, _plain),  # MariaDB's booleans are such
    (pt.is_integer, pt.is_floating, _plain),
    (pt.is_integer, pt.is_decimal, _integer_to_decimal),
    # To a narrower float nearly every value would change: users say so by a cast of their own.
    (pt.is_floating, pt.is_float64, _plain),
    (pt.is_float16, pt.is_float32, _plain),
    (pt.is_floating, pt.is_integer, _plain),
    (pt.is_floating, pt.is_decimal, _float_to_decimal),
    (pt.is_decimal, pt.is_decimal, _decimal_to_decimal),
    (pt.is_decimal, pt.is_integer, _decimal_to_integer),
    (pt.is_decimal, pt.is_float64, _decimal_to_float),
    (_is_text, _is_text, _plain),
    (_is_text, _is_parsed, _text_to_other),
    (_is_shown, _is_text, _other_to_text),
    (_is_binary, _is_binary, _plain),
    (pt.is_date, pt.is_date, _plain),
    (pt.is_date, pt.is_timestamp, _plain),
    (pt.is_timestamp, pt.is_date, _timestamp_to_date),
    (pt.is_timestamp, pt.is_timestamp, _timestamp_to_timestamp),
    (pt.is_time, pt.is_time, _plain),
    (pt.is_duration, pt.is_duration, _plain),
)
"""Kinds of types, and how values of the one become values of the other; the first that fits."""
