"""The one way in: DataFusion is held to everything that a lazy dataset leans on."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from aqueducts.errors import AqueductsError, EngineError, SourceError
from aqueducts.relations import ArrowStream, StreamFiles

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench

SCHEMA = pa.schema([("a", pa.int64()), ("b", pa.string()), ("c", pa.float64())])


class Cursor:
    """Opens batches, of ten rows each, and remembers what was asked of it."""

    def __init__(self, batches: int = 20, fails_at: int | None = None, rows: int = 10) -> None:
        self.batches = batches
        self.rows = rows
        self.fails_at = fails_at
        self.error: Exception = RuntimeError("cursor broke")
        self.pulled = 0
        self.closed = 0
        self.asked: list[tuple[int, Sequence[str] | None, pc.Expression | None]] = []

    def __call__(
        self, partition: int, columns: Sequence[str] | None, condition: pc.Expression | None
    ) -> Iterator[pa.RecordBatch]:
        """What a source calls `open`."""
        self.asked.append((partition, columns, condition))
        try:
            for number in range(self.batches):
                if number == self.fails_at:
                    raise self.error
                self.pulled += 1
                rows = range(number * self.rows, (number + 1) * self.rows)
                yield pa.record_batch(
                    {
                        "c": [each / 2 for each in rows],
                        "b": [f"s{each}" for each in rows],
                        "a": list(rows),
                    }
                )
        finally:
            self.closed += 1


def register(bench: Bench, cursor: Any, **options: Any) -> None:
    """Register a cursor as `t`."""
    bench.register(ArrowStream(SCHEMA, cursor, **options))


def test_registration_and_planning_read_nothing(bench: Bench) -> None:
    """Defining stages and explaining them neither."""
    cursor = Cursor()
    register(bench, cursor)
    bench.session.define("s", "SELECT a, count(*) AS n FROM t GROUP BY a")
    bench.session.explain("s", analyze=False)
    bench.session.frame("s").check()
    assert cursor.asked == []


@pytest.mark.parametrize(
    ("query", "ahead"),
    [("SELECT a FROM t", 1), ("SELECT a + 1 AS a FROM t", 12)],
    ids=["plain", "shared out to threads"],
)
def test_batches_are_pulled_as_they_are_asked_for(bench: Bench, query: str, ahead: int) -> None:
    """Back-pressure: memory stays bounded; small batches are put together first."""
    cursor = Cursor(100, rows=8192)
    register(bench, cursor)
    bench.session.define("s", query)
    reader = bench.session.frame("s").stream()
    for consumed in range(1, 6):
        reader.read_next_batch()
        time.sleep(0.02)
        assert cursor.pulled <= consumed + ahead
    reader.close()


def test_a_dropped_stream_closes_the_source(bench: Bench) -> None:
    """At once, with most batches not read."""
    cursor = Cursor(rows=8192)
    register(bench, cursor)
    bench.session.define("s", "SELECT a FROM t")
    reader = bench.session.frame("s").stream()
    reader.read_next_batch()
    assert cursor.closed == 0
    reader.close()
    del reader
    gc.collect()
    deadline = time.monotonic() + 2
    while not cursor.closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert cursor.closed == 1
    assert cursor.pulled < 5


def test_a_limit_reads_no_more_than_it_needs(bench: Bench) -> None:
    """And closes the source."""
    cursor = Cursor()
    register(bench, cursor)
    assert bench.column("SELECT a FROM t LIMIT 3") == [0, 1, 2]
    assert cursor.pulled <= 2
    assert cursor.closed == 1


def test_projection_arrives(bench: Bench) -> None:
    """Only the wanted columns are asked for; more than that does no harm."""
    cursor = Cursor(1)
    register(bench, cursor)
    assert bench.column("SELECT c FROM t LIMIT 1") == [0.0]
    assert cursor.asked[0][1] == ["c"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a > 197", [198, 199]),
        ("a = 5 OR a = 7", [5, 7]),
        ("a IN (3, 4, 500)", [3, 4]),
        ("b = 's12'", [12]),
        ("a BETWEEN 8 AND 9", [8, 9]),
        ("a IS NULL", []),
        ("NOT (a > 1)", [0, 1]),
        ("b LIKE 's19_'", list(range(190, 200))),
        ("c * 2 = 10", [10]),
    ],
)
def test_filters_are_exact(bench: Bench, condition: str, expected: list[int]) -> None:
    """The engine counts a pushed filter as applied, and the source may ignore it."""
    register(bench, Cursor())
    assert bench.column(f"SELECT a FROM t WHERE {condition}") == expected


def test_a_filter_arrives_with_the_columns_it_needs(bench: Bench) -> None:
    """The engine leaves columns out that only the filter uses; the source is asked for them."""
    cursor = Cursor()
    register(bench, cursor)
    assert bench.column("SELECT c FROM t WHERE a = 150") == [75.0]
    _, columns, condition = cursor.asked[0]
    assert columns == ["a", "c"]
    assert isinstance(condition, pc.Expression)
    assert str(condition) == "(a == 150)"


def test_rows_are_counted_without_columns(bench: Bench) -> None:
    """count(*) asks for no column at all."""
    register(bench, Cursor())
    assert bench.column("SELECT count(*) FROM t") == [200]


def test_partitions_are_read_at_the_same_time(bench: Bench) -> None:
    """Each waits for the other, which ends only where both run."""
    both = threading.Barrier(2, timeout=10)

    def open_(partition: int, *_: object) -> Iterator[pa.RecordBatch]:
        both.wait()
        yield pa.record_batch({"a": [partition], "b": ["x"], "c": [0.5]})

    register(bench, open_, partitions=2)
    assert sorted(bench.column("SELECT a FROM t")) == [0, 1]


def test_types_are_cast_to_the_declared_ones(bench: Bench) -> None:
    """Drivers are not always exact about types."""

    def open_(*_: object) -> Iterator[pa.RecordBatch]:
        yield pa.record_batch(
            {"a": pa.array([1], pa.int8()), "b": pa.array(["x"]).cast(pa.string_view()), "c": [1]}
        )

    register(bench, open_)
    assert bench.table("SELECT * FROM t").schema == SCHEMA


def test_a_one_time_source_is_not_read_twice(bench: Bench) -> None:
    """Half of its rows would be missing, without a word."""
    register(bench, Cursor())
    with pytest.raises(EngineError, match="source 't' can be read only once"):
        bench.rows("SELECT count(*) FROM t AS x JOIN t AS y ON x.a = y.a")


def test_a_rereadable_source_is_read_twice(bench: Bench) -> None:
    """Opened once for each scan."""
    cursor = Cursor()
    register(bench, cursor, is_rereadable=True)
    assert bench.column("SELECT count(*) FROM t AS x JOIN t AS y ON x.a = y.a") == [200]
    assert len(cursor.asked) == 2


def test_our_errors_come_out_as_they_were(bench: Bench) -> None:
    """The engine keeps the text only; the error that was raised is found again."""
    cursor = Cursor(fails_at=3)
    cursor.error = SourceError("the API said no", hint="ask again", step="t")
    register(bench, cursor)
    with pytest.raises(SourceError) as e:
        bench.rows()
    assert e.value is cursor.error


def test_errors_of_strangers_name_the_source(bench: Bench) -> None:
    """With the kind of the error, without the engine's wrapping, and with the cause."""
    cursor = Cursor(fails_at=3)
    register(bench, cursor)
    with pytest.raises(SourceError) as e:
        bench.rows()
    assert e.value.message == "RuntimeError: cursor broke"
    assert e.value.step == "t"
    assert e.value.__cause__ is cursor.error


