"""A CSV file of 1 GB joined with a small one, grouped, to Parquet: against DuckDB."""

from __future__ import annotations

from bench import OURS, Bench
from comparing import check_equal
from measuring import measure
from sections import Bar, Section, resources

__all__ = ["run"]

_DUCKDB = "DuckDB"
_MOST_BYTES = 250_000_000
_COLUMNS = (
    "product::VARCHAR, region::VARCHAR, sales::BIGINT, round(revenue::DOUBLE, 2), "
    "last_sale::TIMESTAMP"
)


def run(bench: Bench) -> Section:
    """Measure both; their results must be equal."""
    data = bench.inputs.folder
    ours, theirs = bench.fresh("csv_join.parquet"), bench.fresh("csv_join_duckdb.parquet")
    series = measure(
        {
            OURS: bench.aqueducts("csv_join", data, ours),
            _DUCKDB: bench.peer("duckdb_csv_join", data, theirs),
        },
        bench.rounds,
    )
    check_equal(theirs, ours, _COLUMNS)
    ratio, peak = series[OURS].cpu_ratio(series[_DUCKDB]), series[OURS].peak_bytes
    header, rows = resources(series)
    size = (data / "sales.csv").stat().st_size
    return Section(
        title="CSV join, grouped, to Parquet",
        note=f"{bench.inputs.size.rows:,} rows x 8 columns ({size / 1e9:.2f} GB), written first "
        f"in the join, with {bench.inputs.size.customers:,} rows; results equal.",
        header=header,
        rows=rows,
        bars=[
            Bar("less CPU than DuckDB", f"{ratio:.2f} of it", ratio < 1),
            Bar("peak of the process at most 250 MB", f"{peak / 1e6:.0f}", peak <= _MOST_BYTES),
        ],
    )
