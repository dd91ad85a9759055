"""The limit that tells the planner a size: it never takes a row away."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqueducts.builtin.datafusion_engine import row_bounds
from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.connectors import EngineSettings, Session
from aqueducts.relations import CsvDialect, DataFile, FileScan

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench

VALUES = st.sampled_from(["", "1", "x", '""', '"a\nb"', '"a\r\nb"', '"a,b"', "é", " "])


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One session for all examples."""
    work_dir = tmp_path_factory.mktemp("limits")
    return DataFusionEngine().open_session(EngineSettings(work_dir, threads=2), None)


def count(session: Session, scan: FileScan, *, is_joined: bool) -> int:
    """Rows of a scan, each of them read."""
    session.register("t", scan, is_joined=is_joined)
    try:
        return int(session.frame("t").stream().read_all().num_rows)
    finally:
        session.drop("t")


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 3),
    rows=st.lists(st.lists(VALUES, min_size=3, max_size=3), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    ends_with_break=st.booleans(),
    has_header=st.booleans(),
    is_counted=st.booleans(),
)
def test_csv_rows_are_the_same_with_and_without(
    session: Session,
    width: int,
    rows: list[list[str]],
    end: str,
    ends_with_break: bool,
    has_header: bool,
    is_counted: bool,
) -> None:
    """One column, blank lines, breaks in values, a last line without a break, counted or not."""
    names = [f"c{index}" for index in range(width)]
    lines = [",".join(names)] if has_header else []
    lines += [",".join(row[:width]) for row in rows]
    text = end.join(lines) + (end if ends_with_break else "")
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if not is_counted:
            patch.setattr(row_bounds, "COUNTED_BYTES", -1)
        path = Path(folder) / "t.csv"
        path.write_bytes(text.encode())
        scan = FileScan(
            "csv",
            [DataFile(str(path), path.stat().st_size)],
            schema=pa.schema([(name, pa.string()) for name in names]),
            dialect=CsvDialect(has_header=has_header, newlines_in_values=True),
        )
        assert count(session, scan, is_joined=True) == count(session, scan, is_joined=False)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.sampled_from(['{"a":1}', "{}", '{"a": 1, "b": {"c": 2}}', "{ }"]), max_size=12
    ),
    separator=st.sampled_from(["\n", "\r\n", " ", "\n\n"]),
    is_counted=st.booleans(),
)
def test_json_rows_are_the_same_with_and_without(
    session: Session, rows: list[str], separator: str, is_counted: bool
) -> None:
    """Short objects, in lines and beside each other."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if not is_counted:
            patch.setattr(row_bounds, "COUNTED_BYTES", -1)
        path = Path(folder) / "t.json"
        path.write_text(separator.join(rows))
        scan = FileScan(
            "json",
            [DataFile(str(path), path.stat().st_size)],
            schema=pa.schema([("a", pa.int64())]),
        )
        assert count(session, scan, is_joined=True) == len(rows)


def test_the_smaller_side_is_built_whichever_is_written_first(bench: Bench) -> None:
    """That is what the limit is for: the hash table of a join is made of the small file."""
    bench.csv("k,v\n" + "1,2\n" * 5000, name="big", is_joined=True)
    bench.csv("k,w\n" + "1,2\n" * 5, name="small", is_joined=True)
    for query in (
        "SELECT v, w FROM big JOIN small ON big.k = small.k",
        "SELECT v, w FROM small JOIN big ON big.k = small.k",
    ):
        plan = bench.explain(query)
        physical = plan[plan.index("HashJoinExec") :]
        assert physical.index("small0.csv") < physical.index("big0.csv")
        assert bench.column(f"SELECT count(*) FROM ({query})") == [25_000]


def test_compressed_rows_are_all_there(bench: Bench) -> None:
    """Bytes of a compressed file tell nothing of its rows."""
    content = gzip.compress(b"a\n" + b"1\n" * 100_000)
    bench.scan("csv", bench.file("t.csv.gz", content), is_joined=True)
    assert bench.column("SELECT count(*) FROM t") == [100_000]
