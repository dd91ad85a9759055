"""The last lines of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aqueducts.cli.console import quantities
from aqueducts.cli.console.cells import visible
from aqueducts.cli.console.json_lines import SCHEMA_VERSION, plain
from aqueducts.cli.console.outputs import output_as_json
from aqueducts.cli.console.steps import Steps
from aqueducts.cli.console.terminal import Styler

if TYPE_CHECKING:
    from aqueducts.results import RunResult

__all__ = ["result_as_json", "summary"]


def summary(result: RunResult, steps: Steps, style: Styler) -> str:
    """How long it took, rows in and out, peak memory, and where the result is."""
    separator = " · " if style.has_unicode else ", "
    facts = [f"done in {quantities.duration(result.duration_ms / 1000)}"]
    if steps.rows_in is not None:
        facts.append(f"{quantities.rows(steps.rows_in)} in")
    destination = result.destination
    if destination is not None and destination.rows is not None:
        size = destination.size_bytes
        facts.append(
            f"{quantities.rows(destination.rows)} out"
            + ("" if size is None else f" ({quantities.size(size)})")
        )
    if result.peak_memory_bytes:  # an executor may not tell it
        facts.append(f"peak memory {quantities.size(result.peak_memory_bytes)}")
    lines = [style(facts[0], "green") + "".join(separator + fact for fact in facts[1:])]
    if destination is not None:
        place = destination.location or destination.name
        files = destination.files
        note = "" if files is None or files == 1 else f" ({quantities.count(files, 'file')})"
        lines.append(f"{style('result:', 'bold')} {visible(place)}{note}")
    return "\n".join(lines)


def result_as_json(result: RunResult, warnings: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole result as JSON values, with what stages were asked to show."""
    destination = result.destination
    return {
        "schema_version": SCHEMA_VERSION,
        "status": "completed",
        "run_id": result.run_id,
        "rows": result.rows,
        "size_bytes": result.size_bytes,
        "location": None if destination is None else destination.location,
        "duration_ms": round(result.duration_ms, 3),
        "peak_memory_bytes": result.peak_memory_bytes,
        "steps": plain(result.steps),
        "outputs": [output_as_json(output) for output in result.outputs],
        "warnings": warnings,
    }
