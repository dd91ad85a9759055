"""A result and the columns of its table: which goes where, and how its values get there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pyarrow as pa
import pyarrow.types as pt

from aqueducts.arrow_types import type_name
from aqueducts.diagnostics import nearest
from aqueducts.errors import DestinationError
from aqueducts_odbc.sink.casting import Cast, ValueProblem, as_json, cast_between
from aqueducts_odbc.sink.dialect import Dialect
from aqueducts_odbc.sink.tables import Columns, ColumnType, TableColumn, TargetTable
from aqueducts_odbc.sink.value_checks import check_values
from aqueducts_odbc.sink.wire import to_wire, wire_type

__all__ = ["Fit", "fit", "fit_in_order", "natural_fit"]


class _FittedColumn(msgspec.Struct, frozen=True):
    place: int
    """Of the result's column."""
    column: TableColumn
    cast: Cast
    is_key: bool


class Fit:
    """How batches of a result become batches of the table."""

    def __init__(self, columns: Sequence[_FittedColumn], dialect: Dialect) -> None:
        self._fitted = columns
        self._dialect = dialect
        self.table_columns = tuple(each.column for each in columns)
        """The columns of the table that are written."""
        names = tuple(each.column.name for each in columns)
        fields = [pa.field(f"c{n}", wire_type(each.column.type)) for n, each in enumerate(columns)]
        self.columns = Columns(
            names=names,
            quoted=tuple(dialect.quoted(name) for name in names),
            schema=pa.schema(fields),
        )

    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch as it is handed to the driver.

        Raises DestinationError that names the column whose value does not fit.
        """
        arrays = [self._converted(batch.column(each.place), each) for each in self._fitted]
        return pa.RecordBatch.from_arrays(arrays, schema=self.columns.schema)

    def _converted(self, values: pa.Array, fitted: _FittedColumn) -> pa.Array:
        column = fitted.column
        if values.null_count and (fitted.is_key or not column.is_nullable):
            why = "is a key of the upsert" if fitted.is_key else "takes none (NOT NULL)"
            raise DestinationError(
                f"column {column.name!r} holds nulls, and {why}",
                hint="filter them out or replace them in the last stage (coalesce)",
            )
        try:
            exact = fitted.cast(values)
            check_values(
                exact,
                column.type,
                floats=self._dialect.floats,
                allows_nul=self._dialect.allows_nul,
            )
            return to_wire(exact, column.type)
        except (ValueProblem, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DestinationError(
                f"a value does not fit column {column.name!r} ({column.declared}): "
                f"{str(error).splitlines()[0]}",
                hint=getattr(error, "hint", None)
                or "convert or filter it in the last stage: round(...), try_cast(...)",
            ) from None


def fit(schema: pa.Schema, table: TargetTable, dialect: Dialect, keys: Sequence[str] = ()) -> Fit:
    """Fit a result to a table by names; these that differ in case only are taken for the same.

    Raises DestinationError that names every column that does not fit.
    """
    places = _places(schema, table)
    problems = [*_name_problems(schema, table, places), *_key_problems(keys, table, places)]
    key_names = {name.lower() for name in keys}
    fitted = []
    for place, column in places.items():
        column = dialect.resolved(column, schema.field(place).type)  # noqa: PLW2901
        found = _fitted(schema.field(place), column)
        if isinstance(found, str):
            problems.append(found)
        else:
            fitted.append(
                _FittedColumn(place, column, found, is_key=column.name.lower() in key_names)
            )
    if problems:
        raise DestinationError(
            f"the result does not fit table {table.shown}: " + "; ".join(problems),
            hint=_hint(schema, table, places),
        )
    return Fit(fitted, dialect)


def fit_in_order(
    schema: pa.Schema, columns: Sequence[TableColumn], shown: str, dialect: Dialect
) -> Fit:
    """Fit a result to columns by their places. Raises DestinationError."""
    if len(schema) != len(columns):
        raise DestinationError(
            f"the result has {len(schema)} columns, and the statement takes {len(columns)}",
            hint="select as many columns in the last stage as the statement has markers",
        )
    problems, fitted = [], []
    for place, column in enumerate(columns):
        column = dialect.resolved(column, schema.field(place).type)  # noqa: PLW2901
        found = _fitted(schema.field(place), column)
        if isinstance(found, str):
            problems.append(found)
        else:
            fitted.append(_FittedColumn(place, column, found, is_key=False))
    if problems:
        raise DestinationError(f"the result does not fit {shown}: " + "; ".join(problems))
    return Fit(fitted, dialect)


def natural_fit(schema: pa.Schema, dialect: Dialect, *, is_text: bool) -> Fit:
    """Fit a result to the markers of any statement. Raises DestinationError.

    Where only texts can be bound, what has no text that every database reads is refused.
    """
    columns, bad = [], []
    for place, field in enumerate(schema):
        target = pa.string() if is_text else _bound(field.type)
        cast = None if target is None else cast_between(field.type, target)
        if target is not None and is_text and pt.is_boolean(field.type):
            cast = _boolean_digit
        if cast is None:
            bad.append(f"{field.name!r} ({type_name(field.type)})")
            continue
        column = TableColumn(name=field.name, declared="marker", type=ColumnType(arrow=target))
        columns.append(_FittedColumn(place, column, cast, is_key=False))
    if bad:
        raise DestinationError(
            f"the statement can have no values of these columns: {', '.join(bad)}",
            hint="cast them to text in the last stage, or write a plain INSERT INTO ... VALUES",
        )
    return Fit(columns, dialect)


def _boolean_digit(values: pa.Array) -> pa.Array:
    return values.cast(pa.int8()).cast(pa.string())


def _bound(source: pa.DataType) -> pa.DataType | None:
    """The type that drivers bind values of a type as."""
    if pt.is_dictionary(source):
        return _bound(source.value_type)
    if pt.is_large_string(source) or pt.is_string_view(source) or pt.is_null(source):
        return pa.string()
    if pt.is_large_binary(source) or pt.is_binary_view(source):
        return pa.binary()
    if pt.is_unsigned_integer(source):
        return pa.int64()
    return None if pt.is_nested(source) else source


def _fitted(field: pa.Field, column: TableColumn) -> Cast | str:
    if column.is_generated:
        return f"{column.name!r} is filled by the database alone"
    cast = _cast(field.type, column.type)
    if cast is None:
        return f"{field.name!r} is {type_name(field.type)}, which does not fit {column.declared}"
    return cast


def _cast(source: pa.DataType, kind: ColumnType) -> Cast | None:
    if pt.is_nested(source) and kind.form in ("json", "jsonb"):
        return as_json
    return cast_between(source, kind.arrow)


def _places(schema: pa.Schema, table: TargetTable) -> dict[int, TableColumn]:
    """The column of the table for each of the result's that has one."""
    exact = {column.name: column for column in table.columns}
    folded: dict[str, list[TableColumn]] = {}
    for column in table.columns:
        folded.setdefault(column.name.lower(), []).append(column)
    found: dict[int, TableColumn] = {}
    for place, name in enumerate(schema.names):
        alike = folded.get(name.lower(), [])
        if name in exact:
            found[place] = exact[name]
        elif len(alike) == 1:
            found[place] = alike[0]
    return found


