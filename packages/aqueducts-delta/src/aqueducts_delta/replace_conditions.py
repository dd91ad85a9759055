"""Which rows a `replace` puts its rows in the place of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aqueducts.arrow_types import type_name
from aqueducts.diagnostics import nearest
from aqueducts.errors import DestinationError
from aqueducts_delta.destination_config import ReplaceCondition
from aqueducts_delta.literals import column_sql, has_literal, literal_sql

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ReplacedRows"]


class ReplacedRows:
    """The rows that meet all conditions; new rows have to meet them as well."""

    def __init__(self, conditions: Sequence[ReplaceCondition], schema: pa.Schema) -> None:
        self._values = [(each.column, _typed(each, schema)) for each in conditions]

    @property
    def predicate(self) -> str | None:
        """The conditions as SQL, each value quoted by its type; None means all rows."""
        parts = []
        for name, value in self._values:
            column = column_sql(name)
            if not value.is_valid:
                parts.append(f"{column} IS NULL")
            else:
                parts.append(f"{column} = {literal_sql(value.as_py(), value.type)}")
        return " AND ".join(parts) or None

    def check(self, batch: pa.RecordBatch) -> None:
        """Refuse rows that the next replacement of the same kind would not replace."""
        import pyarrow.compute as pc

        for name, value in self._values:
            column = batch.column(batch.schema.get_field_index(name))
            if value.is_valid:
                others = batch.num_rows - (pc.sum(pc.equal(column, value)).as_py() or 0)
            else:
                others = batch.num_rows - column.null_count
            if others:
                wanted = "null" if not value.is_valid else repr(value.as_py())
                raise DestinationError(
                    f"{others} rows of one batch have another value than {wanted} in column "
                    f"{name!r}, by which rows are replaced",
                    hint="filter them out in the last stage, or change write_mode.params: the "
                    "rows that are written have to meet the conditions",
                )


def _typed(condition: ReplaceCondition, schema: pa.Schema) -> Any:
    """The value as one of the column's type."""
    import pyarrow as pa

    name, value = condition.column, condition.value
    if name not in schema.names:
        near = nearest(name, schema.names)
        raise DestinationError(
            f"write_mode.params names {name!r}, and the table has no such column",
            hint=f"did you mean {near!r}?" if near else f"it has {', '.join(schema.names[:20])}",
        )
    data_type = schema.field(name).type
    if value is None:
        return pa.scalar(None, data_type)
    is_number_for_text = pa.types.is_string(data_type) and not isinstance(value, str)
    if has_literal(data_type) and not is_number_for_text:
        try:
            return _read(value, data_type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            pass
    raise DestinationError(
        f"{value!r} is no value of column {name!r}, which is of type {type_name(data_type)}",
        hint="rows are replaced by text, numbers, booleans, dates, timestamps and nulls; "
        "put text in quotes",
    )


def _read(value: Any, data_type: pa.DataType) -> Any:
    import pyarrow as pa

    if isinstance(value, str) and not pa.types.is_string(data_type):
        if pa.types.is_timestamp(data_type) and data_type.tz is not None:
            return pa.scalar(value).cast(pa.timestamp("us", "UTC"))
        return pa.scalar(value).cast(data_type)
    if isinstance(value, bool) != pa.types.is_boolean(data_type):
        raise pa.ArrowInvalid("a number is no boolean")
    if isinstance(value, float) and pa.types.is_decimal(data_type):
        return pa.scalar(repr(value)).cast(data_type)
    return pa.scalar(value).cast(data_type)
