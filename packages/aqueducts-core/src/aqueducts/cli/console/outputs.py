"""What stages were asked to show: drawn on standard output, or kept for one JSON object."""

from __future__ import annotations

import textwrap
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
        text = visible_block(output.text.strip("\n"))
        parts.append(_folded(text, console.result_width))
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


def _folded(text: str, width: int | None) -> str:
    """The text with long lines continued below their own indent; a plan is a tree of indents."""
    if width is None:
        return text
    lines = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        fits = len(line) <= width or len(indent) > width // 2
        lines += [line] if fits else textwrap.wrap(line, width, subsequent_indent=indent)
    return "\n".join(lines)


def output_as_json(output: StageOutput) -> dict[str, Any]:
    """One output as JSON values."""
    result: dict[str, Any] = {"stage": output.name, "kind": output.kind}
    if output.table is not None and output.kind == "schema":
        result["columns"] = [{"name": row[0], "type": row[1]} for row in output.table.rows]
    elif output.table is not None:
        result["columns"] = [
            {"name": name, "type": type_name}
            for name, type_name in zip(output.table.columns, output.table.types, strict=False)
        ]
        result["rows"] = output.table.rows
        result["has_more"] = output.table.has_more
    if output.text is not None:
        result["text"] = output.text
    return result
