"""Which queries are spared their windows: only those whose tables can be read twice."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.connectors import EngineSettings, Session
from aqueducts.relations import ArrowStream, ArrowTable, DataFile, FileScan
from aqueducts.shortage import Shortage, Strain

WINDOWS = Shortage(
    1,
    280_000_000,
    250_000_000,
    Strain("WindowAggExec", "the window function", can_spill=False),
    operators=("WindowAggExec",),
)
TABLE = pa.table({"k": [1, 2, 2], "g": ["a", None, None], "f": [0.0, -0.0, 1.0]})


def opened(
    folder: Path, shortage: Shortage | None = WINDOWS, limit: int | None = 280_000_000
) -> Session:
    """A session with the table as a file, in memory and as a stream."""
    folder.mkdir(exist_ok=True)
    settings = EngineSettings(folder / "work", max_memory_bytes=limit, shortage=shortage)
    session = DataFusionEngine().open_session(settings, None)
    path = folder / "t.parquet"
    pq.write_table(TABLE, path)
    file = FileScan("parquet", [DataFile(str(path), path.stat().st_size)])
    stream = ArrowStream(TABLE.schema, lambda *_: iter(TABLE.to_batches()), is_rereadable=True)
    for name, relation in (("t", file), ("held", ArrowTable(TABLE)), ("asked", stream)):
        session.register(name, relation, is_joined=False)
    return session


def is_spared(session: Session, query: str) -> bool:
    """Whether the query has joins instead of windows; its rows are there either way."""
    session.define("s", query)
    plan = session.explain("s", analyze=False)
    assert session.head("s", 5).num_rows == 3
    return "WindowAgg" not in plan


@pytest.mark.parametrize(
    "query",
    [
        "SELECT k, sum(k) OVER () AS n FROM t",
        "SELECT k, sum(k) OVER (PARTITION BY g) AS n FROM t",
        "SELECT k, count(*) OVER (PARTITION BY g, k) AS n FROM held",
    ],
)
def test_windows_that_had_too_little_are_joins(tmp_path: Path, query: str) -> None:
    """In the attempt that follows."""
    session = opened(tmp_path)
    assert is_spared(session, query)
    assert session.economy == "totals joined to the rows instead of windows over all rows"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT k, sum(k) OVER () AS n FROM asked",
        "SELECT k, sum(k) OVER (PARTITION BY f) AS n FROM t",
        "SELECT k, sum(k) OVER () AS n, random() AS r FROM t",
        "SELECT k, sum(k) OVER () AS n FROM chance",
        "SELECT k, sum(k) OVER () AS n FROM first",
        "SELECT k, sum(k) OVER (ORDER BY k ROWS 1 PRECEDING) AS n FROM t",
    ],
)
def test_what_may_be_another_when_it_is_read_again_stays(tmp_path: Path, query: str) -> None:
    """Streams may have changed, floats have two zeros, stages may pick rows by chance."""
    session = opened(tmp_path)
    session.define("chance", "SELECT k, random() AS r FROM t")
    session.define("first", "SELECT k FROM t LIMIT 3")
    assert not is_spared(session, query)
    assert session.economy is None


def test_stages_that_read_the_same_again_are_fine(tmp_path: Path) -> None:
    """As views, and kept ones whatever their query is."""
    session = opened(tmp_path)
    session.define("doubled", "SELECT k * 2 AS k FROM t WHERE k IN (SELECT k FROM held)")
    assert is_spared(session, "SELECT k, sum(k) OVER () AS n FROM doubled")
    session.define("chance", "SELECT k, random() AS r FROM t")
    session.materialise("chance")
    assert is_spared(session, "SELECT k, sum(r) OVER () AS n FROM chance")


def test_windows_are_left_where_there_is_room(tmp_path: Path) -> None:
    """Reading twice is more work: without a limit, and for small files, nothing changes."""
    query = "SELECT k, sum(k) OVER () AS n FROM t"
    assert not is_spared(opened(tmp_path / "none", None, None), query)
    assert not is_spared(opened(tmp_path, None), query)


def test_large_files_are_read_twice_at_once(tmp_path: Path) -> None:
    """A quarter of the operators' budget is too large for what holds decoded rows twice."""
    session = opened(tmp_path, None)
    rows = pa.table({"k": pa.array(range(3_000_000), pa.int64())})
    pq.write_table(rows, tmp_path / "big.parquet", use_dictionary=False, compression="none")
    size = (tmp_path / "big.parquet").stat().st_size
    big = FileScan("parquet", [DataFile(str(tmp_path / "big.parquet"), size)])
    session.register("big", big, is_joined=False)
    session.define("s", "SELECT k, sum(k) OVER () AS n FROM big")
    assert "WindowAgg" not in session.explain("s", analyze=False)
