"""Which parameters each data type takes, and how each of them is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import msgspec

from aqueducts.models.data_type import DataType, DataTypeError, Member, Parameter

__all__ = ["SIGNATURES", "Signature", "TypeReader"]


class TypeReader(Protocol):
    """The parser, as the readers of parameters see it: each method gets a range of the text."""

    def text(self, start: int, end: int) -> str:
        """Give the range itself."""

    def parse(self, start: int, end: int, depth: int) -> DataType:
        """Read a type."""

    def parse_member(self, start: int, end: int, depth: int) -> Member:
        """Read `name:type`."""

    def error(self, start: int, end: int, message: str, hint: str | None = None) -> DataTypeError:
        """Give the error for the range, to be raised."""


ParameterReader: TypeAlias = Callable[[TypeReader, int, int, int], Parameter]
"""Reads one parameter: the parser, start and end of its range, and how deep it is."""


class Signature(msgspec.Struct, frozen=True):
    """The parameters of one type."""

    example: str
    required: tuple[ParameterReader, ...]
    optional: tuple[ParameterReader, ...] = ()
    repeated: ParameterReader | None = None
    check: Callable[[Sequence[Parameter]], str | None] | None = None
    """Says what is wrong with parameters that are right one by one."""

    def read(
        self,
        parser: TypeReader,
        span: tuple[int, int],
        ranges: Sequence[tuple[int, int]],
        depth: int,
    ) -> tuple[Parameter, ...]:
        """Read the parameters that stand at `ranges`; `span` is the range of the whole type."""
        readers = [*self.required, *self.optional]
        if self.repeated is not None:
            readers += [self.repeated] * (len(ranges) - len(readers))
        if not len(self.required) <= len(ranges) <= len(readers):
            message = f"'{parser.text(*span)}' has the wrong number of parameters"
            raise parser.error(*span, message, f"write it as {self.example}")
        found = tuple(
            reader(parser, start, end, depth)
            for reader, (start, end) in zip(readers, ranges, strict=False)
        )
        if self.check is not None and (message := self.check(found) or ""):
            raise parser.error(*span, message)
        return found


def _type(parser: TypeReader, start: int, end: int, depth: int) -> DataType:
    return parser.parse(start, end, depth)


def _key_type(parser: TypeReader, start: int, end: int, depth: int) -> DataType:
    key = parser.parse(start, end, depth)
    if re.fullmatch(r"u?int\d+", key.name) is None:
        raise parser.error(start, end, "the key of a dictionary is an integer type, such as int32")
    return key


def _member(parser: TypeReader, start: int, end: int, depth: int) -> Member:
    return parser.parse_member(start, end, depth)


def _time_zone(parser: TypeReader, start: int, end: int, _depth: int) -> str:
    text = parser.text(start, end)
    if re.fullmatch(r"[\w+\-/:]+", text, re.ASCII) is None:
        message = f"'{text}' is not a time zone"
        raise parser.error(start, end, message, "such as UTC, Europe/Berlin or +02:00")
    return text


_UNITS = {"s": "second", "ms": "millisecond", "us": "microsecond", "ns": "nanosecond"}


def _choice(*names: str) -> ParameterReader:
    def read(parser: TypeReader, start: int, end: int, _depth: int) -> str:
        text = parser.text(start, end)
        name = _UNITS.get(text, text)
        if name in names:
            return name
        choices = " or ".join((", ".join(names[:-1]), names[-1]))
        raise parser.error(start, end, f"'{text}' is not possible here", f"use {choices}")

    return read


def _integer(lowest: int, highest: int) -> ParameterReader:
    def read(parser: TypeReader, start: int, end: int, _depth: int) -> int:
        text = parser.text(start, end)
        # No number in here has more than ten digits.
        if re.fullmatch(r"[+-]?[0-9]{1,10}", text) and lowest <= int(text) <= highest:
            return int(text)
        message = f"'{text}' is not a whole number from {lowest} to {highest}"
        raise parser.error(start, end, message)

    return read


def _scale_fits(parameters: Sequence[Parameter]) -> str | None:
    precision, scale = parameters
    if isinstance(precision, int) and isinstance(scale, int) and scale > precision:
        return f"the scale {scale} of a decimal is larger than its precision {precision}"
    return None


_UNIT = _choice("second", "millisecond", "microsecond", "nanosecond")
_SIZE = _integer(0, 2**31 - 1)
_SCALE = _integer(-128, 127)

SIGNATURES = {
    "fixed_binary": Signature("fixed_binary<16>", (_SIZE,)),
    "time32": Signature("time32<millisecond>", (_choice("second", "millisecond"),)),
    "time64": Signature("time64<microsecond>", (_choice("microsecond", "nanosecond"),)),
    "timestamp": Signature("timestamp<microsecond>", (_UNIT,), (_time_zone,)),
    "duration": Signature("duration<millisecond>", (_UNIT,)),
    "interval": Signature(
        "interval<month_day_nano>", (_choice("year_month", "day_time", "month_day_nano"),)
    ),
    "decimal": Signature("decimal<10,2>", (_integer(1, 38), _SCALE), check=_scale_fits),
    "decimal256": Signature("decimal256<50,2>", (_integer(1, 76), _SCALE), check=_scale_fits),
    "list": Signature("list<string>", (_type,)),
    "large_list": Signature("large_list<string>", (_type,)),
    "fixed_list": Signature("fixed_list<float32,3>", (_type, _SIZE)),
    "struct": Signature("struct<name:string,age:int32>", (), repeated=_member),
    "map": Signature("map<string,int64>", (_type, _type)),
    "dictionary": Signature("dictionary<int32,string>", (_key_type, _type)),
    "union": Signature(
        "union<sparse,a:int32,b:string>", (_choice("sparse", "dense"),), repeated=_member
    ),
}
"""By canonical name."""
