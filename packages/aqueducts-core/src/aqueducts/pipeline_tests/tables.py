"""Rows of a test as tables, with the types of their columns declared or inferred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aqueducts.arrow_types import to_arrow, type_name
from aqueducts.diagnostics import Problem
from aqueducts.errors import ValidationProblem
from aqueducts.pipeline_tests.typed_values import MisfitError, storage

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.models.types import DataType
    from aqueducts.pipeline_tests.contents import Contents
    from aqueducts.validation import Places

__all__ = ["table_of", "untyped_columns"]


def untyped_columns(contents: Contents, declared: Mapping[str, DataType]) -> list[str]:
    """Return the columns that neither a type nor a value tells anything about."""
    return [
        name
        for index, name in enumerate(contents.columns)
        if name not in declared and all(row[index] is None for row in contents.rows)
    ]


def table_of(contents: Contents, declared: Mapping[str, DataType], places: Places) -> pa.Table:
    """Return rows as a table: columns that are declared, and the others by their values.

    A declared column that no row names is null. Raises ValidationProblem with every value that
    does not fit.
    """
    import pyarrow as pa

    problems: list[Problem] = []
    arrays: list[pa.Array] = []
    names = [*declared, *(name for name in contents.columns if name not in declared)]
    for name in names:
        values = contents.column(name) if name in contents.columns else [None] * len(contents.rows)
        try:
            kind = to_arrow(declared[name]) if name in declared else _inferred(values)
        except MisfitError as error:
            message = f"column '{name}' {error}"
            problems.append(
                places.problem(
                    contents.place,
                    message,
                    code="wrong-value",
                    help=f"give its type: schema: {{{name}: string}}",
                )
            )
            continue
        array, found = _array(name, values, kind, contents, places)
        problems += found
        arrays.append(array)
    if problems:
        raise ValidationProblem(problems)
    return pa.Table.from_arrays(arrays, names=names)


def _array(
    name: str, values: Sequence[Any], kind: pa.DataType, contents: Contents, places: Places
) -> tuple[pa.Array, list[Problem]]:
    import pyarrow as pa

    stored: list[Any] = []
    problems: list[Problem] = []
    for row, value in enumerate(values):
        try:
            stored.append(storage(value, kind))
            pa.array(stored[-1:], kind)
        except (MisfitError, pa.ArrowException, OverflowError, ValueError) as error:
            reason = (
                str(error) if isinstance(error, MisfitError) else f"{value} is no {type_name(kind)}"
            )
            where = "" if contents.is_listed else f" in row {row + 1}"
            problems.append(
                places.problem(
                    contents.place_of(row, name),
                    f"column '{name}'{where}: {reason}",
                    code="wrong-value",
                )
            )
    return (pa.nulls(0) if problems else pa.array(stored, kind)), problems


def _inferred(values: Sequence[Any]) -> pa.DataType:
    """Return the type that holds all values. Raises MisfitError where there is none."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        raise MisfitError("holds nothing but nulls, so that its type is not known")
    if kinds <= {int, float}:
        return pa.float64() if float in kinds else pa.int64()
    if len(kinds) > 1:
        words = " and ".join(sorted(_WORDS[kind] for kind in kinds))
        raise MisfitError(f"holds {words}, which no type does")
    (kind,) = kinds
    if kind is bool:
        return pa.bool_()
    if kind is str:
        return pa.string()
    there = [value for value in values if value is not None]
    if kind is list:
        return pa.list_(_inferred([item for value in there for item in value]))
    names = dict.fromkeys(key for value in there for key in value)
    return pa.struct([(name, _inferred([each.get(name) for each in there])) for name in names])


_WORDS = {
    bool: "true or false",
    int: "numbers",
    float: "numbers",
    str: "text",
    list: "lists",
    dict: "mappings",
}
