"""Rows that are kept: in memory while they are few, else as Parquet in the run's folder."""

from __future__ import annotations

import datetime as dt
import resource
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from aqueducts.builtin.datafusion_engine import kept_tables
from aqueducts.builtin.datafusion_engine.kept_tables import keep, numbered
from aqueducts.errors import EngineError

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench


@pytest.fixture(params=["memory", "file"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where rows are kept: few rows stay in memory, with a threshold of one byte none do."""
    if request.param == "file":
        monkeypatch.setattr(kept_tables, "_MEMORY_BYTES", 1)
    return str(request.param)


def kept_files(bench: Bench) -> list[Path]:
    """Files that hold rows."""
    return list((bench.work_dir / "kept").glob("*"))


def test_a_kept_stage_is_computed_once(bench: Bench, place: str) -> None:
    """random() gives the same value whenever the stage is read."""
    bench.session.define("s", "SELECT value, random() AS r FROM generate_series(1, 1000)")
    assert bench.session.materialise("s")[0] == 1000
    assert bool(kept_files(bench)) is (place == "file")
    same = "SELECT count(*) AS n FROM s AS x JOIN s AS y ON x.value = y.value AND x.r = y.r"
    assert bench.rows(same) == [{"n": 1000}]
    assert bench.column("SELECT r FROM s ORDER BY value") == bench.column(
        "SELECT r FROM s ORDER BY value"
    )


def test_rows_and_bytes_are_told(bench: Bench, place: str) -> None:
    """Bytes are those of the memory or of the file."""
    bench.session.define("s", "SELECT value FROM generate_series(1, 1000)")
    rows, size = bench.session.materialise("s")
    assert rows == 1000
    if place == "memory":
        assert size == 8000
    else:
        assert [path.stat().st_size for path in kept_files(bench)] == [size]


def test_a_disk_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on file sizes fails like one; no file is left."""
    monkeypatch.setattr(kept_tables, "_MEMORY_BYTES", 1)
    table = pa.table({"k": pa.array(range(500_000), pa.int64())})
    folder = tmp_path / "aqueducts-run" / "kept"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        with pytest.raises(EngineError, match="rows cannot be kept in the folder for") as caught:
            keep(table.to_reader(max_chunksize=50_000), folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.message.endswith(f"({tmp_path}): File too large")
    assert "--spill-dir" in (caught.value.hint or "")
    assert list(folder.iterdir()) == []


def test_a_kept_stage_without_rows_has_columns(bench: Bench, place: str) -> None:
    """And later stages read it."""
    bench.session.define("s", "SELECT 1 AS a, 'x' AS b WHERE false")
    assert bench.session.materialise("s")[0] == 0
    assert bench.table("SELECT * FROM s").schema == pa.schema(
        [("a", pa.int64()), ("b", pa.string())]
    )
    assert bench.rows("SELECT * FROM s") == []


def test_the_order_of_a_kept_stage_is_kept(bench: Bench, place: str) -> None:
    """It is read in parallel, and the order comes back where it matters."""
    count = 50_000
    bench.session.define("s", f"SELECT value AS a FROM generate_series(1, {count}) ORDER BY a DESC")
    bench.session.materialise("s")
    assert bench.column("SELECT a FROM s") == list(range(count, 0, -1))
    assert bench.column("SELECT a FROM s LIMIT 2") == [count, count - 1]
    assert bench.table("SELECT * FROM s").schema.names == ["a"]
    assert "SortExec" not in bench.explain("SELECT sum(a) FROM s")


def test_the_order_of_a_kept_stage_with_limit_and_names_to_quote(bench: Bench, place: str) -> None:
    """Also under a projection and a limit."""
    bench.session.define(
        "s",
        'SELECT a AS "A b" FROM (SELECT value AS a FROM generate_series(1, 9)) ORDER BY -a LIMIT 5',
    )
    bench.session.materialise("s")
    assert bench.column("SELECT * FROM s") == [9, 8, 7, 6, 5]


def test_dropping_removes_rows_and_files(bench: Bench, place: str) -> None:
    """Nothing of it is left, and the name is free again."""
    bench.session.define("s", "SELECT 1 AS a")
    bench.session.materialise("s")
    bench.session.drop("s")
    assert kept_files(bench) == []
    with pytest.raises(EngineError, match="No table named 's'"):
        bench.session.frame("s")
    bench.session.drop("s")
    bench.session.define("s", "SELECT 2 AS a")
    assert bench.rows("SELECT * FROM s") == [{"a": 2}]


def test_closing_removes_files(bench: Bench, place: str) -> None:
    """Whatever is still kept at the end."""
    bench.session.define("s", "SELECT 1 AS a")
    bench.session.materialise("s")
    bench.session.close()
    assert kept_files(bench) == []


def test_keeping_again_replaces_what_was_kept(bench: Bench, place: str) -> None:
    """One file is left."""
    bench.session.define("s", "SELECT 1 AS a")
    bench.session.materialise("s")
    bench.session.materialise("s")
    assert bench.rows("SELECT * FROM s") == [{"a": 1}]
    assert len(kept_files(bench)) == (place == "file")


def test_a_one_time_stream_can_be_read_often_once_it_is_kept(bench: Bench, place: str) -> None:
    """A cursor is spooled under its own name."""
    bench.batches(pa.record_batch({"a": [1, 2]}), pa.record_batch({"a": [3]}))
    assert bench.session.materialise("t")[0] == 3
    assert bench.rows("SELECT count(*) AS n FROM t AS x, t AS y") == [{"n": 9}]


VALUES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "view": (pa.string_view(), ["x" * 40, None, ""]),
    "binary": (pa.binary(), [b"\x00", None, b""]),
    "decimal": (pa.decimal128(20, 4), [Decimal("1.2345"), None, Decimal(0)]),
    "decimal256": (pa.decimal256(60, 4), [Decimal("1.2345"), None, Decimal(0)]),
    "uint64": (pa.uint64(), [2**64 - 1, None, 0]),
    "timestamp ns": (pa.timestamp("ns"), [1, None, -1]),
    "timestamp zone": (
        pa.timestamp("us", "Europe/Berlin"),
        [dt.datetime(2024, 1, 2, tzinfo=dt.UTC)] * 3,
    ),
    "seconds": (pa.timestamp("s"), [dt.datetime(2024, 1, 2), None, None]),  # noqa: DTZ001 - a naive type
    "date64": (pa.date64(), [dt.date(2024, 1, 2), None, None]),
    "time": (pa.time64("ns"), [1, None, 0]),
    "duration": (pa.duration("ms"), [dt.timedelta(seconds=1), None, dt.timedelta(0)]),
    "interval": (pa.month_day_nano_interval(), [pa.MonthDayNano([1, 2, 3]), None, None]),
    "list": (pa.list_(pa.string()), [["x", None], None, []]),
    "struct": (
        pa.struct([("a", pa.int8()), ("b", pa.list_(pa.int8()))]),
        [{"a": 1, "b": [2]}, None, {"a": None, "b": None}],
    ),
    "map": (pa.map_(pa.string(), pa.int64()), [[("k", 1)], None, []]),
    "fixed list": (pa.list_(pa.int8(), 2), [[1, 2], None, [3, 4]]),
    "float16": (pa.float16(), [0.5, None, 1.0]),
    "half interval in a list": (
        pa.list_(pa.month_day_nano_interval()),
        [[pa.MonthDayNano([1, 2, 3])], None, []],
    ),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), ["x", None, "x"]),
    "bool": (pa.bool_(), [True, None, False]),
    "fixed binary": (pa.binary(2), [b"ab", None, b"cd"]),
}


