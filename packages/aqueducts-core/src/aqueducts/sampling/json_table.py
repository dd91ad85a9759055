"""JSON files of one object per line: keys and what their values are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from aqueducts.errors import SourceError
from aqueducts.sampling.findings import Column, TableFinding
from aqueducts.sampling.json_types import JsonType, MixedKindsError
from aqueducts.sampling.pieces import Pieces
from aqueducts.sampling.text import decode, has_byte_order_mark, later_lines

__all__ = ["look_at_json"]

_ONE_PER_LINE = "jq -c . OLD > NEW"


def look_at_json(files: Sequence[Pieces], *, are_all: bool) -> TableFinding:
    """What the files hold. Raises SourceError for what is not one object per line."""
    columns: dict[str, JsonType] = {}
    rows = 0
    for pieces in files:
        for place, line in _lines(pieces):
            record = _record(pieces, place, line)
            rows += 1
            for key, value in record.items():
                try:
                    columns.setdefault(key, JsonType()).add(value)
                except MixedKindsError as error:
                    raise SourceError(
                        f"{pieces.shown!r}{place}: {key!r} is {error}",
                        hint="text, numbers and objects cannot share a column: make the values of "
                        "one kind first, for example with jq",
                    ) from error
    if not columns:
        raise SourceError(
            f"{files[0].shown!r} has no JSON object with keys",
            hint="give a file that has rows: columns come from them",
        )
    found = [_column(name, each) for name, each in columns.items()]
    is_whole = are_all and all(pieces.is_whole for pieces in files)
    return TableFinding(
        format="json",
        compression=files[0].compression,
        options={"compression": files[0].declared_compression}
        if files[0].declared_compression
        else {},
        columns=found,
        has_all_columns=is_whole,
        rows=rows,
        is_whole=is_whole,
        notes=[f"{each.name!r} is left out: {each.reason}" for each in found if each.is_left_out],
    )


def _column(name: str, found: JsonType) -> Column:
    if found.has_empty_object:
        reason = "objects without keys, which Parquet cannot hold"
        return Column(name, found.name, reason=reason, is_left_out=True)
    return Column(name, found.name, reason=found.remark)


def _lines(pieces: Pieces) -> Iterator[tuple[str, str]]:
    """Lines that are not empty, with words for where they are."""
    text = decode(pieces)
    if has_byte_order_mark(pieces):
        raise SourceError(
            f"{pieces.shown!r} begins with a byte order mark, which JSON does not allow",
            hint="take it off: tail -c +4 OLD > NEW",
        )
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f", line {number}", line
    for piece in later_lines(pieces):
        for line in piece.split("\n"):
            if line.strip():
                yield "", line


def _record(pieces: Pieces, place: str, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _not_one_per_line(pieces, place, line, error) from error
    if isinstance(record, dict):
        return record
    if isinstance(record, list):
        raise _array(pieces)
    raise SourceError(
        f"{pieces.shown!r}{place} is no JSON object: {line.strip()[:40]!r}",
        hint="one object per line is what can be read",
    )


def _not_one_per_line(pieces: Pieces, place: str, line: str, error: Exception) -> SourceError:
    if pieces.head.lstrip().startswith(b"["):
        return _array(pieces)
    message, column = str(error), ""
    if isinstance(error, json.JSONDecodeError):
        message, column = error.msg, f", column {error.colno}"
    if column and place == ", line 1" and _ends_within(line):
        return SourceError(
            f"{pieces.shown!r} has JSON objects that go over several lines",
            hint=f"write one object per line: {_ONE_PER_LINE}",
        )
    return SourceError(
        f"{pieces.shown!r}{place}{column} is no JSON: {message}",
        hint="one JSON object per line is what can be read",
    )


def _ends_within(line: str) -> bool:
    """Whether a line stops in the middle of an object."""
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        return error.pos >= len(line.rstrip())
    return False


def _array(pieces: Pieces) -> SourceError:
    return SourceError(
        f"{pieces.shown!r} is a JSON array; one object per line is what can be read",
        hint="turn the array into lines: jq -c '.[]' OLD > NEW",
    )


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON value")
