"""What does not fit into memory, under `--max-memory`: done below it, or refused in clear words."""

# ruff: noqa: S608 - every name in these queries is ours

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
from bench import Bench
from inputs import make_once
from measuring import Command, run_to_end
from sections import Bar, Section

__all__ = ["run"]

_MB = 1_000_000
_REFUSED = "error[out-of-memory]"


@dataclass(frozen=True)
class _Task:
    """A query, the memory it may take, and how its result is told right from wrong."""

    name: str
    limit_mb: int
    query: str
    columns: str
    """Of the result, for a fingerprint that does not depend on the order of rows."""
    sorted_by: str | None = None
    may_be_refused: bool = False


_TASKS = (
    _Task("sort by a text", 2000, "SELECT * FROM rows ORDER BY s", "id, k, v, s", sorted_by="s"),
    _Task(
        "group by a text, one row each",
        2000,
        "SELECT s, count(*) AS n, sum(v) AS v, min(k) AS k FROM rows GROUP BY s",
        "s, n::BIGINT, v::DOUBLE, k",
    ),
    _Task(
        "join of both",
        3000,
        "SELECT r.id, r.k, r.v, r.s, o.n, o.t FROM rows r JOIN others o ON r.k = o.k",
        "id, k, v, s, n, t",
    ),
    _Task(
        "running sum and row number over all",
        2000,
        "SELECT id, s, sum(k) OVER (ORDER BY s) AS total, "
        "row_number() OVER (ORDER BY s) AS place FROM fewer",
        "id, s, total::BIGINT, place::BIGINT",
    ),
    _Task(
        "sum over all rows beside each",
        2000,
        "SELECT id, s, sum(k) OVER () AS total FROM fewer",
        "id, s, total::BIGINT",
        may_be_refused=True,
    ),
)

_THREE_STAGES = _Task(
    "three stages over 10 GB",
    1000,
    "SELECT c.region, f.customer, count(*) AS n, sum(f.amount) AS amount, max(f.note) AS note "
    "FROM facts f JOIN customers c ON f.customer = c.id WHERE f.amount > 10 "
    "GROUP BY c.region, f.customer",
    "region, customer, n::BIGINT, amount::BIGINT, note",
)


def run(bench: Bench) -> Section:
    """Run each task once, and look at the memory of all its processes."""
    data = bench.inputs.folder / "memory"
    _make_inputs(data, 1 if bench.is_full else 400)
    rows, bars = [], []
    for task in (*_TASKS, _THREE_STAGES):
        row, bar = _attempt(bench, data, task)
        rows.append(row)
        bars.append(bar)
    return Section(
        title="Memory under a limit",
        note="Peaks are of all processes of the command together. Inputs are uncompressed Parquet.",
        header=("task", "limit MB", "outcome", "cpu s", "wall s", "peak MB"),
        rows=rows,
        bars=bars,
    )


def _attempt(bench: Bench, data: Path, task: _Task) -> tuple[tuple[str, ...], Bar]:
    output = bench.fresh("memory.parquet")
    figures, code, said = run_to_end(_command(bench, data, output, task))
    outcome = "done" if code == 0 else "refused" if _REFUSED in said else f"exit {code}"
    if outcome == "done":
        _check(data, output, task)
        again = said.count("trying again")
        outcome += f", {again} more attempts" if again else ""
    peak_mb = figures.peak_bytes / _MB
    is_fine = code == 0 or (task.may_be_refused and outcome == "refused")
    print(
        f"  {task.name:36} {outcome:24} wall {figures.wall_s:6.1f} s  peak {peak_mb:5.0f} MB",
        flush=True,
    )
    output.unlink(missing_ok=True)
    row = (
        task.name,
        str(task.limit_mb),
        outcome,
        f"{figures.cpu_s:.1f}",
        f"{figures.wall_s:.1f}",
        f"{peak_mb:.0f}",
    )
    text = f"{task.name}: below {task.limit_mb} MB" + (" or refused" * task.may_be_refused)
    return row, Bar(text, f"{outcome}, {peak_mb:.0f} MB", is_fine and peak_mb < task.limit_mb)


