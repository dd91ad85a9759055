"""Conditions of a query, as the engine hands them over, as SQL for deltalake.

The engine gives a `pyarrow.compute.Expression`, which shows its parts only as text. The text is
read back into an expression, and only where that one equals the given one is it used: nothing is
skipped because of a misreading. What cannot be read back skips nothing; the engine applies every
condition to each row in any case.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from aqueducts_delta.literals import column_sql, has_literal, in_list_sql, literal_sql

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

__all__ = ["filter_sql"]

_COMPARISON = re.compile(r" (==|!=|<=|>=|<|>) ")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"[^()\"]+?(?=\))")
_VALUES = re.compile(
    r", \{value_set=\S+?:\[\n(.*?)\n\], null_matching_behavior=MATCH\}\)", re.DOTALL
)
_LISTED_TEXT = re.compile(r'  "(.*)"\Z', re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class _Unreadable(Exception):
    """Not one of the forms that are known here."""


class _Part(msgspec.Struct, frozen=True):
    """A condition in both forms."""

    sql: str
    build: Callable[[bool], Any]
    """Makes the pyarrow expression; literals have the column's type where True is passed."""


def filter_sql(condition: pc.Expression, schema: pa.Schema) -> str | None:
    """The condition as SQL, or None where there is no SQL that means exactly the same."""
    reader = _Reader(str(condition), schema)
    try:
        part = reader.condition()
        reader.end()
        for is_typed in (True, False):
            if part.build(is_typed).equals(condition):
                return part.sql
    except (_Unreadable, ValueError, ArithmeticError):
        return None
    return None


class _Reader:
    def __init__(self, text: str, schema: pa.Schema) -> None:
        self._text = text
        self._place = 0
        self._schema = schema
        # Of names that begin alike the longest is tried first.
        self._names: Sequence[str] = sorted(schema.names, key=len, reverse=True)

    def condition(self) -> _Part:
        import pyarrow.compute as pc

        if self._skip("invert("):
            inner = self.condition()
            self._expect(")")
            return _Part(f"(NOT {inner.sql})", lambda typed: ~inner.build(typed))
        for word, sql in _NULL_TESTS.items():
            if self._skip(word):
                name = self._name()
                self._skip(", {nan_is_null=false}")
                self._expect(")")
                return _Part(f"({column_sql(name)} {sql})", _null_test(name, sql))
        if self._skip("is_in("):
            return self._is_in()
        if self._skip("("):
            return self._comparison_or_pair()
        name = self._name()
        if not _is_boolean(self._schema.field(name).type):
            raise _Unreadable
        return _Part(column_sql(name), lambda _: pc.field(name))

    def end(self) -> None:
        if self._place != len(self._text):
            raise _Unreadable

    def _comparison_or_pair(self) -> _Part:
        started = self._place
        try:
            return self._comparison()
        except _Unreadable:
            self._place = started
        left = self.condition()
        is_and = self._skip(" and ")
        if not is_and:
            self._expect(" or ")
        right = self.condition()
        self._expect(")")
        if is_and:
            return _Part(
                f"({left.sql} AND {right.sql})",
                lambda typed: left.build(typed) & right.build(typed),
            )
        return _Part(
            f"({left.sql} OR {right.sql})", lambda typed: left.build(typed) | right.build(typed)
        )

    def _comparison(self) -> _Part:
        import pyarrow as pa
        import pyarrow.compute as pc

        name = self._name()
        operator = self._match(_COMPARISON)[1]
        data_type = self._schema.field(name).type
        value = self._value(data_type)
        self._expect(")")
        compare = _COMPARE[operator]
        sql = f"({column_sql(name)} {_SQL[operator]} {literal_sql(value, data_type)})"

        def build(is_typed: bool) -> Any:
            return compare(pc.field(name), pa.scalar(value, data_type if is_typed else None))

        return _Part(sql, build)

    def _is_in(self) -> _Part:
        import pyarrow as pa
        import pyarrow.compute as pc

        name = self._name()
        data_type = self._schema.field(name).type
        listed = self._match(_VALUES)[1].split(",\n")
        values = [self._listed(text, data_type) for text in listed]

        def build(is_typed: bool) -> Any:
            return pc.field(name).isin(pa.array(values, data_type if is_typed else None))

        return _Part(in_list_sql(column_sql(name), values, data_type), build)

    def _listed(self, text: str, data_type: pa.DataType) -> Any:
        if _is_text(data_type):
            found = _LISTED_TEXT.match(text)
            if found is None:
                raise _Unreadable
            return found[1]
        return _read(text.strip(), data_type)

    def _value(self, data_type: pa.DataType) -> Any:
        if _is_text(data_type):
            escaped = self._match(_TEXT)[1]
            return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), escaped)
        return _read(self._match(_BARE)[0], data_type)

    def _name(self) -> str:
        for name in self._names:
            if self._skip(name):
                return name
        raise _Unreadable

    def _skip(self, word: str) -> bool:
        if not self._text.startswith(word, self._place):
            return False
        self._place += len(word)
        return True

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            raise _Unreadable

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._text, self._place)
        if found is None:
            raise _Unreadable
        self._place = found.end()
        return found


_SQL = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


_NULL_TESTS = {"is_null(": "IS NULL", "is_valid(": "IS NOT NULL"}


def _null_test(name: str, sql: str) -> Callable[[bool], Any]:
    import pyarrow.compute as pc

    field = pc.field(name)
    return lambda _: field.is_null() if sql == "IS NULL" else field.is_valid()


def _is_text(data_type: pa.DataType) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_string(data_type))


def _is_boolean(data_type: pa.DataType) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_boolean(data_type))


def _read(text: str, data_type: pa.DataType) -> Any:
    """A value as Arrow prints it."""
    import pyarrow.types as pt

    if not has_literal(data_type):
        raise _Unreadable
    if pt.is_integer(data_type):
        return int(text)
    if pt.is_floating(data_type):
        number = float(text)
        if not math.isfinite(number):
            raise _Unreadable
        return number
    if pt.is_decimal(data_type):
        return Decimal(text)
    if pt.is_date(data_type):
        return datetime.date.fromisoformat(text)
    if pt.is_timestamp(data_type):
        return datetime.datetime.fromisoformat(text)
    raise _Unreadable
