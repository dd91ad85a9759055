"""CSV columns: met by name where files have a header, by position where they have none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from aqueducts.errors import SourceError
from aqueducts.relations import CsvDialect

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench

NO_HEADER = CsvDialect(has_header=False)


def test_types_are_inferred_from_the_first_rows(bench: Bench) -> None:
    """Numbers, dates, times and booleans are found without a declaration."""
    schema = bench.csv("i,f,b,d,ts,s\n1,1.5,true,2024-01-02,2024-01-02T03:04:05,x\n")
    assert [str(field.type) for field in schema] == [
        "int64",
        "double",
        "bool",
        "date32[day]",
        "timestamp[us]",
        "string",
    ]


def test_fractions_of_seconds_that_come_late_are_kept(bench: Bench) -> None:
    """The first rows do not tell how exact times are; the reader would cut them without a word."""
    bench.csv("ts\n" + "2024-01-02T03:04:05\n" * 12_000 + "2024-01-02T03:04:05.123456\n")
    assert [str(each) for each in bench.column("SELECT max(ts) FROM t")] == [
        "2024-01-02 03:04:05.123456"
    ]


def test_files_with_other_column_orders_are_united_by_name(bench: Bench) -> None:
    """The order of columns in a file does not matter, and what a file lacks is null."""
    bench.csv("a,b,c\n1,x,9\n", "c,a\n8,2\n", "b,d,a\ny,0.5,3\n")
    assert bench.rows("SELECT * FROM t ORDER BY a") == [
        {"a": 1, "b": "x", "c": 9, "d": None},
        {"a": 2, "b": None, "c": 8, "d": None},
        {"a": 3, "b": "y", "c": None, "d": 0.5},
    ]


def test_types_of_files_are_united(bench: Bench) -> None:
    """A column that is whole in one file and a fraction in the next is a float in both."""
    schema = bench.csv("a\n1\n", "a\n1.5\n")
    assert schema.field("a").type == pa.float64()
    assert sorted(bench.column("SELECT a FROM t")) == [1.0, 1.5]


def test_types_that_do_not_meet_become_text(bench: Bench) -> None:
    """Every CSV value is text in the end."""
    schema = bench.csv("a\n1\n", "a\nx\n", "a\ntrue\n", "a\n2024-01-01\n")
    assert schema.field("a").type == pa.string()
    assert sorted(bench.column("SELECT a FROM t")) == ["1", "2024-01-01", "true", "x"]


def test_a_column_without_values_is_text(bench: Bench) -> None:
    """A column that is empty everywhere has the one type that every value fits in."""
    assert bench.csv("a,b\n1,\n2,\n").field("b").type == pa.string()
    assert bench.column("SELECT b FROM t") == [None, None]


def test_declared_columns_are_found_by_name(bench: Bench) -> None:
    """The order of the declaration is the table's, the file's own order does not matter."""
    declared = pa.schema([("b", pa.string()), ("a", pa.int32())])
    assert bench.csv("a,b,c\n1,x,9\n", "b,a\ny,2\n", schema=declared).names == ["b", "a"]
    assert bench.rows("SELECT * FROM t ORDER BY a") == [{"b": "x", "a": 1}, {"b": "y", "a": 2}]
    assert bench.table("SELECT a FROM t").schema.field("a").type == pa.int32()


def test_declared_columns_that_some_files_lack_are_null(bench: Bench) -> None:
    """One file that has the column is enough."""
    declared = pa.schema([("a", pa.int64()), ("b", pa.int64())])
    bench.csv("a\n1\n", "b\n2\n", schema=declared)
    assert bench.rows("SELECT * FROM t ORDER BY a NULLS LAST") == [
        {"a": 1, "b": None},
        {"a": None, "b": 2},
    ]


def test_a_declared_column_that_no_file_has_is_an_error(bench: Bench) -> None:
    """The message names the column and the nearest one that is there."""
    declared = pa.schema([("amuont", pa.float64())])
    with pytest.raises(SourceError, match=r"'amuont' of the schema is not in \S*t0\.csv\n") as e:
        bench.csv("id,amount\n1,2\n", schema=declared)
    assert e.value.hint == "did you mean 'amount'?"


def test_a_declared_column_unlike_any_lists_the_columns(bench: Bench) -> None:
    """Where nothing is near, the columns that are there are the help."""
    declared = pa.schema([("zzz", pa.float64())])
    with pytest.raises(SourceError, match="or any other of the 2 files") as e:
        bench.csv("id,amount\n1,2\n", "other\n1\n", schema=declared)
    assert e.value.hint == "columns there: amount, id, other"


def test_declared_types_hold_where_inference_would_differ(bench: Bench) -> None:
    """Leading zeros survive in a column that is declared as string."""
    declared = pa.schema([("zip", pa.string()), ("n", pa.float64())])
    bench.csv("zip,n\n00501,1\n", schema=declared)
    assert bench.rows() == [{"zip": "00501", "n": 1.0}]


@pytest.mark.parametrize(
    ("data_type", "text", "value"),
    [
        (pa.decimal128(10, 2), "1.25", "1.25"),
        (pa.decimal256(40, 2), "1.25", "1.25"),
        (pa.timestamp("us", "UTC"), "2024-01-02T03:04:05Z", "2024-01-02 03:04:05+00:00"),
        (pa.timestamp("ns"), "2024-01-02 03:04:05", "2024-01-02 03:04:05"),
        (pa.date64(), "2024-01-02", "2024-01-02"),
        (pa.time32("s"), "03:04:05", "03:04:05"),
        (pa.time64("us"), "03:04:05.5", "03:04:05.500000"),
        (pa.bool_(), "true", "True"),
        (pa.uint8(), "255", "255"),
        (pa.float32(), "0.5", "0.5"),
        (pa.large_string(), "x", "x"),
        (pa.binary(), "x", "b'x'"),
        (pa.dictionary(pa.int32(), pa.string()), "x", "x"),
    ],
    ids=str,
)
def test_every_scalar_type_can_be_declared(
    bench: Bench, data_type: pa.DataType, text: str, value: str
) -> None:
    """Types that the reader does not parse itself are cast from text."""
    declared = pa.schema([("a", data_type)])
    assert bench.csv(f"a,b\n{text},1\n,2\n", schema=declared).field("a").type == data_type
    assert str(bench.column("SELECT a FROM t")[0]) == value


def test_declared_nested_columns_are_refused(bench: Bench) -> None:
    """CSV has no way to write a list."""
    declared = pa.schema([("a", pa.list_(pa.int64()))])
    with pytest.raises(SourceError, match=r"'a' is declared as list.*CSV cannot hold"):
        bench.csv("a\n1\n", schema=declared)


def test_without_header_columns_are_numbered(bench: Bench) -> None:
    """Names start at column_1."""
    bench.csv("1,x\n2,y\n", dialect=NO_HEADER)
    assert bench.rows() == [{"column_1": 1, "column_2": "x"}, {"column_1": 2, "column_2": "y"}]


def test_without_header_the_declaration_is_by_position(bench: Bench) -> None:
    """There is no name in the file that the declared ones could be matched with."""
    declared = pa.schema([("n", pa.int16()), ("word", pa.string())])
    assert bench.csv("1,x\n2,y\n", schema=declared, dialect=NO_HEADER).types[0] == pa.int16()
    assert bench.rows() == [{"n": 1, "word": "x"}, {"n": 2, "word": "y"}]


def test_without_header_the_types_of_files_are_united(bench: Bench) -> None:
    """Files without header meet by position, and their types are united as well."""
    bench.csv("1,x\n", "1.5,y\n", dialect=NO_HEADER)
    assert sorted(bench.column("SELECT column_1 FROM t")) == [1.0, 1.5]


def test_a_header_that_names_a_column_twice_is_an_error(bench: Bench) -> None:
    """The engine's own message would be about fields of line 1."""
    with pytest.raises(SourceError, match=r"header of .*t0\.csv names 'a' twice"):
        bench.csv("a,b,a\n1,2,3\n")


