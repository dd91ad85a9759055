"""What stages show, as text and as JSON."""

from __future__ import annotations

import io
import sys

import pytest

from aqueducts.cli.console import Console
from aqueducts.cli.console.outputs import output_as_json, output_as_text
from aqueducts.events import OutputTable, StageOutput

_PLAN = (
    "physical_plan\n  Sort: " + ", ".join(f"column_{n}" for n in range(20)) + "\n    Scan\x1b[0m"
)

_SCHEMA = StageOutput(
    name="s",
    position=0,
    sub_position=0,
    kind="schema",
    table=OutputTable(
        columns=("column", "type"), types=("string", "string"), rows=(("a", "int64"),)
    ),
)


def _explain(text: str) -> StageOutput:
    return StageOutput(name="a\nb", position=0, sub_position=0, kind="explain", text=text)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plans_keep_their_lines_in_a_pipe() -> None:
    """Control characters are escaped, lines are not folded."""
    text = output_as_text(_explain(_PLAN), Console(color="never"))
    assert text == "a\\nb: query plan\n" + _PLAN.replace("\x1b", "\\x1b") + "\n"


def test_plans_fit_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long lines go on below their own indent, so that the tree stays one."""
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setattr(sys, "stdout", _Terminal())
    lines = output_as_text(_explain(_PLAN), Console(color="never")).splitlines()
    assert max(map(len, lines)) <= 50
    assert lines[2].startswith("  Sort: column_0")
    assert lines[3].startswith("      column_")


def test_schemas_are_columns() -> None:
    """As a table for people, as pairs for programs."""
    text = output_as_text(_SCHEMA, Console(color="never"))
    assert "│ a      │ int64 │" in text
    assert text.endswith("1 column\n")
    assert output_as_json(_SCHEMA) == {
        "stage": "s",
        "kind": "schema",
        "columns": [{"name": "a", "type": "int64"}],
    }
    assert output_as_json(_explain("x"))["text"] == "x"


def test_left_out_rows_and_columns_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the table."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys, "stdout", _Terminal())
    names = tuple(f"column_{n}" for n in range(9))
    output = StageOutput(
        name="s",
        position=0,
        sub_position=0,
        kind="show",
        table=OutputTable(columns=names, types=("int64",) * 9, rows=(names,), has_more=True),
    )
    text = output_as_text(output, Console(color="never"))
    assert text.splitlines()[-1] == "1 row (more left out) (+6 more columns)"
