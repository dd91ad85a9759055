"""How DataFusion is set up for a run: threads, memory, where it spills."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from datafusion import RuntimeEnvBuilder, SessionConfig, SessionContext

from aqueducts.connectors import EngineSettings
from aqueducts.shortage import Shortage

__all__ = [
    "Budget",
    "budget_for",
    "keep_order_of_views",
    "new_context",
    "usable_cores",
    "use_no_statistics",
]

_MOST_THREADS = 8
_BASE_BYTES = 128 << 20
"""What the process takes before a query: interpreter, libraries, plans."""

_POOL_SHARE = 0.45
"""Of the memory above the base. Operators take about twice what they tell the pool."""

_SMALLEST_POOL = 64 << 20

_THRIFT = 0.7
"""Of the pool that was too much, after each attempt that did not stay below the limit."""

_MOST_SORT_RESERVE = 64 << 20

_TIGHT_BYTES = 384 << 20
"""Below this one partition with small batches is what fits."""

_DROPS_ORDER_OF_VIEWS = "datafusion.sql_parser.enable_subquery_sort_elimination"
"""Where it is on, the planner takes ORDER BY out of a view that is selected from: a sorted stage
would be written unsorted, and LIMIT in the next one would give any rows."""

_STATISTICS = "datafusion.execution.collect_statistics"


class Budget(msgspec.Struct, frozen=True):
    """What the operators of a query may use together, and settings that suit it."""

    pool_bytes: int
    batch_rows: int
    partitions: int
    row_group_rows: int
    """What the writer of Parquet gathers; row groups are held in memory whole."""
    joins_by_sorting: bool = False
    economy: str | None = None
    """What is otherwise after a shortage, in a few words."""

    @property
    def sort_reserve_bytes(self) -> int:
        """What each sort keeps free to merge what it has in memory before it goes to disk.

        With the engine's 10 MB it fails there where the keys are most of the row.
        """
        return min(_MOST_SORT_RESERVE, self.pool_bytes // (4 * self.partitions))


def budget_for(
    max_memory_bytes: int | None, threads: int | None, shortage: Shortage | None = None
) -> Budget:
    """The operators' share of the memory that the whole process may take."""
    partitions = threads or min(usable_cores(), _MOST_THREADS)
    if max_memory_bytes is None:
        return Budget(
            pool_bytes=available_memory() // 2,
            batch_rows=8192,
            partitions=partitions,
            row_group_rows=256 << 10,
        )
    is_tight = max_memory_bytes < _TIGHT_BYTES
    budget = Budget(
        pool_bytes=max(_SMALLEST_POOL, int((max_memory_bytes - _BASE_BYTES) * _POOL_SHARE)),
        batch_rows=2048 if is_tight else 8192,
        partitions=1 if is_tight and threads is None else partitions,
        row_group_rows=64 << 10,
    )
    return budget if shortage is None else _thriftier(budget, shortage)


def _thriftier(budget: Budget, shortage: Shortage) -> Budget:
    """The budget of an attempt after one that had too little."""
    if shortage.operator == "WindowAggExec":
        return budget  # queries are planned otherwise, and nothing else was short
    # Where the engine gave up by itself, less for it would make things worse.
    pool = max(_SMALLEST_POOL, int(budget.pool_bytes * _THRIFT**shortage.excesses))
    if "Sink" in shortage.operator and not shortage.excesses:
        # Writers of many files tell the pool three times what they hold; who watches sees more.
        return msgspec.structs.replace(
            budget,
            pool_bytes=shortage.limit_bytes,
            partitions=1,
            economy="one partition, more for the writer",
        )
    if "Join" in shortage.operator:
        # Joins by sorting need two partitions: with one the planner makes a hash join again.
        return msgspec.structs.replace(
            budget,
            pool_bytes=pool,
            partitions=2,
            joins_by_sorting=True,
            economy="sort-merge join instead of hash join",
        )
    return msgspec.structs.replace(
        budget,
        pool_bytes=pool,
        partitions=1,
        batch_rows=budget.batch_rows // 2**shortage.attempt,
        economy="one partition, smaller batches",
    )


