"""Appends and upserts of Delta tables, beside deltalake called from a bare script."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from bench import OURS, Bench
from comparing import check_equal
from deltalake import DeltaTable, write_deltalake
from inputs import make_once
from measuring import measure
from sections import Bar, Section, resources

__all__ = ["run_append", "run_upsert"]

_MOST_APPEND_CPU = 1.1
_MOST_APPEND_BYTES = 500e6
_LEAST_SPEED_UP = 3
_MOST_PEAK_SHARE = 0.5
_PARTS = 100
_TOUCHED = (17, 42, 80)

_COLUMNS = (
    "id::BIGINT, sold_at::TIMESTAMP, day::DATE, customer_id::BIGINT, amount::DECIMAL(12, 2), "
    "price::DOUBLE, product::VARCHAR, note::VARCHAR"
)

_BARE_APPEND = "write_deltalake of the same stream"
_BARE_MERGE = "deltalake's merge by the same keys"


def run_append(bench: Bench) -> Section:
    """Append all facts to a table that is not there yet; both tables must hold the same."""
    data = bench.inputs.folder
    targets = {OURS: bench.output / "append", _BARE_APPEND: bench.output / "append_bare"}
    commands = {
        OURS: bench.aqueducts("delta_append", data, targets[OURS]),
        _BARE_APPEND: bench.peer("deltalake_append", data, targets[_BARE_APPEND]),
    }

    def remove(name: str) -> None:
        shutil.rmtree(targets[name], ignore_errors=True)

    series = measure(commands, bench.rounds, remove)
    count = _check_equal(targets[_BARE_APPEND], targets[OURS])
    ratio = series[OURS].cpu_ratio(series[_BARE_APPEND])
    peak = series[OURS].peak_bytes
    header, rows = resources(series)
    return Section(
        title="Append to a Delta table",
        note=f"{count:,} rows x 8 columns out of a Parquet file; tables equal.",
        header=header,
        rows=rows,
        bars=[
            Bar(
                f"at most {_MOST_APPEND_CPU} times the CPU of the bare script",
                f"{ratio:.2f}",
                ratio <= _MOST_APPEND_CPU,
            ),
            Bar("peak under 500 MB", f"{peak / 1e6:.0f} MB", peak < _MOST_APPEND_BYTES),
        ],
    )


def run_upsert(bench: Bench) -> Section:
    """Merge changes of 3 of 100 partitions into a table; both tables must hold the same."""
    inputs = bench.inputs.folder
    table, changes = inputs / "parted", inputs / "changes.parquet"
    make_once(table, lambda path: _write_parted(path, inputs / "facts.parquet"))
    make_once(changes, lambda path: _write_changes(path, bench.inputs.size.rows))
    targets = {OURS: bench.output / "upsert", _BARE_MERGE: bench.output / "upsert_bare"}
    commands = {
        OURS: bench.aqueducts("delta_upsert", changes, targets[OURS]),
        _BARE_MERGE: bench.peer("deltalake_merge", changes, targets[_BARE_MERGE]),
    }

    def restore(name: str) -> None:
        shutil.rmtree(targets[name], ignore_errors=True)
        shutil.copytree(table, targets[name])

    series = measure(commands, bench.rounds, restore)
    count = _check_equal(targets[_BARE_MERGE], targets[OURS])
    faster = 1 / series[OURS].wall_ratio(series[_BARE_MERGE])
    share = series[OURS].peak_bytes / series[_BARE_MERGE].peak_bytes
    header, rows = resources(series)
    return Section(
        title="Upsert into a Delta table",
        note=f"{count:,} rows after it, in {_PARTS} partitions of which {len(_TOUCHED)} are "
        "touched; tables equal.",
        header=header,
        rows=rows,
        bars=[
            Bar(
                f"at least {_LEAST_SPEED_UP} times faster than merge",
                f"{faster:.1f} times",
                faster >= _LEAST_SPEED_UP,
            ),
            Bar("at most half of merge's peak", f"{share:.2f} of it", share <= _MOST_PEAK_SHARE),
        ],
    )


def _write_parted(path: Path, facts: Path) -> None:
    """Half of the ids, the even ones, in as many partitions as there are."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        found = connection.read_parquet(str(facts))
        parted = found.select(f"(id % {_PARTS})::INT AS part, * REPLACE (2 * id AS id)")
        write_deltalake(path, parted.to_arrow_reader(), partition_by=["part"])


def _write_changes(path: Path, rows: int) -> None:
    """One row in fifty: of three partitions, every second one new."""
    touched = ", ".join(map(str, _TOUCHED))
    query = f"""
        SELECT part, id, sold_at, day, customer_id, amount + 1 AS amount, price, product,
            'changed' AS note
        FROM (
            SELECT (i // 2 % {_PARTS})::INT AS part, i AS id,
                TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND AS sold_at, DATE '2026-01-01' AS day,
                (i % 1000)::INT AS customer_id, 1.25::DECIMAL(12, 2) AS amount,
                2.5::DOUBLE AS price, 'books' AS product
            FROM range({2 * rows}) t(i)
        )
        WHERE part IN ({touched})
        ORDER BY id
        LIMIT {rows // 50}
    """  # noqa: S608
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


def _check_equal(expected: Path, found: Path) -> int:
    """Compare two tables by row count and by the hashes of all rows; return the rows."""
    folders = (found.with_name("expected_rows"), found.with_name("found_rows"))
    for path, folder in zip((expected, found), folders, strict=True):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        reader = pa.RecordBatchReader.from_stream(DeltaTable(path).scan())
        with pq.ParquetWriter(folder / "rows.parquet", reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
    count = check_equal(folders[0], folders[1], _COLUMNS)
    for folder in folders:
        shutil.rmtree(folder)
    return count
