"""Reading PostgreSQL through ADBC: types are the server's own, with some that the driver damages.

It flattens arrays of arrays, gives money as its cents, and the internal bytes of types that it does
not know; these are asked for as text or as numbers instead. Numerics come as text, with their
precision in the metadata. Infinite dates and 24:00 come as numbers beyond all dates and times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from aqueducts.errors import SourceError
from aqueducts_odbc.adbc.columns import ReadColumn, Reading, in_range, retyped

if TYPE_CHECKING:
    from aqueducts_odbc.adbc.connections import AdbcConnection

__all__ = ["postgresql_reading"]

_UNDECLARED = pa.decimal128(38, 18)
_MONEY = pa.decimal128(20, 2)
_MOST_DIGITS, _MOST_WIDE_DIGITS = 38, 76
_FIRST_DAY, _LAST_DAY = -2_440_588, 2_145_031_948
"""4713 BC to 5874897 AD, in days since 1970."""
_FIRST_MOMENT, _LAST_MOMENT = -210_866_803_200_000_000, 9_224_318_015_999_999_999
_DAY = 86_400_000_000 - 1
_INFINITE = "it is infinite"


def postgresql_reading(
    connection: AdbcConnection, query: str, types: Mapping[str, pa.DataType]
) -> Reading:
    """Ask the server for the columns. Raises SourceError."""
    with connection.cursor("PostgreSQL refuses the query") as cursor:
        schema = cursor.adbc_execute_schema(query)
    columns = tuple(retyped(_column(field), types.get(field.name)) for field in schema)
    arrays = [n for n, field in enumerate(schema) if pt.is_list(field.type)]

    def statement(chosen: Sequence[ReadColumn]) -> str:
        if len(chosen) == len(columns) and not arrays and all(c.sql == _q(c.name) for c in columns):
            return query
        listed = [column.sql for column in chosen] or ["NULL"]
        listed += [f"array_ndims(q.{_quote(column.name)})" for column in _arrays(chosen)]
        return f"SELECT {', '.join(listed)} FROM ({query}\n) AS q"  # noqa: S608 - the user's query

    return Reading(columns, statement, check_extra=_check_dimensions if arrays else None)


def _arrays(chosen: Sequence[ReadColumn]) -> list[ReadColumn]:
    return [column for column in chosen if pt.is_list(column.arrow)]


def _check_dimensions(batch: pa.RecordBatch, chosen: Sequence[ReadColumn]) -> None:
    """The driver makes one list of an array of arrays."""
    arrays = _arrays(chosen)
    first = batch.num_columns - len(arrays)
    for place, column in enumerate(arrays, first):
        most = pc.max(batch.column(place)).as_py()
        if most is not None and most > 1:
            raise SourceError(
                f"column {column.name!r} holds arrays of arrays, which the driver would flatten",
                hint="read them as text: cast(... AS text), or array_to_json(...)",
            )


def _column(field: pa.Field) -> ReadColumn:
    metadata = field.metadata or {}
    name = metadata.get(b"POSTGRESQL:type", b"").decode()
    plain, quoted = _q(field.name), field.name
    if name == "numeric":
        modifier = int(metadata.get(b"POSTGRESQL:typmod", b"-1"))
        return ReadColumn(name=quoted, sql=plain, arrow=_numeric(modifier), is_unwrapped=True)
    if name == "money":
        return ReadColumn(name=quoted, sql=f"{plain}::numeric", arrow=_MONEY)
    if name == "oid":
        return ReadColumn(name=quoted, sql=f"{plain}::bigint", arrow=pa.int64())
    if name == "uuid" or _is_foreign(field.type):
        return ReadColumn(name=quoted, sql=f"{plain}::text", arrow=pa.string())
    if isinstance(field.type, pa.BaseExtensionType):  # JSON
        return ReadColumn(name=quoted, sql=plain, arrow=pa.string(), is_unwrapped=True)
    if pt.is_list(field.type):
        return _list(field, plain)
    return ReadColumn(name=quoted, sql=plain, arrow=field.type, check=_check_of(field.type))


def _list(field: pa.Field, plain: str) -> ReadColumn:
    if isinstance(field.type.value_type, pa.BaseExtensionType):
        sql, inner = f"{plain}::text[]", pa.string()
    else:
        sql, inner = plain, field.type.value_type
    return ReadColumn(name=field.name, sql=sql, arrow=pa.list_(inner))


def _is_foreign(data_type: Any) -> bool:
    """Whether the driver only has the bytes of a type."""
    return isinstance(data_type, pa.BaseExtensionType) and pt.is_binary(data_type.storage_type)


def _numeric(modifier: int) -> pa.DataType:
    if modifier < 0:
        return _UNDECLARED
    precision, scale = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
    if scale > 1000 or scale > precision or precision > _MOST_WIDE_DIGITS:
        return pa.string()  # a negative scale, as the server writes it, or too wide for Arrow
    return (pa.decimal128 if precision <= _MOST_DIGITS else pa.decimal256)(precision, scale)


def _check_of(data_type: pa.DataType) -> Any:
    if pt.is_date32(data_type):
        return in_range(_FIRST_DAY, _LAST_DAY, _INFINITE)
    if pt.is_timestamp(data_type):
        return in_range(_FIRST_MOMENT, _LAST_MOMENT, _INFINITE)
    if pt.is_time64(data_type):
        return in_range(0, _DAY, "24:00 is no time of a day")
    return None


def _q(name: str) -> str:
    return f"q.{_quote(name)}"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