def new_context(settings: EngineSettings, budget: Budget) -> SessionContext:
    """A SessionContext of its own for one run."""
    spill = settings.work_dir / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    runtime = (
        RuntimeEnvBuilder()
        .with_temp_file_path(str(spill))
        # The greedy pool lets the first operator take all, and a sort beside it fails at once.
        .with_fair_spill_pool(budget.pool_bytes)
    )
    config = (
        SessionConfig()
        .with_target_partitions(budget.partitions)
        .with_batch_size(budget.batch_rows)
        .with_information_schema(True)
        .set(_DROPS_ORDER_OF_VIEWS, "false")
        # A side of up to this size becomes the hash table of a join, whatever is known of the
        # other side, which then streams by without being split by key.
        .set("datafusion.optimizer.hash_join_single_partition_threshold_rows", "2000000")
        .set("datafusion.optimizer.hash_join_single_partition_threshold", str(32 << 20))
    )
    if budget.joins_by_sorting:
        config = config.set("datafusion.optimizer.prefer_hash_join", "false")
    for key, size in _parquet_writing(settings.max_memory_bytes, budget).items():
        config = config.set(f"datafusion.execution.parquet.{key}", str(size))
    if settings.max_memory_bytes is not None:
        config = config.set(
            "datafusion.execution.sort_spill_reservation_bytes", str(budget.sort_reserve_bytes)
        )
        # A view holds on to the whole page of its Parquet file: a third more memory in sorts.
        config = config.set("datafusion.execution.parquet.schema_force_view_types", "false")
    for key, value in settings.options.items():
        config = config.set(key, value)
    return SessionContext(config, runtime)


def _parquet_writing(max_memory_bytes: int | None, budget: Budget) -> dict[str, int]:
    """Sizes of what the Parquet writer gathers before it writes; a COPY's own options win.

    A dictionary of more than 128 KiB is slower than the encoding that comes after it, and hardly
    smaller. Row groups count in the pool.
    """
    dictionary_size = 128 << 10 if max_memory_bytes is None else 64 << 10
    return {
        "dictionary_page_size_limit": dictionary_size,
        "max_row_group_size": budget.row_group_rows,
    }


def keep_order_of_views(context: SessionContext) -> Callable[[], None]:
    """Let a caller's session keep ORDER BY of views; returns what puts settings back as they were.

    Among them is the use of statistics, which a source may turn off.
    """
    has_statistics = _value(context, _STATISTICS) or "true"
    probe = context.sql("SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2 ORDER BY a)")
    drops_order = "Sort" not in probe.logical_plan().display_indent()
    _set(context, _DROPS_ORDER_OF_VIEWS, "false")

    def restore() -> None:
        _set(context, _DROPS_ORDER_OF_VIEWS, str(drops_order).lower())
        _set(context, _STATISTICS, has_statistics)

    return restore


def use_no_statistics(context: SessionContext) -> None:
    """Keep the planner from looking at the statistics in files, of all sources."""
    _set(context, _STATISTICS, "false")


def _value(context: SessionContext, key: str) -> str | None:
    """A setting's value, or None where the session does not tell."""
    try:
        rows = context.sql(f"SHOW {key}").to_pylist()
    # DataFusion raises a bare Exception where the information schema is off.
    except Exception:  # noqa: BLE001
        return None
    return str(rows[0]["value"])


def _set(context: SessionContext, key: str, value: str) -> None:
    context.sql(f"SET {key} = {value}").collect()


def usable_cores() -> int:
    """Cores that this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def available_memory() -> int:
    """Bytes that can be taken without swapping, within the control group's limit."""
    limits = [_read_int(path) for path in _CGROUP_LIMITS]
    free = _meminfo_available() or (4 << 30)
    return min([free, *(limit for limit in limits if limit)])


_CGROUP_LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)


def _read_int(path: str) -> int | None:
    try:
        with Path(path).open(encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):  # absent, or the word "max"
        return None


def _meminfo_available() -> int | None:
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass  # not on macOS: the caller assumes a small machine
    return None
