"""Every type of every database: read to the last digit, or refused with the value.

Values are put into tables by the databases' own clients. Each column has NULL in its second row
and its value in the third once more, since some drivers damage all rows but the first.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pytest

from aqueducts.errors import SourceError
from aqueducts.relations import ArrowStream
from aqueducts.testing import Bench

if TYPE_CHECKING:
    from conftest import Database

Cell: TypeAlias = tuple[str, str, pa.DataType, Any]
"""A type and a literal in SQL, the Arrow type, and the value."""

NAIVE = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001 - the types have no zone
SECOND, MILLI = NAIVE.replace(microsecond=0), NAIVE.replace(microsecond=678000)
LAST = NAIVE.replace(9999, 12, 31, 23, 59, 59, 999999)
DAY, NOON = NAIVE.date(), datetime.time(12, 34, 56, 789012)
UTC = NAIVE.replace(tzinfo=datetime.UTC)
LONG = "ü" * 10_000
UUID = "123e4567-e89b-12d3-a456-426614174000"
INT, BIG, TEXT, BYTES = pa.int32(), pa.int64(), pa.string(), pa.binary()
DOUBLE, SINGLE, BOOL, MICRO = pa.float64(), pa.float32(), pa.bool_(), pa.timestamp("us")
TENTH_32 = 1.100000023841858

POSTGRESQL: list[Cell] = [
    ("smallint", "-32768", pa.int16(), -32768),
    ("integer", "-2147483648", INT, -(2**31)),
    ("bigint", "9007199254740993", BIG, 2**53 + 1),
    ("bigint", "-9223372036854775808", BIG, -(2**63)),
    ("oid", "4294967295", BIG, 2**32 - 1),
    ("real", "1.1", SINGLE, TENTH_32),
    ("real", "-3.4028235e38", SINGLE, -3.4028234663852886e38),
    ("double precision", "1234567.891", DOUBLE, 1234567.891),
    ("double precision", "'1.7976931348623157e308'", DOUBLE, 1.7976931348623157e308),
    ("double precision", "'5e-324'", DOUBLE, 5e-324),
    ("double precision", "0.1::float8 + 0.2", DOUBLE, 0.1 + 0.2),
    ("double precision", "'-Infinity'", DOUBLE, float("-inf")),
    ("numeric(6,2)", "-1234.50", pa.decimal128(6, 2), Decimal("-1234.50")),
    ("numeric(38,0)", "9" * 38, pa.decimal128(38, 0), Decimal("9" * 38)),
    ("numeric", "10000.123456789012", pa.decimal128(38, 18), Decimal("10000.123456789012")),
    ("numeric", "0.000000000000000001", pa.decimal128(38, 18), Decimal("0.000000000000000001")),
    ("money", "'-92233720368547758.08'", pa.decimal128(20, 2), Decimal("-92233720368547758.08")),
    ("boolean", "true", BOOL, True),
    ("boolean", "false", BOOL, False),
    ("bit(1)", "B'1'", TEXT, "1"),
    ("bit(3)", "B'101'", TEXT, "101"),
    ("varchar(5)", "'ü🦆\"'';'", TEXT, "ü🦆\"';"),
    ("text", "''", TEXT, ""),
    ("text", f"'{LONG}'", TEXT, LONG),
    ("char(5)", "'ab'", TEXT, "ab   "),
    ("name", "'a'", TEXT, "a"),
    ("timestamp", f"'{NAIVE}'", MICRO, NAIVE),
    ("timestamp(0)", f"'{SECOND}'", MICRO, SECOND),
    ("timestamp", "'0001-01-01'", MICRO, NAIVE.replace(1, 1, 1, 0, 0, 0, 0)),
    ("timestamp", "'9999-12-31 23:59:59.999999'", MICRO, LAST),
    ("timestamptz", f"'{NAIVE}+00'", pa.timestamp("us", "UTC"), UTC),
    ("timestamptz", "'2024-01-02 08:34:05.678901+05:30'", pa.timestamp("us", "UTC"), UTC),
    ("date", "'2024-01-02'", pa.date32(), DAY),
    ("date", "'9999-12-31'", pa.date32(), datetime.date.max),
    ("time", "'12:34:56.789012'", pa.time64("us"), NOON),
    ("timetz", "'12:34:56+02'", TEXT, "12:34:56+02"),
    ("bytea", "'\\x00ff'", BYTES, b"\x00\xff"),
    ("bytea", "''", BYTES, b""),
    ("uuid", f"'{UUID}'", TEXT, UUID),
    ("integer[]", "'{1,2,NULL}'", TEXT, "{1,2,NULL}"),
    ("interval", "'1 day 2 hours'", TEXT, "1 day 02:00:00"),
    ("inet", "'10.0.0.1'", TEXT, "10.0.0.1"),
    ("json", "'{\"a\": 1}'", TEXT, '{"a": 1}'),
    ("jsonb", "'{\"a\":1}'", TEXT, '{"a": 1}'),
    ("xml", "'<a/>'", TEXT, "<a/>"),
    ("point", "'(1,2)'", TEXT, "(1,2)"),
]
MYSQL: list[Cell] = [
    ("tinyint", "-128", pa.int8(), -128),
    ("tinyint unsigned", "255", pa.uint8(), 255),
    ("tinyint(1)", "1", pa.int8(), 1),
    ("smallint unsigned", "65535", pa.uint16(), 65535),
    ("int", "-2147483648", INT, -(2**31)),
    ("int unsigned", "4294967295", pa.uint32(), 2**32 - 1),
    ("bigint", "9007199254740993", BIG, 2**53 + 1),
    ("bigint unsigned", "18446744073709551615", pa.uint64(), 2**64 - 1),
    ("bit(1)", "b'1'", BOOL, True),
    ("bit(8)", "b'10000001'", pa.uint64(), 129),
    ("year", "2024", pa.uint16(), 2024),
    ("float", "1.1", SINGLE, TENTH_32),
    ("float", "-3.4028234663852886e38", SINGLE, -3.4028234663852886e38),
    ("double", "1.7976931348623157e308", DOUBLE, 1.7976931348623157e308),
    ("double", "0.1e0 + 0.2e0", DOUBLE, 0.1 + 0.2),
    ("decimal(30,10)", "-12.3456789012", pa.decimal128(30, 10), Decimal("-12.3456789012")),
    ("decimal(38,0)", "9" * 38, pa.decimal128(38, 0), Decimal("9" * 38)),
    ("decimal(65,10)", "12.3", TEXT, "12.3000000000"),
    ("char(5)", "'ab'", TEXT, "ab"),
    ("varchar(10)", "'ü🦆'", TEXT, "ü🦆"),
    ("text", f"'{LONG}'", TEXT, LONG),
    ("longtext", "''", TEXT, ""),
    ("json", "'{\"a\": 1}'", TEXT, '{"a": 1}'),
    ("enum('a','b')", "'b'", TEXT, "b"),
    ("set('a','b')", "'a,b'", TEXT, "a,b"),
    ("datetime", f"'{SECOND}'", pa.timestamp("s"), SECOND),
    ("datetime(3)", f"'{MILLI}'", pa.timestamp("ms"), MILLI),
    ("datetime(6)", f"'{NAIVE}'", MICRO, NAIVE),
    ("timestamp(6)", "'2024-01-02 08:34:05.678901'", MICRO, NAIVE),  # of a session at +05:30
    ("date", "'9999-12-31'", pa.date32(), datetime.date.max),
    ("time", "'12:34:56'", pa.time32("s"), NOON.replace(microsecond=0)),
    ("time(6)", "'12:34:56.789012'", pa.time64("us"), NOON),
    ("blob", "x'00ff'", BYTES, b"\x00\xff"),
    ("longblob", "x''", BYTES, b""),
    ("varbinary(10)", "x'00ff'", BYTES, b"\x00\xff"),
    ("binary(3)", "x'00ff01'", BYTES, b"\x00\xff\x01"),
    ("uuid", f"'{UUID}'", TEXT, UUID),
    ("inet6", "'::1'", TEXT, "::1"),
]
SQLITE: list[Cell] = [
    ("int", "2147483648", BIG, 2**31),
    ("bigint", "9007199254740993", BIG, 2**53 + 1),
    ("unsigned big int", "9223372036854775807", BIG, 2**63 - 1),
    ("tinyint", "300", BIG, 300),
    ("tinyint", "-1", BIG, -1),
    ("real", "0.1 + 0.2", DOUBLE, 0.1 + 0.2),
    ("double", "-1.7976931348623157e308", DOUBLE, -1.7976931348623157e308),
    ("float", "5e-324", DOUBLE, 5e-324),
    ("real", "9e999", DOUBLE, float("inf")),
    ("numeric(10,2)", "12.3", DOUBLE, 12.3),
    ("decimal(20,4)", "12345678901234.5678", DOUBLE, 12345678901234.5678),
    ("boolean", "1", BOOL, True),
    ("varchar(5)", f"'{LONG}'", TEXT, LONG),
    ("text", "''", TEXT, ""),
    ("char(5)", "'ü🦆'", TEXT, "ü🦆"),
    ("json", "'{}'", TEXT, "{}"),
    ("blob", "x'00ff'", BYTES, b"\x00\xff"),
    ("blob", "zeroblob(20000)", BYTES, bytes(20_000)),
    ("blob", "x''", BYTES, b""),
    ("varbinary(10)", "x'00ff'", BYTES, b"\x00\xff"),
    ("datetime", f"'{NAIVE}'", MICRO, NAIVE),
    ("timestamp", f"'{SECOND}'", MICRO, SECOND),
    ("date", "'2024-01-02'", pa.date32(), DAY),
    ("time", "'12:34:56.789'", pa.time64("us"), NOON.replace(microsecond=789000)),
    ("", "5", BIG, 5),
    ("", "'text'", TEXT, "text"),
]

REFUSED = {
    "postgresql": [
        ("numeric(6,2)", "'NaN'", "'NaN'"),
        ("numeric", "'Infinity'", "'Infinity'"),
        ("numeric", "1e30", "'1000000000000000000000000000000'"),
        ("numeric", "0.0000000000000000001", "'0.0000000000000000001'"),
        ("timestamp", "'infinity'", "'infinity'"),
        ("timestamp", "'290000-01-01'", "'290000-01-01 00:00:00'"),
        ("timestamp", "'0044-03-15 BC'", "'0044-03-15 00:00:00 BC'"),
        ("timestamptz", "'-infinity'", "'-infinity'"),
        ("date", "'infinity'", "'infinity'"),
        ("date", "'10000-01-01'", "'10000-01-01'"),
        ("date", "'0044-03-15 BC'", "'0044-03-15 BC'"),
        ("time", "'24:00:00'", "'24:00:00'"),
        ("text", "repeat('x', 40000)", "max_text_bytes"),
    ],
    "mysql": [
        ("date", "'0000-00-00'", "'0000-00-00'"),
        ("datetime", "'0000-00-00 00:00:00'", "'0000-00-00 00:00:00'"),
        ("time", "'838:59:59'", "'838:59:59'"),
        ("time", "'-00:00:01'", "'-00:00:01'"),
        ("text", "repeat('x', 40000)", "max_text_bytes"),
    ],
    "sqlite": [
        ("int", "'text in int'", "'text in int'"),
        ("int", "1e20", "'1.0e+20'"),
        ("real", "'abc'", "'abc'"),
        ("boolean", "5", "'5'"),
        ("date", "'not a date'", "'not a date'"),
        ("datetime", "1704164645", "'1704164645'"),
        ("datetime", "'2024-01-02T03:04:05+02:00'", "'2024-01-02T03:04:05+02:00'"),
        ("text", "x'00ff'", "holds a blob"),
        ("text", "'a' || char(0) || 'b'", "holds a blob"),
        ("blob", "'text'", "holds a blob"),
        ("text", "printf('%.40000c', 'x')", "max_text_bytes"),
    ],
}


def _stream(bench: Bench, database: Database, **fields: Any) -> ArrowStream:
    fields = {"load_query": "SELECT * FROM m"} | fields
    relation = bench.source(database.config(**fields)).open(bench.context)
    assert isinstance(relation, ArrowStream)
    return relation


def _create(database: Database, kinds: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    columns = ", ".join(f"c{place} {kind}" for place, kind in enumerate(kinds))
    values = ", ".join(f"({', '.join(row)})" for row in rows)
    statements = [f"CREATE TABLE m ({columns})", f"INSERT INTO m VALUES {values}"]
    if database.kind == "mysql":  # as many servers are set up: dates that are none are allowed
        statements.insert(0, "SET sql_mode = ''")
    database.execute(*statements)


@pytest.mark.parametrize(
    ("kind", "cells"), [("postgresql", POSTGRESQL), ("mysql", MYSQL), ("sqlite", SQLITE)]
)
def test_values_arrive(
    kind: str, cells: list[Cell], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Types and values are what they are in the database."""
    database = request.getfixturevalue(kind)
    literals = [literal for _, literal, _, _ in cells]
    _create(database, [cell[0] for cell in cells], [literals, ["NULL"] * len(cells), literals])
    wrong = []
    with Bench(tmp_path) as bench:
        stream = _stream(bench, database)
        table = pa.Table.from_batches(stream.open(0, None, None), schema=stream.schema)
    for (kind_in_sql, literal, data_type, value), column in zip(cells, table.columns, strict=True):
        found = column.to_pylist()
        if (column.type, found) != (data_type, [value, None, value]):
            wrong.append(f"{kind_in_sql} {literal[:40]}: {column.type} {str(found)[:120]}")
    assert wrong == []


