"""What went wrong in a test, as lines of text."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from aqueducts.diagnostics import Problem, render
from aqueducts.pipeline_tests.comparison import ChangedRow, Differences
from aqueducts.pipeline_tests.outcomes import Failure, Outcome
from aqueducts.pipeline_tests.yaml_text import flow_text

__all__ = ["Line", "Mark", "difference_lines", "failure_lines", "heading", "outcome_text"]

Mark = Literal["missing", "unexpected", "changed", "head", "note", "plain"]
"""What a line tells, which decides its colour."""

MOST_ROWS = 10
"""Rows of each kind that are shown."""

_INDENT = 2


class Line(msgspec.Struct, frozen=True):
    """A line of text."""

    text: str
    mark: Mark = "plain"


def difference_lines(
    found: Differences, *, width: int, most_rows: int | None = MOST_ROWS
) -> Iterator[Line]:
    """Yield the differences as lines of at most `width` characters, where values allow it."""
    for name in found.missing_columns:
        yield Line(f"- column {flow_text(name)} is missing", "missing")
    for name in found.unexpected_columns:
        yield Line(f"+ column {flow_text(name)} is not expected", "unexpected")
    rows = _rows(found, most_rows)
    if not rows.shown:
        return
    table = list(_table(found.columns, rows.shown))
    if max(_width(line.text) for line in table) <= width:
        yield from table
    else:
        for row in rows.shown:
            yield from _apart(found.columns, row, width)
    yield from rows.left_out


class _Row(msgspec.Struct, frozen=True):
    sign: str
    mark: Mark
    values: tuple[Any, ...]
    actual: tuple[Any, ...] | None = None
    """Of a changed row."""
    columns: tuple[int, ...] = ()
    position: int | None = None


class _Rows(msgspec.Struct, frozen=True):
    shown: list[_Row]
    left_out: list[Line]


def _rows(found: Differences, most: int | None) -> _Rows:
    shown: list[_Row] = []
    left_out: list[Line] = []
    matching = found.matching
    missing = _alone("-", "missing", found.missing, matching.missing, found)
    unexpected = _alone("+", "unexpected", found.unexpected, matching.unexpected, found)
    changed = [_changed(row) for row in found.changed]
    for kind, rows in (("changed", changed), ("missing", missing), ("unexpected", unexpected)):
        shown += rows[:most]
        more = len(rows) - len(rows[:most])
        if more:
            left_out.append(Line(f"  and {more:,} more {kind}", "note"))
    return _Rows(shown, left_out)


def _alone(
    sign: str,
    mark: Mark,
    rows: Sequence[tuple[Any, ...]],
    indexes: Sequence[int],
    found: Differences,
) -> list[_Row]:
    """Rows of one side, with their number there where the order counts."""
    return [
        _Row(sign, mark, row, position=index + 1 if found.has_order else None)
        for row, index in zip(rows, indexes, strict=True)
    ]


def _changed(row: ChangedRow) -> _Row:
    return _Row("~", "changed", row.expected, row.actual, row.columns, row.position)


# --- as a table ---


def _table(columns: Sequence[str], rows: Sequence[_Row]) -> Iterator[Line]:
    has_positions = any(row.position is not None for row in rows)
    head = [*(["row"] if has_positions else []), *columns]
    cells = [[*([str(row.position or "")] if has_positions else []), *_cells(row)] for row in rows]
    is_number = [_is_number([row.values[index] for row in rows]) for index in range(len(columns))]
    aligned = [*([True] if has_positions else []), *is_number]
    widths = [max(map(_width, texts)) for texts in zip(head, *cells, strict=True)]
    yield Line(f"  {_joined(head, widths, aligned)}", "head")
    for row, texts in zip(rows, cells, strict=True):
        yield Line(f"{row.sign} {_joined(texts, widths, aligned)}", row.mark)


def _is_number(values: Sequence[Any]) -> bool:
    kinds = {type(value) for value in values} - {type(None)}
    return bool(kinds) and kinds <= {int, float, Decimal}


def _cells(row: _Row) -> list[str]:
    texts = [flow_text(value) for value in row.values]
    if row.actual is not None:
        for index in row.columns:
            texts[index] = f"{texts[index]} -> {flow_text(row.actual[index])}"
    return texts


def _joined(texts: Sequence[str], widths: Sequence[int], aligned: Sequence[bool]) -> str:
    padded = []
    for text, width, is_right in zip(texts, widths, aligned, strict=True):
        blanks = " " * (width - _width(text))
        padded.append(blanks + text if is_right else text + blanks)
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Cells that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(character) for character in text)


def _cells_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


# --- one by one ---


def _apart(columns: Sequence[str], row: _Row, width: int) -> Iterator[Line]:
    if row.actual is None:
        values = dict(zip(columns, row.values, strict=True))
        where = f"{row.sign} " if row.position is None else f"{row.sign} row {row.position} "
        yield from _wrapped(where, flow_text(values), row.mark, width)
        return
    same = {
        name: row.values[index] for index, name in enumerate(columns) if index not in row.columns
    }
    where = f"row {row.position} " if row.position is not None else ""
    text = flow_text(same)
    room = width - len(where) - _INDENT
    yield Line(f"~ {where}{text if len(text) <= room else text[: room - 3] + '...'}", "changed")
    label = max(len(columns[index]) for index in row.columns)
    for index in row.columns:
        name = columns[index].ljust(label)
        expected, actual = flow_text(row.values[index]), flow_text(row.actual[index])
        text = f"    {name}  {expected} -> {actual}"
        if len(text) <= width:
            yield Line(text, "changed")
        else:
            yield from _wrapped(f"  - {name}  ", expected, "missing", width)
            yield from _wrapped(f"  + {name}  ", actual, "unexpected", width)


def _wrapped(head: str, text: str, mark: Mark, width: int) -> Iterator[Line]:
    lines = textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * (len(head) + 1),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines:
        yield Line(line, mark)


# --- as a whole ---


def outcome_text(outcome: Outcome, *, width: int = 100, most_rows: int | None = MOST_ROWS) -> str:
    """Return all that went wrong in a test as plain text."""
    parts = [_failure_text(each, outcome.file, width, most_rows) for each in outcome.failures]
    return "\n\n".join(parts)


def heading(failure: Failure, file: str | None = None) -> str:
    """Return what went wrong, of which step, and where it is expected in a file."""
    step = "" if failure.step is None else f"{failure.step}: "
    place = "" if file is None or failure.line is None else f" ({file}:{failure.line})"
    return f"{step}{failure.message}{place}"


def failure_lines(
    failure: Failure, *, width: int = 100, most_rows: int | None = MOST_ROWS
) -> Iterator[str]:
    """Yield the differences and notes of one failure."""
    if failure.differences is not None:
        found = difference_lines(failure.differences, width=width, most_rows=most_rows)
        yield from (line.text for line in found)
    yield from (f"note: {note}" for note in failure.notes)


def _failure_text(failure: Failure, file: str, width: int, most_rows: int | None) -> str:
    lines = [heading(failure, file)]
    details = failure_lines(failure, width=width - _INDENT, most_rows=most_rows)
    lines += [f"  {line}" for line in details]
    lines += [render(problem, _text_of(problem)) for problem in failure.problems]
    return "\n".join(lines)


def _text_of(problem: Problem) -> str | None:
    try:
        return Path(problem.file).read_text(encoding="utf-8-sig") if problem.file else None
    except (OSError, UnicodeDecodeError):
        return None
