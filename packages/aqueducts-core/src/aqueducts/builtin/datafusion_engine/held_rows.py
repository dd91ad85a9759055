"""How many rows operators hold in memory, by what statistics, sizes of files and plans tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from aqueducts.builtin.datafusion_engine.described import Operator
from aqueducts.plan_facts import HeldRows

__all__ = ["held_rows", "row_bytes"]

_Basis: TypeAlias = Literal["statistics", "sample", "bound", "assumption", "unknown"]

_ROW_OVERHEAD_BYTES = 32
"""What a hash table takes per row besides the row: hash, position, and room to grow."""

_TEXT_BYTES = 32
"""Taken for a text, a list or a struct, of which plans tell no width."""

_COPIES = 2
"""Rows are held as they came, and again while they are merged, hashed or given out."""

_WINDOW_COPIES = 3
"""Rows as they came, all in one piece, and with the column that is added."""

_WIDTHS = {
    "Boolean": 1,
    "Int8": 1,
    "UInt8": 1,
    "Int16": 2,
    "UInt16": 2,
    "Float16": 2,
    "Int32": 4,
    "UInt32": 4,
    "Float32": 4,
    "Date32": 4,
    "Time32": 4,
    "Decimal128": 16,
    "Decimal256": 32,
    "Int64": 8,
    "UInt64": 8,
    "Float64": 8,
    "Date64": 8,
    "Time64": 8,
    "Timestamp": 8,
    "Duration": 8,
    "Interval": 16,
}
_TYPE = re.compile(r":([A-Z]\w+)(?:\([^)]*\))?(?:;N)?(?=, |\]\s*$)")
_FETCH = re.compile(r"\bfetch=(\d+)")
_ON = re.compile(r"\bon=\[(.*?)\](?:,|$)", re.DOTALL)
_GROUPS = re.compile(r"\bgby=\[(.*?)\](?:, aggr=|$)", re.DOTALL)
_ORDER = re.compile(r"\bexpr=\[(.*?)\], preserve_partitioning", re.DOTALL)
_PLACE = re.compile(r"@\d+")
_SAME_NAME = re.compile(r"\b(\w+) as \1\b")
_DROPPING = ("AggregateExec", "FilterExec", "HashJoinExec", "SortMergeJoinExec")
"""Operators that give fewer rows than they get, nobody knows how many."""

_LARGER_SIDE = ("Inner", "Left", "Right", "Full")


class _Size(msgspec.Struct, frozen=True):
    """Rows and their bytes: both are known or neither is."""

    rows: int | None
    size_bytes: int | None
    basis: _Basis


_UNKNOWN = _Size(None, None, "unknown")


def held_rows(plan: Operator, text_rows: Callable[[Operator], int | None]) -> list[HeldRows]:
    """What each operator that holds rows holds; `text_rows` guesses those of text files."""
    held = []
    for operator in plan.walk():
        match operator.name:
            case "HashJoinExec":
                held.append(_joined(operator, text_rows))
            case "NestedLoopJoinExec" | "CrossJoinExec":
                size = _size(operator.inputs[0], text_rows)
                held.append(_held("join", "every pair of rows", size))
            case "AggregateExec" if "mode=Partial" not in operator.text:
                held += _grouped(operator, text_rows)
            case "SortExec":
                held.append(_sorted(operator, text_rows))
            case "WindowAggExec":
                size = _size(operator.inputs[0], text_rows)
                held.append(_held("window", "whole partitions", size, copies=_WINDOW_COPIES))
            case _:
                pass
    return held


def _joined(operator: Operator, text_rows: Callable[[Operator], int | None]) -> HeldRows:
    on = _ON.search(operator.text)
    pairs = re.findall(r"\((.*?)@\d+, (.*?)@\d+\)", on[1], re.DOTALL) if on else []
    detail = " AND ".join(f"{left} = {right}" for left, right in pairs)
    size = _size(operator.inputs[0], text_rows)
    return _held("join", detail, size, copies=_COPIES, overhead=_ROW_OVERHEAD_BYTES)


def _grouped(operator: Operator, text_rows: Callable[[Operator], int | None]) -> list[HeldRows]:
    groups = _GROUPS.search(operator.text)
    keys = _plain(groups[1]) if groups else ""
    if not keys:
        return []  # one row
    size = _size(operator, text_rows)
    overhead = _ROW_OVERHEAD_BYTES
    return [_held("group", keys, size, copies=_COPIES, overhead=overhead, can_spill=True)]


def _sorted(operator: Operator, text_rows: Callable[[Operator], int | None]) -> HeldRows:
    order = _ORDER.search(operator.text)
    size = _size(operator.inputs[0], text_rows)
    fetch = _FETCH.search(operator.text)
    if fetch is not None:
        size = _limited(size, int(fetch[1]), row_bytes(operator))
    detail = _plain(order[1]) if order else ""
    return _held("sort", detail, size, copies=_COPIES, can_spill=fetch is None)


def _held(
    operator: Literal["join", "group", "sort", "window"],
    detail: str,
    size: _Size,
    *,
    overhead: int = 0,
    copies: int = 1,
    can_spill: bool = False,
) -> HeldRows:
    size_bytes = size.size_bytes
    if size_bytes is not None and size.rows is not None:
        size_bytes = (size_bytes + size.rows * overhead) * copies
    return HeldRows(
        operator=operator,
        detail=detail,
        rows=size.rows,
        size_bytes=size_bytes,
        can_spill=can_spill,
        basis=size.basis,
    )


def _size(operator: Operator, text_rows: Callable[[Operator], int | None]) -> _Size:
    """Rows that an operator gives: the engine's estimate, else what its inputs let it give."""
    width = row_bytes(operator)
    if operator.rows is not None:
        return _Size(operator.rows, operator.rows * width, "statistics")
    inputs = [_size(each, text_rows) for each in operator.inputs]
    if not inputs:
        rows = text_rows(operator)
        return _UNKNOWN if rows is None else _Size(rows, rows * width, "sample")
    found = _combined(operator, inputs, width)
    fetch = _FETCH.search(operator.text)
    return found if fetch is None else _limited(found, int(fetch[1]), width)


