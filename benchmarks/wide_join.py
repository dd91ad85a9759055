"""A join of two Parquet files with all rows out, nine columns wide, to Parquet: against DuckDB."""

from __future__ import annotations

from bench import OURS, Bench
from comparing import check_equal
from measuring import measure
from sections import Bar, Section, resources

__all__ = ["run"]

_DUCKDB = "DuckDB, zstd"
_MOST_TIMES_THE_SIZE = 1.5
_COLUMNS = (
    "id::BIGINT, sold_at::TIMESTAMP, day::DATE, customer_id::BIGINT, amount::DECIMAL(12, 2), "
    "price::DOUBLE, product::VARCHAR, region::VARCHAR, note::VARCHAR"
)


def run(bench: Bench) -> Section:
    """Measure both and the sizes of their files; their results must be equal."""
    data = bench.inputs.folder
    ours, theirs = bench.fresh("wide_join.parquet"), bench.fresh("wide_join_duckdb.parquet")
    series = measure(
        {
            OURS: bench.aqueducts("wide_join", data, ours),
            _DUCKDB: bench.peer("duckdb_wide_join", data, theirs),
        },
        bench.rounds,
    )
    count = check_equal(theirs, ours, _COLUMNS)
    sizes = {OURS: ours.stat().st_size, _DUCKDB: theirs.stat().st_size}
    times = sizes[OURS] / sizes[_DUCKDB]
    ratio = series[OURS].cpu_ratio(series[_DUCKDB])
    header, rows = resources(series)
    return Section(
        title="Wide Parquet join to Parquet",
        note=f"{count:,} rows x 9 columns out; results equal.",
        header=(*header, "file MB"),
        rows=[(*row, f"{sizes[row[0]] / 1e6:.1f}") for row in rows],
        bars=[
            Bar("less CPU than DuckDB", f"{ratio:.2f} of it", ratio < 1),
            Bar("a file at most 1.5 times DuckDB's", f"{times:.2f}", times <= _MOST_TIMES_THE_SIZE),
        ],
    )
