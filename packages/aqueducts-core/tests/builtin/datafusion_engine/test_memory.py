"""The memory budget: what does not fit is planned again, spills stay in the run's folder."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aqueducts.builtin.datafusion_engine import settings
from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.builtin.datafusion_engine.settings import available_memory, budget_for, usable_cores
from aqueducts.connectors import EngineSettings, EngineWriter
from aqueducts.errors import EngineError, OutOfMemoryError
from aqueducts.relations import DataFile, FileScan
from aqueducts.shortage import Shortage, Strain

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench

SMALL = 1 << 20
"""So little that the pool is the smallest there is: 64 MB."""


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> FileScan:
    """A Parquet file of about 170 MB in memory."""
    path = tmp_path_factory.mktemp("wide") / "wide.parquet"
    rows = 400_000
    table = pa.table(
        {
            "k": pa.array(range(rows), pa.int64()),
            "text": pa.array([f"{n * 7919 % rows:09}" + "x" * 400 for n in range(rows)]),
        }
    )
    pq.write_table(table, path, row_group_size=50_000)
    return FileScan("parquet", [DataFile(str(path), path.stat().st_size)])


@pytest.fixture
def small(tmp_path: Path, wide: FileScan, request: pytest.FixtureRequest) -> Bench:
    """A session with a small pool for many threads, and the wide file as `t` and `u`."""
    from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
    from aqueducts.connectors import EngineSettings

    bench: Bench = request.getfixturevalue("bench")
    bench.session.close()
    bench.session = DataFusionEngine().open_session(
        EngineSettings(bench.work_dir, max_memory_bytes=SMALL, threads=8), None
    )
    for name in ("t", "u"):
        bench.session.register(name, wide, is_joined=True)
    return bench


JOIN = "SELECT t.k, t.text, u.text AS other FROM t JOIN u ON t.text = u.text"
SORT = "SELECT * FROM t ORDER BY text"


def count(bench: Bench, name: str) -> int:
    """Rows of a stage, streamed."""
    return sum(batch.num_rows for batch in bench.session.frame(name).stream())


def test_a_hash_join_that_does_not_fit_is_joined_by_sorting(small: Bench) -> None:
    """It runs out of memory, and the second plan gets through."""
    small.session.define("s", JOIN)
    assert "HashJoinExec" in small.session.explain("s", analyze=False)
    with pytest.raises(OutOfMemoryError, match="the build side of a hash join does not fit") as e:
        count(small, "s")
    assert e.value.operator == "HashJoinInput"
    assert "--max-memory" in (e.value.hint or "")
    assert small.session.replan(e.value) == "sort-merge join instead of hash join"
    assert "SortMergeJoinExec" in small.session.explain("s", analyze=False)
    with contextlib.suppress(OutOfMemoryError):  # 32 MB may be too little for two sorts as well
        assert count(small, "s") == 400_000


def test_a_sort_that_does_not_fit_is_done_by_one_thread(small: Bench) -> None:
    """In small batches, with files beside it in the run's own folder."""
    small.session.define("s", SORT)
    with pytest.raises(OutOfMemoryError) as e:
        count(small, "s")
    change = small.session.replan(e.value)
    assert change == "one partition, small batches"
    seen: set[Path] = set()
    rows = 0
    last = ""
    for batch in small.session.frame("s").stream():
        seen.update(path for path in (small.work_dir / "spill").rglob("*") if path.is_file())
        rows += batch.num_rows
        assert last <= batch.column("text")[0].as_py()
        last = batch.column("text")[-1].as_py()
    assert rows == 400_000
    assert seen


def test_other_errors_are_not_planned_again(bench: Bench) -> None:
    """Only memory, and only operators for which there is another plan."""
    assert bench.session.replan(EngineError("no")) is None
    assert bench.session.replan(OutOfMemoryError("no", operator="CrossJoinExec")) is None
    assert (
        bench.session.replan(OutOfMemoryError("no", operator="GroupedHashAggregateStream"))
        == "one partition, small batches"
    )


def test_the_pool_is_below_what_the_process_may_take() -> None:
    """And never so small that nothing runs."""
    gib = 1 << 30
    budget = budget_for(gib, None)
    assert gib // 4 < budget.pool_bytes < gib // 2
    assert budget.batch_rows == 8192
    tight = budget_for(300 << 20, None)
    assert (tight.batch_rows, tight.partitions) == (2048, 1)
    assert budget_for(300 << 20, 2).partitions == 2
    assert budget_for(1, None).pool_bytes == 64 << 20
    assert 0 < budget_for(None, None).pool_bytes <= available_memory()


