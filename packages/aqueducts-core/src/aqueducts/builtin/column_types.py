"""Refusing columns that a file format cannot hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from aqueducts.arrow_types import type_name
from aqueducts.builtin.shown_names import listed
from aqueducts.errors import DestinationError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["any_inside", "check_unique_names", "refuse_columns"]


def any_inside(data_type: pa.DataType, is_wanted: Callable[[pa.DataType], bool]) -> bool:
    """Whether a type, or any type nested in it, is of a kind."""
    import pyarrow.types as pt

    if is_wanted(data_type):
        return True
    if pt.is_dictionary(data_type):
        return any_inside(data_type.value_type, is_wanted)
    if pt.is_map(data_type):
        return any_inside(data_type.key_type, is_wanted) or any_inside(
            data_type.item_type, is_wanted
        )
    return any(
        any_inside(data_type.field(index).type, is_wanted) for index in range(data_type.num_fields)
    )


def refuse_columns(
    schema: pa.Schema, is_refused: Callable[[pa.DataType], bool], reason: str, hint: str
) -> None:
    """Raise DestinationError that names all columns whose type is refused."""
    refused = [
        f"{field.name} ({type_name(field.type)})" for field in schema if is_refused(field.type)
    ]
    if refused:
        raise DestinationError(f"{reason}: {listed(refused, limit=10)}", hint=hint)


def check_unique_names(schema: pa.Schema, format_name: str) -> None:
    """Raise DestinationError where two columns have one name: one would be lost on reading."""
    twice = [name for name, count in Counter(schema.names).items() if count > 1]
    if twice:
        raise DestinationError(
            f"{format_name} files need columns with different names; more than one is called "
            f"{listed(twice, limit=10)}",
            hint='name them in the last stage: SELECT a.id AS "a_id", b.id AS "b_id"',
        )
