"""Every type of result in every type of column: written to the last digit, or refused.

What was written is read by the databases' own clients. Columns hold a value, a null, a second value
and the first again, since some drivers damage all rows but the first, or all that are shorter.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

import pyarrow as pa
import pytest

from aqueducts.errors import DestinationError
from aqueducts.testing import Bench, ScriptedFrame
from aqueducts_odbc.sink.fitting import fit
from aqueducts_odbc.sink.writing import TableWrite

if TYPE_CHECKING:
    from conftest import Database

Kept: TypeAlias = tuple[str, pa.DataType, Any, str, Any, str]
"""A column's type, the type of the result, and two values with what the client shows of them."""
Refused: TypeAlias = tuple[str, pa.DataType, Any, str]
"""A column's type, the type of the result, a value, and words of the error."""

TEXT, BYTES, INT, BIG = pa.string(), pa.binary(), pa.int32(), pa.int64()
DOUBLE, SINGLE = pa.float64(), pa.float32()
MICRO, NANO, UTC = pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC")
BERLIN = pa.timestamp("ms", "Europe/Berlin")
DAY, FIRST_DAY = datetime.date(2024, 2, 29), datetime.date(1, 1, 1)
NOON = datetime.time(12, 34, 56, 789012)
MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001 - the types have no zone
SECOND = MOMENT.replace(microsecond=0)
FIRST = MOMENT.replace(1, 1, 1, 0, 0, 0, 0)
LONG = "ü" * 10_000
UUID = "123e4567-e89b-12d3-a456-426614174000"
WILD = 'it\'s "a\\b" ünï🦆; --?'


def dec(digits: int, scale: int) -> pa.DataType:
    """A decimal type."""
    return pa.decimal128(digits, scale)


