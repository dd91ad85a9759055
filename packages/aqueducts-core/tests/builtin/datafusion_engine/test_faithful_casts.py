"""Declared columns hold what the files hold, or the run ends."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqueducts.builtin.datafusion_engine.faithful_casts import (
    is_lossless,
    refusal_in,
    roomy_type,
)
from aqueducts.errors import SourceError
from aqueducts.relations import CsvDialect

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench

moment = dt.datetime.fromisoformat
MONEY = pa.decimal128(10, 2)
US = pa.timestamp("us")


def declared(data_type: pa.DataType, *, nullable: bool = True) -> pa.Schema:
    """A number of the row, then a column of this type."""
    return pa.schema([pa.field("k", pa.int64()), pa.field("v", data_type, nullable)])


@pytest.mark.parametrize(
    ("text", "data_type", "value"),
    [
        ("4.50", MONEY, Decimal("4.50")),
        ("4.5000", MONEY, Decimal("4.50")),
        ("1e2", MONEY, Decimal("100.00")),
        ("+.5", MONEY, Decimal("0.50")),
        ("1.00", pa.decimal128(38, 2), Decimal("1.00")),
        ("2026-01-31 10:00:00.100000000", US, moment("2026-01-31T10:00:00.100000")),
        ("2026-01-31", US, moment("2026-01-31T00:00:00")),
        ("9999-12-31T23:59:59", pa.timestamp("s"), moment("9999-12-31T23:59:59")),
        ("2026-01-31 00:00:00", pa.date32(), dt.date(2026, 1, 31)),
        ("10:00:00", pa.time32("s"), dt.time(10)),
    ],
)
def test_values_that_fit_are_read(
    bench: Bench, text: str, data_type: pa.DataType, value: object
) -> None:
    """Zeros behind the last place, a time of midnight for a date."""
    bench.csv(f"k,v\n1,{text}\n2,\n", schema=declared(data_type))
    assert bench.column("SELECT v FROM t ORDER BY k") == [value, None]


@pytest.mark.parametrize(
    ("text", "data_type", "wider"),
    [
        ("4.505", MONEY, "decimal<11,3>"),
        ("0.0015", MONEY, "decimal<12,4>"),
        ("123456789.1", MONEY, "decimal<11,2>"),
        ("4.505", pa.decimal128(30, 2), "decimal<31,3>"),
        ("2026-01-31 10:00:00.5", pa.timestamp("s"), "timestamp<microsecond>"),
        ("2026-01-31 10:00:00.123456789", US, "timestamp<nanosecond>"),
        (
            "2026-01-31 10:00:00.5+01:00",
            pa.timestamp("s", "Europe/Berlin"),
            "timestamp<microsecond,Europe/Berlin>",
        ),
        ("2026-01-31 10:00:00", pa.date32(), "timestamp<microsecond>"),
        ("10:00:00.5", pa.time32("s"), "time64<microsecond>"),
    ],
)
def test_values_that_would_be_cut_end_the_run(
    bench: Bench, text: str, data_type: pa.DataType, wider: str
) -> None:
    """With file, line, column and value, and a type that holds it."""
    bench.csv(f"k,v\n1,\n2,{text}\n", schema=declared(data_type))
    with pytest.raises(SourceError) as caught:
        bench.rows()
    assert f"t0.csv, line 3: '{text}' in column 'v' does not fit into" in caught.value.message
    assert f"declare v as {wider} in" in (caught.value.hint or "")
    assert caught.value.step == "t"


@pytest.mark.parametrize("text", ["abc", "NaN", "1_0"])
def test_texts_that_are_no_decimals_are_found(bench: Bench, text: str) -> None:
    """The engine names no column for them."""
    bench.csv(f"k,v\n1,4.5\n2,{text}\n", schema=declared(MONEY))
    with pytest.raises(SourceError, match=f"line 3: '{text}' in column 'v' is no decimal<10,2>"):
        bench.rows()


def test_texts_that_stand_for_null_are_no_values(bench: Bench) -> None:
    """What is left is checked as ever."""
    dialect = CsvDialect(null_values=("NA",))
    bench.csv("k,v\n1,NA\n2,4.50\n", schema=declared(MONEY), dialect=dialect)
    assert bench.column("SELECT v FROM t ORDER BY k") == [None, Decimal("4.50")]
    bench.csv("k,v\n1,NA\n2,4.505\n", name="u", schema=declared(MONEY), dialect=dialect)
    with pytest.raises(SourceError, match=r"line 3: '4\.505' in column 'v'"):
        bench.rows("SELECT * FROM u")


def test_what_first_rows_look_like_cuts_nothing(bench: Bench) -> None:
    """Ten thousand dates, and then a time of day."""
    dates = "".join(f"{k},2026-01-31\n" for k in range(10_000))
    bench.csv(f"k,v\n{dates}10000,2026-01-31 10:00:00\n")
    with pytest.raises(SourceError, match=r"line 10002: .* does not fit into date32") as caught:
        bench.rows()
    assert caught.value.note == "the type is what the first rows look like"


def test_columns_that_no_query_reads_are_not_checked(bench: Bench) -> None:
    """As for every other wrong value."""
    bench.csv("k,v\n1,4.505\n", schema=declared(MONEY))
    assert bench.column("SELECT k FROM t") == [1]


@pytest.mark.parametrize(
    ("value", "data_type", "read"),
    [
        ("1.0", pa.int8(), 1),
        ("1e1", pa.int8(), 10),
        ("18446744073709551615", pa.uint64(), 2**64 - 1),
        ("4.50", MONEY, Decimal("4.50")),
        ('"2026-01-31 10:00:00"', US, moment("2026-01-31T10:00:00")),
        ("5", pa.timestamp("s"), moment("1970-01-01T00:00:05")),
        ("5", pa.date32(), dt.date(1970, 1, 6)),
        ('[{"a": 1.5, "b": [1]}]', pa.list_(pa.struct([("a", MONEY), ("b", pa.list_(pa.int8()))])),
         [{"a": Decimal("1.50"), "b": [1]}]),
    ],
)  # fmt: skip
def test_json_values_that_fit_are_read(
    bench: Bench, value: str, data_type: pa.DataType, read: object
) -> None:
    """Numbers as they are written, moments as texts or as counts of their unit."""
    bench.json(f'{{"k": 1, "v": {value}}}\n{{"k": 2}}\n', schema=declared(data_type))
    assert bench.column("SELECT v FROM t ORDER BY k") == [read, None]


@pytest.mark.parametrize(
    ("value", "data_type"),
    [
        ("1.5", pa.int64()),
        ("300", pa.int8()),
        ("-1", pa.uint64()),
        ("true", pa.int64()),
        ("4.505", MONEY),
        ('"4.505"', MONEY),
        ("5.5", pa.timestamp("s")),
        ('"2026-01-31 10:00:00.5"', pa.timestamp("s")),
        ('"2026-01-31 10:00:00"', pa.date32()),
        ("[1, 2.5]", pa.list_(pa.int64())),
        ('{"a": 4.505, "b": null}', pa.struct([("a", MONEY), ("b", pa.string())])),
    ],
)
def test_json_values_that_would_be_cut_end_the_run(
    bench: Bench, value: str, data_type: pa.DataType
) -> None:
    """Numbers inside of objects and lists as well."""
    bench.json(f'{{"k": 1}}\n{{"k": 2, "v": {value}}}\n', schema=declared(data_type))
    with pytest.raises(SourceError, match=r"t0\.json, line 2: "):
        bench.rows()


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_nulls_where_none_may_be_end_the_run(bench: Bench, kind: str) -> None:
    """Found when the column is read, at the row."""
    schema = declared(pa.int64(), nullable=False)
    if kind == "csv":
        bench.csv("k,v\n1,1\n2,\n", schema=schema)
    elif kind == "json":
        bench.json('{"k": 1, "v": 1}\n{"k": 2}\n', schema=schema)
    else:
        path = bench.files / "t.parquet"
        pq.write_table(pa.table({"k": [1, 2], "v": [1, None]}), path)
        bench.scan("parquet", bench.file("u.parquet", path.read_bytes()), schema=schema)
    row = "row 2" if kind == "parquet" else "line 3" if kind == "csv" else "line 2"
    with pytest.raises(SourceError, match=f"{row}: no value in column 'v'"):
        bench.column("SELECT v FROM t")
    assert bench.column("SELECT k FROM t ORDER BY k") == [1, 2]


def test_a_file_without_a_required_column_is_refused(bench: Bench) -> None:
    """Its rows would be null in it."""
    with pytest.raises(SourceError, match="has no column 'v', which is declared with nullable"):
        bench.csv("k,v\n1,1\n", "k\n2\n", schema=declared(pa.int64(), nullable=False))


def parquet(bench: Bench, values: pa.Array, data_type: pa.DataType, *, nullable: bool) -> None:
    """Register a file with these values, under a declared type."""
    path = bench.files / "made.parquet"
    numbers = pa.array(range(len(values)), pa.int64())
    pq.write_table(pa.table({"k": numbers, "v": values}), path)
    file = bench.file("t.parquet", path.read_bytes())
    bench.scan("parquet", file, schema=declared(data_type, nullable=nullable))


@pytest.mark.parametrize(
    ("values", "data_type", "read"),
    [
        (pa.array([Decimal("4.5000")]), MONEY, Decimal("4.50")),
        (pa.array([4.0]), pa.int32(), 4),
        (pa.array([5], pa.int32()), pa.int64(), 5),
        (pa.array([moment("2026-01-31T00:00:00")], US), pa.date32(), dt.date(2026, 1, 31)),
        (pa.array(["4.50"]), MONEY, Decimal("4.50")),
        (pa.array([7]), pa.string(), "7"),
    ],
)
def test_parquet_columns_become_what_is_declared(
    bench: Bench, values: pa.Array, data_type: pa.DataType, read: object
) -> None:
    """Where no value changes."""
    parquet(bench, values, data_type, nullable=True)
    assert bench.column("SELECT v FROM t") == [read]


@pytest.mark.parametrize(
    ("values", "data_type"),
    [
        (pa.array([Decimal("1.0000"), Decimal("4.5050")]), MONEY),
        (pa.array([1.0, 4.5]), pa.int32()),
        (pa.array([1, 300]), pa.int8()),
        (pa.array([moment("2026-01-31T00:00:00"), moment("2026-01-31T10:00:00")], US), pa.date32()),
        (pa.array(["1.00", "4.505"]), MONEY),
    ],
)
def test_parquet_values_that_would_be_cut_end_the_run(
    bench: Bench, values: pa.Array, data_type: pa.DataType
) -> None:
    """At their row."""
    parquet(bench, values, data_type, nullable=True)
    with pytest.raises(SourceError, match=r"t\.parquet, row 2: "):
        bench.rows()


def test_parquet_filters_reach_files_that_are_known_to_have_no_null(bench: Bench) -> None:
    """The check for nulls costs nothing where statistics tell."""
    parquet(bench, pa.array([1, 2]), pa.int64(), nullable=False)
    assert "pruning_predicate" in bench.explain("SELECT * FROM t WHERE v > 1")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.decimals(-(10**9), 10**9, places=4), min_size=1, max_size=5),
    places=st.integers(0, 5),
)
def test_decimals_are_exact_or_refused(bench: Bench, numbers: list[Decimal], places: int) -> None:
    """Against Python's own decimals."""
    data_type = pa.decimal128(15, places)
    bench.session.drop("t")
    text = "".join(f"{k},{number}\n" for k, number in enumerate(numbers))
    bench.csv(f"k,v\n{text}", schema=declared(data_type))
    if all(number == round(number, places) for number in numbers):
        assert bench.column("SELECT v FROM t ORDER BY k") == numbers
    else:
        with pytest.raises(SourceError, match="does not fit into"):
            bench.rows()


def test_roomy_types() -> None:
    """As many digits before the point as declared, and as many behind it as there are left."""
    assert roomy_type(MONEY) == pa.decimal128(38, 30)
    assert roomy_type(pa.decimal128(38, 2)) == pa.decimal256(76, 40)
    assert roomy_type(pa.int64()) == pa.int64()
    assert roomy_type(pa.list_(pa.int8()), cuts_fractions=True).value_type == pa.decimal128(38, 18)


def test_lossless_casts() -> None:
    """Floats take the nearest value that they have; what becomes text is whole."""
    assert is_lossless(pa.int64(), pa.float32())
    assert is_lossless(pa.int32(), pa.int64())
    assert is_lossless(pa.float64(), pa.string())
    assert not is_lossless(pa.float64(), pa.int64())
    assert not is_lossless(pa.string(), pa.int64())


def test_other_messages_tell_of_no_refusal() -> None:
    """They are for others to read."""
    assert refusal_in("division by zero") is None
