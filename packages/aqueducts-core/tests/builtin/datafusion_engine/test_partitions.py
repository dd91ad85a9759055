"""Hive partitions: values of folders as columns, typed, pruned, null where they are null."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aqueducts.errors import SourceError
from aqueducts.relations import DataFile

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench

YEAR = pa.schema([("year", pa.int32())])


def parquet(bench: Bench, name: str, table: pa.Table, *values: str | None) -> DataFile:
    """Write a Parquet file of a partition."""
    path = bench.files / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return DataFile(str(path), path.stat().st_size, values)


def test_partition_columns_come_last_with_their_type(bench: Bench) -> None:
    """After the columns of the files, typed as declared."""
    bench.scan(
        "csv",
        bench.file("year=2023/a.csv", "a\n1\n", "2023"),
        bench.file("year=2024/a.csv", "a\n2\n", "2024"),
        partitions=YEAR,
    )
    result = bench.table("SELECT * FROM t ORDER BY year")
    assert result.schema == pa.schema([("a", pa.int64()), ("year", pa.int32())])
    assert result.to_pylist() == [{"a": 1, "year": 2023}, {"a": 2, "year": 2024}]


def test_json_partitions(bench: Bench) -> None:
    """The same for JSON."""
    bench.scan(
        "json",
        bench.file("year=2023/a.json", '{"a": 1}\n', "2023"),
        bench.file("year=2024/a.json", '{"a": 2, "b": 3}\n', "2024"),
        partitions=YEAR,
    )
    assert bench.rows("SELECT * FROM t ORDER BY year") == [
        {"a": 1, "b": None, "year": 2023},
        {"a": 2, "b": 3, "year": 2024},
    ]


@pytest.mark.parametrize(
    ("data_type", "text", "value"),
    [
        (pa.string(), "a b", "a b"),
        (pa.string(), "a/b=c%d", "a/b=c%d"),
        (pa.string(), "é", "é"),
        (pa.string(), "0007", "0007"),
        (pa.string(), "", ""),
        (pa.string(), "a,b", "a,b"),
        (pa.string(), "*?[x]", "*?[x]"),
        (pa.string(), "#", "#"),
        (pa.string(), ".", "."),
        (pa.string(), "..", ".."),
        (pa.date32(), "2024-01-02", "2024-01-02"),
        (pa.timestamp("s"), "2024-01-02 03:04:05", "2024-01-02 03:04:05"),
        (pa.bool_(), "true", "True"),
        (pa.float64(), "-1.5", "-1.5"),
        (pa.decimal128(6, 2), "1.25", "1.25"),
        (pa.int64(), "-9", "-9"),
        (pa.large_string(), "x", "x"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_partition_values_of_every_type(
    bench: Bench, data_type: pa.DataType, text: str, value: str, kind: str
) -> None:
    """Values hold any character, and are typed."""
    files = {
        "csv": lambda: bench.file("f.csv", "a\n1\n", text),
        "parquet": lambda: parquet(bench, "f.parquet", pa.table({"a": [1]}), text),
    }
    bench.scan(kind, files[kind](), partitions=pa.schema([("p", data_type)]))  # type: ignore[arg-type]
    result = bench.table("SELECT p FROM t")
    assert result.schema.field("p").type == data_type
    assert [str(each) for each in result.column(0).to_pylist()] == [value]


@pytest.mark.parametrize("name", ["A b", "x.y", 'q"q', "select", "é", "p=q", "#"])
def test_partition_names_that_need_quotes(bench: Bench, name: str) -> None:
    """Columns of any name."""
    bench.scan(
        "csv",
        bench.file("a.csv", "a\n1\n", "7"),
        bench.file("b.csv", "a,b\n2,3\n", None),
        partitions=pa.schema([(name, pa.int64())]),
    )
    assert bench.rows("SELECT * FROM t ORDER BY a") == [
        {"a": 1, "b": None, name: 7},
        {"a": 2, "b": 3, name: None},
    ]


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_null_partitions(bench: Bench, kind: str) -> None:
    """A null among typed values, in one of two columns and in both."""
    content = {"csv": "a\n{}\n", "json": '{{"a": {}}}\n', "parquet": ""}[kind]
    values = [("1", "x"), (None, "x"), ("2", None), (None, None)]
    files = [
        bench.file(f"{n}", content.format(n), *each)
        if content
        else parquet(bench, f"{n}", pa.table({"a": [n]}), *each)
        for n, each in enumerate(values)
    ]
    partitions = pa.schema([("p", pa.int32()), ("q", pa.string())])
    bench.scan(kind, *files, partitions=partitions)  # type: ignore[arg-type]
    assert bench.rows("SELECT * FROM t ORDER BY a") == [
        {"a": 0, "p": 1, "q": "x"},
        {"a": 1, "p": None, "q": "x"},
        {"a": 2, "p": 2, "q": None},
        {"a": 3, "p": None, "q": None},
    ]
    assert bench.column("SELECT a FROM t WHERE p IS NULL AND q = 'x'") == [1]
    assert bench.table("SELECT p, q FROM t").schema == partitions


def test_a_value_of_another_type_is_an_error(bench: Bench) -> None:
    """The message names folder, file and type."""
    with pytest.raises(
        SourceError, match=r"partition year=soon of \S*b\.csv is not of type int32"
    ) as e:
        bench.scan(
            "csv",
            bench.file("a.csv", "a\n1\n", "2023"),
            bench.file("b.csv", "a\n2\n", "soon"),
            partitions=YEAR,
        )
    assert e.value.hint == "declare the partition column 'year' as string"


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_a_filter_on_a_partition_reads_only_its_files(bench: Bench, kind: str) -> None:
    """Seen in the plan: the other file is not there."""
    content = {"csv": "a\n1\n", "json": '{"a": 1}\n', "parquet": ""}[kind]
    files = [
        bench.file(f"year={year}/f.{kind}", content, str(year))
        if content
        else parquet(bench, f"year={year}/f.{kind}", pa.table({"a": [1]}), str(year))
        for year in (2022, 2023, 2024)
    ]
    bench.scan(kind, *files, partitions=YEAR)  # type: ignore[arg-type]
    bench.session.define("by_year", "SELECT year, a FROM t")
    plan = bench.explain("SELECT a FROM by_year WHERE year = 2023")
    assert "year=2023" in plan
    assert "year=2022" not in plan
    assert "year=2024" not in plan
    assert bench.column("SELECT year FROM by_year WHERE year > 2022 ORDER BY year") == [2023, 2024]


def test_partition_columns_that_files_repeat_come_from_the_folder(bench: Bench) -> None:
    """Writers differ in whether they keep the column in the file."""
    table = pa.table({"year": pa.array([1999], pa.int64()), "a": [1]})
    bench.scan("parquet", parquet(bench, "f.parquet", table, "2023"), partitions=YEAR)
    assert bench.rows() == [{"a": 1, "year": 2023}]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_null_partition_columns_that_text_files_repeat_are_null(bench: Bench, kind: str) -> None:
    """The folder decides."""
    content = {"csv": "year,a\n1999,1\n", "json": '{"year": 1999, "a": 1}\n'}[kind]
    bench.scan(kind, bench.file("f", content, None), partitions=YEAR)  # type: ignore[arg-type]
    assert bench.rows() == [{"a": 1, "year": None}]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_partition_columns_that_text_files_repeat_come_from_the_folder(
    bench: Bench, kind: str
) -> None:
    """The same in CSV and JSON."""
    content = {"csv": "year,a\n1999,1\n", "json": '{"year": 1999, "a": 1}\n'}[kind]
    bench.scan(kind, bench.file("f", content, "2023"), partitions=YEAR)  # type: ignore[arg-type]
    assert bench.rows() == [{"a": 1, "year": 2023}]


def test_partitions_of_empty_files(bench: Bench) -> None:
    """Only empty files: the declared columns and the partition's."""
    bench.scan(
        "csv", bench.file("f", "", "2023"), partitions=YEAR, schema=pa.schema([("a", pa.int64())])
    )
    assert bench.table("SELECT * FROM t").schema.names == ["a", "year"]
    assert bench.rows() == []


def test_no_partition_columns(bench: Bench) -> None:
    """An empty list of partition columns is none."""
    bench.scan("csv", bench.file("f", "a\n1\n"), partitions=pa.schema([]))
    assert bench.rows() == [{"a": 1}]