def _combined(operator: Operator, inputs: list[_Size], width: int) -> _Size:
    if len(inputs) == 1:
        return _narrowed(operator, inputs[0], width)
    if operator.name in ("UnionExec", "InterleaveExec"):
        if any(each.size_bytes is None for each in inputs):
            return _UNKNOWN
        total = sum(each.rows or 0 for each in inputs)
        return _Size(total, total * width, "bound")
    kind = re.search(r"\bjoin_type=(\w+)", operator.text)
    if kind is None or any(each.size_bytes is None for each in inputs):
        return _UNKNOWN
    if kind[1] not in _LARGER_SIDE:
        side = inputs[1] if kind[1].startswith("Right") else inputs[0]
        return _narrowed(operator, side, width)
    most = max(each.rows or 0 for each in inputs)
    return _Size(most, most * width, "assumption")


def _narrowed(operator: Operator, size: _Size, width: int) -> _Size:
    """No more rows than there were, in other columns."""
    if size.rows is None:
        return size
    is_passed_on = operator.name not in _DROPPING
    is_known = size.basis in ("statistics", "sample")
    basis: _Basis = "bound" if is_known and not is_passed_on else size.basis
    return _Size(size.rows, size.rows * width, basis)


def _limited(size: _Size, rows: int, width: int) -> _Size:
    if size.rows is not None and size.rows <= rows:
        return size
    return _Size(rows, rows * width, "bound")


def row_bytes(operator: Operator) -> int:
    """About what a row takes that an operator gives, by the types of its columns."""
    types = _TYPE.findall(operator.schema)
    return sum(_WIDTHS.get(each, _TEXT_BYTES) for each in types) or 1


def _plain(text: str) -> str:
    return _SAME_NAME.sub(r"\1", _PLACE.sub("", text))
