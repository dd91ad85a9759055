"""Tables drawn with box lines and fitted to a width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from aqueducts.cli.console.cells import cell_width, pad, shorten, visible
from aqueducts.cli.console.quantities import count
from aqueducts.cli.console.terminal import Styler

__all__ = ["TableText", "dropped_columns_note", "render_table"]

_NUMERIC = re.compile(r"u?int\d+|float\d*|double|half_?float|decimal", re.IGNORECASE)

_NARROWEST_TEXT = 8
_NARROWEST_NAME = 10
_NARROWEST_TYPE = 5
"""Columns are not shortened below these; then columns are dropped."""

_WIDEST_TYPE = 12
"""Types take part in a column's width up to this; longer ones are shortened."""

_WIDEST_CELL = 10_000
"""Where nothing is fitted to a terminal, one value still may not pad every row to megabytes."""


_Rule: TypeAlias = tuple[str, str, str, str]


class _Lines(NamedTuple):
    """Characters of a box: three rules (left end, line, crossing, right end), and the bar."""

    top: _Rule
    middle: _Rule
    bottom: _Rule
    bar: str
    ellipsis: str


_UNICODE = _Lines(("┌", "─", "┬", "┐"), ("├", "─", "┼", "┤"), ("└", "─", "┴", "┘"), "│", "…")
_ASCII = _Lines(("+", "-", "+", "+"), ("+", "-", "+", "+"), ("+", "-", "+", "+"), "|", "...")


class TableText(msgspec.Struct, frozen=True):
    """A table to draw; `None` is a null."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | None]]
    types: Sequence[str] = ()
    """A second line of the head, and what decides that numbers stand to the right."""


class _Column(msgspec.Struct, frozen=True):
    name: str
    type: str
    values: list[str]
    """Ready to print, except for their width."""
    is_null: list[bool]
    is_numeric: bool
    width: int
    narrowest: int


def render_table(table: TableText, *, width: int | None, style: Styler) -> tuple[str, int]:
    """Draw the table; returns the text and how many columns were left out.

    Text columns are shortened to fit into `width` cells, then columns are dropped from the
    right; numbers are never shortened. Without a width nothing is.
    """
    lines = _UNICODE if style.has_unicode else _ASCII
    widest_type = None if width is None else _WIDEST_TYPE
    columns = [_column(table, place, widest_type) for place in range(len(table.columns))]
    widths = _fit([(each.narrowest, each.width) for each in columns], width)
    shown = list(zip(columns, widths, strict=False))
    has_types = any(each.type for each, _ in shown)
    text = [_rule(lines.top, widths), _heads(shown, lines, style)]
    if has_types:
        text.append(_types(shown, lines, style))
    text.append(_rule(lines.middle, widths))
    text += [_row(shown, row, lines, style) for row in range(len(table.rows))]
    text.append(_rule(lines.bottom, widths))
    return "\n".join(text), len(columns) - len(shown)


def dropped_columns_note(dropped: int) -> str:
    """`(+3 more columns)`, or nothing."""
    return f"(+{count(dropped, 'more column')})" if dropped else ""


def _column(table: TableText, place: int, widest_type: int | None) -> _Column:
    name = visible(table.columns[place])
    type_name = visible(table.types[place]) if place < len(table.types) else ""
    raw = [row[place] for row in table.rows]
    values = ["NULL" if value is None else visible(value[:_WIDEST_CELL]) for value in raw]
    widest_value = max(map(cell_width, values), default=0)
    type_width = cell_width(type_name[:widest_type])
    full = max(widest_value, cell_width(name), type_width, 1)
    is_numeric = _NUMERIC.match(type_name) is not None
    narrowest = max(
        widest_value if is_numeric else min(widest_value, _NARROWEST_TEXT),
        min(cell_width(name), _NARROWEST_NAME),
        min(type_width, _NARROWEST_TYPE),
        1,
    )
    return _Column(
        name=name,
        type=type_name,
        values=values,
        is_null=[value is None for value in raw],
        is_numeric=is_numeric,
        width=full,
        narrowest=narrowest,
    )


def _fit(columns: Sequence[tuple[int, int]], width: int | None) -> list[int]:
    """Widths of the leading columns that fit, each between its narrowest and its full width."""
    if width is None or not columns:
        return [full for _, full in columns]
    shown = list(columns)
    while True:
        room = width - (3 * len(shown) + 1)
        if sum(full for _, full in shown) <= room:
            return [full for _, full in shown]
        if sum(narrowest for narrowest, _ in shown) <= room:
            return _capped(shown, room)
        if len(shown) == 1:
            return [max(room, 1)]
        shown.pop()


def _capped(columns: Sequence[tuple[int, int]], room: int) -> list[int]:
    """Cut the widest columns to one common width, so that all fit into `room`."""
    low, high = 1, max(full for _, full in columns)
    while low < high:
        cap = (low + high + 1) // 2
        if sum(max(narrowest, min(full, cap)) for narrowest, full in columns) <= room:
            low = cap
        else:
            high = cap - 1
    widths = [max(narrowest, min(full, low)) for narrowest, full in columns]
    # What the common width leaves over goes to the columns that are still cut, from the left.
    spare = room - sum(widths)
    for place, (_, full) in enumerate(columns):
        if spare > 0 and widths[place] < full:
            widths[place] += 1
            spare -= 1
    return widths


def _rule(characters: _Rule, widths: Sequence[int]) -> str:
    left, line, crossing, right = characters
    return left + crossing.join(line * (width + 2) for width in widths) + right


def _joined(cells: Sequence[str], lines: _Lines) -> str:
    return f"{lines.bar} " + f" {lines.bar} ".join(cells) + f" {lines.bar}"


def _heads(shown: Sequence[tuple[_Column, int]], lines: _Lines, style: Styler) -> str:
    return _joined(
        [style(_cell(each.name, width, each.is_numeric, lines), "bold") for each, width in shown],
        lines,
    )


def _types(shown: Sequence[tuple[_Column, int]], lines: _Lines, style: Styler) -> str:
    return _joined(
        [style(_cell(each.type, width, each.is_numeric, lines), "dim") for each, width in shown],
        lines,
    )


def _row(shown: Sequence[tuple[_Column, int]], row: int, lines: _Lines, style: Styler) -> str:
    cells = []
    for each, width in shown:
        cell = _cell(each.values[row], width, each.is_numeric, lines)
        cells.append(style(cell, "dim") if each.is_null[row] else cell)
    return _joined(cells, lines)


def _cell(text: str, width: int, is_right_aligned: bool, lines: _Lines) -> str:
    mark = lines.ellipsis if width > len(lines.ellipsis) else ""
    return pad(shorten(text, width, mark=mark), width, is_right_aligned=is_right_aligned)
