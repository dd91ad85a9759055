"""What stages were asked to show: as text in chunks, with the rows beside it, and back again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from aqueducts import events
from aqueducts.protocol.limits import CHUNK_CHARACTERS
from aqueducts.protocol.messages import (
    OutputChunk,
    OutputEnd,
    OutputKind,
    OutputStart,
    StageOutput,
)

__all__ = ["OutputText", "StageOutputs", "stage_payloads"]

_TITLES: dict[OutputKind, str] = {
    "show": "first rows",
    "explain": "query plan",
    "explain_analyze": "query plan, measured",
    "schema": "columns",
}

_NULL = "NULL"


def stage_payloads(output: events.StageOutput) -> Iterator[OutputStart | OutputChunk | OutputEnd]:
    """Yield the payloads of one output: its start, chunks of its text, and its end."""
    table = output.table
    yield OutputStart(
        output_header=f"\n{output.name}: {_TITLES[output.kind]}\n",
        kind=output.kind,
        position=output.position,
        sub_position=output.sub_position,
        columns=None if table is None else table.columns,
        types=None if table is None else table.types,
    )
    if table is None:
        parts: Iterator[_Part] = iter([(_line(output.text or ""), None)])
    else:
        parts = _drawn(table)
    for sequence, (body, rows) in enumerate(_chunks(parts)):
        yield OutputChunk(sequence=sequence, body=body, rows=rows)
    has_more = table is not None and table.has_more
    yield OutputEnd(output_footer="(more rows left out)\n" if has_more else "", has_more=has_more)


_Row = tuple[str | None, ...]
_Part = tuple[str, _Row | None]
"""A line of text, and the row that it shows."""


def _drawn(table: events.OutputTable) -> Iterator[_Part]:
    """The lines of a table: a frame of plain characters, which every terminal can show."""
    cells = [[_cell(value) for value in row] for row in table.rows]
    widths = [
        max(len(name), *(len(row[place]) for row in cells), 0)
        for place, name in enumerate(table.columns)
    ]
    rule = _line("+" + "".join(f"{'-' * (width + 2)}+" for width in widths))
    yield rule, None
    yield _row_line(table.columns, widths), None
    yield rule, None
    for texts, row in zip(cells, table.rows, strict=True):
        yield _row_line(texts, widths), row
    yield rule, None


def _row_line(texts: Sequence[str], widths: Sequence[int]) -> str:
    cells = (f" {text:<{width}} |" for text, width in zip(texts, widths, strict=True))
    return _line("|" + "".join(cells))


def _cell(value: str | None) -> str:
    return _NULL if value is None else value.replace("\r", "\\r").replace("\n", "\\n")


def _line(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _chunks(parts: Iterator[_Part]) -> Iterator[tuple[str, tuple[_Row, ...]]]:
    """Texts that are long enough to be worth a message, and never too long for one."""
    text = ""
    rows: list[_Row] = []
    for line, row in parts:
        if text and len(text) + len(line) > CHUNK_CHARACTERS:
            yield text, tuple(rows)
            text, rows = "", []
        if row is not None:
            rows.append(row)
        text += line
        while len(text) > CHUNK_CHARACTERS:
            yield text[:CHUNK_CHARACTERS], tuple(rows)
            text, rows = text[CHUNK_CHARACTERS:], []
    if text or rows:
        yield text, tuple(rows)


class OutputText(msgspec.Struct, frozen=True):
    """An output of which the executor tells the text only."""

    stage: str
    text: str


class StageOutputs:
    """Puts the outputs of stages together; parts of several may come in turns."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[OutputStart, list[OutputChunk]]] = {}

    def add(self, message: StageOutput) -> events.StageOutput | OutputText | None:
        """Take a part in; the whole output with its last part, before that None.

        What was lost on the way is left out: an output without a beginning has only the rest.
        """
        name = message.stage_name
        match message.payload:
            case OutputStart() as start:
                self._open[name] = (start, [])
            case OutputChunk() as chunk:
                self._open.setdefault(name, (OutputStart(output_header=""), []))[1].append(chunk)
            case OutputEnd() as end:
                start, chunks = self._open.pop(name, (OutputStart(output_header=""), []))
                return _whole(name, start, chunks, end)
        return None


def _whole(
    name: str, start: OutputStart, chunks: list[OutputChunk], end: OutputEnd
) -> events.StageOutput | OutputText:
    body = "".join(chunk.body for chunk in sorted(chunks, key=lambda chunk: chunk.sequence))
    if start.kind is None:
        return OutputText(name, f"{start.output_header}{body}{end.output_footer}")
    table = None
    if start.columns is not None:
        table = events.OutputTable(
            columns=start.columns,
            types=start.types or (),
            rows=tuple(row for chunk in chunks for row in chunk.rows),
            has_more=end.has_more,
        )
    return events.StageOutput(
        name=name,
        position=start.position or 0,
        sub_position=start.sub_position or 0,
        kind=start.kind,
        text=None if table is not None else body,
        table=table,
    )