@pytest.mark.parametrize("row", ["1", "1,2,3"], ids=["short", "long"])
def test_ragged_rows_are_an_error(bench: Bench, row: str) -> None:
    """A row with another number of fields is never padded or cut."""
    with pytest.raises(SourceError, match=r"t0\.csv, line 3: .* header names 2 columns") as e:
        bench.csv(f"a,b\n1,2\n{row}\n")
    assert "correct the line" in (e.value.hint or "")


def test_ragged_rows_after_the_inference_are_an_error(bench: Bench) -> None:
    """The same message where the row is found only while the query runs."""
    bench.csv("a,b\n" + "1,2\n" * 12_000 + "1,2,3\n")
    with pytest.raises(SourceError, match=r"t0\.csv, line 12002: 3 values, .* 2 columns"):
        bench.rows("SELECT sum(a) FROM t")


def test_a_type_that_changes_after_the_inference_is_an_error(bench: Bench) -> None:
    """The message names file, line, value and column, the hint tells to declare the column."""
    bench.csv("a,b\n" + "1,2\n" * 12_000 + "1,x\n")
    with pytest.raises(SourceError, match=r"line 12002: 'x' in column 'b' is no int64") as e:
        bench.rows("SELECT sum(b) FROM t")
    assert "declare b as string" in (e.value.hint or "")
    assert e.value.step == "t"
    assert e.value.note == "the type is what the first rows look like"


