"""Rows as they stand in a YAML file, and the edits that make them others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import msgspec

from aqueducts.documents import Path, SourceMap, Span, read_document
from aqueducts.pipeline_tests.comparison import Differences
from aqueducts.pipeline_tests.outcomes import Observed
from aqueducts.pipeline_tests.yaml_text import flow_mapping, flow_sequence, flow_text

__all__ = ["Edit", "NewRow", "RowBlock", "UnsafeError"]

_STEP = "  "
"""How far a list is indented below its key."""


class UnsafeError(Exception):
    """The text cannot be changed without a risk to what else it says."""


class Edit(msgspec.Struct, frozen=True):
    """A part of a text, by offsets, and what comes in its place."""

    start: int
    end: int
    text: str


class NewRow(msgspec.Struct, frozen=True):
    """A row as it is to be: its values by column, and the old row it is."""

    values: dict[str, Any]
    old: int | None
    is_kept: bool = False
    """Whether nothing of the old row changes."""
    changed: tuple[str, ...] | None = None
    """The columns to write anew; None for the whole row."""


class RowBlock:
    """The expected rows of one step, at `path` in a document.

    `columns` are those that rows in the form of lists are in the order of.
    """

    def __init__(
        self,
        source_map: SourceMap,
        rows: Sequence[Any],
        path: Path,
        columns: Sequence[str] | None,
    ) -> None:
        self.path = path
        self._map = source_map
        self._text = source_map.text
        self._old = rows
        self._columns = columns
        self._newline = "\r\n" if "\r\n" in self._text else "\n"

    def new_rows(self, observed: Observed, found: Differences) -> list[NewRow]:
        """Return the rows as they should be: right ones where they are, new ones behind them.

        Where the order counts, in the order that is there. Raises UnsafeError.
        """
        if self._columns is not None and found.missing_columns:
            raise UnsafeError(f"columns names '{found.missing_columns[0]}', which is not there")
        has_same_columns = not (found.missing_columns or found.unexpected_columns)
        changes = dict(zip(found.matching.changed, found.changed, strict=True))
        partner = {other: index for index, other in (*found.matching.same, *found.matching.changed)}
        order = sorted(partner, key=lambda other: partner[other])
        order = [*order, *found.matching.unexpected]
        rows: list[NewRow] = []
        for other in range(len(observed.rows)) if found.has_order else order:
            index = partner.get(other)
            values = dict(zip(observed.columns, observed.rows[other], strict=True))
            change = None if index is None else changes.get((index, other))
            names = None if change is None else tuple(found.columns[i] for i in change.columns)
            rows.append(
                NewRow(
                    values=values,
                    old=index,
                    is_kept=index is not None and change is None and has_same_columns,
                    changed=names if has_same_columns else None,
                )
            )
        return rows

    def read(self, row: NewRow) -> Any:
        """Return a new row as reading it will give it."""
        old = None if row.old is None else self._old[row.old]
        if row.is_kept:
            return old
        if isinstance(old, list) or (old is None and self._has_lists):
            given = dict(zip(self._columns or (), old or (), strict=False))
            return list(self._read_values(row, given).values())
        return self._read_values(row, old or {})

    def _read_values(self, row: NewRow, old: dict[str, Any]) -> dict[str, Any]:
        changed = None if self._is_whole(row) else row.changed
        return {
            name: _as_read(row.values[name]) if changed is None or name in changed else old[name]
            for name in self._names(row)
        }

    def edits(self, rows: Sequence[NewRow]) -> list[Edit]:
        """Return what to change in the text so that it has these rows. Raises UnsafeError."""
        span = self._map.value_span(self.path)
        kept = [row.old for row in rows if row.old is not None]
        is_in_place = kept == list(range(len(self._old))) and len(rows) == len(kept)
        if self._text[span.start_offset] == "[":
            if is_in_place:
                return [edit for row in rows for edit in self._row_edits(row)]
            if not self._old and not self._is_in_flow:
                return [self._begun_block(span, rows)]
            return [self._flow(span, rows)]
        if self._text[span.start_offset] != "-":
            raise UnsafeError("its rows are written somewhere else")
        changes = [edit for row in rows for edit in self._row_edits(row)]
        return changes if is_in_place else [*changes, *self._block_edits(rows, kept)]

    # --- rows that are there ---

    def _row_edits(self, row: NewRow) -> Iterator[Edit]:
        """Yield what changes in the text of an old row."""
        if row.old is None or row.is_kept:
            return
        if self._is_whole(row):
            whole = self._row_span(row.old)
            yield Edit(whole.start_offset, whole.end_offset, self._row_text(row, row.old))
            return
        for name in row.changed or ():
            cell = self._cell_span(row.old, name)
            text = flow_text(row.values[name])
            is_empty = cell.start_offset == cell.end_offset
            if is_empty and self._text[cell.start_offset - 1 : cell.start_offset] == ":":
                text = f" {text}"
            yield Edit(cell.start_offset, cell.end_offset, text)

    def _is_whole(self, row: NewRow) -> bool:
        """Whether a row is written anew as a whole: values of merges stand somewhere else."""
        if row.old is None or row.changed is None:
            return True
        whole = self._row_span(row.old)
        cells = [self._cell_span(row.old, name) for name in row.changed]
        return not all(
            whole.start_offset <= cell.start_offset and cell.end_offset <= whole.end_offset
            for cell in cells
        )

    def _row_span(self, index: int) -> Span:
        return self._map.value_span((*self.path, index))

    def _cell_span(self, index: int, name: str) -> Span:
        old = self._old[index]
        key: str | int = name
        if isinstance(old, list):
            key = list(self._columns or ()).index(name)
        return self._map.value_span((*self.path, index, key))

    # --- a list with one row on each line ---

    def _block_edits(self, rows: Sequence[NewRow], kept: Sequence[int]) -> Iterator[Edit]:
        """Yield what takes rows out of a block list, and puts rows in."""
        for index in range(len(self._old)):
            if index not in kept:
                yield Edit(*self._lines_of(index), "")
        if not rows:
            key = self._map.key_span(self.path)
            colon = self._text.index(":", key.end_offset) + 1
            yield Edit(colon, colon, " []")
        first = self._lines_of(0)[0]
        indent = self._text[first : self._dash(0)]
        inserted: dict[int, list[str]] = {}
        place = first
        for row in rows:
            if row.old is not None:
                place = self._lines_of(row.old)[1]
            else:
                text = self._row_text(row, 0, indent + _STEP)
                inserted.setdefault(place, []).append(f"{indent}- {text}{self._newline}")
        for offset, lines in inserted.items():
            text = "".join(lines)
            if offset and self._text[offset - 1] != "\n":  # behind a last line without an end
                text = self._newline + text.removesuffix(self._newline)
            yield Edit(offset, offset, text)

    def _lines_of(self, index: int) -> tuple[int, int]:
        """Return the range of the lines of a row, with the end of the last one."""
        start = self._text.rfind("\n", 0, self._dash(index)) + 1
        end = self._text.find("\n", self._row_span(index).end_offset)
        return start, len(self._text) if end < 0 else end + 1

    def _dash(self, index: int) -> int:
        before = self._text[: self._row_span(index).start_offset].rstrip(" ")
        line = before[before.rfind("\n") + 1 :]
        if not re.fullmatch(r" *-", line):
            raise UnsafeError(f"row {index + 1} does not begin on a line of its own")
        return len(before) - 1

    def _begun_block(self, span: Span, rows: Sequence[NewRow]) -> Edit:
        """Return what puts rows in the place of `[]`, each on a line of its own."""
        key = self._map.key_span(self.path)
        indent = " " * (key.start.column - 1) + _STEP
        lines = [f"{indent}- {self._row_text(row, None)}" for row in rows]
        start = len(self._text[: span.start_offset].rstrip(" "))
        text = self._newline + self._newline.join(lines)
        return Edit(start, span.end_offset, text)

    # --- a list in brackets ---

    @cached_property
    def _is_in_flow(self) -> bool:
        """Whether the list stands within braces or brackets."""
        return any(
            self._text[self._map.value_span(self.path[:length]).start_offset] in "{["
            for length in range(len(self.path))
        )

    def _flow(self, span: Span, rows: Sequence[NewRow]) -> Edit:
        old = self._text[span.start_offset : span.end_offset]
        if "#" in self._between_rows(span):
            raise UnsafeError("there are comments between rows in brackets")
        texts = [
            self._row_text(row, None) if row.old is None else self._edited(row, row.old)
            for row in rows
        ]
        if "\n" not in old or not self._old or not texts:
            return Edit(span.start_offset, span.end_offset, f"[{', '.join(texts)}]")
        first = self._text[: self._row_span(0).start_offset]
        indent = " " * (len(first) - first.rfind("\n") - 1)
        end_line = self._text[self._text.rfind("\n", 0, span.end_offset) + 1 : span.end_offset]
        closing = end_line[: len(end_line) - len(end_line.lstrip())]
        comma = "," if re.search(r",\s*\]$", old) else ""
        lines = f",{self._newline}".join(indent + text for text in texts) + comma
        text = f"[{self._newline}{lines}{self._newline}{closing}]"
        return Edit(span.start_offset, span.end_offset, text)

    def _edited(self, row: NewRow, index: int) -> str:
        """Return the text of an old row with its changes."""
        span = self._row_span(index)
        text = self._text[: span.end_offset]
        for edit in sorted(self._row_edits(row), key=lambda each: each.start, reverse=True):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text[span.start_offset :]

    def _between_rows(self, span: Span) -> str:
        """Return what stands in a list in brackets apart from its rows."""
        parts, place = [], span.start_offset
        for index in range(len(self._old)):
            row = self._row_span(index)
            parts.append(self._text[place : row.start_offset])
            place = row.end_offset
        return "".join([*parts, self._text[place : span.end_offset]])

    # --- the text of a row ---

    @property
    def _has_lists(self) -> bool:
        """Whether new rows are lists: where others are, and where only names are given."""
        if self._old:
            return isinstance(self._old[0], list)
        return self._columns is not None

    def _names(self, row: NewRow) -> list[str]:
        """Return the columns of a row in the order in which its neighbours have them."""
        model = self._old[row.old or 0] if self._old else None
        wanted = list(model) if isinstance(model, dict) else list(self._columns or ())
        there = [name for name in wanted if name in row.values]
        return [*there, *(name for name in row.values if name not in there)]

    def _row_text(self, row: NewRow, model: int | None, indent: str | None = None) -> str:
        """Return a row in the style of the old row `model`; None is for one in braces."""
        values = {name: row.values[name] for name in self._names(row)}
        if model is None or self._text[self._row_span(model).start_offset] in "{[*":
            in_braces = flow_sequence(list(values.values())) if self._has_lists else None
            if in_braces is not None:
                return in_braces
            start = 0 if model is None else self._row_span(model).start_offset
            is_wide = model is not None and self._text[start : start + 2] == "{ "
            text = flow_mapping(values)
            return f"{{ {text[1:-1]} }}" if is_wide else text
        if indent is None:
            indent = " " * (self._row_span(model).start.column - 1)
        lines = [
            f"- {flow_text(value)}" if self._has_lists else f"{flow_text(name)}: {flow_text(value)}"
            for name, value in values.items()
        ]
        return f"{self._newline}{indent}".join(lines)


def _as_read(value: Any) -> Any:
    """Return a value as a reader of its text has it: a decimal is a number then, or a text."""
    return read_document(f"- {flow_text(value)}", file="", format="yaml").value[0]
