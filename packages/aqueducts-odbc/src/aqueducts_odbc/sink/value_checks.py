"""Values that a database or its driver would change without a word, refused beforehand."""

from __future__ import annotations

import datetime
import struct
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from aqueducts_odbc.sink.casting import ValueProblem, refuse_where, show
from aqueducts_odbc.sink.tables import ColumnType

__all__ = ["FloatRules", "check_values"]

_MICROSECOND_DIGITS = 6


class FloatRules:
    """Which floats a database keeps."""

    NUMBERS = "numbers"
    INFINITY = "infinity"
    ALL = "all"


def check_values(values: pa.Array, kind: ColumnType, *, floats: str, allows_nul: bool) -> None:
    """Raise ValueProblem for a value that would not come back; `values` have the column's type."""
    data_type = values.type
    if pt.is_floating(data_type):
        _check_floats(values, floats)
    elif pt.is_string(data_type):
        _check_texts(values, kind, allows_nul=allows_nul)
    elif pt.is_binary(data_type):
        _check_bytes(values, kind)
    elif pt.is_time64(data_type):
        _check_digits(values, kind)
    elif pt.is_timestamp(data_type) or pt.is_date32(data_type):
        _check_moments(values, kind)
    elif pt.is_integer(data_type):
        _check_range(values, values, kind, "is out of the range")
    elif pt.is_interval(data_type):
        _check_intervals(values)
    elif pt.is_decimal(data_type) and kind.significant_digits is not None:
        _check_significant_digits(values, kind.significant_digits)


def _check_floats(values: pa.Array, rule: str) -> None:
    if rule == FloatRules.ALL:
        return
    if rule == FloatRules.NUMBERS:
        refuse_where(pc.is_inf(values), values, "cannot be stored", _FLOAT_HINT)
    refuse_where(pc.is_nan(values), values, "cannot be stored", _FLOAT_HINT)


_FLOAT_HINT = "replace it in the last stage, such as nanvl(x, NULL) or CASE WHEN ... THEN NULL"


def _check_texts(values: pa.Array, kind: ColumnType, *, allows_nul: bool) -> None:
    if not allows_nul and _has_nul(values):
        refuse_where(
            pc.match_substring(values, "\0"),
            values,
            "holds a NUL character, at which it would be cut off",
            "remove it in the last stage: replace(x, chr(0), '')",
        )
    if kind.max_characters is not None:
        too_long = pc.greater(pc.utf8_length(values), kind.max_characters)
        refuse_where(
            too_long,
            values,
            f"is longer than {kind.max_characters} characters",
            f"shorten it in the last stage: substr(x, 1, {kind.max_characters})",
        )
    if kind.loses_trailing_blanks:
        refuse_where(
            pc.ends_with(values, " "), values, "ends in blanks, which would be lost", "use rtrim(x)"
        )
    _check_size(values, kind)


def _has_nul(values: pa.Array) -> bool:
    """Whether there is a NUL among the bytes of all texts; looked for as fast as memory is read."""
    _, offsets, data = values.buffers()
    if data is None or not len(values):
        return False
    first, last = (
        struct.unpack_from("=i", offsets, 4 * place)[0]
        for place in (values.offset, values.offset + len(values))
    )
    return b"\0" in data.slice(first, last - first).to_pybytes()


def _check_bytes(values: pa.Array, kind: ColumnType) -> None:
    _check_size(values, kind)
    if kind.exact_bytes is not None:
        refuse_where(
            pc.not_equal(pc.binary_length(values), kind.exact_bytes),
            values,
            f"has not the {kind.exact_bytes} bytes of the column",
        )


def _check_size(values: pa.Array, kind: ColumnType) -> None:
    if kind.max_bytes is not None:
        too_long = pc.greater(pc.binary_length(values), kind.max_bytes)
        refuse_where(too_long, values, f"is longer than {kind.max_bytes} bytes")


def _check_moments(values: pa.Array, kind: ColumnType) -> None:
    if pt.is_timestamp(values.type):
        _check_digits(values, kind)
    if kind.lowest is not None and kind.highest is not None:
        if _is_within_years(values, kind.lowest, kind.highest):
            return
        plain = values
        if pt.is_timestamp(values.type) and values.type.tz is not None:
            plain = values.cast(pa.timestamp(values.type.unit))
        _check_range(pc.year(plain), values, kind, "is out of the years")


def _is_within_years(values: pa.Array, first: int, last: int) -> bool:
    """By the ends of all values; the years of each are only told where one is outside."""
    is_day = pt.is_date32(values.type)
    ends = pc.min_max(values.view(pa.int32() if is_day else pa.int64())).as_py()
    if ends["min"] is None:
        return True
    unit = 1 if is_day else 86_400_000_000  # timestamps of columns are in microseconds
    epoch = datetime.date(1970, 1, 1).toordinal()
    lowest = (datetime.date(first, 1, 1).toordinal() - epoch) * unit
    highest = (datetime.date(last, 12, 31).toordinal() + 1 - epoch) * unit
    return bool(lowest <= ends["min"] and ends["max"] < highest)


def _check_digits(values: pa.Array, kind: ColumnType) -> None:
    if kind.second_digits >= _MICROSECOND_DIGITS:
        return
    microseconds = values.cast(pa.int64())
    step = 10 ** (_MICROSECOND_DIGITS - kind.second_digits)
    whole = pc.multiply(pc.divide(microseconds, step), step)
    unit = "microsecond" if kind.second_digits else "second"
    refuse_where(
        pc.not_equal(microseconds, whole),
        values,
        f"has more than {kind.second_digits} digits of a second",
        f"cut it in the last stage: date_trunc('{unit}', x)" if not kind.second_digits else None,
    )


def _check_intervals(values: pa.Array) -> None:
    odd = (each for each in values.to_pylist() if each is not None and each.nanoseconds % 1000)
    found = next(odd, None)
    if found is not None:
        raise ValueProblem(f"{show(found)} has nanoseconds, which would be lost")


def _check_range(numbers: pa.Array, values: pa.Array, kind: ColumnType, why: str) -> None:
    for bound, compare in ((kind.lowest, pc.less), (kind.highest, pc.greater)):
        if bound is not None and _is_reachable(numbers.type, bound):
            text = f"{why} {kind.lowest} to {kind.highest}"
            refuse_where(compare(numbers, pa.scalar(bound, numbers.type)), values, text)


def _is_reachable(data_type: Any, bound: int) -> bool:
    """Whether the type has values beyond a bound at all."""
    try:
        pa.scalar(bound, data_type)
    except (pa.ArrowInvalid, OverflowError):
        return False
    return True


def _check_significant_digits(values: pa.Array, most: int) -> None:
    digits = pc.replace_substring_regex(values.cast(pa.string()), r"[eE].*$|[-+.]", "")
    significant = pc.utf8_rtrim(pc.utf8_ltrim(digits, "0"), "0")
    refuse_where(
        pc.greater(pc.utf8_length(significant), most),
        values,
        f"has more than {most} digits, which the column does not keep",
        "cast the column to text in the last stage, or declare it TEXT in the database",
    )
