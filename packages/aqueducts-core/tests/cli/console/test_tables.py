"""Tables fitted to a width."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from aqueducts.cli.console.cells import cell_width
from aqueducts.cli.console.tables import TableText, dropped_columns_note, render_table
from aqueducts.cli.console.terminal import Styler

_PLAIN = Styler(has_color=False)


def _table(**columns: tuple[str, Sequence[str | None]]) -> TableText:
    values = [values for _, values in columns.values()]
    return TableText(
        columns=list(columns),
        types=[type_name for type_name, _ in columns.values()],
        rows=list(zip(*values, strict=True)),
    )


def test_numbers_stand_to_the_right_and_nulls_are_visible() -> None:
    """A small table, to the letter."""
    text, dropped = render_table(
        _table(carrier=("string", ["UA", None]), flights=("int64", ["58665", "7"])),
        width=80,
        style=_PLAIN,
    )
    assert dropped == 0
    assert text.splitlines() == [
        "┌─────────┬─────────┐",
        "│ carrier │ flights │",
        "│ string  │   int64 │",
        "├─────────┼─────────┤",
        "│ UA      │   58665 │",
        "│ NULL    │       7 │",
        "└─────────┴─────────┘",
    ]


def test_text_is_shortened_before_columns_are_dropped() -> None:
    """Numbers keep all their digits whatever happens."""
    table = _table(
        note=("string", ["x" * 200]),
        number=("int64", ["1234567890123"]),
        word=("string", ["short"]),
    )
    text, dropped = render_table(table, width=50, style=_PLAIN)
    assert dropped == 0
    assert {cell_width(line) for line in text.splitlines()} == {50}
    assert "…" in text
    assert "1234567890123" in text
    assert "short" in text


@pytest.mark.parametrize("width", range(1, 60))
def test_no_line_is_wider_than_asked(width: int) -> None:
    """Columns that do not fit are dropped from the right, and one always stays."""
    table = TableText(
        columns=["first", "second", "日本語の列", "fourth"],
        types=["string", "float64", "string", "int32"],
        rows=[["a" * 30, "2.5", "日本" * 10, "12"], [None, None, None, None]],
    )
    text, dropped = render_table(table, width=width, style=_PLAIN)
    assert max(map(cell_width, text.splitlines())) <= max(width, 5)
    assert dropped < 4


def test_dropped_columns_are_told() -> None:
    """Nobody takes a part for the whole."""
    table = _table(**{f"column_{n}": ("int64", ["1000000"]) for n in range(20)})
    _, dropped = render_table(table, width=60, style=_PLAIN)
    assert dropped == 15
    assert dropped_columns_note(dropped) == "(+15 more columns)"
    assert dropped_columns_note(1) == "(+1 more column)"
    assert dropped_columns_note(0) == ""


def test_without_a_width_nothing_is_shortened() -> None:
    """What is piped somewhere is complete."""
    value, type_name = "x" * 500, "timestamp<microsecond,Europe/Berlin>"
    text, _ = render_table(_table(a=(type_name, [value])), width=None, style=_PLAIN)
    assert value in text
    assert type_name in text


def test_values_stay_on_their_line() -> None:
    """Line breaks and escape codes in data are spelled out, in names as well."""
    text, _ = render_table(_table(**{"a\nb": ("string", ["\x1b[2J\nx"])}), width=80, style=_PLAIN)
    assert len(text.splitlines()) == 6
    assert "\x1b" not in text
    assert "\\x1b[2J\\nx" in text


def test_streams_without_unicode_get_plain_lines() -> None:
    """A table in an ASCII log is still a table."""
    text, _ = render_table(
        _table(a=("string", ["x" * 40])), width=20, style=Styler(has_color=False, has_unicode=False)
    )
    assert text.isascii()
    assert "..." in text


def test_a_table_without_rows_or_columns_is_drawn() -> None:
    """Empty results are results."""
    assert render_table(TableText(["a"], []), width=10, style=_PLAIN)[0].count("\n") == 3
    assert render_table(TableText([], []), width=10, style=_PLAIN)[1] == 0


def test_colors_do_not_move_columns() -> None:
    """Escape codes are outside of what is measured."""
    table = _table(a=("string", [None, "value"]))
    plain, _ = render_table(table, width=80, style=_PLAIN)
    colored, _ = render_table(table, width=80, style=Styler(has_color=True))
    assert "\x1b[2mNULL" in colored
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m"):
        colored = colored.replace(code, "")
    assert colored == plain
