"""Types that every reader of our results knows."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["parquet_keeps", "parquet_type", "plain_schema", "plain_type", "without_views"]


def plain_type(data_type: pa.DataType) -> pa.DataType:
    """The type without views and without nested fields that refuse nulls.

    DataFusion computes with string views, which few other programs read; and it calls literals
    not nullable, which would make columns that refuse the nulls of the next run.
    """
    if pa.types.is_string_view(data_type):
        return pa.string()
    if pa.types.is_binary_view(data_type):
        return pa.binary()
    if pa.types.is_null(data_type):
        return pa.string()
    if pa.types.is_list(data_type):
        return pa.list_(_plain_field(data_type.value_field))
    if pa.types.is_large_list(data_type):
        return pa.large_list(_plain_field(data_type.value_field))
    if pa.types.is_list_view(data_type):
        return pa.list_(_plain_field(data_type.value_field))
    if pa.types.is_fixed_size_list(data_type):
        return pa.list_(_plain_field(data_type.value_field), data_type.list_size)
    if pa.types.is_struct(data_type):
        return pa.struct([_plain_field(field) for field in data_type])
    if pa.types.is_map(data_type):
        return pa.map_(plain_type(data_type.key_type), plain_type(data_type.item_type))
    return data_type


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with plain types, all columns nullable, without metadata."""
    return pa.schema([pa.field(field.name, plain_type(field.type), True) for field in schema])


def without_views(schema: pa.Schema) -> pa.Schema:
    """The schema with columns of texts and bytes that are no views; nested ones stay."""
    plain = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
    return pa.schema([field.with_type(plain.get(field.type, field.type)) for field in schema])


def parquet_type(data_type: pa.DataType) -> pa.DataType:
    """The nearest type that Parquet has a name for.

    Parquet knows no seconds: the engine writes them as bare numbers, and that is what every
    reader gets.
    """
    if pa.types.is_timestamp(data_type) and data_type.unit == "s":
        return pa.timestamp("ms", data_type.tz)
    if pa.types.is_time32(data_type):
        return pa.time32("ms")
    if pa.types.is_date64(data_type):
        return pa.date32()
    if pa.types.is_list(data_type):
        return pa.list_(data_type.value_field.with_type(parquet_type(data_type.value_type)))
    if pa.types.is_struct(data_type):
        return pa.struct([field.with_type(parquet_type(field.type)) for field in data_type])
    return data_type


def parquet_keeps(data_type: pa.DataType) -> bool:
    """Whether Parquet's own types tell this type, without a note of the Arrow type beside them."""
    if pa.types.is_list(data_type) or pa.types.is_struct(data_type):
        return all(
            parquet_keeps(data_type.field(index).type) for index in range(data_type.num_fields)
        )
    if pa.types.is_timestamp(data_type):
        return data_type.unit != "s" and data_type.tz in (None, "UTC")
    return any(check(data_type) for check in _TOLD_BY_PARQUET)


_TOLD_BY_PARQUET = (
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_decimal128,
    pa.types.is_date32,
    pa.types.is_string,
    pa.types.is_binary,
)


def _plain_field(field: pa.Field) -> pa.Field:
    return pa.field(field.name, plain_type(field.type), True)
