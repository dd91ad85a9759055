"""Rows and schemas as text for people."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from aqueducts.outputs import masked_rows, python_values, schema_table, shown_table


def test_rows_are_cut_and_the_rest_is_told() -> None:
    """One row more than wanted tells that there are more."""
    rows = pa.table({"a": [1, 2, 3]})
    shown = shown_table(rows, 2)
    assert shown.columns == ("a",)
    assert shown.types == ("int64",)
    assert shown.rows == (("1",), ("2",))
    assert shown.has_more
    assert not shown_table(rows, 3).has_more


def test_no_columns() -> None:
    """Rows without columns are still rows."""
    rows = pa.table({"a": [1, 2]}).select([])
    assert shown_table(rows, 5).rows == ((), ())


@pytest.mark.parametrize(
    ("data_type", "value", "text"),
    [
        (pa.string(), None, None),
        (pa.string(), "x", "x"),
        (pa.string_view(), "x", "x"),
        (pa.float64(), 0.1, "0.1"),
        (pa.float32(), 1.0, "1.0"),
        (pa.float64(), None, None),
        (pa.float64(), float("nan"), "nan"),
        (pa.bool_(), True, "true"),
        (pa.date32(), dt.date(2024, 1, 2), "2024-01-02"),
        (pa.timestamp("us"), dt.datetime(2024, 1, 2, 3, 4, 5), "2024-01-02 03:04:05.000000"),  # noqa: DTZ001 - a naive type
        (pa.decimal128(9, 2), Decimal("1.10"), "1.10"),
        (pa.list_(pa.int64()), [1, None], "[1, null]"),
        (
            pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]),
            {"a": 1, "b": ["x"]},
            "{a: 1, b: [x]}",
        ),
        (pa.map_(pa.string(), pa.int64()), [("k", 1)], "[[k, 1]]"),
        (pa.binary(), b"\xff\x00", "ff00"),
        (pa.list_(pa.binary()), [b"\xff"], "[ff]"),
        (pa.null(), None, None),
    ],
    ids=str,
)
def test_values_as_text(data_type: pa.DataType, value: Any, text: str | None) -> None:
    """Nulls are none, bytes are in hexadecimal."""
    shown = shown_table(pa.table({"a": pa.array([value], data_type)}), 5)
    assert shown.rows == ((text,),)


def test_a_schema_as_a_table() -> None:
    """Types have the names of pipeline files; those without one have Arrow's."""
    shown = schema_table(
        pa.schema([("a", pa.int64()), ("b", pa.list_(pa.string())), ("c", pa.null())])
    )
    assert shown.columns == ("column", "type")
    assert shown.rows == (("a", "int64"), ("b", "list<string>"), ("c", "null"))


def test_secrets_are_taken_out_of_rows() -> None:
    """Wherever text stands; what holds none is not touched."""
    texts = pa.array(["a secret", "b", None])
    moments = pa.array([1, 2, None], pa.timestamp("ns"))
    inner = pa.array([["a secret"], [], None])
    struct = pa.StructArray.from_arrays([texts, moments], ["t", "at"])
    rows = pa.table(
        {
            "text": texts,
            "view": texts.cast(pa.string_view()),
            "words": texts.dictionary_encode(),
            "list": inner,
            "struct": struct,
            "at": moments,
            "number": [1, 2, 3],
        }
    )
    found = masked_rows(rows, lambda text: text.replace("secret", "***"))
    assert found.schema == rows.schema
    assert "secret" not in str(found)
    assert found["list"].to_pylist() == [["a ***"], [], None]
    assert found["words"].to_pylist() == found["view"].to_pylist() == ["a ***", "b", None]
    assert found["at"].equals(rows["at"])
    assert masked_rows(rows, lambda text: text).equals(rows)


@pytest.mark.parametrize(
    "kind",
    [
        pa.timestamp("ns"),
        pa.timestamp("ns", "UTC"),
        pa.time64("ns"),
        pa.duration("ns"),
        pa.list_(pa.timestamp("ns")),
        pa.large_list(pa.timestamp("ns")),
        pa.struct([("t", pa.list_(pa.timestamp("ns", "Europe/Berlin")))]),
    ],
    ids=str,
)
def test_nanoseconds_are_no_trouble(kind: pa.DataType) -> None:
    """Python has none; texts of single values have all digits."""
    value: Any = 1_000_000_123
    for _ in range(kind.num_fields and 1):
        value = {"t": [value]} if pa.types.is_struct(kind) else [value]
    column = pa.chunked_array([pa.array([value, None], kind)])
    assert python_values(column)[1] is None
    text = shown_table(pa.table({"a": column}), 2).rows[0][0]
    assert text is not None
    assert pa.types.is_nested(kind) or "000000123" in text


def test_nanoseconds_in_maps() -> None:
    """As keys and as values."""
    kind = pa.map_(pa.time64("ns"), pa.timestamp("ns"))
    column = pa.chunked_array([pa.array([[(1_001, 1_000_001)]], kind)])
    assert len(python_values(column)[0]) == 1
