"""Parquet files: columns by name over files that differ, pushdown through stages."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datafusion import SessionConfig, SessionContext

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.connectors import EngineSettings
from aqueducts.errors import EngineError, SourceError
from aqueducts.relations import DataFile, FileScan

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench


def write(bench: Bench, name: str, table: pa.Table, **options: Any) -> DataFile:
    """Write a table as a file."""
    path = bench.files / name
    pq.write_table(table, path, **options)
    return DataFile(str(path), path.stat().st_size)


def scan(bench: Bench, *tables: pa.Table, **options: Any) -> pa.Schema:
    """Register files with these tables, in this order."""
    files = [write(bench, f"{n}.parquet", each) for n, each in enumerate(tables)]
    return bench.scan("parquet", *files, **options)


def test_columns_that_files_lack_are_null(bench: Bench) -> None:
    """Schemas evolve: columns come, go, and change their place."""
    scan(bench, pa.table({"a": [1], "b": ["x"]}), pa.table({"c": [0.5], "a": [2]}))
    assert bench.rows("SELECT * FROM t ORDER BY a") == [
        {"a": 1, "b": "x", "c": None},
        {"a": 2, "b": None, "c": 0.5},
    ]


@pytest.mark.parametrize("is_wide_first", [True, False])
def test_columns_are_widened(bench: Bench, is_wide_first: bool) -> None:
    """The wider type wins, whichever file comes first."""
    narrow = pa.table({"i": pa.array([1], pa.int16()), "f": pa.array([1], pa.int32())})
    wide = pa.table({"i": pa.array([1 << 40], pa.int64()), "f": pa.array([0.5], pa.float64())})
    schema = scan(bench, *([wide, narrow] if is_wide_first else [narrow, wide]))
    assert schema.types == [pa.int64(), pa.float64()]
    assert bench.rows("SELECT * FROM t ORDER BY i") == [
        {"i": 1, "f": 1.0},
        {"i": 1 << 40, "f": 0.5},
    ]


@pytest.mark.parametrize(
    ("left", "right", "united"),
    [
        (pa.int64(), pa.uint32(), pa.int64()),
        (pa.uint8(), pa.int8(), pa.int16()),
        (pa.float32(), pa.float64(), pa.float64()),
        (pa.date32(), pa.timestamp("us"), pa.timestamp("us")),
        (pa.timestamp("ms"), pa.timestamp("ns"), pa.timestamp("ns")),
        (pa.decimal128(6, 2), pa.decimal128(9, 4), pa.decimal128(9, 4)),
        (pa.string(), pa.large_string(), pa.large_string()),
        (pa.null(), pa.int64(), pa.int64()),
        (pa.list_(pa.int32()), pa.list_(pa.int64()), pa.list_(pa.int64())),
        (
            pa.struct([("x", pa.int32())]),
            pa.struct([("x", pa.int64()), ("y", pa.string())]),
            pa.struct([("x", pa.int64()), ("y", pa.string())]),
        ),
    ],
    ids=str,
)
def test_types_are_united(
    bench: Bench, left: pa.DataType, right: pa.DataType, united: pa.DataType
) -> None:
    """The narrowest type that holds both, and the rows of both files are there."""
    tables = [pa.table({"n": [n], "a": pa.nulls(1, each)}) for n, each in enumerate([left, right])]
    scan(bench, *tables)
    result = bench.table("SELECT * FROM t ORDER BY n")
    assert result.schema.field("a").type == united
    assert result.column("n").to_pylist() == [0, 1]


def test_types_that_do_not_meet_are_an_error(bench: Bench) -> None:
    """The message names the column, both files and both types."""
    with pytest.raises(
        SourceError, match=r"column 'a' is string in \S*1\.parquet but int64 in \S*0\.parquet"
    ) as e:
        scan(bench, pa.table({"a": [1]}), pa.table({"a": ["x"]}))
    assert "declare the column" in (e.value.hint or "")


def test_declaring_the_column_is_the_way_out(bench: Bench) -> None:
    """What the hint says works: numbers become text."""
    scan(
        bench,
        pa.table({"a": [1]}),
        pa.table({"a": ["x"]}),
        schema=pa.schema([("a", pa.string())]),
    )
    assert sorted(bench.column("SELECT a FROM t")) == ["1", "x"]


def test_a_declared_subset(bench: Bench) -> None:
    """Only the declared columns, in the declared order and type."""
    declared = pa.schema([("c", pa.float64()), ("a", pa.int32())])
    scan(bench, pa.table({"a": [1], "b": ["x"], "c": [0.5]}), schema=declared)
    assert bench.table("SELECT * FROM t").schema == declared
    assert bench.rows() == [{"c": 0.5, "a": 1}]


def test_a_declared_column_that_only_a_later_file_has(bench: Bench) -> None:
    """One file that has it is enough."""
    declared = pa.schema([("b", pa.int64())])
    scan(bench, pa.table({"a": [1]}), pa.table({"b": [2]}), schema=declared)
    assert bench.column("SELECT b FROM t ORDER BY b") == [2, None]


def test_a_declared_column_that_no_file_has_is_an_error(bench: Bench) -> None:
    """With the nearest name."""
    with pytest.raises(SourceError, match="column 'amuont' of the schema is not in") as e:
        scan(bench, pa.table({"amount": [1]}), schema=pa.schema([("amuont", pa.int64())]))
    assert e.value.hint == "did you mean 'amount'?"


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PAR1 but no more PAR1"])
def test_a_file_that_is_not_parquet_is_an_error(bench: Bench, content: bytes) -> None:
    """The message names the file."""
    with pytest.raises(SourceError, match=r"\S*x\.parquet is not a Parquet file: \S"):
        bench.scan("parquet", bench.file("x.parquet", content))


def test_a_missing_file_is_an_error(bench: Bench) -> None:
    """A file that vanished since it was listed is named."""
    with pytest.raises((SourceError, EngineError), match=r"gone\.parquet"):
        bench.scan("parquet", DataFile(str(bench.files / "gone.parquet"), 100))


def test_pushdown_reaches_files_through_stages(bench: Bench) -> None:
    """Two stages away, only the wanted columns and row groups are read."""
    scan(bench, pa.table({"a": [1, 2], "b": ["x", "y"], "c": [0.5, 1.5]}))
    bench.session.define("one", "SELECT a, b, c * 2 AS d FROM t")
    bench.session.define("two", "SELECT a, upper(b) AS b, d FROM one")
    plan = bench.explain("SELECT a FROM two WHERE a > 1")
    scanned = plan[plan.index("DataSourceExec") :]
    assert "projection=[a]" in scanned
    assert "predicate=a" in scanned
    assert bench.column("SELECT a FROM two WHERE a > 1") == [2]


@pytest.mark.parametrize("name", ["A b", "x.y", 'q"q', "Mixed", "é"])
def test_names_that_need_quotes(bench: Bench, name: str) -> None:
    """Columns of any name, united and widened."""
    scan(bench, pa.table({name: [1]}), pa.table({"n": [1], name: [0.5]}))
    quoted = '"' + name.replace('"', '""') + '"'
    assert bench.column(f"SELECT {quoted} FROM t ORDER BY 1") == [0.5, 1.0]


@pytest.mark.parametrize("name", ["a[1].parquet", "sp ace", "100%#.PARQUET", "ü?.parquet"])
def test_any_file_name(bench: Bench, name: str) -> None:
    """What the engine would interpret in a path means itself."""
    files = [write(bench, each, pa.table({"a": [n]})) for n, each in enumerate([name, "b"])]
    bench.scan("parquet", *files)
    assert sorted(bench.column("SELECT a FROM t")) == [0, 1]


def test_empty_files_have_columns(bench: Bench) -> None:
    """A file without rows is a table without rows."""
    scan(bench, pa.table({"a": pa.array([], pa.int64())}))
    assert bench.table("SELECT * FROM t").schema.names == ["a"]
    assert bench.rows() == []


def test_text_without_views(bench: Bench) -> None:
    """Whatever type the engine computes with, text comes out as plain strings."""
    scan(bench, pa.table({"s": ["x"], "b": [b"y"], "l": [["z"]]}))
    assert bench.table("SELECT * FROM t").schema.types == [
        pa.string(),
        pa.binary(),
        pa.list_(pa.string()),
    ]


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
def test_nan_beside_one_value_stays_nan(bench: Bench, kind: pa.DataType) -> None:
    """Statistics leave NaN out, so that such a column looks like a constant."""
    mixed = pa.array([1.0, math.nan, 1.0]).cast(kind)
    scan(bench, pa.table({"other": [1]}), pa.table({"mixed": mixed, "other": [1, 2, 3]}))
    assert repr(bench.column("SELECT mixed FROM t WHERE mixed IS NOT NULL")) == "[1.0, nan, 1.0]"


def test_a_declared_schema_keeps_nan_too(bench: Bench) -> None:
    """In every one of the files."""
    columns = [pa.array([0.5, 1.0]), pa.array([math.nan, -math.inf])]
    wanted = pa.schema([("x", pa.float64())])
    scan(bench, *(pa.table({"x": each, "y": each}) for each in columns), schema=wanted)
    found = bench.column("SELECT x FROM t ORDER BY x")
    assert repr(found) == "[-inf, 0.5, 1.0, nan]"


def test_one_value_is_read_as_a_constant(bench: Bench) -> None:
    """Statistics stay in use where no NaN is hidden."""
    scan(bench, pa.table({"x": [0.5] * 100}))
    plan = bench.explain("SELECT max(x) AS x FROM t")
    assert "DataSourceExec" not in plan
    assert bench.column("SELECT max(x) AS x FROM t") == [0.5]


def test_a_callers_session_uses_statistics_again(bench: Bench, tmp_path: Path) -> None:
    """What a source needed ends with the run."""
    key = "datafusion.execution.collect_statistics"
    for before in ("true", "false"):
        given = SessionContext(SessionConfig().with_information_schema(True).set(key, before))
        settings = EngineSettings(work_dir=tmp_path / before)
        session = DataFusionEngine().open_session(settings, given)
        file = write(bench, "nan.parquet", pa.table({"x": [1.0, math.nan]}))
        session.register("t", FileScan("parquet", [file]), is_joined=False)
        assert given.sql(f"SHOW {key}").to_pylist()[0]["value"] == "false"
        session.close()
        assert given.sql(f"SHOW {key}").to_pylist()[0]["value"] == before