@pytest.mark.parametrize("kind", list(VALUES))
def test_values_of_every_type_come_back(bench: Bench, place: str, kind: str) -> None:
    """Types that Parquet cannot hold stay in memory; all others survive the file."""
    data_type, values = VALUES[kind]
    column = pa.array(values, pa.string() if data_type == pa.string_view() else data_type)
    bench.batches(pa.record_batch({"a": column.cast(data_type)}), is_rereadable=True)
    before = bench.table("SELECT * FROM t")
    bench.session.define("s", "SELECT * FROM t")
    bench.session.materialise("s")
    after = bench.table("SELECT * FROM s")
    assert after.schema == before.schema
    assert after.equals(before)


def test_keeping_stops_where_the_stream_breaks(tmp_path: Path) -> None:
    """No file is left behind, half written."""
    schema = pa.schema([("a", pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"a": list(range(1000))}, schema=schema)
        raise RuntimeError("broke")

    kept_tables_bytes = kept_tables._MEMORY_BYTES
    try:
        kept_tables._MEMORY_BYTES = 1
        with pytest.raises(RuntimeError, match="broke"):
            keep(pa.RecordBatchReader.from_batches(schema, batches()), tmp_path / "kept")
    finally:
        kept_tables._MEMORY_BYTES = kept_tables_bytes
    assert list((tmp_path / "kept").glob("*")) == []


def test_positions_count_on_over_batches() -> None:
    """From 0, without gaps."""
    schema = pa.schema([("a", pa.int64())])
    batches = [pa.record_batch({"a": [7, 7]}, schema=schema) for _ in range(3)]
    table = numbered(pa.RecordBatchReader.from_batches(schema, batches)).read_all()
    assert table.column("__position").to_pylist() == [0, 1, 2, 3, 4, 5]


def test_kept_nan_stays_nan(bench: Bench, place: str) -> None:
    """Beside one other value it must not be taken for that value."""
    bench.session.define("s", "SELECT * FROM (VALUES (CAST('NaN' AS DOUBLE)), (0.5)) AS v (x)")
    bench.session.materialise("s")
    assert bool(kept_files(bench)) is (place == "file")
    assert repr(bench.column("SELECT x FROM s ORDER BY x")) == "[0.5, nan]"
