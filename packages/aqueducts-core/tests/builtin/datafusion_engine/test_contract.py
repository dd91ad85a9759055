"""What we lean on in DataFusion beyond its documents; an upgrade has to pass these first."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from datafusion import SessionConfig, SessionContext

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.builtin.datafusion_engine.interrupts import Interrupted, Interrupts
from aqueducts.connectors import EngineWriter

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench

# Each takes minutes to the end, and more than a few milliseconds to the first row.
LONG_QUERIES = {
    "aggregate": "SELECT count(DISTINCT value % 1000003) AS n FROM generate_series(1, 20000000000)",
    "sort": "SELECT value FROM generate_series(1, 20000000000) ORDER BY value % 1000003 LIMIT 5",
}

JOINS = {
    "cross join": "SELECT count(*) AS n FROM generate_series(1, 2000) AS x(a), "
    "generate_series(1, 20000000000) AS y(b) WHERE (a * b) % 1000003 = 7",
    "skewed join": "SELECT count(*) AS n FROM (SELECT value % 2 AS k, value FROM "
    "generate_series(1, 300000)) AS x JOIN (SELECT value % 2 AS k, value FROM "
    "generate_series(1, 300000)) AS y ON x.k = y.k AND (x.value * y.value) % 1000003 = 7",
}


def ways_to_run(bench: Bench) -> dict[str, Callable[[], object]]:
    """Every way in which the engine runs the stage `s`."""
    target = bench.files / "out.csv"
    return {
        "collect": lambda: bench.session.head("s", 5),
        "execute": lambda: bench.session.frame("s").write_files(
            target, EngineWriter("CSV"), is_single_file=True
        ),
        "stream": lambda: bench.session.frame("s").stream().read_all(),
    }


def falls_idle() -> bool:
    """Whether the engine's own threads stop soon."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        busy = time.process_time()
        time.sleep(0.1)
        if time.process_time() - busy < 0.03:
            return True
    return False


@pytest.mark.parametrize("query", list(LONG_QUERIES))
@pytest.mark.parametrize("way", ["collect", "execute", "stream"])
def test_running_queries_can_be_stopped(bench: Bench, query: str, way: str) -> None:
    """An interrupt ends the query within a second, and no other query starts after it."""
    bench.session.define("s", LONG_QUERIES[query])
    raised: list[Interrupted] = []

    def work() -> None:
        try:
            ways_to_run(bench)[way]()
        except Interrupted as error:
            raised.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    time.sleep(0.15)
    assert thread.is_alive()
    started = time.perf_counter()
    bench.session.interrupt()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert time.perf_counter() - started < 2
    assert falls_idle()
    assert len(raised) == 1
    with pytest.raises(Interrupted):
        bench.rows("SELECT 1 AS a")


@pytest.mark.parametrize(
    ("join", "way"),
    [("cross join", "collect"), ("cross join", "stream"), ("skewed join", "stream")],
)
def test_a_join_lets_go_of_its_thread(join: str, way: str, tmp_path: Path) -> None:
    """The call ends, though the engine's own threads go on: a join does not yield to it.

    That is why a run that is stopped does not wait for its threads for ever. Here the process that
    they are in is ended.
    """
    program = f"""
import os, threading, time
from pathlib import Path
from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.connectors import EngineSettings
session = DataFusionEngine().open_session(EngineSettings(Path({str(tmp_path)!r}), threads=2), None)
session.define("s", '''{JOINS[join]}''')
raised = []
def work():
    try:
        session.head("s", 5) if {way!r} == "collect" else session.frame("s").stream().read_all()
    except BaseException as error:
        raised.append(type(error).__name__)
thread = threading.Thread(target=work, daemon=True)
thread.start()
time.sleep(0.3)
session.interrupt()
thread.join(timeout=5)
print(raised, flush=True)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "['Interrupted']", done.stderr


def test_metrics_grow_while_a_plan_runs() -> None:
    """Rows read are told while `execute` is at work."""
    context = SessionContext(SessionConfig().with_target_partitions(1).with_batch_size(1000))
    plan = context.sql(
        "SELECT value FROM generate_series(1, 100000) WHERE value >= 0"
    ).execution_plan()
    seen = []
    for number, _ in enumerate(context.execute(plan, 0)):
        if number % 20 == 0:
            seen.append(max(metrics.output_rows or 0 for _, metrics in plan.collect_metrics()))
    assert 0 < seen[0] < 100_000
    assert seen == sorted(seen)
    assert max(metrics.output_rows or 0 for _, metrics in plan.collect_metrics()) == 100_000


def test_volatile_functions_are_those_that_the_engine_knows() -> None:
    """A function that is new or forgotten would give a stage two results."""
    context = SessionContext(SessionConfig().with_information_schema(True))
    query = (
        "SELECT DISTINCT routine_name FROM information_schema.routines WHERE NOT is_deterministic"
    )
    found = {name for batch in context.sql(query).collect() for name in batch.column(0).to_pylist()}
    depend_on_the_file_only = {"input_file_name", "file_row_index"}
    are_tables = {"range", "generate_series"}
    assert found - depend_on_the_file_only - are_tables == DataFusionEngine().volatile_functions


@pytest.mark.parametrize(
    "query",
    [
        "SELECT x.a, y.b FROM t AS x JOIN u AS y ON x.a = y.a",
        "SELECT a FROM t WHERE a IN (SELECT a FROM u)",
        "SELECT x.a FROM t AS x, u AS y LIMIT 100000",
    ],
)
def test_joins_stream_without_hanging(bench: Bench, query: str) -> None:
    """A frame's C stream would wait here for ever; ours has all partitions run at once."""
    rows = "".join(f"{n},{n % 7}\n" for n in range(60_000))
    bench.csv(f"a,b\n{rows}", is_joined=True)
    bench.csv(f"a,b\n{rows}", name="u", is_joined=True)
    results: list[int] = []
    thread = threading.Thread(
        target=lambda: results.append(bench.table(query).num_rows), daemon=True
    )
    thread.start()
    thread.join(timeout=30)
    assert results
    assert results[0] >= 60_000


@pytest.mark.parametrize("stored_as", ["CSV", "JSON", "PARQUET"])
@pytest.mark.parametrize("is_single_file", [True, False])
def test_copy_tells_the_rows_it_wrote(bench: Bench, stored_as: str, is_single_file: bool) -> None:
    """The destination holds this number against what it reads back."""
    bench.session.define("s", "SELECT value AS a FROM generate_series(1, 20000)")
    rows = bench.session.frame("s").write_files(
        bench.files / "out", EngineWriter(stored_as), is_single_file=is_single_file
    )
    assert rows == 20_000


def test_a_thread_that_is_not_running_is_not_stopped() -> None:
    """Stopping hits marked threads only, and marks may be nested."""
    interrupts = Interrupts()
    with interrupts.running(), interrupts.running():
        pass
    interrupts.stop()
    for _ in range(1000):  # a pending exception would be raised here
        pass
    with pytest.raises(Interrupted), interrupts.running():
        raise AssertionError("ran")


def test_a_nested_mark_is_one_until_the_outer_ends() -> None:
    """The thread can be stopped after an inner step has ended."""
    interrupts = Interrupts()
    stopped = threading.Event()

    def work() -> None:
        try:
            with interrupts.running():
                with interrupts.running():
                    pass
                while True:
                    time.sleep(0.001)
        except Interrupted:
            stopped.set()

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.05)
    interrupts.stop()
    thread.join(timeout=5)
    assert stopped.is_set()