def test_threads_are_the_cores_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most eight of them."""
    assert budget_for(None, 3).partitions == 3
    assert budget_for(None, None).partitions == min(8, usable_cores())
    monkeypatch.setattr(settings, "usable_cores", lambda: 64)
    assert budget_for(None, None).partitions == 8


def test_without_affinity_cores_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_cores() >= 1


def test_the_control_group_limits_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number is a limit, the word max and a missing file are none."""
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(settings, "_CGROUP_LIMITS", (str(limit), str(tmp_path / "missing")))
    limit.write_text("max\n")
    free = available_memory()
    assert free > 1 << 20
    limit.write_text("1048576\n")
    assert available_memory() == 1 << 20
    monkeypatch.setattr(settings, "_meminfo_available", lambda: None)
    limit.write_text("max\n")
    assert available_memory() == 4 << 30


def test_row_groups_are_smaller_under_a_limit(tmp_path: Path) -> None:
    """They are held whole while they are written, and a COPY's own option still wins."""
    sizes = []
    for folder, limit, options in (("a", None, ""), ("b", 1 << 30, ""), ("c", 1 << 30, "5000")):
        (tmp_path / folder).mkdir()
        session = DataFusionEngine().open_session(
            EngineSettings(work_dir=tmp_path / folder, max_memory_bytes=limit), None
        )
        session.define("s", "SELECT value FROM generate_series(1, 300000)")
        path = tmp_path / f"{folder}.parquet"
        own = {"format.max_row_group_size": options} if options else {}
        session.frame("s").write_files(
            path, EngineWriter(stored_as="PARQUET", options=own), is_single_file=True
        )
        sizes.append(pq.ParquetFile(path).metadata.row_group(0).num_rows)
    assert sizes == [262_144, 65_536, 5_000]


def test_under_a_limit_texts_are_no_views(tmp_path: Path) -> None:
    """A view keeps its page in memory, also where the file itself says that it holds views."""
    path = tmp_path / "views.parquet"
    pq.write_table(pa.table({"a": pa.array(["x"], pa.string_view())}), path)
    scan = FileScan("parquet", [DataFile(str(path), path.stat().st_size)])
    types = []
    for limit in (None, 1 << 30):
        session = DataFusionEngine().open_session(
            EngineSettings(tmp_path / str(limit), max_memory_bytes=limit), None
        )
        types += session.register("t", scan, is_joined=False).types
        session.close()
    assert types == [pa.string_view(), pa.string()]


def test_after_a_shortage_a_session_uses_less() -> None:
    """Joins by sorting need two partitions, everything else does better with one."""
    gib = 1 << 30
    full = budget_for(gib, None)
    joined = budget_for(gib, None, Shortage(1, gib, 0, Strain("HashJoinInput", "")))
    assert (joined.joins_by_sorting, joined.partitions) == (True, 2)
    assert joined.pool_bytes == full.pool_bytes  # the engine gave up: less would not help it
    ended = budget_for(gib, None, Shortage(2, gib, gib, Strain("SortExec", ""), excesses=2))
    assert ended.partitions == 1
    assert ended.pool_bytes < full.pool_bytes / 2
    assert ended.batch_rows == full.batch_rows // 4
    assert ended.economy
    written = budget_for(gib, None, Shortage(1, gib, 0, Strain("ParquetSink", "")))
    assert written.pool_bytes == gib  # it tells of more than it holds, and somebody watches


def test_files_that_say_they_are_sorted_are_not_sorted_again(tmp_path: Path) -> None:
    """The engine would put what it writes into the order that a source has noted."""
    path = tmp_path / "sorted.parquet"
    keys = [pq.SortingColumn(0)]
    pq.write_table(pa.table({"a": [1, 2, 3], "b": [3, 1, 2]}), path, sorting_columns=keys)
    session = DataFusionEngine().open_session(EngineSettings(tmp_path / "work"), None)
    scan = FileScan("parquet", [DataFile(str(path), path.stat().st_size)])
    session.register("t", scan, is_joined=False)
    session.define("s", "SELECT * FROM t")
    assert "output_ordering" not in session.explain("s", analyze=False)
    session.close()
