"""A query taken apart before it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datafusion import SessionContext

from aqueducts.builtin.datafusion_engine.described import (
    read_operators,
    source_scans,
    text_rows,
)
from aqueducts.builtin.datafusion_engine.execution import Executor
from aqueducts.builtin.datafusion_engine.held_rows import held_rows, row_bytes
from aqueducts.builtin.datafusion_engine.links import Links
from aqueducts.builtin.datafusion_engine.settings import Budget
from aqueducts.builtin.datafusion_engine.syntax import READ_ONLY
from aqueducts.plan_facts import QueryPlan, SourceScan
from aqueducts.table_names import quote, select_all

__all__ = ["describe"]

_BASE_BYTES = 160 << 20
"""Resident size of a process that ran a query over a small file."""

_GROUPS_AT_ONCE = 2

_WRITING_COPIES = 2
"""Of a row group that is gathered: its rows, and what they are written as."""


def describe(
    name: str,
    context: SessionContext,
    executor: Executor,
    links: Links,
    sources: Mapping[str, str],
    budget: Budget,
) -> QueryPlan | None:
    """What running the query of a table would read and hold.

    None where the settings of a caller's session keep the engine from telling.
    """
    with executor.guarded():
        frame = context.table(quote(name))
        logical = frame.optimized_logical_plan()
        for dataset in executor.datasets.values():
            dataset.planned.clear()
        physical = frame.execution_plan()
        streams = {source: list(each.planned) for source, each in executor.datasets.items()}
        # Only here are all files named, and statistics told.
        explained = context.sql_with_options(f"EXPLAIN VERBOSE {select_all(name)}", READ_ONLY)
    texts: dict[str, str] = {}
    for batch in executor.collect(explained):
        texts.update(zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True))
    plan = read_operators(
        physical,
        texts.get("physical_plan_with_stats", texts.get("physical_plan", "")),
        texts.get("physical_plan_with_schema", ""),
    )
    if plan is None:
        return None
    with executor.guarded():
        scans = tuple(source_scans(logical, plan, links, sources, streams))
        return QueryPlan(
            scans=scans,
            held=tuple(held_rows(plan, lambda scan: text_rows(scan, links))),
            base_bytes=_BASE_BYTES,
            moving_bytes=_moving_bytes(scans, budget.partitions),
            writing_bytes=_WRITING_COPIES * budget.row_group_rows * row_bytes(plan),
            pool_bytes=budget.pool_bytes,
        )


def _moving_bytes(scans: Sequence[SourceScan], partitions: int) -> int:
    """Each partition has a row group and the one that it reads ahead, of the largest source."""
    at_once = _GROUPS_AT_ONCE * partitions
    return max(
        (
            min(at_once * scan.group_bytes, scan.read_bytes or 0)
            for scan in scans
            if scan.group_bytes is not None
        ),
        default=0,
    )
