"""Columns of a query, and how they are read through ADBC."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from aqueducts.arrow_types import type_name
from aqueducts.errors import SourceError
from aqueducts_odbc.sink.casting import ValueProblem, cast_between, refuse_where

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ReadColumn", "Reading", "retyped"]

Check = Callable[[pa.Array], None]


class ReadColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One column."""

    name: str
    sql: str
    """What is selected."""
    arrow: pa.DataType
    """The type that it has in queries."""
    is_unwrapped: bool = False
    """Whether values come in an extension type whose storage is meant."""
    check: Check | None = None
    """Refuses what the driver gives another meaning. Raises ValueProblem."""

    def converted(self, values: pa.Array) -> pa.Array:
        """The values of this column. Raises SourceError."""
        try:
            if isinstance(values, pa.ExtensionArray):
                values = values.storage
            if self.check is not None:
                self.check(values)
            return _cast(values, self.arrow)
        except (ValueProblem, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SourceError(
                f"a value of column {self.name!r} is no {type_name(self.arrow)}: "
                f"{str(error).splitlines()[0]}",
                hint="name a type that has it in `types` of the source, such as string, or change "
                "it in the query",
            ) from None


class Reading(msgspec.Struct, frozen=True):
    """How a query is read."""

    columns: tuple[ReadColumn, ...]
    statement: Callable[[Sequence[ReadColumn]], str]
    """SQL that gives these columns, and after them `extra` ones."""
    extra: int = 0
    skips_first_row: bool = False
    check_extra: Callable[[pa.RecordBatch, Sequence[ReadColumn]], None] | None = None
    """Refuses rows by the extra columns. Raises SourceError."""

    def schema(self) -> pa.Schema:
        """The columns as queries see them."""
        return pa.schema([(column.name, column.arrow) for column in self.columns])


def retyped(column: ReadColumn, wanted: pa.DataType | None) -> ReadColumn:
    """The column with the type that the user wants. Raises SourceError where no cast gives it."""
    if wanted is None or wanted == column.arrow:
        return column
    if cast_between(column.arrow, wanted) is None:
        raise SourceError(
            f"column {column.name!r} is {type_name(column.arrow)}, which cannot become "
            f"{type_name(wanted)}",
            hint="cast it in the query",
        )
    return msgspec.structs.replace(column, arrow=wanted)


def in_range(lowest: int, highest: int, why: str) -> Check:
    """A check that numbers behind values are within bounds."""

    def check(values: pa.Array) -> None:
        bits = pa.int32() if values.type.bit_width == 32 else pa.int64()
        numbers = values.view(bits)
        ends = pc.min_max(numbers).as_py()
        if ends["min"] is not None and (ends["min"] < lowest or ends["max"] > highest):
            raise ValueProblem(why)

    return check


def only(allowed: pa.Array, why: str) -> Check:
    """A check that values are among these."""

    def check(values: pa.Array) -> None:
        refuse_where(pc.invert(pc.is_in(pc.drop_null(values), allowed)), pc.drop_null(values), why)

    return check


def _cast(values: pa.Array, target: pa.DataType) -> pa.Array:
    if values.type == target:
        return values
    cast = cast_between(values.type, target)
    return values.cast(target) if cast is None else cast(values)