def test_an_old_error_does_not_stand_for_a_new_one(bench: Bench) -> None:
    """What failed in one query is not the cause of what fails in the next."""
    register(bench, Cursor(fails_at=1), is_rereadable=True)
    with pytest.raises(AqueductsError, match="cursor broke"):
        bench.rows()
    with pytest.raises(AqueductsError, match=r"division by zero"):
        bench.rows("SELECT 1 / (value - 1) FROM generate_series(1, 2)")


def test_an_error_before_the_first_batch(bench: Bench) -> None:
    """A connection that cannot be made."""

    def open_(*_: object) -> Iterator[pa.RecordBatch]:
        raise ConnectionError("refused")

    register(bench, open_)
    with pytest.raises(SourceError, match="ConnectionError: refused"):
        bench.rows()


def test_a_batch_without_a_column_is_an_error(bench: Bench) -> None:
    """The message names the column."""
    register(bench, lambda *_: [pa.record_batch({"a": [1]})])
    with pytest.raises(SourceError, match="b"):
        bench.rows()


def test_rows_read_so_far_are_told(bench: Bench) -> None:
    """While the stream is running."""
    register(bench, Cursor())
    bench.session.define("s", "SELECT a FROM t")
    reader = bench.session.frame("s").stream()
    reader.read_next_batch()
    assert bench.session.rows_read()["t"] >= 10
    reader.close()


def test_a_plan_asks_for_the_files_of_each_scan(bench: Bench) -> None:
    """With the condition that the scan gets; where the source cannot tell, none are shown."""
    asked: list[str | None] = []

    def find_files(condition: pc.Expression | None) -> StreamFiles | None:
        asked.append(None if condition is None else str(condition))
        return None if condition is None else StreamFiles(files=2, size_bytes=300)

    register(bench, Cursor(), find_files=find_files)
    bench.session.define("narrow", "SELECT b FROM t WHERE a > 3")
    bench.session.define("wide", "SELECT c FROM t")
    bench.session.define("both", "SELECT * FROM narrow CROSS JOIN wide")
    described = bench.session.describe("both")
    assert described is not None
    found = {scan.columns: (scan.files, scan.file_bytes) for scan in described.scans}
    assert found == {("b",): (2, 300), ("c",): (None, None)}
    assert sorted(asked, key=str) == ["(a > 3)", None]
