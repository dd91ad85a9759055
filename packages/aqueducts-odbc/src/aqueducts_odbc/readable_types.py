"""Types that may be asked of arrow-odbc.

A column that is told to have no NULL and has one, a time zone, or binary values of one length end
the process that asks for them. So types are taken from a list, whoever chose them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["is_readable", "readable"]


def is_readable(data_type: pa.DataType) -> bool:
    """Whether a driver's values can be read as this type."""
    import pyarrow.types as pt

    if pt.is_timestamp(data_type):
        return data_type.tz is None
    tests = (
        pt.is_boolean,
        pt.is_signed_integer,
        pt.is_uint8,
        pt.is_float32,
        pt.is_float64,
        pt.is_decimal128,
        pt.is_string,
        pt.is_binary,
        pt.is_date32,
        pt.is_time,
    )
    return any(test(data_type) for test in tests)


def readable(schema: pa.Schema) -> pa.Schema:
    """The same columns with types that can be read: text where there is no other."""
    import pyarrow as pa
    import pyarrow.types as pt

    def replaced(data_type: pa.DataType) -> pa.DataType:
        if is_readable(data_type):
            return data_type
        return pa.binary() if pt.is_fixed_size_binary(data_type) else pa.string()

    return pa.schema([pa.field(field.name, replaced(field.type), True) for field in schema])
