"""A table of PostgreSQL to Parquet through ODBC, beside a bare loop over arrow-odbc."""

from __future__ import annotations

import os
import subprocess
import time

import psutil
from bench import OURS, Bench
from comparing import check_equal
from measuring import Command, environment, measure
from postgresql import private_server
from sections import Bar, Section, resources

__all__ = ["COLUMNS", "TABLE", "run"]

_BARE = "arrow-odbc in a bare loop"
_VARIABLE = "BENCH_DATABASE"
_MOST_CPU = 1.1
_MOST_BYTES = 200e6
_SAMPLE_SECONDS = 0.1

TABLE = """
    CREATE UNLOGGED TABLE sales AS SELECT
        i::int AS id, i::bigint * 7 AS customer_id, (i % 100000 * 1.25)::numeric(12, 2) AS amount,
        i * 0.1::float8 AS price, ('product ' || i % 1000)::varchar(20) AS product,
        ('note ' || i)::varchar(30) AS note, date '2020-01-01' + (i % 3000)::int AS day,
        timestamp '2020-01-01' + i * interval '1 second' AS sold_at, i % 2 = 0 AS is_paid,
        'ab'::char(4) AS code
    FROM generate_series(1, {rows}) AS i
"""
COLUMNS = (
    "id::INT, customer_id::BIGINT, amount::DECIMAL(12, 2), price::DOUBLE, product::VARCHAR, "
    "note::VARCHAR, day::DATE, sold_at::TIMESTAMP, is_paid::BOOL, code::VARCHAR"
)


def run(bench: Bench) -> Section:
    """Read all rows; both files must hold the same."""
    rows = bench.inputs.size.rows // 2
    data = bench.inputs.folder
    ours, theirs = bench.fresh("odbc_read.parquet"), bench.fresh("odbc_read_bare.parquet")
    with private_server() as server:
        server.execute(TABLE.format(rows=rows), "VACUUM ANALYZE sales")
        os.environ[_VARIABLE] = server.connection_string
        commands = {
            OURS: bench.aqueducts("odbc_read", data, ours),
            _BARE: bench.peer("arrow_odbc_read", data, theirs),
        }
        series = measure(commands, bench.rounds)
        peak = _peak_of_all(commands[OURS])
        del os.environ[_VARIABLE]
    check_equal(theirs, ours, COLUMNS)
    ratio = series[OURS].cpu_ratio(series[_BARE])
    header, lines = resources(series)
    return Section(
        title="PostgreSQL to Parquet through ODBC",
        note=f"{rows:,} rows x 10 columns; files equal. Peaks in the table count what processes "
        "share once for each; the bar counts it once.",
        header=header,
        rows=lines,
        bars=[
            Bar(
                f"at most {_MOST_CPU} times the CPU of the bare loop",
                f"{ratio:.2f}",
                ratio <= _MOST_CPU,
            ),
            Bar(
                "peak of all processes under 200 MB",
                f"{peak / 1e6:.0f} MB",
                peak < _MOST_BYTES,
            ),
        ],
    )


def _peak_of_all(command: Command) -> int:
    """Memory of a command and all it starts, where what they share counts once (PSS)."""
    peak = 0
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            time.sleep(_SAMPLE_SECONDS)
            try:
                tree = [watched, *watched.children(recursive=True)]
                peak = max(peak, sum(each.memory_full_info().pss for each in tree))
            except psutil.Error:  # one has just ended
                continue
    return peak
