"""One schema for files whose schemas differ."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from aqueducts.arrow_types import type_name
from aqueducts.builtin.shown_names import shown_path
from aqueducts.errors import SourceError

__all__ = ["unify_schemas", "unify_types"]

_SIGNED = [pa.int8(), pa.int16(), pa.int32(), pa.int64()]
_UNSIGNED = [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]


def unify_types(
    left: pa.DataType, right: pa.DataType, *, text_fits_all: bool = False
) -> pa.DataType | None:
    """The narrowest type that holds all values of both without loss of meaning, or None.

    With `text_fits_all` (CSV, where every value is text) types that do not meet become strings.
    """
    if left == right or pa.types.is_null(right):
        return left
    if pa.types.is_null(left):
        return right
    for unified in (_numbers(left, right), _times(left, right), _nested(left, right)):
        if unified is not None:
            return unified
    if _is_text(left) and _is_text(right):
        return pa.large_string() if pa.large_string() in (left, right) else pa.string()
    return pa.string() if text_fits_all else None


def unify_schemas(
    schemas: Iterable[tuple[str, pa.Schema]], *, text_fits_all: bool = False
) -> pa.Schema:
    """Unite schemas by column name, in the order in which columns are first met.

    `schemas` are pairs of file path and schema. Raises SourceError that names the file and the
    column where two types cannot be united.
    """
    fields: dict[str, pa.Field] = {}
    origin: dict[str, str] = {}
    for path, schema in schemas:
        for field in schema:
            known = fields.get(field.name)
            if known is None:
                fields[field.name] = field.with_nullable(True)
                origin[field.name] = path
                continue
            if known.type == field.type:
                continue
            unified = unify_types(known.type, field.type, text_fits_all=text_fits_all)
            if unified is None:
                raise SourceError(
                    f"column {field.name!r} is {type_name(field.type)} in {shown_path(path)} but "
                    f"{type_name(known.type)} in "
                    f"{origin[field.name]}",
                    hint="declare the column in the format's schema, or read the files as two "
                    "sources",
                )
            fields[field.name] = known.with_type(unified)
    return pa.schema(list(fields.values()))


def _numbers(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if pa.types.is_floating(left) and pa.types.is_floating(right):
        return max(left, right, key=lambda each: each.bit_width)
    if pa.types.is_integer(left) and pa.types.is_integer(right):
        return _integers(left, right)
    kinds = (left, right)
    if any(map(pa.types.is_floating, kinds)) and any(map(pa.types.is_integer, kinds)):
        return pa.float64()
    if pa.types.is_decimal(left) and pa.types.is_decimal(right):
        scale = max(left.scale, right.scale)
        whole = max(left.precision - left.scale, right.precision - right.scale)
        return pa.decimal128(whole + scale, scale) if whole + scale <= 38 else None
    return None


def _integers(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    signed = [pa.types.is_signed_integer(each) for each in (left, right)]
    if all(signed) or not any(signed):
        return max(left, right, key=lambda each: each.bit_width)
    unsigned = right if signed[0] else left
    other = left if signed[0] else right
    width = max(unsigned.bit_width * 2, other.bit_width)
    return next((each for each in _SIGNED if each.bit_width == width), None)


def _times(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    units = ["s", "ms", "us", "ns"]
    if pa.types.is_timestamp(left) and pa.types.is_timestamp(right) and left.tz == right.tz:
        return pa.timestamp(max(left.unit, right.unit, key=units.index), left.tz)
    if pa.types.is_date(left) and pa.types.is_date(right):
        return pa.date64()
    for date, time in ((left, right), (right, left)):
        if pa.types.is_date(date) and pa.types.is_timestamp(time):
            return time
    return None


def _nested(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    if _is_list(left) and _is_list(right):
        item = unify_types(left.value_type, right.value_type)
        return None if item is None else pa.list_(item)
    if pa.types.is_struct(left) and pa.types.is_struct(right):
        fields = {field.name: field.type for field in left}
        for field in right:
            known = fields.get(field.name)
            unified = field.type if known is None else unify_types(known, field.type)
            if unified is None:
                return None
            fields[field.name] = unified
        return pa.struct(list(fields.items()))
    return None


def _is_list(data_type: pa.DataType) -> bool:
    return bool(pa.types.is_list(data_type) or pa.types.is_large_list(data_type))


def _is_text(data_type: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(data_type)
        or pa.types.is_large_string(data_type)
        or pa.types.is_string_view(data_type)
    )