POSTGRESQL: list[Kept] = [
    ("boolean", pa.bool_(), True, "true", False, "false"),
    ("smallint", pa.int8(), -128, "-128", 127, "127"),
    ("smallint", pa.uint8(), 255, "255", 0, "0"),
    ("integer", BIG, -(2**31), "-2147483648", 5, "5"),
    ("integer", pa.uint16(), 65535, "65535", 0, "0"),
    ("bigint", INT, 7, "7", -7, "-7"),
    ("bigint", BIG, 2**53 + 1, "9007199254740993", -(2**63), "-9223372036854775808"),
    ("bigint", pa.uint32(), 2**32 - 1, "4294967295", 0, "0"),
    ("bigint", pa.uint64(), 2**63 - 1, "9223372036854775807", 0, "0"),
    ("bigint", DOUBLE, 3.0, "3", -4.0, "-4"),
    ("bigint", TEXT, "12", "12", "-3", "-3"),
    ("bigint", dec(10, 2), Decimal("5.00"), "5", Decimal(-6), "-6"),
    ("numeric(20,0)", pa.uint64(), 2**64 - 1, "18446744073709551615", 1, "1"),
    ("numeric(10,2)", DOUBLE, 0.1, "0.10", -1234.5, "-1234.50"),
    ("numeric(10,2)", BIG, 12, "12.00", -3, "-3.00"),
    ("numeric(10,2)", dec(20, 4), Decimal("1.2500"), "1.25", Decimal("-0.01"), "-0.01"),
    (
        "numeric(38,10)",
        dec(38, 10),
        Decimal("1" * 28 + ".0000000001"),
        "1" * 28 + ".0000000001",
        Decimal(0),
        "0.0000000000",
    ),
    (
        "numeric",
        dec(38, 18),
        Decimal("0.000000000000000001"),
        "0.000000000000000001",
        Decimal("-1.500000000000000002"),
        "-1.500000000000000002",
    ),
    ("numeric", BIG, 5, "5", -6, "-6"),
    (
        "numeric(50,2)",
        pa.decimal256(50, 2),
        Decimal(10**47),
        f"{10**47}.00",
        Decimal("0.01"),
        "0.01",
    ),
    ("real", SINGLE, 1.1, "1.1", 3.4028234663852886e38, "3.4028235e+38"),
    ("double precision", SINGLE, 0.5, "0.5", -0.25, "-0.25"),
    ("double precision", DOUBLE, 0.1, "0.1", 1.7976931348623157e308, "1.7976931348623157e+308"),
    ("double precision", DOUBLE, 5e-324, "5e-324", 1234567.891, "1234567.891"),
    ("double precision", DOUBLE, float("nan"), "NaN", float("-inf"), "-Infinity"),
    ("double precision", BIG, 2**53, "9.007199254740992e+15", 1, "1"),
    ("text", TEXT, WILD, WILD, "", ""),
    ("text", TEXT, LONG, LONG, "short", "short"),
    ("text", pa.dictionary(INT, TEXT), "a", "a", "bb", "bb"),
    ("text", pa.string_view(), "a long text of a view", "a long text of a view", "b", "b"),
    ("text", pa.large_string(), "a", "a", "bb", "bb"),
    ("text", BIG, 12, "12", -3, "-3"),
    ("text", pa.date32(), DAY, "2024-02-29", FIRST_DAY, "0001-01-01"),
    ("varchar(5)", TEXT, "üüüüü", "üüüüü", "b", "b"),
    ("char(3)", TEXT, "abc", "abc", "x", "x"),
    ("bytea", BYTES, b"\x00\xff\x5c", "\\x00ff5c", b"", "\\x"),
    ("bytea", pa.large_binary(), b"abc", "\\x616263", b"\x00", "\\x00"),
    ("bytea", pa.binary(2), b"ab", "\\x6162", b"\x00\x01", "\\x0001"),
    ("date", pa.date32(), DAY, "2024-02-29", FIRST_DAY, "0001-01-01"),
    ("date", pa.date64(), DAY, "2024-02-29", DAY, "2024-02-29"),
    ("date", TEXT, "2024-02-29", "2024-02-29", "1969-12-31", "1969-12-31"),
    ("date", MICRO, SECOND.replace(hour=0, minute=0, second=0), "2024-01-02", FIRST, "0001-01-01"),
    ("time", pa.time64("us"), NOON, "12:34:56.789012", datetime.time(0), "00:00:00"),
    ("time", pa.time64("ns"), NOON, "12:34:56.789012", datetime.time(0), "00:00:00"),
    (
        "time(0)",
        pa.time32("s"),
        NOON.replace(microsecond=0),
        "12:34:56",
        datetime.time(1),
        "01:00:00",
    ),
    ("timestamp", MICRO, MOMENT, "2024-01-02 03:04:05.678901", FIRST, "0001-01-01 00:00:00"),
    ("timestamp", NANO, MOMENT, "2024-01-02 03:04:05.678901", SECOND, "2024-01-02 03:04:05"),
    ("timestamp", pa.date32(), DAY, "2024-02-29 00:00:00", DAY, "2024-02-29 00:00:00"),
    ("timestamp", BERLIN, SECOND, "2024-01-02 03:04:05", SECOND, "2024-01-02 03:04:05"),
    (
        "timestamp(0)",
        pa.timestamp("s"),
        SECOND,
        "2024-01-02 03:04:05",
        FIRST,
        "0001-01-01 00:00:00",
    ),
    ("timestamptz", UTC, MOMENT, "2024-01-02 03:04:05.678901+00", FIRST, "0001-01-01 00:00:00+00"),
    ("timestamptz", BERLIN, SECOND, "2024-01-02 03:04:05+00", SECOND, "2024-01-02 03:04:05+00"),
    ("timestamptz", MICRO, SECOND, "2024-01-02 03:04:05+00", SECOND, "2024-01-02 03:04:05+00"),
    ("uuid", TEXT, UUID, UUID, UUID.upper(), UUID),
    ("json", TEXT, '{"a": [1, "ü"]}', '{"a": [1, "ü"]}', "[]", "[]"),
    ("jsonb", TEXT, '{"a": [1, "ü"]}', '{"a": [1, "ü"]}', "[]", "[]"),
    ("jsonb", pa.list_(BIG), [1, None], "[1, null]", [], "[]"),
    (
        "json",
        pa.struct([("x", BIG), ("y", TEXT)]),
        {"x": 1, "y": "ü"},
        '{"x": 1, "y": "ü"}',
        {"x": None, "y": None},
        '{"x": null, "y": null}',
    ),
    ("mood", TEXT, "sad", "sad", "ok", "ok"),
    ("inet", TEXT, "10.0.0.1", "10.0.0.1/32", "::1", "::1/128"),
    ("xml", TEXT, "<a>ü</a>", "<a>ü</a>", "<b/>", "<b/>"),
    ("small_number", INT, 5, "5", 7, "7"),
]
BINARY_POSTGRESQL: list[Kept] = [
    ("bigint[]", pa.list_(BIG), [1, None, 3], "{1,NULL,3}", [], "{}"),
    ("bigint[]", pa.list_(INT), [1], "{1}", [2, 3], "{2,3}"),
    ("text[]", pa.large_list(TEXT), ["a,b", None], '{"a,b",NULL}', [], "{}"),
    (
        "interval",
        pa.month_day_nano_interval(),
        pa.MonthDayNano([1, 15, 1_000]),
        "1 mon 15 days 00:00:00.000001",
        pa.MonthDayNano([-2, 3, 0]),
        "-2 mons +3 days",
    ),
]
POSTGRESQL_REFUSED: list[Refused] = [
    ("smallint", BIG, 40_000, "not in range"),
    ("bigint", pa.uint64(), 2**63, "not in range"),
    ("bigint", DOUBLE, 1.5, "truncated"),
    ("bigint", TEXT, "x", "Failed to parse"),
    ("bigint", dec(10, 2), Decimal("1.50"), "data loss"),
    ("boolean", BIG, 1, "which does not fit boolean"),
    ("numeric(10,2)", DOUBLE, 1.005, "1.005 would be changed"),
    ("numeric(10,2)", DOUBLE, float("nan"), "nan is no number"),
    ("numeric(10,2)", dec(20, 4), Decimal("1.2345"), "data loss"),
    ("numeric(4,2)", BIG, 100, "does not fit in precision 4"),
    ("numeric(38,18)", TEXT, "1e30", "does not fit"),
    ("numeric(38,31)", dec(20, 9), Decimal("64930742702.982587616"), "does not fit"),
    ("numeric", DOUBLE, 0.5, "which does not fit numeric"),
    ("real", DOUBLE, 0.1, "which does not fit real"),
    ("double precision", BIG, 2**53 + 1, "not in range"),
    ("double precision", dec(38, 20), Decimal("0.12345678901234567891"), "would be changed"),
    ("text", TEXT, "a\0b", "holds a NUL character"),
    ("text", BYTES, b"a", "which does not fit text"),
    ("varchar(5)", TEXT, "abcdef", "longer than 5 characters"),
    ("varchar(5)", TEXT, "abc     ", "longer than 5 characters"),
    ("date", MICRO, MOMENT, "would be changed"),
    ("time(0)", pa.time64("us"), NOON, "more than 0 digits of a second"),
    ("timestamp(3)", MICRO, MOMENT, "more than 3 digits of a second"),
    ("timestamp", TEXT, "yesterday", "Failed to parse"),
    ("timestamptz", TEXT, "2024-01-01 00:00:00", "expected a zone"),
    ("text", pa.list_(BIG), [1], "which does not fit text"),
    ("integer GENERATED ALWAYS AS (1) STORED", INT, 1, "filled by the database alone"),
]
MYSQL: list[Kept] = [
    ("tinyint(1)", pa.bool_(), True, "1", False, "0"),
    ("tinyint", pa.int8(), -128, "-128", 127, "127"),
    ("tinyint unsigned", BIG, 255, "255", 0, "0"),
    ("mediumint", BIG, -(2**23), "-8388608", 2**23 - 1, "8388607"),
    ("int unsigned", pa.uint32(), 2**32 - 1, "4294967295", 0, "0"),
    ("bigint", BIG, 2**53 + 1, "9007199254740993", -(2**63), "-9223372036854775808"),
    ("bigint unsigned", pa.uint64(), 2**64 - 1, "18446744073709551615", 0, "0"),
    ("bigint unsigned", BIG, 2**63 - 1, "9223372036854775807", 1, "1"),
    ("decimal(10,2)", DOUBLE, 0.1, "0.10", -1234.5, "-1234.50"),
    (
        "decimal(38,10)",
        dec(38, 10),
        Decimal("1" * 28 + ".0000000001"),
        "1" * 28 + ".0000000001",
        Decimal(0),
        "0.0000000000",
    ),
    (
        "decimal(50,2)",
        pa.decimal256(50, 2),
        Decimal(10**47),
        f"{10**47}.00",
        Decimal("0.01"),
        "0.01",
    ),
    ("double", DOUBLE, 0.1, "0.1", 1.7976931348623157e308, "1.7976931348623157e308"),
    (
        "double",
        DOUBLE,
        2.2250738585072014e-308,
        "2.2250738585072014e-308",
        1234567.891,
        "1234567.891",
    ),
    ("float", SINGLE, 0.5, "0.5", -1.25, "-1.25"),
    ("varchar(5)", TEXT, "üüüüü", "üüüüü", "b ", "b "),
    ("longtext", TEXT, WILD, WILD.replace("\\", "\\\\"), "", ""),
    ("longtext", TEXT, LONG, LONG, "short", "short"),
    ("char(3)", TEXT, "abc", "abc", "x", "x"),
    ("longblob", BYTES, b"\x00\xff\x5c", "00FF5C", b"", ""),
    ("binary(2)", BYTES, b"ab", "6162", b"\x00\x01", "0001"),
    ("date", pa.date32(), DAY, "2024-02-29", datetime.date(1000, 1, 1), "1000-01-01"),
    ("time(6)", pa.time64("us"), NOON, "12:34:56.789012", datetime.time(0), "00:00:00.000000"),
    ("time", pa.time32("s"), NOON.replace(microsecond=0), "12:34:56", datetime.time(1), "01:00:00"),
    (
        "datetime(6)",
        MICRO,
        MOMENT,
        "2024-01-02 03:04:05.678901",
        SECOND,
        "2024-01-02 03:04:05.000000",
    ),
    (
        "datetime(6)",
        BERLIN,
        SECOND,
        "2024-01-02 03:04:05.000000",
        SECOND,
        "2024-01-02 03:04:05.000000",
    ),
    ("datetime", MICRO, SECOND, "2024-01-02 03:04:05", SECOND, "2024-01-02 03:04:05"),
    (
        "timestamp(6) NULL",
        UTC,
        MOMENT,
        "2024-01-02 08:34:05.678901",
        SECOND,
        "2024-01-02 08:34:05.000000",
    ),
    ("json", TEXT, '{"a": [1, "ü"]}', '{"a": [1, "ü"]}', "[]", "[]"),
    ("enum('a','b')", TEXT, "a", "a", "b", "b"),
    ("year", BIG, 2024, "2024", 1901, "1901"),
]
MYSQL_REFUSED: list[Refused] = [
    ("tinyint", BIG, 128, "not in range"),
    ("tinyint unsigned", BIG, -1, "out of the range 0 to 255"),
    ("mediumint", BIG, 2**23, "out of the range"),
    ("bigint unsigned", BIG, -1, "not in range"),
    ("decimal(10,2)", DOUBLE, 1.005, "would be changed"),
    ("double", DOUBLE, float("nan"), "nan cannot be stored"),
    ("double", DOUBLE, float("inf"), "inf cannot be stored"),
    ("float", DOUBLE, 0.1, "which does not fit float"),
    ("float(10,2)", SINGLE, 0.1, "which does not fit float"),
    ("varchar(5)", TEXT, "abcdef", "longer than 5 characters"),
    ("char(5)", TEXT, "ab ", "ends in blanks"),
    ("tinytext", TEXT, "ü" * 128, "longer than 255 bytes"),
    ("binary(4)", BYTES, b"abc", "has not the 4 bytes"),
    ("varbinary(2)", BYTES, b"abc", "longer than 2 bytes"),
    ("datetime", MICRO, MOMENT, "more than 0 digits of a second"),
    ("timestamp NULL", UTC, FIRST, "out of the years 1970 to 2037"),
    ("bit(1)", pa.bool_(), True, "which does not fit bit"),
    ("longtext", pa.list_(BIG), [1], "which does not fit longtext"),
]
SQLITE: list[Kept] = [
    ("BOOLEAN", pa.bool_(), True, "1", False, "0"),
    ("INTEGER", pa.int8(), -1, "-1", 127, "127"),
    ("BIGINT", BIG, 2**53 + 1, "9007199254740993", -(2**63), "-9223372036854775808"),
    ("BIGINT", pa.uint32(), 2**32 - 1, "4294967295", 0, "0"),
    ("DOUBLE", DOUBLE, 0.1, "0.1", 1.7976931348623157e308, "1.7976931348623157e+308"),
    ("DOUBLE", DOUBLE, float("inf"), "inf", 5e-324, "5e-324"),
    ("REAL", SINGLE, 0.5, "0.5", -1.25, "-1.25"),
    ("DECIMAL(10,2)", dec(10, 2), Decimal("1234.25"), "1234.25", Decimal("-0.01"), "-0.01"),
    ("DECIMAL(10,2)", DOUBLE, 0.1, "0.1", 7.25, "7.25"),
    (
        "TEXT",
        dec(38, 10),
        Decimal("1" * 28 + ".0000000001"),
        "1" * 28 + ".0000000001",
        Decimal(1),
        "1.0000000000",
    ),
    ("TEXT", pa.uint64(), 2**64 - 1, "18446744073709551615", 0, "0"),
    ("TEXT", TEXT, WILD, WILD, "", ""),
    ("TEXT", TEXT, LONG, LONG, "short", "short"),
    ("VARCHAR(5)", TEXT, "üüüüü", "üüüüü", "b", "b"),
    ("BLOB", BYTES, b"\x00\xff\x5c", "00FF5C", b"", ""),
    ("BLOB", BYTES, b"x", "78", b"plain" * 1000, "706C61696E" * 1000),
    ("DATE", pa.date32(), DAY, "2024-02-29", FIRST_DAY, "0001-01-01"),
    ("TIME", pa.time64("us"), NOON, "12:34:56.789012", datetime.time(0), "00:00:00.000000"),
    ("TIMESTAMP", MICRO, MOMENT, "2024-01-02 03:04:05.678901", FIRST, "0001-01-01 00:00:00.000000"),
    (
        "DATETIME",
        BERLIN,
        SECOND,
        "2024-01-02 03:04:05.000000",
        SECOND,
        "2024-01-02 03:04:05.000000",
    ),
]
SQLITE_REFUSED: list[Refused] = [
    ("BIGINT", pa.uint64(), 2**63, "not in range"),
    ("INTEGER", DOUBLE, 1.5, "truncated"),
    ("DOUBLE", DOUBLE, float("nan"), "nan cannot be stored"),
    ("DECIMAL(10,2)", dec(10, 4), Decimal("1.2345"), "data loss"),
    ("DECIMAL(20,2)", dec(20, 2), Decimal("123456789012345678.25"), "more than 15 digits"),
    ("TEXT", TEXT, "a\0b", "holds a NUL character"),
    ("VARCHAR(5)", TEXT, "abcdef", "longer than 5 characters"),
    ("BLOB", TEXT, "a", "which does not fit BLOB"),
    ("DATE", MICRO, MOMENT, "would be changed"),
]
CASES: dict[str, tuple[list[Kept], list[Refused]]] = {
    "postgresql": (POSTGRESQL, POSTGRESQL_REFUSED),
    "adbc-postgresql": (POSTGRESQL + BINARY_POSTGRESQL, POSTGRESQL_REFUSED),
    "mysql": (MYSQL, MYSQL_REFUSED),
    "sqlite": (SQLITE, SQLITE_REFUSED),
    "adbc-sqlite": (SQLITE, SQLITE_REFUSED),
}


