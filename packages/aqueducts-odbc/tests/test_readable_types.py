"""Types that may be asked of arrow-odbc."""

from __future__ import annotations

import pyarrow as pa
import pytest

from aqueducts_odbc.readable_types import is_readable, readable

READ = [
    *(pa.bool_(), pa.int8(), pa.int64(), pa.uint8(), pa.float32(), pa.float64()),
    *(pa.decimal128(38, 2), pa.string(), pa.binary(), pa.date32(), pa.time32("s")),
    *(pa.time64("us"), pa.timestamp("us")),
]
NEVER_ASKED = [
    *(pa.timestamp("us", "UTC"), pa.binary(3), pa.uint16(), pa.uint64(), pa.large_string()),
    *(pa.string_view(), pa.decimal256(40, 2), pa.null(), pa.list_(pa.int64()), pa.float16()),
    pa.dictionary(pa.int8(), pa.string()),
]


@pytest.mark.parametrize("data_type", READ, ids=str)
def test_types_are_kept(data_type: pa.DataType) -> None:
    """Columns may have NULL, whatever the driver says."""
    schema = pa.schema([pa.field("a", data_type, nullable=False)])
    assert readable(schema) == pa.schema([pa.field("a", data_type)])


@pytest.mark.parametrize("data_type", NEVER_ASKED, ids=str)
def test_types_are_replaced(data_type: pa.DataType) -> None:
    """By one that takes any value."""
    [field] = readable(pa.schema([("a", data_type)]))
    assert is_readable(field.type)
    assert field.type == (pa.binary() if data_type == pa.binary(3) else pa.string())
