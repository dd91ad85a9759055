"""Data types as Arrow's types, and back."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqueducts.arrow_types import from_arrow, schema_to_arrow, to_arrow
from aqueducts.models.schema import SchemaField
from aqueducts.models.types import DataType, DataTypeError, Member, parse_type

_UNITS = st.sampled_from(["second", "millisecond", "microsecond", "nanosecond"])
_ZONES = st.sampled_from(["UTC", "Europe/Berlin", "+02:00"])
_SIZES = st.integers(0, 1000)

_plain = st.sampled_from(
    [
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float32", "float64", "string", "large_string", "binary", "large_binary"),
        *("date32", "date64"),
    ]
).map(DataType)


def _decimals(name: str, most: int) -> st.SearchStrategy[DataType]:
    return st.integers(1, most).flatmap(
        lambda precision: st.integers(-10, precision).map(
            lambda scale: DataType(name, (precision, scale))
        )
    )


_leaves = st.one_of(
    _plain,
    _SIZES.map(lambda size: DataType("fixed_binary", (size,))),
    st.sampled_from(["second", "millisecond"]).map(lambda unit: DataType("time32", (unit,))),
    st.sampled_from(["microsecond", "nanosecond"]).map(lambda unit: DataType("time64", (unit,))),
    _UNITS.map(lambda unit: DataType("timestamp", (unit,))),
    st.builds(lambda unit, zone: DataType("timestamp", (unit, zone)), _UNITS, _ZONES),
    _UNITS.map(lambda unit: DataType("duration", (unit,))),
    st.sampled_from(["year_month", "day_time", "month_day_nano"]).map(
        lambda unit: DataType("interval", (unit,))
    ),
    _decimals("decimal", 38),
    _decimals("decimal256", 76),
)

_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


def _nested(inner: st.SearchStrategy[DataType]) -> st.SearchStrategy[DataType]:
    members = st.lists(st.builds(Member, _names, inner), max_size=3).map(tuple)
    integers = st.sampled_from(["int8", "uint16", "int32", "int64"]).map(DataType)
    return st.one_of(
        inner.map(lambda item: DataType("list", (item,))),
        inner.map(lambda item: DataType("large_list", (item,))),
        st.builds(lambda item, size: DataType("fixed_list", (item, size)), inner, _SIZES),
        members.map(lambda each: DataType("struct", each)),
        st.builds(lambda key, value: DataType("map", (key, value)), inner, inner),
        st.builds(lambda key, value: DataType("dictionary", (key, value)), integers, inner),
        st.builds(
            lambda mode, each: DataType("union", (mode, *each)),
            st.sampled_from(["sparse", "dense"]),
            members,
        ),
    )


data_types = st.recursive(_leaves, _nested, max_leaves=6)


@settings(max_examples=300, deadline=None)
@given(data_types)
def test_every_type_survives_the_way_to_text_and_to_arrow(data_type: DataType) -> None:
    """What is printed reads as the same type, and so does its Arrow type."""
    assert parse_type(str(data_type)) == data_type
    assert from_arrow(to_arrow(data_type)) == data_type


@pytest.mark.parametrize(
    ("text", "arrow"),
    [
        ("bool", pa.bool_()),
        ("int", pa.int32()),
        ("float", pa.float32()),
        ("double", pa.float64()),
        ("string", pa.string()),
        ("large_utf8", pa.large_string()),
        ("date", pa.date32()),
        ("fixed_binary<4>", pa.binary(4)),
        ("time32<ms>", pa.time32("ms")),
        ("time64<ns>", pa.time64("ns")),
        ("timestamp<us>", pa.timestamp("us")),
        ("timestamp<ms,UTC>", pa.timestamp("ms", "UTC")),
        ("duration<s>", pa.duration("s")),
        ("interval<month_day_nano>", pa.month_day_nano_interval()),
        ("decimal<10,2>", pa.decimal128(10, 2)),
        ("decimal256<50,2>", pa.decimal256(50, 2)),
        ("list<int64>", pa.list_(pa.field("item", pa.int64()))),
        ("large_list<int64>", pa.large_list(pa.field("item", pa.int64()))),
        ("fixed_list<int64,3>", pa.list_(pa.field("item", pa.int64()), 3)),
        ("struct<a:int64>", pa.struct([pa.field("a", pa.int64())])),
        ("map<string,int64>", pa.map_(pa.string(), pa.int64())),
        ("dictionary<int8,string>", pa.dictionary(pa.int8(), pa.string())),
        ("union<sparse,a:int8>", pa.sparse_union([pa.field("a", pa.int8())])),
        ("union<dense,a:int8>", pa.dense_union([pa.field("a", pa.int8())])),
    ],
)
def test_types_are_arrow_s_own(text: str, arrow: pa.DataType) -> None:
    """Each name means the Arrow type one would expect, with nullable items."""
    assert to_arrow(parse_type(text)) == arrow


@pytest.mark.parametrize(("unit", "shown"), [("year_month", "month"), ("day_time", "day_time")])
def test_intervals_without_a_function_in_pyarrow(unit: str, shown: str) -> None:
    """They are made by their name in Arrow's C interface, and can be part of a schema."""
    arrow = to_arrow(DataType("interval", (unit,)))

    assert str(arrow) == f"{shown}_interval"
    assert pa.schema([("a", arrow)]).field("a").type == arrow


@pytest.mark.parametrize(
    ("arrow", "text"),
    [
        (pa.string_view(), "string"),
        (pa.binary_view(), "binary"),
        (pa.list_view(pa.string_view()), "list<string>"),
        (pa.large_list_view(pa.int8()), "large_list<int8>"),
        (pa.decimal32(5, 2), "decimal<5,2>"),
    ],
)
def test_other_layouts_of_a_type_get_the_name_of_the_type(arrow: pa.DataType, text: str) -> None:
    """Views and narrow decimals are ways to hold the same values."""
    assert str(from_arrow(arrow)) == text


def test_arrow_types_without_a_name_are_an_error() -> None:
    """The error names the type."""
    with pytest.raises(DataTypeError, match="'halffloat' has no name in pipeline files"):
        from_arrow(pa.float16())


def test_declared_fields_make_a_schema() -> None:
    """Names, types, nullability and descriptions are all there."""
    fields = [
        SchemaField.model_validate({"name": "id", "type": "long", "nullable": False}),
        SchemaField.model_validate({"name": "t", "data_type": "string", "description": "text"}),
    ]

    schema = schema_to_arrow(fields)

    assert schema.field("id") == pa.field("id", pa.int64(), nullable=False)
    assert schema.field("t").nullable
    assert schema.field("t").metadata == {b"description": b"text"}
