"""Reading SQLite through ADBC.

The driver takes a column's type from its first rows: integers where there are none. The declared
types are those of a temporary view of the query; a first row of a value of each type, which is
dropped again, brings the driver to them. A last column tells rows in which a value has another type
than its column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from aqueducts.errors import SourceError
from aqueducts_odbc.adbc.columns import ReadColumn, Reading, only, retyped
from aqueducts_odbc.sink.dialects.sqlite import declared_type

if TYPE_CHECKING:
    from aqueducts_odbc.adbc.connections import AdbcConnection

__all__ = ["sqlite_reading"]

_VIEW = "aqueducts_columns"
_EXACT = 2**53


def sqlite_reading(
    connection: AdbcConnection, query: str, types: Mapping[str, pa.DataType]
) -> Reading:
    """Ask for the declared types. Raises SourceError."""
    refused = "SQLite refuses the query"
    with connection.cursor(refused) as cursor:
        cursor.execute(f"CREATE TEMPORARY VIEW {_VIEW} AS {query}")
    with connection.cursor(refused) as cursor:
        cursor.execute("SELECT name, type FROM pragma_table_xinfo(?) ORDER BY cid", (_VIEW,))
        declared = [(str(name), str(kind or "")) for name, kind in cursor.fetchall()]
    with connection.cursor(refused) as cursor:
        cursor.execute(f"DROP VIEW {_VIEW}")
    columns = {name: _column(name, kind, types.get(name)) for name, kind in declared}
    if None in columns.values():
        found = _inferred(connection, query, list(columns))
        columns = {
            name: column or ReadColumn(name=name, sql=_q(name), arrow=found[name])
            for name, column in columns.items()
        }
    known = tuple(retyped(column, types.get(column.name)) for column in columns.values() if column)
    storage = {name: _storage(kind) for name, kind in declared}

    def statement(chosen: Sequence[ReadColumn]) -> str:
        return _statement(query, chosen, storage)

    return Reading(known, statement, extra=1, skips_first_row=True, check_extra=_check)


def _statement(query: str, chosen: Sequence[ReadColumn], storage: Mapping[str, str]) -> str:
    first = [_sample(column, storage[column.name]) for column in chosen]
    values = [column.sql for column in chosen]
    wrong = " ".join(
        f"WHEN {_is_wrong(column.name, storage[column.name])} THEN {number}"
        for number, column in enumerate(chosen, 1)
    )
    flag = f"CASE {wrong} ELSE 0 END" if wrong else "0"
    return (
        f"SELECT {', '.join([*first, '0'])} UNION ALL "  # noqa: S608 - the user's query
        f"SELECT {', '.join([*values, flag])} FROM ({query}\n) AS q"
    )


def _check(batch: pa.RecordBatch, chosen: Sequence[ReadColumn]) -> None:
    number = pc.max(batch.column(batch.num_columns - 1)).as_py()
    if number:
        column = chosen[number - 1]
        raise SourceError(
            f"column {column.name!r} holds a value of another type than its declared one",
            hint=f"cast it in the query: CAST({column.name} AS TEXT)",
        )


def _inferred(
    connection: AdbcConnection, query: str, names: Sequence[str]
) -> dict[str, pa.DataType]:
    """The types of the first rows, for columns that are expressions."""
    with connection.cursor("SQLite refuses the query") as cursor:
        cursor.execute(query)
        with cursor.fetch_record_batch() as reader:
            return dict(zip(names, reader.schema.types, strict=True))


def _column(name: str, declared: str, wanted: pa.DataType | None) -> ReadColumn | None:
    """The column by its declared type; None where it has none."""
    if not declared:
        if wanted is None:
            return None
        kind = wanted if _is_stored(wanted) else pa.string()
        sql = f"CAST({_q(name)} AS TEXT)" if pt.is_string(kind) else _q(name)
        return ReadColumn(name=name, sql=sql, arrow=kind)
    arrow = declared_type(declared.upper()).arrow or pa.string()
    if pt.is_decimal(arrow):
        return ReadColumn(name=name, sql=f"CAST({_q(name)} AS TEXT)", arrow=arrow)
    if pt.is_boolean(arrow):
        check = only(pa.array([0, 1]), "is neither 0 nor 1")
        return ReadColumn(name=name, sql=_q(name), arrow=arrow, check=check)
    return ReadColumn(name=name, sql=_q(name), arrow=arrow)


def _is_stored(data_type: pa.DataType) -> bool:
    return any(
        is_kind(data_type) for is_kind in (pt.is_int64, pt.is_float64, pt.is_string, pt.is_binary)
    )


def _storage(declared: str) -> str:
    """What values of a column of a declared type are stored as; empty where it has none."""
    arrow = declared_type(declared.upper()).arrow if declared else None
    if arrow is None:
        return "text" if declared else ""
    if pt.is_integer(arrow) or pt.is_boolean(arrow):
        return "integer"
    if pt.is_floating(arrow):
        return "real"
    if pt.is_decimal(arrow):
        return "number"
    return "blob" if pt.is_binary(arrow) else "text"


def _sample(column: ReadColumn, storage: str) -> str:
    samples = {"integer": "0", "real": "0.0", "text": "''", "blob": "x''", "number": "''"}
    sample = samples.get(storage)
    if sample is None:
        kinds = ((pt.is_int64, "0"), (pt.is_float64, "0.0"), (pt.is_binary, "x''"))
        sample = next((text for is_kind, text in kinds if is_kind(column.arrow)), "''")
    return f"{sample} AS {_quote(column.name)}"


def _is_wrong(name: str, storage: str) -> str:
    """A condition that is true where a value is not what its column says."""
    column = _q(name)
    if not storage:  # an integer among floats would lose digits
        return f"typeof({column}) = 'integer' AND {column} NOT BETWEEN -{_EXACT} AND {_EXACT}"
    allowed = {"real": "'real', 'integer'", "number": "'integer', 'real', 'text'"}
    listed = allowed.get(storage, f"'{storage}'")
    return f"typeof({column}) NOT IN ({listed}, 'null')"


def _q(name: str) -> str:
    return f"q.{_quote(name)}"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
