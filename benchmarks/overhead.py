"""What the command adds to a query that takes nearly nothing; how soon it answers at all."""

from __future__ import annotations

from bench import OURS, Bench
from comparing import check_equal
from measuring import measure, run_measured
from sections import Bar, Section, resources

__all__ = ["run"]

_BARE = "DataFusion, bare script"
_VERSION = "aqueducts --version"
_MOST_SECONDS = 0.150
_ROUNDS = 15
_COLUMNS = "region::VARCHAR, customers::BIGINT"


def run(bench: Bench) -> Section:
    """Measure many short runs; the difference is between the medians."""
    data = bench.inputs.folder
    ours, bare = bench.fresh("trivial.parquet"), bench.fresh("trivial_bare.parquet")
    commands = {
        OURS: bench.aqueducts("trivial", data, ours),
        _BARE: bench.peer("datafusion_trivial", data, bare),
        _VERSION: [bench.program(), "--version"],
    }
    for command in commands.values():
        run_measured(command)  # a first run compiles modules
    series = measure(commands, _ROUNDS if bench.is_full else bench.rounds)
    check_equal(bare, ours, _COLUMNS)
    added = series[OURS].wall_s - series[_BARE].wall_s
    version = series[_VERSION].wall_s
    header, rows = resources(series)
    return Section(
        title="Overhead of a trivial pipeline",
        note=f"{bench.inputs.size.customers:,} rows counted by a column of four values.",
        header=header,
        rows=rows,
        bars=[
            Bar(
                "under 150 ms over the bare script", f"{added * 1000:.0f} ms", added < _MOST_SECONDS
            ),
            Bar(
                "aqueducts --version under 150 ms",
                f"{version * 1000:.0f} ms",
                version < _MOST_SECONDS,
            ),
        ],
    )
