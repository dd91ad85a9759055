"""Which columns are written: the result's, cast to those of the schema and of the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from aqueducts.arrow_types import schema_to_arrow, type_name
from aqueducts.diagnostics import nearest
from aqueducts.errors import DestinationError
from aqueducts_delta.column_types import can_become, delta_type, same_type

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

    from aqueducts.models.schema import SchemaField

__all__ = ["TargetColumns", "declared_schema", "table_schema", "target_columns"]


class TargetColumns(msgspec.Struct, frozen=True):
    """What is written, in the order of the table."""

    schema: pa.Schema
    added: tuple[str, ...] = ()
    """Columns that the table gets with this write."""


def table_schema(table: DeltaTable) -> pa.Schema:
    """The columns of a table in Arrow's types."""
    import pyarrow as pa

    return pa.schema(table.schema().to_arrow())


def declared_schema(fields: Sequence[SchemaField]) -> pa.Schema | None:
    """The declared columns as a Delta table holds them; None where none are declared.

    Raises DestinationError that names the columns that no Delta table holds.
    """
    return _as_delta(schema_to_arrow(fields), "declare") if fields else None


def target_columns(
    result: pa.Schema,
    declared: pa.Schema | None,
    table: pa.Schema | None,
    *,
    adds_columns: bool,
) -> TargetColumns:
    """The columns to write, for a result with the schema `result`.

    Raises DestinationError that names every column that does not fit.
    """
    import pyarrow as pa

    if declared is None and table is None:
        return TargetColumns(_as_delta(result, "cast"))
    wanted = declared if declared is not None else table
    added: list[pa.Field] = []
    if table is not None:
        if declared is None:
            extra = [field for field in result if field.name not in table.names]
            added = list(_as_delta(pa.schema(extra), "cast")) if adds_columns else []
        else:
            added = [field for field in declared if field.name not in table.names]
            _check_declared(declared, table)
            if not adds_columns:
                _refuse_new(added, table)
        _refuse_required(added)
        wanted = pa.schema([*table, *(field.with_nullable(True) for field in added)])
    problems = list(_mismatches(result, wanted))
    if problems:
        raise DestinationError(
            "the result does not fit the "
            + ("schema" if table is None else "table")
            + ": "
            + "; ".join(problems),
            hint=_hint(result, wanted, is_table=table is not None, adds_columns=adds_columns),
        )
    return TargetColumns(wanted, tuple(field.name for field in added))


def _as_delta(schema: pa.Schema, verb: str) -> pa.Schema:
    import pyarrow as pa

    types = {field.name: delta_type(field.type) for field in schema}
    bad = [field for field in schema if types[field.name] is None]
    if bad:
        listed = ", ".join(f"{field.name!r} ({type_name(field.type)})" for field in bad)
        raise DestinationError(
            f"Delta tables cannot hold columns of these types: {listed}",
            hint=f"{verb} them as types that Delta has, such as int64, string or "
            "timestamp<microsecond>",
        )
    return pa.schema([pa.field(field.name, types[field.name], field.nullable) for field in schema])


def _check_declared(declared: pa.Schema, table: pa.Schema) -> None:
    problems = [
        f"{field.name!r} is {type_name(field.type)} in the schema and "
        f"{type_name(table.field(field.name).type)} in the table"
        for field in declared
        if field.name in table.names and not same_type(field.type, table.field(field.name).type)
    ]
    problems += [
        f"{name!r} of the table is not in the schema"
        for name in table.names
        if name not in declared.names
    ]
    if problems:
        raise DestinationError(
            "the declared schema is not that of the table: " + "; ".join(problems),
            hint="change the schema, or leave it out: an existing table has its own",
        )


def _refuse_new(added: Sequence[pa.Field], table: pa.Schema) -> None:
    if not added:
        return
    names = ", ".join(repr(field.name) for field in added)
    near = nearest(added[0].name, table.names)
    raise DestinationError(
        f"the table has no column for these of the schema: {names}",
        hint=f"did you mean {near!r}?" if near else "set schema_evolution: add_columns to add them",
    )


def _refuse_required(added: Sequence[pa.Field]) -> None:
    required = [repr(field.name) for field in added if not field.nullable]
    if required:
        raise DestinationError(
            f"columns that are added to a table must be nullable: {', '.join(required)}",
            hint="rows that are there already have no value for them; remove nullable: false",
        )


def _mismatches(result: pa.Schema, wanted: pa.Schema) -> Iterator[str]:
    for field in wanted:
        if field.name not in result.names:
            yield f"{field.name!r} is missing"
        elif not can_become(found := result.field(field.name).type, field.type):
            yield f"{field.name!r} is {type_name(found)} instead of {type_name(field.type)}"
    for name in result.names:
        if name not in wanted.names:
            yield f"{name!r} is not in it"


def _hint(result: pa.Schema, wanted: pa.Schema, *, is_table: bool, adds_columns: bool) -> str:
    extra = [name for name in result.names if name not in wanted.names]
    missing = [name for name in wanted.names if name not in result.names]
    near = nearest(missing[0], extra) if missing else None
    if near is not None:
        return f"did you mean {missing[0]!r} by {near!r}?"
    if missing:
        return f"select them in the last stage, such as NULL AS {missing[0]}"
    if extra and is_table and not adds_columns:
        return "leave them out of the last stage, or set schema_evolution: add_columns"
    return "cast or leave out these columns in the last stage"
