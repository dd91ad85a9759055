"""What the values of a column in a text file are.

Only types that the engine reads from such texts as they stand are given to it; for others a column
is read as text, with the SQL that converts it. Nothing is guessed that could be read in two ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date, datetime
from itertools import islice

import msgspec

__all__ = ["NULL_TEXTS", "Judgement", "is_typed", "judge", "type_of"]

NULL_TEXTS = frozenset(
    {
        *("NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "Null", "(null)"),
        *("None", "none", "nil", "NIL", "-", "--", "?", "\\N", "missing"),
    }
)
"""Texts that stand for a missing value in columns that hold something else than text."""

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)", re.IGNORECASE)
_FIXED = re.compile(r"[+-]?(\d+)\.(\d+)")
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_GROUPED_POINT = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_BOOLEAN = re.compile(r"true|false", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z]+://\S+|[^\s@]+@[^\s@]+\.\w+", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?")
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<zone> ?(?:Z|[+-]\d\d:?\d\d))?)?"
)
_OTHER_DATE = re.compile(
    r"(?P<first>\d{1,4})(?P<mark>[./-])(?P<second>\d{1,2})(?P=mark)(?P<third>\d{1,4})"
    r"(?P<time>[T ]\d{1,2}:\d\d(?P<seconds>:\d\d)?)?"
)

_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)
_INTEGER_CHARACTERS = 20
_FLOAT_DIGITS = 17
_DECIMAL_DIGITS = 38
_DATES_CHECKED = 2_000
_YEARS_OF_NANOSECONDS = range(1678, 2262)


class Judgement(msgspec.Struct, frozen=True):
    """What a column is."""

    data_type: str
    """What the reader is told."""
    convert: Callable[[str], str] | None = None
    """SQL that converts a column, given as SQL; None where nothing is to be converted."""
    reason: str = ""
    kind: str = "text"
    """What the values stand for: `text`, `number`, `date`, `timestamp`, `time` or `boolean`."""


TEXT = Judgement("string")


def judge(values: Collection[str], *, is_sure: bool) -> Judgement:
    """What the distinct values of a column are; none of them is empty.

    `is_sure` tells whether enough rows were seen to believe in a fixed number of digits.
    """
    if not values:
        return Judgement("string", reason="empty in all rows that were looked at")
    stripped = {value.strip(" ") for value in values} - {""}
    found = _judge_stripped(stripped, is_sure=is_sure) if stripped else TEXT
    is_padded = stripped != set(values)
    if not is_padded or found.kind == "text":
        return found
    convert = found.convert or _cast(found.data_type)
    return Judgement(
        "string",
        lambda column: convert(f"nullif(trim({column}), '')"),
        reason=f"spaces around what are {found.kind}s",
        kind=found.kind,
    )


def type_of(values: set[str]) -> str | None:
    """The kind of the values, where all are of one that is no text."""
    if not values:
        return None
    found = judge(values - NULL_TEXTS or values, is_sure=False)
    return None if found.kind == "text" else found.kind


def is_typed(value: str) -> bool:
    """Whether a single value is a number, a date, an address or the like: no name of a column."""
    text = value.strip(" ")
    return bool(
        _NUMBER.fullmatch(text)
        or _DECIMAL_COMMA.fullmatch(text)
        or _OTHER_DATE.fullmatch(text)
        or _TIMESTAMP.fullmatch(text)
        or _TIME.fullmatch(text)
        or _BOOLEAN.fullmatch(text)
        or _ADDRESS.fullmatch(text)
    )


def _judge_stripped(values: Collection[str], *, is_sure: bool) -> Judgement:
    return (
        _boolean(values)
        or _number(values, is_sure=is_sure)
        or _date_or_timestamp(values)
        or _time(values)
        or _other_number(values, is_sure=is_sure)
        or _other_date(values)
        or TEXT
    )


def _all(pattern: re.Pattern[str], values: Collection[str]) -> bool:
    return all(map(pattern.fullmatch, values))


def _boolean(values: Collection[str]) -> Judgement | None:
    return Judgement("bool", kind="boolean") if _all(_BOOLEAN, values) else None


def _number(values: Collection[str], *, is_sure: bool) -> Judgement | None:
    if not _all(_NUMBER, values):
        return None
    if any(map(_LEADING_ZERO.match, values)):
        return Judgement("string", reason="has leading zeros, which a number would lose")
    if any(value.startswith("+") for value in values):
        return Judgement("string", reason="has plus signs, which a number would lose")
    if _all(_INTEGER, values):
        return _integer(values)
    return _fraction(values, is_sure=is_sure)


def _integer(values: Collection[str]) -> Judgement:
    if max(map(len, values)) <= _INTEGER_CHARACTERS:
        numbers = [int(value) for value in values]
        if all(number in _INT64 for number in numbers):
            return Judgement("int64", kind="number")
        if all(number in _UINT64 for number in numbers):
            return Judgement("uint64", kind="number")
    return Judgement("string", reason="too long for a number of 64 bits")


def _fraction(values: Collection[str], *, is_sure: bool) -> Judgement:
    fixed = [match for match in map(_FIXED.fullmatch, values) if match is not None]
    whole = max((len(match[1]) for match in fixed), default=0)
    scales = {len(match[2]) for match in fixed}
    scale = max(scales, default=0)
    if len(fixed) == len(values) and whole + scale <= _DECIMAL_DIGITS:
        is_money = (
            is_sure
            and len(scales) == 1
            and 2 <= scale <= 4
            and any(match[2].endswith("0") for match in fixed)
        )
        if is_money:
            precision = 18 if whole + scale <= 15 else _DECIMAL_DIGITS
            reason = f"always {scale} digits after the point; the reader cuts further ones off"
            return Judgement(f"decimal<{precision},{scale}>", reason=reason, kind="number")
        if any(len(match[1].lstrip("0") + match[2]) > _FLOAT_DIGITS for match in fixed):
            reason = "more digits than a floating-point number has"
            data_type = f"decimal<{_DECIMAL_DIGITS},{scale}>"
            return Judgement(data_type, reason=reason, kind="number")
    return Judgement("float64", kind="number")


def _date_or_timestamp(values: Collection[str]) -> Judgement | None:
    matches = [match for match in map(_TIMESTAMP.fullmatch, values) if match is not None]
    if len(matches) < len(values) or not all(map(_is_iso, values)):
        return None
    if _all(_DATE, values):
        return Judgement("date32", kind="date")
    zones = {match["zone"] is not None for match in matches}
    if len(zones) > 1:
        return Judgement("string", reason="timestamps with and without a time zone")
    is_nanosecond = any(len(match["fraction"] or "") > 6 for match in matches)
    if is_nanosecond and not all(int(v[:4]) in _YEARS_OF_NANOSECONDS for v in values):
        return Judgement("string", reason="timestamps beyond the range of nanoseconds")
    unit = "nanosecond" if is_nanosecond else "microsecond"
    zone = ",UTC" if True in zones else ""
    return Judgement(f"timestamp<{unit}{zone}>", kind="timestamp")


def _is_iso(value: str) -> bool:
    try:
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.replace(" +", "+")))
    except ValueError:
        return False
    return True


def _time(values: Collection[str]) -> Judgement | None:
    if not _all(_TIME, values):
        return None
    is_clock = all(int(value[:2]) < 24 and int(value[3:5]) < 60 for value in values)
    if is_clock and all(len(value) < 8 or int(value[6:8]) < 60 for value in values):
        return Judgement("time64<microsecond>", kind="time")
    return None


def _other_number(values: Collection[str], *, is_sure: bool) -> Judgement | None:
    has_comma = any("," in value for value in values)
    if not has_comma:
        return None
    if _all(_DECIMAL_COMMA, values):
        if any(map(_LEADING_ZERO.match, values)):
            return None
        is_clear = any("," in value and not _THOUSANDS.fullmatch(value) for value in values)
        if not is_clear:
            return Judgement("string", reason="1,234 may be a fraction or a thousand")
        return _converted(values, ".", ",", is_sure=is_sure)
    if all(_GROUPED_POINT.fullmatch(v) or _NUMBER.fullmatch(v) for v in values):
        return _converted(values, ",", ".", is_sure=is_sure)
    return None


def _converted(values: Collection[str], group: str, point: str, *, is_sure: bool) -> Judgement:
    plain = [value.replace(group, "").replace(point, ".") for value in values]
    found = _number(plain, is_sure=is_sure)
    data_type = found.data_type if found is not None and found.kind == "number" else "float64"
    has_groups = any(group in value for value in values)

    def convert(column: str) -> str:
        text = f"replace({column}, '{group}', '')" if has_groups else column
        return _cast(data_type)(f"replace({text}, ',', '.')" if point == "," else text)

    reason = "decimal comma" if point == "," else "commas between thousands"
    return Judgement("string", convert, reason=reason, kind="number")


def _other_date(values: Collection[str]) -> Judgement | None:
    matches = [match for match in map(_OTHER_DATE.fullmatch, values) if match is not None]
    if len(matches) < len(values):
        return None
    marks = {match["mark"] for match in matches}
    shapes = {(match["time"] or "")[:1] + ("s" if match["seconds"] else "") for match in matches}
    if len(marks) > 1 or len(shapes) > 1:
        return None
    orders = [
        order
        for order in (("Y", "m", "d"), ("d", "m", "Y"), ("m", "d", "Y"))
        if all(_is_date(match, order) for match in islice(matches, _DATES_CHECKED))
    ]
    mark, shape = marks.pop(), shapes.pop()
    if mark == "." and ("d", "m", "Y") in orders:
        orders = [("d", "m", "Y")]
    if not orders:
        return None
    if len(orders) > 1:
        return Judgement("string", reason="dates of which day and month could be either number")
    text = mark.join(f"%{part}" for part in orders[0])
    if not shape:
        return Judgement(
            "string", lambda column: f"to_date({column}, '{text}')", f"dates as {text}", "date"
        )
    text += f"{shape[0]}%H:%M" + (":%S" if shape.endswith("s") else "")
    return Judgement(
        "string",
        lambda column: f"to_timestamp_micros({column}, '{text}')",
        f"timestamps as {text}",
        "timestamp",
    )


def _is_date(match: re.Match[str], order: tuple[str, str, str]) -> bool:
    parts = dict(zip(order, (match["first"], match["second"], match["third"]), strict=True))
    if len(parts["Y"]) != 4 or len(parts["d"]) > 2 or len(parts["m"]) > 2:
        return False
    try:
        date(int(parts["Y"]), int(parts["m"]), int(parts["d"]))
    except ValueError:
        return False
    hour, _, minute = (match["time"] or " 0:00")[1:].partition(":")
    return int(hour) < 24 and int(minute[:2]) < 60


_SQL_TYPES = {
    "bool": "BOOLEAN",
    "int64": "BIGINT",
    "uint64": "BIGINT UNSIGNED",
    "float64": "DOUBLE",
    "date32": "DATE",
    "time64<microsecond>": "TIME",
}


def _cast(data_type: str) -> Callable[[str], str]:
    """SQL that casts text to a type that the reader would have been told."""

    def convert(column: str) -> str:
        if data_type.startswith("timestamp"):
            return f"arrow_cast({column}, '{_arrow_timestamp(data_type)}')"
        sql = _SQL_TYPES.get(data_type) or data_type.replace("decimal<", "DECIMAL(").replace(
            ">", ")"
        ).replace(",", ", ")
        return f"CAST({column} AS {sql})"

    return convert


def _arrow_timestamp(data_type: str) -> str:
    unit = "Nanosecond" if "nanosecond" in data_type else "Microsecond"
    zone = 'Some("UTC")' if "UTC" in data_type else "None"
    return f"Timestamp({unit}, {zone})"
