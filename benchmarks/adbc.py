"""PostgreSQL through ADBC: a table to Parquet and Parquet to a table, beside bare loops."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import duckdb
from bench import OURS, Bench
from comparing import check_equal
from inputs import make_once
from measuring import measure, run_measured
from odbc_read import COLUMNS, TABLE
from postgresql import Server, private_server
from sections import Bar, Section, resources

__all__ = ["run_read", "run_write"]

_BARE_READ, _BARE_WRITE = "ADBC in a bare loop", "bare adbc_ingest"
_VARIABLE = "BENCH_DATABASE"
_MOST_READ_CPU, _MOST_WRITE_CPU = 1.1, 1.15
_MOST_BYTES = 200e6

_PARQUET = """
    COPY (SELECT i::INT AS id, i * 7 AS customer_id,
        ((i % 100000) * 1.25)::DECIMAL(12, 2) AS amount, i * 0.1::DOUBLE AS price,
        'product ' || (i % 1000) AS product, 'note ' || i AS note,
        DATE '2020-01-01' + (i % 3000)::INT AS day,
        TIMESTAMP '2020-01-01' + to_seconds(i) AS sold_at, i % 2 = 0 AS is_paid, 'abcd' AS code
    FROM range(1, {rows} + 1) t(i)) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


def run_read(bench: Bench) -> Section:
    """Read all rows; both files must hold the same."""
    rows = bench.inputs.size.rows // 2
    data = bench.inputs.folder
    ours, theirs = bench.fresh("adbc_read.parquet"), bench.fresh("adbc_read_bare.parquet")
    with private_server() as server:
        server.execute(TABLE.format(rows=rows), "VACUUM ANALYZE sales")
        os.environ[_VARIABLE] = server.uri
        commands = {
            OURS: bench.aqueducts("adbc_read", data, ours),
            _BARE_READ: bench.peer("adbc_read", data, theirs),
        }
        series = measure(commands, bench.rounds)
        del os.environ[_VARIABLE]
    check_equal(theirs, ours, COLUMNS)
    ratio = series[OURS].cpu_ratio(series[_BARE_READ])
    header, lines = resources(series)
    return Section(
        title="PostgreSQL to Parquet through ADBC",
        note=f"{rows:,} rows x 10 columns; files equal.",
        header=header,
        rows=lines,
        bars=[
            Bar(
                f"at most {_MOST_READ_CPU} times the CPU of the bare loop",
                f"{ratio:.2f}",
                ratio <= _MOST_READ_CPU,
            )
        ],
    )


def run_write(bench: Bench) -> Section:
    """Append all rows to a table; both tables must hold the same. Once more without rows."""
    rows = bench.inputs.size.rows // 10
    data, empty = bench.inputs.folder / "to_insert", bench.inputs.folder / "nothing_to_insert"
    for folder, count in ((data, rows), (empty, 0)):
        folder.mkdir(exist_ok=True)
        make_once(folder / "rows_to_insert.parquet", partial(_generate, count))
    with private_server() as server:
        os.environ[_VARIABLE] = server.uri
        commands = {
            OURS: bench.aqueducts("adbc_write", data, Path("ours")),
            _BARE_WRITE: bench.peer("adbc_write", data, Path("bare")),
            f"{OURS}, no rows": bench.aqueducts("adbc_write", empty, Path("ours")),
            f"{_BARE_WRITE}, no rows": bench.peer("adbc_write", empty, Path("bare")),
        }
        _make_tables(server)
        for command in commands.values():
            run_measured(command)
        _check_equal_tables(server)
        _make_tables(server)
        series = measure(commands, bench.rounds)
        del os.environ[_VARIABLE]
    own, bare = (
        series[name].cpu_s - series[f"{name}, no rows"].cpu_s for name in (OURS, _BARE_WRITE)
    )
    peak = series[OURS].peak_bytes
    header, lines = resources(series)
    return Section(
        title="Parquet to PostgreSQL through ADBC",
        note=f"{rows:,} rows x 10 columns, appended; tables equal after one run each.",
        header=header,
        rows=lines,
        bars=[
            Bar(
                f"at most {_MOST_WRITE_CPU} times the CPU of bare adbc_ingest, without what "
                "either takes for no rows",
                f"{own / bare:.2f} ({own:.2f} s and {bare:.2f} s)",
                own / bare <= _MOST_WRITE_CPU,
            ),
            Bar("peak under 200 MB", f"{peak / 1e6:.0f} MB", peak < _MOST_BYTES),
        ],
    )


def _check_equal_tables(server: Server) -> None:
    ours, bare = (
        server.execute(
            "SELECT count(*), sum(hashtext(t::text)::bigint) "  # noqa: S608 - our own names
            f"FROM {name} AS t"
        )
        for name in ("ours", "bare")
    )
    if ours != bare:
        raise ValueError(f"the tables differ: {ours} and {bare}")


def _make_tables(server: Server) -> None:
    """Two empty tables."""
    for name in ("ours", "bare"):
        server.execute(
            f"DROP TABLE IF EXISTS {name}",
            TABLE.format(rows=0).replace("TABLE sales", f"TABLE {name}"),
        )


def _generate(rows: int, path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(_PARQUET.format(rows=rows, path=path))
