"""Which operator of a running plan holds most, and whose query it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
from datafusion.plan import ExecutionPlan

from aqueducts.query_words import read_words
from aqueducts.shortage import Strain

__all__ = ["find_stage", "find_strain", "strain_of_consumer"]


class _Kind(msgspec.Struct, frozen=True):
    """A kind of operator that holds rows."""

    words: str
    keywords: tuple[str, ...]
    """One of them stands in every query that needs the operator."""
    can_spill: bool = True


_JOIN = ("join", "from", "in", "exists")
_SORT = ("order", "over", "distinct", "join")
_GROUPING = ("group", "distinct", "union", "count", "sum", "min", "max", "avg")

_KINDS = {
    "HashJoinExec": _Kind("the hash table of the join", _JOIN, can_spill=False),
    "NestedLoopJoinExec": _Kind("one side of the join", _JOIN, can_spill=False),
    "CrossJoinExec": _Kind("one side of the cross join", _JOIN, can_spill=False),
    "PiecewiseMergeJoinExec": _Kind("one side of the join", _JOIN, can_spill=False),
    "SymmetricHashJoinExec": _Kind("the hash tables of the join", _JOIN, can_spill=False),
    "SortMergeJoinExec": _Kind("the join, by sorting,", _JOIN),
    "AggregateExec": _Kind("the grouping", _GROUPING),
    "SortExec": _Kind("the sort", _SORT),
    "WindowAggExec": _Kind("the window function", ("over",), can_spill=False),
    "BoundedWindowAggExec": _Kind("the window function", ("over",)),
}

_CONSUMERS = {
    "HashJoin": "HashJoinExec",
    "NestedLoopJoin": "NestedLoopJoinExec",
    "CrossJoin": "CrossJoinExec",
    "ExternalSorter": "SortExec",
    "SortPreservingMerge": "SortExec",
    "SMJStream": "SortMergeJoinExec",
    "SortMergeJoin": "SortMergeJoinExec",
    "GroupedHashAggregate": "AggregateExec",
    "Window": "WindowAggExec",
}
"""What the memory pool calls the parts of operators, by how the name begins."""

_BUILD_SIDES = ("HashJoinExec", "NestedLoopJoinExec", "CrossJoinExec", "PiecewiseMergeJoinExec")
_ROW_BYTES = 64
"""Of operators that count rows only, such as scans."""

_NAME = re.compile(r"[A-Za-z]+")
_COLUMN = re.compile(r"([\w.]+)@\d+")


class _Held(msgspec.Struct, frozen=True):
    bytes: int
    operator: str
    text: str


def find_strain(
    plans: Iterable[ExecutionPlan], queries: Mapping[str, str], pool_bytes: int
) -> Strain | None:
    """The operator that has taken in most and given out least; `queries` are those of stages.

    Those that go to disk hold no more than the pool has.
    """
    found = [
        msgspec.structs.replace(each, bytes=min(each.bytes, pool_bytes))
        if _KINDS[each.operator].can_spill
        else each
        for plan in plans
        for each in _walk(plan)
    ]
    held = max(found, default=None, key=_size)
    if held is None:
        return None
    kind = _KINDS[held.operator]
    return Strain(
        held.operator, kind.words, find_stage(held.operator, held.text, queries), kind.can_spill
    )


def strain_of_consumer(
    consumer: str, plans: Iterable[ExecutionPlan], queries: Mapping[str, str]
) -> Strain | None:
    """The operator that a part of, as the memory pool calls it, had too little."""
    operator = next(
        (name for start, name in _CONSUMERS.items() if consumer.startswith(start)), None
    )
    if operator is None:
        return None
    found = [each for plan in plans for each in _walk(plan) if each.operator == operator]
    text = max(found, key=_size).text if found else ""
    kind = _KINDS[operator]
    return Strain(operator, kind.words, find_stage(operator, text, queries), kind.can_spill)


def find_stage(operator: str, text: str, queries: Mapping[str, str]) -> str | None:
    """The stage whose query most likely has this operator: by its keywords, then its columns."""
    columns = {name.rpartition(".")[2] for name in _COLUMN.findall(text)}
    best: tuple[int, str] | None = None
    for name, query in queries.items():
        words = {word.text.lower() for word in read_words(query) if word.kind != "text"}
        rank = _rank(_KINDS[operator].keywords, words)
        if rank is None:
            continue
        score = 100 * rank + sum(column.lower() in words for column in columns)
        if best is None or score >= best[0]:
            best = (score, name)
    return None if best is None else best[1]


def _rank(keywords: tuple[str, ...], words: set[str]) -> int | None:
    """How clearly the words ask for the operator: the first keyword most of all."""
    found = [len(keywords) - place for place, word in enumerate(keywords) if word in words]
    return max(found, default=None)


def _walk(plan: ExecutionPlan) -> list[_Held]:
    """The operators of a plan that hold rows, with what they hold."""
    found: list[_Held] = []
    stack = [plan]
    while stack:
        node = stack.pop()
        children = node.children()
        stack += children
        text = node.display().strip()
        name = _NAME.match(text)
        if name is None or name[0] not in _KINDS:
            continue
        taken = [_given_out(child) for child in children]
        # Of joins by hash the other side streams by.
        is_join = name[0] in _BUILD_SIDES
        size = taken[0] if is_join else max(sum(taken) - _given_out(node), 0)
        found.append(_Held(size, name[0], text))
    return found


def _given_out(plan: ExecutionPlan) -> int:
    """Bytes that an operator has given out so far; those without figures pass on what they get."""
    metrics = plan.metrics()
    rows = None if metrics is None else metrics.output_rows
    if metrics is None or rows is None:
        return sum(map(_given_out, plan.children()))
    sizes = [each.value for each in metrics.metrics() if each.name == "output_bytes"]
    return sum(each for each in sizes if isinstance(each, int)) or rows * _ROW_BYTES


def _size(held: _Held) -> int:
    return held.bytes
