"""The condition by which rows of an upsert find those that they replace."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from aqueducts.arrow_types import type_name
from aqueducts.errors import DestinationError
from aqueducts_delta.literals import column_sql, in_list_sql, literal_sql

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts_delta.spool import KeyRange

__all__ = ["SOURCE", "TARGET", "check_keys", "comparable_sql", "merge_predicate"]

SOURCE = "written"
TARGET = "kept"
"""What the two sides are called in the condition."""


def check_keys(names: Sequence[str], schema: pa.Schema) -> None:
    """Refuse keys of types whose values are not compared (DestinationError)."""
    bad = [name for name in names if not _is_comparable(schema.field(name).type)]
    if bad:
        listed = ", ".join(f"{name!r} ({type_name(schema.field(name).type)})" for name in bad)
        raise DestinationError(
            f"columns of these types cannot be keys of an upsert: {listed}",
            hint="choose other keys, or make one of text in the last stage",
        )


def comparable_sql(column: str, data_type: pa.DataType) -> str:
    """What of a key is compared: of lists the set of their items."""
    import pyarrow.types as pt

    return f"array_sort(array_distinct({column}))" if pt.is_list(data_type) else column


def merge_predicate(keys: dict[str, KeyRange], partitions: Collection[str]) -> str:
    """When a row replaces another: all keys are equal, and null equals null.

    What is known of the keys to write comes first, as conditions on the table alone: files and
    partitions that cannot hold such rows are neither read nor do changes to them conflict.
    """
    import pyarrow.types as pt

    narrowing = [_narrowed(name, known, name in partitions) for name, known in keys.items()]
    equal = []
    for name, known in keys.items():
        kept = comparable_sql(column_sql(name, TARGET), known.data_type)
        written = comparable_sql(column_sql(name, SOURCE), known.data_type)
        # Without nulls to write, the plain comparison means the same, and is faster. Of nested
        # values deltalake tries to compute bounds from it, and fails.
        is_plain = not known.has_nulls and not pt.is_nested(known.data_type)
        operator = "=" if is_plain else "IS NOT DISTINCT FROM"
        equal.append(f"({kept} {operator} {written})")
    return " AND ".join([*(each for each in narrowing if each is not None), *equal])


def _narrowed(name: str, known: KeyRange, is_partition: bool) -> str | None:
    column = column_sql(name, TARGET)
    if not known.is_known:
        return None
    if known.lowest is None:
        return f"({column} IS NULL)" if known.has_nulls else None
    if known.values is not None and (is_partition or len(known.values) == 1):
        values = [*sorted(known.values), *([None] if known.has_nulls else [])]
        return in_list_sql(column, values, known.data_type)
    low = literal_sql(known.lowest, known.data_type)
    high = literal_sql(known.highest, known.data_type)
    between = f"{column} >= {low} AND {column} <= {high}"
    return f"({between} OR {column} IS NULL)" if known.has_nulls else f"({between})"


def _is_comparable(data_type: pa.DataType) -> bool:
    import pyarrow.types as pt

    if pt.is_list(data_type):
        return not pt.is_nested(data_type.value_type)
    return not pt.is_map(data_type)
