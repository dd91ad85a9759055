"""The plan of a run for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from aqueducts.cli.console import quantities
from aqueducts.cli.console.cells import cell_width, pad, visible
from aqueducts.cli.console.terminal import Styler

if TYPE_CHECKING:
    from aqueducts.pipeline_plan import (
        Column,
        DestinationPlan,
        PipelinePlan,
        PlannedQuery,
        SourcePlan,
        StagePlan,
    )
    from aqueducts.plan_facts import ColumnChange, HeldRows, SourceScan, TargetChange

__all__ = ["plan_as_text"]

_WIDEST_NAME = 24
_NARROWEST_TEXT = 30

_PURPOSES = {
    "result": "for the result",
    "keep": "to keep {}",
    "show": "to show {}",
    "explain_analyze": "to measure {}",
}
_OPERATORS = {
    "join": "join on",
    "group": "group by",
    "sort": "sort by",
    "window": "window over",
}
_HOW_SURE = {"statistics": "about ", "sample": "about ", "bound": "at most "}
_MARKS = {"added": "+", "removed": "-", "type": "~"}


def plan_as_text(plan: PipelinePlan, *, width: int | None, style: Styler) -> str:
    """Sections for what is there, what is read, what is held and what is written."""
    return "\n".join(_Writer(plan, width, style).lines())


class _Writer:
    """Lays out names on the left and what is said of them on the right."""

    def __init__(self, plan: PipelinePlan, width: int | None, style: Styler) -> None:
        self._plan = plan
        self._width = width
        self._style = style
        names = [each.name for each in plan.sources] + [each.name for each in plan.stages]
        names += [] if plan.destination is None else [plan.destination.name]
        longest = max((cell_width(visible(name)) for name in names), default=0)
        self._indent = min(longest, _WIDEST_NAME) + 4

    def lines(self) -> Iterator[str]:
        plan = self._plan
        title = visible(plan.pipeline or "the pipeline")
        yield self._style(f"plan of {title}", "bold")
        if plan.sources:
            yield from self._section("sources")
            for source in plan.sources:
                yield from self._named(source.name, [_source(source)], source.columns)
        if plan.stages:
            yield from self._section("stages")
            for stage in plan.stages:
                yield from self._named(stage.name, [_stage(stage)], stage.columns)
        for query in plan.queries:
            yield from self._query(query)
        yield from self._section("destination")
        yield from self._destination()
        yield from self._section("memory")
        yield from self._entry("", list(_memory(plan)))
        yield from self._section("changes")
        yield from self._entry("", list(_changes(plan)))

    def _section(self, title: str) -> Iterator[str]:
        yield ""
        yield self._style(title, "cyan")

    def _query(self, query: PlannedQuery) -> Iterator[str]:
        purpose = _PURPOSES[query.purpose].format(visible(query.table))
        yield from self._section(f"read {purpose}")
        if not query.is_described:
            yield from self._entry("", ["the engine cannot tell"])
        elif not query.scans:
            yield from self._entry("", ["nothing"])
        sources = {source.name: source for source in self._plan.sources}
        for scan in query.scans:
            yield from self._named(scan.source, list(_scan(scan, sources.get(scan.source))))

    def _destination(self) -> Iterator[str]:
        destination = self._plan.destination
        if destination is None:
            yield from self._entry("", ["none: nothing is written"])
            return
        yield from self._named(destination.name, [_target(destination)])
        change = destination.change
        for column in (change.columns or ()) if change is not None else ():
            yield from self._entry("", [_column_change(column)])

    def _named(
        self, name: str, texts: Sequence[str], columns: Sequence[Column] = ()
    ) -> Iterator[str]:
        yield from self._entry(name, texts)
        if columns:
            listed = ", ".join(f"{visible(each.name)} {visible(each.type)}" for each in columns)
            for line in self._entry("", [listed]):
                yield self._style(line, "dim")

    def _entry(self, name: str, texts: Sequence[str]) -> Iterator[str]:
        shown = visible(name)
        head = f"  {shown}"
        if cell_width(head) > self._indent - 2:
            yield self._style(head, "bold")
            head = shown = ""
        for text in texts:
            for line in self._wrapped(text):
                start = pad(head, self._indent)
                yield (self._style(start, "bold") if shown else start) + line
                head = shown = ""

    def _wrapped(self, text: str) -> list[str]:
        if self._width is None:
            return [text]
        room = max(self._width - self._indent, _NARROWEST_TEXT)
        return textwrap.wrap(text, room, subsequent_indent="  ") or [""]


def _source(source: SourcePlan) -> str:
    facts = [source.type if source.location is None else f"{source.type} {source.location}"]
    if source.files is not None:
        facts.append(quantities.count(source.files, "file"))
    if source.size_bytes is not None:
        facts.append(quantities.size(source.size_bytes))
    if not source.is_rereadable:
        facts.append("can be read only once")
    if source.kept is not None:
        facts.append(f"read once and kept, since {source.kept}")
    return visible(", ".join(facts))


def _stage(stage: StagePlan) -> str:
    reads = f"reads {', '.join(stage.reads)}" if stage.reads else "reads no table"
    match stage.execution:
        case "kept":
            how = f"computed once and kept ({stage.reason})"
        case "unused":
            how = f"not computed: {stage.reason}"
        case _:
            how = "streamed"
    return visible(f"{reads}; {how}")


def _scan(scan: SourceScan, source: SourcePlan | None) -> Iterator[str]:
    facts = []
    if scan.files is not None:
        there = source.files if source is not None else None
        of_all = f" of {there:,}" if there is not None and there != scan.files else ""
        files = quantities.count(scan.files, "file")
        facts.append(f"{scan.files:,}{of_all} files" if of_all else files)
    if scan.read_bytes is not None:
        there = source.size_bytes if source is not None else None
        of_all = f" of {quantities.size(there)}" if there not in (None, scan.read_bytes) else ""
        facts.append(f"at most {quantities.size(scan.read_bytes)}{of_all}")
    if scan.limit is not None:
        facts.append(f"until there are {quantities.rows(scan.limit)}")
    if facts:
        yield visible(", ".join(facts))
    if scan.columns is not None:
        yield visible(f"columns {', '.join(scan.columns)}" if scan.columns else "no columns")
    conditions = list(scan.filters or ())
    if scan.has_runtime_filter:
        conditions.append("what a join or LIMIT finds on the way")
    if conditions:
        yield visible(f"where {' AND '.join(conditions)}")


def _target(destination: DestinationPlan) -> str:
    place = destination.location or destination.name
    change = destination.change
    if change is None:
        return visible(f"{destination.type} {place}: cannot tell what is there")
    return visible(f"{destination.type} {place}: {_action(change)}")


def _action(change: TargetChange) -> str:
    match change.action:
        case "create":
            return "is created"
        case "nothing":
            return "the result is computed and not kept"
        case "add":
            return f"{change.detail or 'gets more rows'}{_what_is_there(change)}"
        case "update":
            return f"{change.detail or 'is updated'}{_what_is_there(change)}"
        case _:
            text = f"is replaced{_what_is_there(change)}"
            if change.columns is None:
                return text
            return text + ("; columns differ" if change.columns else "; same columns")


def _what_is_there(change: TargetChange) -> str:
    if change.files is None or change.size_bytes is None:
        return ""
    return f" ({quantities.count(change.files, 'file')}, {quantities.size(change.size_bytes)})"


def _column_change(column: ColumnChange) -> str:
    match column.change:
        case "type":
            types = f" {column.before} -> {column.after}"
        case "added":
            types = f" {column.after}" if column.after is not None else ""
        case _:
            types = f" {column.before}" if column.before is not None else ""
    return visible(f"{_MARKS[column.change]} {column.name}{types}")


def _memory(plan: PipelinePlan) -> Iterator[str]:
    memory = plan.memory
    if memory.low_bytes is None or memory.high_bytes is None:
        yield "nothing can be said" if plan.queries else "no query is run"
        return
    low, high = quantities.size(memory.low_bytes), quantities.size(memory.high_bytes)
    amount = f"about {low}" if low == high else f"{low} to {high}"
    more = "" if memory.is_complete else ", and more for what nobody knows the size of"
    limit = memory.limit_bytes
    of_limit = "" if limit is None else f"; the limit is {quantities.size(limit)}"
    yield f"an estimate: {amount}{more}{of_limit}"
    held = max((query.held for query in plan.queries), key=_total, default=())
    yield from (_held(each) for each in held)


def _total(held: Sequence[HeldRows]) -> tuple[int, int]:
    return sum(each.size_bytes or 0 for each in held), len(held)


def _held(held: HeldRows) -> str:
    name = _OPERATORS[held.operator]
    detail = held.detail.replace(" ASC NULLS LAST", "")
    return visible(f"{name} {detail}: {_amount(held)}{_spills(held)}")


def _spills(held: HeldRows) -> str:
    return "; spills to disk" if held.can_spill else ""


def _amount(held: HeldRows) -> str:
    if held.size_bytes is None:
        return "unknown"
    most = _HOW_SURE.get(held.basis, "perhaps ")
    rows = "" if held.rows is None else f"{quantities.rows(held.rows)}, "
    return f"{most}{rows}{quantities.size(held.size_bytes)}"


def _changes(plan: PipelinePlan) -> Iterable[str]:
    if plan.changes.is_pending:
        return [visible(reason) for reason in plan.changes.reasons]
    return ["none that can be told"]