@pytest.mark.parametrize("kind", ["postgresql", "mysql", "sqlite"])
def test_values_are_refused(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """What Arrow's type does not have is an error that shows the value, never another value."""
    database = request.getfixturevalue(kind)
    cells = REFUSED[kind]
    _create(database, [cell[0] for cell in cells], [[cell[1] for cell in cells]])
    wrong = []
    with Bench(tmp_path) as bench:
        stream = _stream(bench, database)
        for place, (kind_in_sql, literal, message) in enumerate(cells):
            try:
                batches = list(stream.open(0, [f"c{place}"], None))
            except SourceError as error:
                if message not in str(error):
                    wrong.append(f"{kind_in_sql} {literal}: {error}")
            else:
                wrong.append(f"{kind_in_sql} {literal}: read as {batches}")
    assert wrong == []


def test_late_fractions_arrive(postgresql: Database, tmp_path: Path) -> None:
    """The driver guesses the digits of a sum from the rows that it has seen."""
    query = (
        "SELECT sum(CASE WHEN g < 15000 THEN g ELSE g + 0.123456789012 END::numeric) AS n "
        "FROM generate_series(1, 20000) g GROUP BY g ORDER BY g"
    )
    with Bench(tmp_path) as bench:
        stream = _stream(bench, postgresql, load_query=query)
        table = pa.Table.from_batches(stream.open(0, None, None))
    assert max(table.column(0).to_pylist()) == Decimal("20000.123456789012")


@pytest.mark.parametrize(
    ("numeric_as", "data_type", "value"),
    [
        ("string", TEXT, "123456789012345678901234567890.000000000000000000001"),
        ("float64", DOUBLE, 123456789012345678901234567890.0),
        ("decimal<38,6>", pa.decimal128(38, 6), None),
    ],
)
def test_numbers_without_digits(
    postgresql: Database, tmp_path: Path, numeric_as: str, data_type: pa.DataType, value: Any
) -> None:
    """`numeric_as` says what they become; digits that it has no place for are an error."""
    query = "SELECT 123456789012345678901234567890.000000000000000000001 AS n"
    with Bench(tmp_path) as bench:
        stream = _stream(bench, postgresql, load_query=query, numeric_as=numeric_as)
        assert stream.schema.field("n").type == data_type
        if value is None:
            with pytest.raises(SourceError, match="column 'n'"):
                list(stream.open(0, None, None))
        else:
            [batch] = stream.open(0, None, None)
            assert batch.column(0).to_pylist() == [value]


def test_types_are_cast_in_arrow(database: Database, tmp_path: Path) -> None:
    """`types` never reaches the driver, whose process some types would end."""
    database.execute(
        "CREATE TABLE m (a integer, b varchar(40), c varchar(40))",
        "INSERT INTO m VALUES (1, '2024-01-02 03:04:05', '12.50'), (NULL, NULL, NULL)",
    )
    types = {
        "a": "decimal256<50,2>",
        "b": "timestamp<us,Europe/Berlin>",
        "c": "dictionary<int8,string>",
    }
    with Bench(tmp_path) as bench:
        stream = _stream(bench, database, types=types)
        table = pa.Table.from_batches(stream.open(0, None, None), schema=stream.schema)
    assert table.column("a").to_pylist() == [Decimal("1.00"), None]
    assert table.column("b").cast(pa.timestamp("us", "UTC")).to_pylist()[0] == SECOND.replace(
        tzinfo=datetime.UTC
    )
    assert table.column("c").to_pylist() == ["12.50", None]


def test_types_name_columns(sqlite: Database, tmp_path: Path) -> None:
    """A name that the query does not give is an error with the nearest one."""
    with Bench(tmp_path) as bench, pytest.raises(SourceError, match="did you mean 'amount'"):
        _stream(bench, sqlite, load_query="SELECT 1 AS amount", types={"amuont": "int32"})
