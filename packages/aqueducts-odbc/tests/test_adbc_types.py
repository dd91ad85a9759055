"""Every type through the ADBC source: read to the last digit, or refused."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

import pyarrow as pa
import pytest

from aqueducts.errors import SourceError
from aqueducts.testing import Bench

if TYPE_CHECKING:
    from conftest import Database

Cell: TypeAlias = tuple[str, pa.DataType, Any]
"""SQL, and what it is read as."""

TEXT, BIG, DOUBLE, MICRO = pa.string(), pa.int64(), pa.float64(), pa.timestamp("us")
UUID = "123e4567-e89b-12d3-a456-426614174000"
MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001 - the types have no zone

POSTGRESQL: list[Cell] = [
    ("1::smallint", pa.int16(), 1),
    ("9007199254740993::bigint", BIG, 2**53 + 1),
    ("4294967295::oid", BIG, 2**32 - 1),
    ("1.1::real", pa.float32(), 1.100000023841858),
    ("0.1::float8", DOUBLE, 0.1),
    ("'-Infinity'::float8", DOUBLE, float("-inf")),
    ("(-1234.50)::numeric(6,2)", pa.decimal128(6, 2), Decimal("-1234.50")),
    ("1.5::numeric", pa.decimal128(38, 18), Decimal("1.5")),
    ("1.5::numeric(50,2)", pa.decimal256(50, 2), Decimal("1.5")),
    ("1250::numeric(3,-1)", TEXT, "1250"),
    ("'-92233720368547758.08'::money", pa.decimal128(20, 2), Decimal("-92233720368547758.08")),
    ("true", pa.bool_(), True),
    ("'ab'::char(5)", TEXT, "ab   "),
    ("'a'::name", TEXT, "a"),
    ("''::text", TEXT, ""),
    (f"'{MOMENT}'::timestamp", MICRO, MOMENT),
    (
        f"'{MOMENT}+05:30'::timestamptz",
        pa.timestamp("us", "UTC"),
        MOMENT.replace(tzinfo=datetime.UTC) - datetime.timedelta(hours=5.5),
    ),
    ("'0001-01-01'::date", pa.date32(), datetime.date(1, 1, 1)),
    ("'23:59:59.999999'::time", pa.time64("us"), datetime.time(23, 59, 59, 999999)),
    ("'10:00+05'::timetz", TEXT, "10:00:00+05"),
    (
        "interval '1 month 2 days 3.000001 s'",
        pa.month_day_nano_interval(),
        pa.MonthDayNano([1, 2, 3_000_001_000]),
    ),
    (r"'\x00ff'::bytea", pa.binary(), b"\x00\xff"),
    (f"'{UUID}'::uuid", TEXT, UUID),
    ("'{\"a\": 1}'::json", TEXT, '{"a": 1}'),
    ("'{\"a\":1}'::jsonb", TEXT, '{"a": 1}'),
    ("'10.0.0.1'::inet", TEXT, "10.0.0.1/32"),
    ("B'101'::bit(3)", TEXT, "101"),
    ("'sad'::mood", TEXT, "sad"),
    ("int4range(1, 5)", TEXT, "[1,5)"),
    ("point(1, 2)", TEXT, "(1,2)"),
    ("array[1, NULL, 3]", pa.list_(pa.int32()), [1, None, 3]),
    ("array['a', NULL]", pa.list_(TEXT), ["a", None]),
    ("array[1.50::numeric]", pa.list_(TEXT), ["1.50"]),
    (f"array['{UUID}'::uuid]", pa.list_(TEXT), [UUID]),
    ("NULL", TEXT, None),
]
POSTGRESQL_REFUSED: Mapping[str, str] = {
    "'NaN'::numeric": "is no decimal<38,18>",
    "1e30::numeric": "is no decimal<38,18>",
    "0.0000000000000000001::numeric": "is no decimal<38,18>",
    "'infinity'::timestamp": "it is infinite",
    "'-infinity'::timestamptz": "it is infinite",
    "'infinity'::date": "it is infinite",
    "'24:00'::time": "24:00 is no time of a day",
    "array[[1, 2], [3, 4]]": "arrays of arrays",
    "row(1, 2)": "nested record",
}
SQLITE: list[tuple[str, str, pa.DataType, Any]] = [
    ("INTEGER", "9007199254740993", BIG, 2**53 + 1),
    ("BIGINT", "-9223372036854775808", BIG, -(2**63)),
    ("BOOLEAN", "1", pa.bool_(), True),
    ("REAL", "0.1", DOUBLE, 0.1),
    ("DOUBLE", "3", DOUBLE, 3.0),
    ("TEXT", "'ü🦆'", TEXT, "ü🦆"),
    ("VARCHAR(5)", "''", TEXT, ""),
    ("BLOB", "x'00ff'", pa.binary(), b"\x00\xff"),
    ("DECIMAL(10,2)", "12.5", pa.decimal128(10, 2), Decimal("12.50")),
    ("DATE", "'2024-02-29'", pa.date32(), datetime.date(2024, 2, 29)),
    ("TIMESTAMP", f"'{MOMENT}'", MICRO, MOMENT),
    ("TIME", "'12:34:56.789012'", pa.time64("us"), datetime.time(12, 34, 56, 789012)),
]
SQLITE_REFUSED: Mapping[tuple[str, str], str] = {
    ("INTEGER", "'abc'"): "another type",
    ("INTEGER", "1.5"): "another type",
    ("TEXT", "x'ff'"): "another type",
    ("BLOB", "'text'"): "another type",
    ("BOOLEAN", "2"): "neither 0 nor 1",
    ("DECIMAL(10,2)", "0.125"): "is no decimal<10,2>",
    ("DATE", "'yesterday'"): "is no date32",
    ("TIMESTAMP", "1700000000"): "another type",
}


def read(database: Database, folder: Path, query: str, **fields: Any) -> pa.Table:
    """The result of a query."""
    if database.kind == "sqlite":
        uri = f"sqlite://{database.name}"
    else:
        password = quote(database.password, safe="")
        uri = f"postgresql://app:{password}@127.0.0.1:{database.server.port}/{database.name}"
    with Bench(folder) as bench:
        source = bench.source({"type": "adbc", "uri": uri, "load_query": query, **fields})
        return bench.read(source.open(bench.context))


def test_values_of_postgresql(postgresql: Database, tmp_path: Path) -> None:
    """All cells in one query, in rows before and behind nulls."""
    postgresql.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    listed = ", ".join(f"{sql} AS c{number}" for number, (sql, *_) in enumerate(POSTGRESQL))
    nulls = ", ".join(f"CASE WHEN n <> 2 THEN c{n} END AS c{n}" for n in range(len(POSTGRESQL)))
    query = f"SELECT {nulls} FROM (SELECT {listed}) AS q, generate_series(1, 3) AS n ORDER BY n"
    found = read(postgresql, tmp_path, query.replace("CASE WHEN n <> 2 THEN c6 END", "c6"))
    wrong = {}
    for number, (sql, kind, value) in enumerate(POSTGRESQL):
        column = found.column(number)
        is_numeric = sql.startswith(("(-1234.50)", "1.5::numeric(", "1250"))
        if is_numeric:  # CASE keeps no precision
            column = read(postgresql, tmp_path / str(number), f"SELECT {sql} AS c").column(0)
            expected = [value]
        else:
            expected = [value, None, value]
        if column.type != kind or column.to_pylist() != expected:
            wrong[sql] = (column.type, column.to_pylist())
    assert not wrong


@pytest.mark.parametrize("sql", POSTGRESQL_REFUSED)
def test_values_that_the_driver_damages_are_refused(
    sql: str, postgresql: Database, tmp_path: Path
) -> None:
    """An error that names the column, where the driver gives another value."""
    with pytest.raises(SourceError, match=POSTGRESQL_REFUSED[sql].replace("<", ".")):
        read(postgresql, tmp_path, f"SELECT {sql} AS c")


def test_values_of_sqlite(sqlite: Database, tmp_path: Path) -> None:
    """By the types that columns declare, also where a column begins with nulls or is empty."""
    columns = ", ".join(f"c{number} {kind}" for number, (kind, *_) in enumerate(SQLITE))
    values = ", ".join(value for _, value, *_ in SQLITE)
    nulls = ", ".join("NULL" for _ in SQLITE)
    sqlite.execute(f"CREATE TABLE t ({columns})")
    empty = read(sqlite, tmp_path / "empty", "SELECT * FROM t")
    sqlite.execute(f"INSERT INTO t VALUES ({nulls}), ({values}), ({nulls}), ({values})")
    found = read(sqlite, tmp_path / "full", "SELECT * FROM t")
    assert empty.schema.types == found.schema.types == [kind for _, _, kind, _ in SQLITE]
    assert [column.to_pylist() for column in found.columns] == [
        [None, value, None, value] for *_, value in SQLITE
    ]


@pytest.mark.parametrize(("kind", "value"), SQLITE_REFUSED)
def test_values_that_are_no_values_of_their_column(
    kind: str, value: str, sqlite: Database, tmp_path: Path
) -> None:
    """SQLite stores anything anywhere; a column of two types is no column."""
    sqlite.execute(f"CREATE TABLE t (c {kind})", f"INSERT INTO t VALUES (NULL), ({value})")
    with pytest.raises(SourceError, match=SQLITE_REFUSED[kind, value].replace("<", ".")) as caught:
        read(sqlite, tmp_path, "SELECT * FROM t")
    assert "'c'" in str(caught.value)


def test_expressions_of_sqlite(sqlite: Database, tmp_path: Path) -> None:
    """Columns without a declared type have that of their first rows, or the one in `types`."""
    query = "SELECT 1 + 1 AS a, 'x' || 'y' AS b, 1.5 * 2 AS c, 12 || '.50' AS d"
    found = read(sqlite, tmp_path, query, types={"d": "decimal<10,2>"})
    assert found.schema.types == [BIG, TEXT, DOUBLE, pa.decimal128(10, 2)]
    assert found.to_pylist() == [{"a": 2, "b": "xy", "c": 3.0, "d": Decimal("12.50")}]


def test_integers_among_floats_are_refused(sqlite: Database, tmp_path: Path) -> None:
    """The driver would make a float of both, and lose digits."""
    query = "SELECT 0.5 AS c UNION ALL SELECT 9007199254740993"
    with pytest.raises(SourceError, match="another type"):
        read(sqlite, tmp_path, query)


def test_types_are_cast_strictly(postgresql: Database, tmp_path: Path) -> None:
    """`types` says what a column is to be, and is never a way to lose something."""
    query = "SELECT '12'::text AS a, 12.50::numeric AS b"
    found = read(postgresql, tmp_path, query, types={"a": "int64", "b": "decimal<6,1>"})
    assert found.to_pylist() == [{"a": 12, "b": Decimal("12.5")}]
    with pytest.raises(SourceError, match="'b'"):
        read(postgresql, tmp_path / "2", query, types={"b": "decimal<6,0>"})


def test_names_that_cannot_be_told_apart(postgresql: Database, tmp_path: Path) -> None:
    """Two columns of one name, and a type for one that is not there."""
    with pytest.raises(SourceError, match="several columns called 'a'"):
        read(postgresql, tmp_path, "SELECT 1 AS a, 2 AS a")
    with pytest.raises(SourceError, match="did you mean 'amount'"):
        read(postgresql, tmp_path / "2", "SELECT 1 AS amount", types={"amont": "int64"})
