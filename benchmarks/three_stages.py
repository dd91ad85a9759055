"""Three stages over TPC-H: against one fused query, and against caching every stage."""

from __future__ import annotations

from bench import OURS, Bench
from comparing import check_equal
from measuring import measure
from sections import Bar, Section, resources

__all__ = ["run"]

_FUSED = "DataFusion, one fused query"
_CACHED = "DataFusion, every stage cached"
_MOST_CPU = 1.05
_LEAST_TIMES_THE_WALL = 2
_LEAST_TIMES_THE_MEMORY = 3
_COLUMNS = (
    "c_mktsegment::VARCHAR, o_orderpriority::VARCHAR, l_shipmode::VARCHAR, lines::BIGINT, "
    "revenue::DECIMAL(38, 4), round(quantity::DOUBLE, 4)"
)


def run(bench: Bench) -> Section:
    """Measure the three; their results must be equal."""
    data = bench.inputs.tpch
    paths = {
        OURS: bench.fresh("three_stages.parquet"),
        _FUSED: bench.fresh("three_stages_fused.parquet"),
        _CACHED: bench.fresh("three_stages_cached.parquet"),
    }
    series = measure(
        {
            OURS: bench.aqueducts("three_stages", data, paths[OURS]),
            _FUSED: bench.peer("datafusion_fused", data, paths[_FUSED]),
            _CACHED: bench.peer("datafusion_cached", data, paths[_CACHED]),
        },
        bench.rounds,
    )
    for path in (paths[OURS], paths[_CACHED]):
        check_equal(paths[_FUSED], path, _COLUMNS)
    cpu = series[OURS].cpu_ratio(series[_FUSED])
    wall = series[_CACHED].wall_ratio(series[OURS])
    memory = min(run.peak_bytes for run in series[_CACHED].runs) / series[OURS].peak_bytes
    header, rows = resources(series)
    return Section(
        title=f"Three stages over TPC-H, scale {bench.inputs.size.tpch_scale:g}",
        note="Results of the three equal.",
        header=header,
        rows=rows,
        bars=[
            Bar("CPU within 1.05 of the fused query", f"{cpu:.2f}", cpu <= _MOST_CPU),
            Bar(
                "at least 2 times less wall than with every stage cached",
                f"{wall:.1f} times",
                wall >= _LEAST_TIMES_THE_WALL,
            ),
            Bar(
                "at least 3 times less memory than with every stage cached",
                f"{memory:.1f} times",
                memory >= _LEAST_TIMES_THE_MEMORY,
            ),
        ],
    )
