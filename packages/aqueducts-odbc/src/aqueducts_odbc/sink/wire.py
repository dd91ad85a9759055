"""Values in the forms that drivers take: checked before, not changed here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from aqueducts_odbc.sink.casting import ValueProblem, show
from aqueducts_odbc.sink.tables import ColumnType

__all__ = ["to_wire", "wire_type"]

_JSONB_VERSION = b"\x01"


def wire_type(kind: ColumnType) -> pa.DataType:
    """The type that values of a column are handed over in."""
    return kind.wire or kind.arrow or pa.string()


def to_wire(values: pa.Array, kind: ColumnType) -> pa.Array:
    """The values in the column's form. Raises ValueProblem."""
    convert = _FORMS.get(kind.form)
    if convert is not None:
        return convert(values)
    wanted = wire_type(kind)
    return values if values.type == wanted else values.cast(wanted)


def _uuid_bytes(values: pa.Array) -> pa.Array:
    def parsed(text: str) -> bytes:
        try:
            return uuid.UUID(text).bytes
        except ValueError:
            raise ValueProblem(f"{show(text)} is no uuid") from None

    found = [None if text is None else parsed(text) for text in values.to_pylist()]
    return pa.array(found, pa.binary())


def _jsonb_bytes(values: pa.Array) -> pa.Array:
    """As jsonb_recv reads it: a version, then the text."""
    prefix, between = pa.scalar(_JSONB_VERSION), pa.scalar(b"")
    return pc.binary_join_element_wise(prefix, values.cast(pa.binary()), between)


def _utc_without_zone(values: pa.Array) -> pa.Array:
    return values.cast(pa.timestamp("us"))


def _moment_text(values: pa.Array) -> pa.Array:
    if pt.is_timestamp(values.type) and values.type.tz is not None:
        values = _utc_without_zone(values)
    return values.cast(pa.string())


_FORMS: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "uuid": _uuid_bytes,
    "jsonb": _jsonb_bytes,
    "utc": _utc_without_zone,
    "moment_text": _moment_text,
}