def _name_problems(
    schema: pa.Schema, table: TargetTable, places: dict[int, TableColumn]
) -> Iterator[str]:
    taken: dict[str, str] = {}
    for place, column in places.items():
        name = schema.field(place).name
        if column.name in taken:
            yield f"{taken[column.name]!r} and {name!r} are one column of it"
        taken[column.name] = name
    for place, name in enumerate(schema.names):
        if place not in places:
            yield f"it has no column {name!r}"
    for column in table.columns:
        if column.name not in taken and not column.is_nullable and not column.has_default:
            yield f"{column.name!r} is missing, and has neither a default nor NULL"


def _key_problems(
    keys: Sequence[str], table: TargetTable, places: dict[int, TableColumn]
) -> Iterator[str]:
    written = {column.name.lower() for column in places.values()}
    for key in keys:
        if key.lower() not in written:
            yield f"the key {key!r} is not in the result"
    wanted = {key.lower() for key in keys}
    unique = [{name.lower() for name in names} for names in table.unique_keys]
    if keys and wanted not in unique:
        there = " or ".join(f"({', '.join(names)})" for names in table.unique_keys) or "none"
        yield (
            f"the keys ({', '.join(keys)}) are no primary key or unique index of it "
            f"(there is {there})"
        )


def _hint(schema: pa.Schema, table: TargetTable, places: dict[int, TableColumn]) -> str:
    free = [name for name in table.names() if name not in {c.name for c in places.values()}]
    extra = [name for place, name in enumerate(schema.names) if place not in places]
    near = nearest(extra[0], free) if extra else None
    if near is not None:
        return f"did you mean {near!r} by {extra[0]!r}?"
    if extra:
        return f"it has {', '.join(table.names()[:20])}; select only these in the last stage"
    return "cast, name or leave out these columns in the last stage"
