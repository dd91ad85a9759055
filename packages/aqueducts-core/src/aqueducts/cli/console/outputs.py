"""What stages were asked to show: drawn on standard output, or kept for one JSON object."""

from __future__ import annotations

from typing import Any

from aqueducts.cli.console.cells import visible, visible_block
from aqueducts.cli.console.quantities import count, rows
from aqueducts.cli.console.tables import TableText, dropped_columns_note, render_table
from aqueducts.cli.console.terminal import Console
from aqueducts.events import OutputTable, StageOutput

__all__ = ["output_as_json", "output_as_text"]

_TITLES = {
    "show": "first rows",
    "explain": "query plan",
    "explain_analyze": "query plan, measured",
    "schema": "columns",
}


def output_as_text(output: StageOutput, console: Console) -> str:
    """One output as it is printed, with a line that says whose it is."""
    style = console.results
    title = style(visible(output.name), "bold") + style(f": {_TITLES[output.kind]}", "dim")
    parts = [title]
    if output.table is not None:
        parts.append(_table(output.table, output.kind, console))
    if output.text is not None:
        parts.append(visible_block(output.text.strip("\n")))
    return "\n".join(parts) + "\n"


def _table(table: OutputTable, kind: str, console: Console) -> str:
    is_schema = kind == "schema"
    text, dropped = render_table(
        TableText(table.columns, table.rows, () if is_schema else table.types),
        width=console.result_width,
        style=console.results,
    )
    footer = count(len(table.rows), "column") if is_schema else rows(len(table.rows))
    if table.has_more:
        footer += " (more left out)"
    note = dropped_columns_note(dropped)
    return f"{text}\n{console.results(f'{footer} {note}'.rstrip(), 'dim')}"


def output_as_json(output: StageOutput) -> dict[str, Any]:
    """One output as JSON values."""
    result: dict[str, Any] = {"stage": output.name, "kind": output.kind}
    if output.table is not None:
        result["columns"] = [
            {"name": name, "type": type_name}
            for name, type_name in zip(output.table.columns, output.table.types, strict=False)
        ]
        result["rows"] = output.table.rows
        result["has_more"] = output.table.has_more
    if output.text is not None:
        result["text"] = output.text
    return result
