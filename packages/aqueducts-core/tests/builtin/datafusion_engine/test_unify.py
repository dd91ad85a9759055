"""One type for two, one schema for many."""

from __future__ import annotations

import pyarrow as pa
import pytest

from aqueducts.builtin.datafusion_engine.unify import unify_schemas, unify_types
from aqueducts.errors import SourceError

PAIRS = [
    (pa.int8(), pa.int8(), pa.int8()),
    (pa.int8(), pa.int32(), pa.int32()),
    (pa.uint8(), pa.uint16(), pa.uint16()),
    (pa.int8(), pa.uint8(), pa.int16()),
    (pa.int64(), pa.uint32(), pa.int64()),
    (pa.int64(), pa.uint64(), None),
    (pa.int64(), pa.float32(), pa.float64()),
    (pa.float32(), pa.float64(), pa.float64()),
    (pa.decimal128(5, 2), pa.decimal128(6, 4), pa.decimal128(7, 4)),
    (pa.decimal128(38, 0), pa.decimal128(38, 30), None),
    (pa.null(), pa.string(), pa.string()),
    (pa.string(), pa.large_string(), pa.large_string()),
    (pa.string(), pa.string_view(), pa.string()),
    (pa.string(), pa.int64(), None),
    (pa.bool_(), pa.int64(), None),
    (pa.date32(), pa.date64(), pa.date64()),
    (pa.date32(), pa.timestamp("ms"), pa.timestamp("ms")),
    (pa.timestamp("s"), pa.timestamp("ns"), pa.timestamp("ns")),
    (pa.timestamp("s"), pa.timestamp("s", "UTC"), None),
    (pa.list_(pa.int8()), pa.list_(pa.int16()), pa.list_(pa.int16())),
    (pa.list_(pa.int8()), pa.large_list(pa.int8()), pa.list_(pa.int8())),
    (pa.list_(pa.int8()), pa.list_(pa.string()), None),
    (pa.list_(pa.int8()), pa.int8(), None),
    (pa.struct([("a", pa.int8())]), pa.struct([("a", pa.string())]), None),
    (
        pa.struct([("a", pa.int8()), ("b", pa.int8())]),
        pa.struct([("b", pa.int16()), ("c", pa.string())]),
        pa.struct([("a", pa.int8()), ("b", pa.int16()), ("c", pa.string())]),
    ),
]


@pytest.mark.parametrize(("left", "right", "united"), PAIRS, ids=str)
def test_the_narrowest_type_that_holds_both(
    left: pa.DataType, right: pa.DataType, united: pa.DataType | None
) -> None:
    """Or none; text holds all where everything is text."""
    assert unify_types(left, right) == united
    if not pa.types.is_struct(left):
        assert unify_types(right, left) == united
    assert unify_types(left, right, text_fits_all=True) == (united or pa.string())


def test_columns_in_the_order_in_which_they_are_met() -> None:
    """All of them nullable."""
    schemas = [
        ("x", pa.schema([pa.field("b", pa.int8(), nullable=False), ("a", pa.int8())])),
        ("y", pa.schema([("c", pa.string()), ("b", pa.int64())])),
    ]
    united = unify_schemas(schemas)
    assert united == pa.schema([("b", pa.int64()), ("a", pa.int8()), ("c", pa.string())])
    assert all(field.nullable for field in united)


def test_what_does_not_meet_names_both_files() -> None:
    """And the column with both types."""
    schemas = [("x", pa.schema([("a", pa.int8())])), ("y", pa.schema([("a", pa.bool_())]))]
    with pytest.raises(SourceError, match="column 'a' is bool in y but int8 in x"):
        unify_schemas(schemas)