def connection_of(way: str, database: Database) -> dict[str, Any]:
    """The type and the connection of a destination."""
    if not way.startswith("adbc"):
        return {"type": "odbc", "connection_string": database.connection_string}
    if database.kind == "sqlite":
        return {"type": "adbc", "uri": f"sqlite://{database.name}"}
    place = f"127.0.0.1:{database.server.port}/{database.name}"
    return {"type": "adbc", "uri": f"postgresql://app:{quote(database.password, safe='')}@{place}"}


def make_table(database: Database, kinds: list[str]) -> None:
    """Make the table `t` with columns of these types, behind one that tells the rows apart."""
    if database.kind == "postgresql":
        database.execute(
            "CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE DOMAIN small_number AS int"
        )
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(kinds))
    database.execute(f"CREATE TABLE t (place integer, {columns})")


def shown(database: Database, number: int, kind: str) -> str:
    """What the client is asked for to see a column."""
    name = f"c{number}"
    if database.kind == "postgresql":
        return f"{name}::text"
    is_binary = "blob" in kind.lower() or kind.startswith("binary")
    return f"CASE WHEN {name} IS NOT NULL THEN hex({name}) END" if is_binary else name


@pytest.mark.parametrize("way", CASES)
def test_values_are_kept(way: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """All cells in one write."""
    database: Database = request.getfixturevalue(way.removeprefix("adbc-"))
    cells, _ = CASES[way]
    make_table(database, [cell[0] for cell in cells])
    columns = {
        f"c{number}": _array([first, None, second, first], kind)
        for number, (_, kind, first, _, second, _) in enumerate(cells)
    }
    table = pa.table({"place": pa.array(range(4), pa.int32()), **columns})
    with Bench(tmp_path) as bench:
        destination = bench.destination(
            {**connection_of(way, database), "name": "t", "write_mode": {"operation": "append"}}
        )
        destination.prepare(bench.context)
        destination.check(table.schema, bench.context)
        destination.write(ScriptedFrame.of(bench, table), bench.context)
    listed = ", ".join(shown(database, number, cell[0]) for number, cell in enumerate(cells))
    rows = database.rows(f"SELECT {listed} FROM t ORDER BY place")
    wrong = {
        f"{cell[0]} from {cell[1]}": [row[number] for row in rows]
        for number, cell in enumerate(cells)
        if [row[number] for row in rows] != [cell[3], None, cell[5], cell[3]]
    }
    assert not wrong


@pytest.mark.parametrize("way", CASES)
def test_other_values_are_refused(way: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Each cell by itself, before anything is sent."""
    database: Database = request.getfixturevalue(way.removeprefix("adbc-"))
    _, cells = CASES[way]
    make_table(database, [cell[0] for cell in cells])
    with Bench(tmp_path) as bench:
        config = {
            **connection_of(way, database),
            "name": "t",
            "write_mode": {"operation": "append"},
        }
        job = bench.destination(config).job(bench.context)  # type: ignore[attr-defined]
        table = TableWrite(job).look().table
    assert table is not None
    accepted = []
    for number, (kind, data_type, value, words) in enumerate(cells):
        batch = pa.record_batch({f"c{number}": _array([value], data_type)})
        with pytest.raises(DestinationError) as caught:
            accepted.append((kind, fit(batch.schema, table, job.dialect).convert(batch)))
        assert words in str(caught.value), (kind, data_type, value)
        assert f"c{number}" in str(caught.value)
    assert not accepted


def _array(values: list[Any], data_type: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(data_type):
        return pa.array(values, data_type.value_type).dictionary_encode()
    return pa.array(values, data_type)
