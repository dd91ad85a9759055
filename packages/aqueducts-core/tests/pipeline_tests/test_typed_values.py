"""Values of files as those of columns, and back."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from aqueducts.arrow_types import to_arrow
from aqueducts.models.types import parse_type
from aqueducts.pipeline_tests.typed_values import MisfitError, as_type, storage
from aqueducts.pipeline_tests.values import frozen, to_values


def _arrow(name: str) -> pa.DataType:
    return to_arrow(parse_type(name))


@pytest.mark.parametrize(
    ("type_name", "written", "read"),
    [
        ("bool", True, True),
        ("bool", "false", False),
        ("int8", -5, -5),
        ("uint64", 2**64 - 1, 2**64 - 1),
        ("int64", "+7", 7),
        ("int64", 3.0, 3),
        ("float64", 1, 1.0),
        ("float64", "1e3", 1000.0),
        ("float32", 0.1, 0.1),
        ("float32", 1e-7, 1e-7),
        ("float64", "-inf", -math.inf),
        ("decimal<10,2>", 1.5, Decimal("1.5")),
        ("decimal<10,2>", "1.50", Decimal("1.5")),
        ("decimal<38,0>", 10**37, Decimal(10**37)),
        ("decimal256<50,2>", "0.25", Decimal("0.25")),
        ("string", "", ""),
        ("large_string", "a", "a"),
        ("binary", "text", "text"),
        ("binary", "\\x00ff", "\\x00ff"),
        ("fixed_binary<2>", "ab", "ab"),
        ("date32", "2024-01-31", "2024-01-31"),
        ("date64", "0001-01-31", "0001-01-31"),
        ("time32<second>", "12:30", "12:30:00"),
        ("time64<nanosecond>", "12:30:00.000000001", "12:30:00.000000001"),
        ("timestamp<second>", "2024-01-31", "2024-01-31T00:00:00"),
        ("timestamp<us>", "2024-01-31 12:30:00.50", "2024-01-31T12:30:00.5"),
        ("timestamp<us>", "2024-01-31T12:30:00+02:00", "2024-01-31T10:30:00"),
        ("timestamp<ns>", "2024-01-31T12:30:00.123456789Z", "2024-01-31T12:30:00.123456789"),
        ("timestamp<ms,UTC>", "2024-01-31T12:30:00+0200", "2024-01-31T10:30:00Z"),
        ("timestamp<ms,UTC>", "2024-01-31T12:30:00", "2024-01-31T12:30:00Z"),
        ("timestamp<ms,Europe/Berlin>", "2024-07-31T12:30:00", "2024-07-31T12:30:00+02:00"),
        ("timestamp<ms,-05:30>", "2024-07-31T12:30:00Z", "2024-07-31T07:00:00-05:30"),
        ("duration<ms>", 5, 5),
        ("interval<month_day_nano>", {"days": 2}, {"months": 0, "days": 2, "nanoseconds": 0}),
        ("list<int64>", [1, None], [1, None]),
        ("large_list<date32>", ["2024-01-31"], ["2024-01-31"]),
        ("fixed_list<int32,2>", [1, 2], [1, 2]),
        ("struct<a:int64,b:string>", {"a": 1}, {"a": 1, "b": None}),
        ("map<string,int64>", {"a": 1}, {"a": 1}),
        ("map<int64,string>", [[1, "a"]], [[1, "a"]]),
        ("dictionary<int32,string>", "a", "a"),
        ("list<struct<t:timestamp<us>>>", [{"t": "2024-01-31"}], [{"t": "2024-01-31T00:00:00"}]),
    ],
)
def test_values_fit_their_types(type_name: str, written: Any, read: Any) -> None:
    """What a file says becomes what a column of the type holds, in both ways of reading it."""
    kind = _arrow(type_name)
    column = pa.array([storage(written, kind), None], kind)
    assert to_values(column) == [read, None]
    assert as_type(written, kind) == read
    assert as_type(None, kind) is None


@pytest.mark.parametrize(
    ("type_name", "written"),
    [
        ("bool", 1),
        ("int64", True),
        ("int64", 1.5),
        ("int64", "1.0"),
        ("int8", 300),
        ("float64", True),
        ("float64", "one"),
        ("decimal<10,2>", "one"),
        ("decimal<10,2>", math.nan),
        ("decimal<10,2>", True),
        ("string", 5),
        ("string", True),
        ("string", ["a"]),
        ("binary", 5),
        ("binary", "\\xzz"),
        ("fixed_binary<2>", "abc"),
        ("date32", "2024-02-30"),
        ("date32", 5),
        ("time32<second>", "12"),
        ("time32<second>", "12:30:00.5"),
        ("timestamp<us>", "yesterday"),
        ("timestamp<us>", "2024-01-31T25:00:00"),
        ("timestamp<us>", "2024-01-31T12:30:00.1234567"),
        ("duration<ms>", "5 ms"),
        ("interval<month_day_nano>", {"weeks": 1}),
        ("list<int64>", 5),
        ("list<int64>", ["a"]),
        ("struct<a:int64>", {"b": 1}),
        ("map<int64,string>", [[1]]),
    ],
)
def test_values_that_do_not_fit(type_name: str, written: Any) -> None:
    """They are told from values that are wrong."""
    with pytest.raises(MisfitError):
        as_type(written, _arrow(type_name))


def test_text_is_asked_for_in_quotes() -> None:
    """What looks like a number is no text."""
    with pytest.raises(MisfitError, match="5 is no string: put it in quotes"):
        as_type(5, pa.string())
    with pytest.raises(MisfitError, match="true is no string"):
        as_type(True, pa.string())


def test_expected_decimals_may_have_more_digits_than_the_column() -> None:
    """A tolerance decides on them; in a source they are wrong."""
    kind = _arrow("decimal<10,2>")
    assert as_type("1.005", kind) == Decimal("1.005")
    with pytest.raises(MisfitError):
        storage("1.005", kind)
    with pytest.raises(MisfitError):
        storage(10**9, kind)


def test_columns_of_several_chunks_views_and_structs_without_members() -> None:
    """However the engine holds them."""
    assert to_values(pa.chunked_array([[1], [2]])) == [1, 2]
    assert to_values(pa.array(["a", None], pa.string_view())) == ["a", None]
    assert to_values(pa.array([b"a"], pa.binary_view())) == ["a"]
    assert to_values(pa.array([{}, None], pa.struct([]))) == [{}, None]


def test_nan_is_one_value() -> None:
    """It can be compared and looked up."""
    [first, [second]] = to_values(pa.array([math.nan])), to_values(pa.array([math.nan]))
    assert first[0] is second
    assert frozen([first[0]]) == frozen([second])


def test_structs_are_compared_by_their_members() -> None:
    """Whatever order they stand in."""
    assert frozen([{"a": 1, "b": None}]) == frozen([{"b": None, "a": 1}])


def test_true_is_not_one() -> None:
    """Python takes them for equal."""
    assert frozen(True) != frozen(1)
    assert frozen({"b": [1], "a": {}}) == frozen({"a": {}, "b": [1]})