def _command(bench: Bench, data: Path, output: Path, task: _Task) -> Command:
    limit = ("--max-memory", f"{task.limit_mb}MB")
    if task is _THREE_STAGES:
        return bench.aqueducts("memory_three_stages", data, output, *limit)
    return bench.aqueducts("memory", data, output, *limit, query=task.query)


def _check(data: Path, output: Path, task: _Task) -> None:
    """The rows are those that DuckDB finds, and in the order that was asked for."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false; SET memory_limit = '4GB'")
        connection.execute(f"SET temp_directory = '{output.parent / 'duckdb'}'")
        for name in ("rows", "others", "fewer", "customers"):
            connection.execute(f"CREATE VIEW {name} AS FROM '{data / name}.parquet'")
        connection.execute(f"CREATE VIEW facts AS FROM '{data / 'facts' / '*.parquet'}'")
        prints = [
            connection.execute(
                f"SELECT count(*), coalesce(sum(hash(row({task.columns}))::HUGEINT), 0) "
                f"FROM ({source})"
            ).fetchone()
            for source in (task.query, f"FROM '{output}'")
        ]
        if prints[0] != prints[1]:
            message = f"{task.name}: {prints[1]}, DuckDB has {prints[0]} (rows, sum of hashes)"
            raise AssertionError(message)
        if task.sorted_by is not None:
            wrong = connection.execute(
                f"SELECT count(*) FROM (SELECT {task.sorted_by} AS x, "
                f"lag({task.sorted_by}) OVER (ORDER BY file_row_number) AS y "
                f"FROM read_parquet('{output}', file_row_number = true)) WHERE x < y"
            ).fetchone()
            if wrong != (0,):
                message = f"{task.name}: {json.dumps(wrong)} rows are out of order"
                raise AssertionError(message)


def _make_inputs(folder: Path, divisor: int) -> None:
    """Generate what is not there yet: 3.5, 1.7, 1.2 and 10 GB, divided."""
    folder.mkdir(parents=True, exist_ok=True)
    many, others, fewer = (count // divisor for count in (40_000_000, 20_000_000, 16_000_000))
    for name, rows, columns in (
        ("rows", many, f"(value * 7919) % {many} AS k, {_NUMBER} AS v, {_text(60)} AS s"),
        ("others", others, f"value AS n, {_text(64, 3)} AS t, (value * 7907) % {many} AS k"),
        ("fewer", fewer, f"(value * 7919) % {fewer} AS k, {_NUMBER} AS v, {_text(48)} AS s"),
        ("customers", 10_000, "concat('region ', value % 20) AS region"),
    ):
        query = f"SELECT value AS id, {columns} FROM generate_series(0, {rows - 1})"
        make_once(folder / f"{name}.parquet", partial(_write, query))
    make_once(folder / "facts", partial(_write_facts, 100_000_000 // divisor))


_NUMBER = "(value % 1000003) / 7.0"


def _text(length: int, factor: int = 1) -> str:
    """Letters that do not compress and have no order."""
    parts = ", ".join(f"md5(cast(value * {factor} + {i} AS VARCHAR))" for i in range(3))
    return f"substr(concat({parts}), 1, {length})"


def _write_facts(rows: int, folder: Path) -> None:
    folder.mkdir()
    parts = 10
    for part in range(parts):
        first, last = rows // parts * part, rows // parts * (part + 1) - 1
        query = (
            f"SELECT value AS id, value % 10007 AS customer, value % 1000 AS amount, "
            f"{_text(72)} AS note FROM generate_series({first}, {last})"
        )
        _write(query, folder / f"{part}.parquet")


def _write(query: str, path: Path) -> None:
    from datafusion import SessionContext

    # Pages of 1 MB, as most programs write them; DuckDB's are as long as their row group.
    SessionContext().sql(
        f"COPY ({query}) TO '{path}' STORED AS PARQUET OPTIONS ("
        "'format.compression' 'uncompressed', 'format.dictionary_enabled' 'false', "
        "'format.max_row_group_size' '262144')"
    ).collect()
