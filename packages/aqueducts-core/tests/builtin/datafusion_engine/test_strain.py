"""Which operator holds most, and whose query it is from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from aqueducts.builtin.datafusion_engine.strain import find_stage
from aqueducts.relations import ArrowStream

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench

QUERIES = {
    "joined": "SELECT a.k, b.name FROM a JOIN b ON a.k = b.k",
    "grouped": "SELECT k, count(*) AS n FROM joined GROUP BY k",
    "ranked": "SELECT k, rank() OVER (ORDER BY n) AS place FROM grouped -- no JOIN here",
    "again": "SELECT * FROM ranked JOIN c ON ranked.place = c.place",
}


@pytest.mark.parametrize(
    ("operator", "text", "stage"),
    [
        ("HashJoinExec", "HashJoinExec: mode=Partitioned, on=[(k@0, k@0)]", "joined"),
        ("HashJoinExec", "HashJoinExec: mode=Partitioned, on=[(place@0, place@0)]", "again"),
        ("AggregateExec", "AggregateExec: gby=[k@0 as k]", "grouped"),
        ("SortExec", "SortExec: expr=[n@1 ASC NULLS LAST]", "ranked"),
        ("WindowAggExec", "WindowAggExec: wdw=[rank()]", "ranked"),
    ],
)
def test_the_stage_is_found_by_keywords_and_columns(operator: str, text: str, stage: str) -> None:
    """Words in comments and texts say nothing."""
    assert find_stage(operator, text, QUERIES) == stage


def test_no_stage_is_named_where_none_asks_for_the_operator() -> None:
    """Better than a wrong one."""
    assert find_stage("WindowAggExec", "", {"s": "SELECT 'over' AS a"}) is None


def test_what_runs_is_looked_at_while_it_runs(bench: Bench) -> None:
    """A window takes all rows in before it gives one out; nothing is running before and after."""
    seen = []

    def batches(*_: object) -> object:
        for first in range(0, 500_000, 1000):
            if first == 400_000:
                seen.append(bench.session.strain())
            yield pa.record_batch({"k": pa.array(range(first, first + 1000), pa.int64())})

    schema = pa.schema([("k", pa.int64())])
    bench.register(ArrowStream(schema, batches))  # type: ignore[arg-type]
    assert bench.session.strain() is None
    bench.session.define("totals", "SELECT k, sum(k) OVER () AS total FROM t")
    assert bench.session.frame("totals").stream().read_all().num_rows == 500_000
    [strain] = seen
    assert strain is not None
    assert (strain.operator, strain.step) == ("WindowAggExec", "totals")
    assert not strain.can_spill
    assert bench.session.strain() is None


def test_an_error_of_the_pool_names_the_stage(tmp_path: Path, bench: Bench) -> None:
    """Of the operator that had too little, not the last one of the chain."""
    from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
    from aqueducts.connectors import EngineSettings
    from aqueducts.errors import OutOfMemoryError

    bench.session.close()
    bench.session = DataFusionEngine().open_session(
        EngineSettings(bench.work_dir, max_memory_bytes=1 << 20, threads=2), None
    )
    text = pa.array([f"{n:09}" + "x" * 1000 for n in range(1000)])
    rows = pa.record_batch({"text": text, "k": pa.array(range(1000), pa.int64())})
    for name in ("t", "u"):
        stream = ArrowStream(rows.schema, lambda *_: iter([rows] * 150), is_rereadable=True)
        bench.session.register(name, stream, is_joined=True)
    bench.session.define("joined", "SELECT t.k, u.text FROM t JOIN u ON t.text = u.text")
    bench.session.define("last", "SELECT k, count(*) AS n FROM joined GROUP BY k")
    with pytest.raises(OutOfMemoryError) as caught:
        bench.session.frame("last").stream().read_all()
    assert caught.value.step == "joined"
