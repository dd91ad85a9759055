"""What the commands do."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from aqueducts.diagnostics import nearest
from aqueducts.errors import RunError
from aqueducts_delta.failures import reported
from aqueducts_delta.locations import locate_path
from aqueducts_delta.parquet_files import writer_properties
from aqueducts_delta.tables import open_table

__all__ = ["history_of", "history_text", "optimize_table", "vacuum_table"]

_ROWS = ("num_added_rows", "num_source_rows", "num_output_rows")
_FILES = (
    ("num_added_files", "num_removed_files"),
    ("num_target_files_added", "num_target_files_removed"),
    ("numFilesAdded", "numFilesRemoved"),
)


def history_of(location: str, limit: int) -> list[dict[str, Any]]:
    """The newest versions, each with what its commit says of itself."""
    found = locate_path(location)
    table = open_table(found, RunError)
    with reported(RunError, "cannot read the history", found):
        return table.history(limit)


def history_text(entries: Sequence[Mapping[str, Any]]) -> str:
    """The versions as lines with a heading."""
    header = ("version", "time", "operation", "rows", "files", "run")
    lines = [header, *(_line(entry) for entry in entries)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def optimize_table(location: str, target_size: int | None, order: list[str]) -> str:
    """Rewrite small files, or all of them in an order; what was done."""
    found = locate_path(location)
    table = open_table(found, RunError)
    missing = [name for name in order if name not in [each.name for each in table.schema().fields]]
    if missing:
        names = [field.name for field in table.schema().fields]
        near = nearest(missing[0], names)
        raise RunError(
            f"the table has no column {missing[0]!r} to order by",
            hint=f"did you mean {near!r}?" if near else f"it has {', '.join(names[:20])}",
        )
    size_bytes = None if target_size is None else target_size * 1_000_000
    with reported(RunError, "cannot optimize the Delta table", found):
        if order:
            metrics = table.optimize.z_order(
                order, target_size=size_bytes, writer_properties=writer_properties()
            )
        else:
            metrics = table.optimize.compact(
                target_size=size_bytes, writer_properties=writer_properties()
            )
    removed, added = metrics["numFilesRemoved"], metrics["numFilesAdded"]
    if not removed:
        return f"nothing to do: version {table.version()} has no small files"
    return f"{removed} files became {added} in version {table.version()}"


def vacuum_table(
    location: str,
    retention_hours: int | None,
    *,
    is_dry_run: bool,
    allows_short_retention: bool,
) -> str:
    """Remove files that are not needed; what was, or would be, removed."""
    found = locate_path(location)
    table = open_table(found, RunError)
    try:
        with reported(RunError, "cannot vacuum the Delta table", found):
            files = table.vacuum(
                retention_hours=retention_hours,
                dry_run=is_dry_run,
                enforce_retention_duration=not allows_short_retention,
            )
    except RunError as error:
        if "retention" in error.message and not allows_short_retention:
            error.hint = (
                "runs that are at work and readers of older versions would lose files; where there "
                "are none, add --allow-short-retention"
            )
        raise
    count = f"{len(files)} file" + ("" if len(files) == 1 else "s")
    if is_dry_run:
        return "\n".join([*sorted(files), f"{count} would be removed"])
    return f"{count} removed"


def _line(entry: Mapping[str, Any]) -> tuple[str, ...]:
    metrics = entry.get("operationMetrics", {})
    rows = next((str(metrics[key]) for key in _ROWS if key in metrics), "")
    files = next(
        (f"+{metrics[added]} -{metrics[gone]}" for added, gone in _FILES if added in metrics), ""
    )
    moment = ""
    if "timestamp" in entry:
        seconds = entry["timestamp"] // 1000
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()
    mode = entry.get("operationParameters", {}).get("mode", "")
    if mode == "ErrorIfExists":  # only where there was no table
        mode = "create"
    operation = f"{entry.get('operation', '')} {mode}".strip().lower()
    return (
        str(entry["version"]),
        moment.replace("+00:00", "Z"),
        operation,
        rows,
        files,
        str(entry.get("aqueductsRunId", "")),
    )