def test_declaring_the_column_is_the_way_out(bench: Bench) -> None:
    """What the hint says works."""
    declared = pa.schema([("b", pa.string())])
    bench.csv("a,b\n" + "1,2\n" * 12_000 + "1,x\n", schema=declared)
    assert bench.column("SELECT count(*) FROM t WHERE b = 'x'") == [1]


@pytest.mark.parametrize(
    "name",
    ["A b", "x.y", 'q"q', "SELECT", "é", "a,b", "'", "Mixed", "#", "x%y", " lead", "1st"],
)
def test_names_that_need_quotes(bench: Bench, name: str) -> None:
    """Columns of any name are read, also where files are united and cast."""
    quoted = '"' + name.replace('"', '""') + '"'
    bench.csv(f"{quoted},n\n1,2\n", f"n,{quoted}\n4,3.5\n")
    assert sorted(bench.column(f"SELECT {quoted} FROM t")) == [1.0, 3.5]
    assert bench.table("SELECT * FROM t").schema.names == [name, "n"]


def test_names_that_need_quotes_with_a_declaration(bench: Bench) -> None:
    """The same with a declared schema and texts for null."""
    declared = pa.schema([("A b", pa.int64()), ("x.y", pa.date32())])
    dialect = CsvDialect(null_values=("NA",))
    bench.csv("x.y,A b\nNA,1\n2024-01-01,NA\n", schema=declared, dialect=dialect)
    assert [list(map(str, row.values())) for row in bench.rows()] == [
        ["1", "None"],
        ["None", "2024-01-01"],
    ]


def test_names_that_differ_in_case_only_are_two_columns(bench: Bench) -> None:
    """Columns keep their case."""
    bench.csv("a,A\n1,2\n")
    assert bench.rows('SELECT "A", a FROM t') == [{"A": 2, "a": 1}]


@pytest.mark.parametrize(
    ("contents", "rows"),
    [
        (["a\n1\n", ""], [{"a": 1}]),
        (["", "a\n1\n"], [{"a": 1}]),
        (["a,b\n", "a\n1\n"], [{"a": 1, "b": None}]),
        (["a,b\n"], []),
        (["\n\n", "a\n1\n"], [{"a": 1}]),
    ],
    ids=["empty last", "empty first", "header only with another", "header only", "blank lines"],
)
def test_files_without_rows_add_none(
    bench: Bench, contents: list[str], rows: list[dict[str, Any]]
) -> None:
    """Empty files are passed over; a header without rows still names its columns."""
    bench.csv(*contents)
    assert bench.rows() == rows


def test_only_empty_files_need_a_declaration(bench: Bench) -> None:
    """Without any header there are no columns to speak of."""
    with pytest.raises(SourceError, match=r"t0\.csv is empty: it has no header"):
        bench.csv("", "")


@pytest.mark.parametrize("dialect", [CsvDialect(), NO_HEADER], ids=["header", "no header"])
def test_only_empty_files_with_a_declaration_have_no_rows(
    bench: Bench, dialect: CsvDialect
) -> None:
    """The declared columns are there, without rows."""
    declared = pa.schema([("a", pa.int64()), ("b", pa.string())])
    bench.csv("", "", schema=declared, dialect=dialect)
    result = bench.table("SELECT * FROM t")
    assert result.num_rows == 0
    assert result.schema == declared
