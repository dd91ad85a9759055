"""Rows of an upsert that have the same keys: which of them would be kept is anybody's guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aqueducts.errors import DestinationError
from aqueducts_delta.literals import column_sql
from aqueducts_delta.merge_predicates import comparable_sql
from aqueducts_delta.spool import Spool

__all__ = ["refuse_duplicates"]

_MEMORY_BYTES = 128 << 20
_SHOWN = 5


def refuse_duplicates(spool: Spool, work_dir: Path) -> None:
    """Raise DestinationError that shows some keys that more than one row has.

    Memory is bounded: keys that are too many are counted on disk.
    """
    from datafusion import RuntimeEnvBuilder, SessionConfig, SessionContext

    runtime = (
        RuntimeEnvBuilder().with_temp_file_path(str(work_dir)).with_fair_spill_pool(_MEMORY_BYTES)
    )
    config = SessionConfig().with_target_partitions(2).with_batch_size(4096)
    context = SessionContext(config, runtime)
    context.register_parquet("rows", str(spool.path), file_extension=spool.path.suffix)
    keys = ", ".join(
        comparable_sql(column_sql(name), known.data_type) for name, known in spool.keys.items()
    )
    query = (
        f"SELECT {keys}, count(*) FROM rows GROUP BY {keys} "  # noqa: S608 - quoted names only
        f"HAVING count(*) > 1 LIMIT {_SHOWN + 1}"
    )
    found = [
        tuple(column[row].as_py() for column in batch.to_pyarrow().columns)
        for batch in context.sql(query).execute_stream()
        for row in range(batch.to_pyarrow().num_rows)
    ]
    if not found:
        return
    names = list(spool.keys)
    shown = "; ".join(_shown(names, row) for row in sorted(found[:_SHOWN], key=repr))
    more = " and more" if len(found) > _SHOWN else ""
    raise DestinationError(
        f"several rows of the result have the same keys: {shown}{more}",
        hint="keep one row per key in the last stage, such as with DISTINCT ON, or with "
        f"row_number() OVER (PARTITION BY {names[0]} ORDER BY ...)",
    )


def _shown(names: list[str], row: tuple[Any, ...]) -> str:
    values = ", ".join(f"{name}={value!r}" for name, value in zip(names, row, strict=False))
    return f"{values} ({row[-1]} rows)"
