"""Batches of a result as batches of the target: same columns, same types, no value damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aqueducts.arrow_types import type_name
from aqueducts.errors import DestinationError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BatchCaster"]


class BatchCaster:
    """Casts batches of one schema to another, by name."""

    def __init__(self, source: pa.Schema, target: pa.Schema) -> None:
        self._target = target
        self._places = [source.get_field_index(name) for name in target.names]

    def cast(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the target's columns.

        Raises DestinationError that names the column whose value does not fit.
        """
        import pyarrow as pa

        columns = []
        for field, place in zip(self._target, self._places, strict=True):
            column = batch.column(place)
            if not field.nullable and column.null_count:
                raise DestinationError(
                    f"column {field.name!r} holds nulls, which its schema does not allow",
                    hint="filter them out or replace them in the last stage (coalesce)",
                )
            columns.append(column if column.type == field.type else _cast(column, field))
        return pa.RecordBatch.from_arrays(columns, schema=self._target)


def _cast(column: pa.Array, field: pa.Field) -> pa.Array:
    import pyarrow as pa

    try:
        return column.cast(field.type)
    except pa.ArrowInvalid as error:
        raise DestinationError(
            f"column {field.name!r} holds a value that is no {type_name(field.type)}: "
            f"{str(error).splitlines()[0]}",
            hint="convert or filter it in the last stage: round(...), try_cast(...), "
            "date_trunc('microsecond', ...)",
        ) from error
