"""The plan of a run as boxes and arrows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from aqueducts.cli.console import quantities
from aqueducts.cli.console.cells import shorten, visible

if TYPE_CHECKING:
    from aqueducts.pipeline_plan import Column, PipelinePlan, SourcePlan

__all__ = ["Box", "PlanGraph", "plan_graph"]

_MOST_COLUMNS = 12
_WIDEST_LINE = 40


class Box(msgspec.Struct, frozen=True):
    """One source, stage or destination."""

    key: str
    """An identifier of letters, digits and underscores."""
    kind: Literal["source", "stage", "destination"]
    title: str
    facts: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    """Names and types; the last pair may tell how many more there are."""
    state: Literal["streamed", "kept", "unused"] = "streamed"


class PlanGraph(msgspec.Struct, frozen=True):
    """Boxes, and the keys of the two ends of each arrow."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]


def plan_graph(plan: PipelinePlan) -> PlanGraph:
    """The graph, with texts that are safe to be drawn and not too long."""
    keys: dict[str, str] = {}
    boxes = []
    for index, source in enumerate(plan.sources):
        keys[source.name] = f"source_{index}"
        boxes.append(
            Box(
                key=keys[source.name],
                kind="source",
                title=_short(source.name),
                facts=tuple(_source_facts(source, plan)),
                columns=_columns(source.columns),
                state="kept" if source.kept else "streamed",
            )
        )
    arrows = []
    for index, stage in enumerate(plan.stages):
        key = f"stage_{index}"
        boxes.append(
            Box(
                key=key,
                kind="stage",
                title=_short(stage.name),
                facts={"kept": ("kept",), "unused": ("not computed",)}.get(stage.execution, ()),
                columns=_columns(stage.columns),
                state=stage.execution,
            )
        )
        arrows += [(keys[name], key) for name in stage.reads]
        keys[stage.name] = key
    if plan.destination is not None and plan.stages:
        place = plan.destination.location
        change = plan.destination.change
        facts = [plan.destination.type if place is None else _short(place)]
        facts += [] if change is None else [_ACTIONS[change.action]]
        boxes.append(
            Box("destination_0", "destination", _short(plan.destination.name), tuple(facts), ())
        )
        arrows.append((keys[plan.stages[-1].name], "destination_0"))
    return PlanGraph(tuple(boxes), tuple(arrows))


_ACTIONS = {
    "create": "created",
    "replace": "replaced",
    "update": "is updated",
    "add": "gets more rows",
    "nothing": "not kept",
}


def _source_facts(source: SourcePlan, plan: PipelinePlan) -> Iterator[str]:
    if source.location is not None:
        yield _short(source.location)
    files = "" if source.files is None else quantities.count(source.files, "file") + ", "
    size = "" if source.size_bytes is None else quantities.size(source.size_bytes)
    yield f"{files}{size}".strip(", ") or source.type
    scans = [scan for query in plan.queries for scan in query.scans if scan.source == source.name]
    known = [scan.read_bytes for scan in scans if scan.read_bytes is not None]
    if known and len(known) == len(scans):
        yield f"at most {quantities.size(sum(known))} read"
    if source.kept is not None:
        yield "read once and kept"


def _columns(columns: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    shown = [(_short(each.name), _short(each.type)) for each in columns[:_MOST_COLUMNS]]
    if len(columns) > _MOST_COLUMNS:
        shown.append((f"and {len(columns) - _MOST_COLUMNS} more", ""))
    return tuple(shown)


def _short(text: str) -> str:
    return shorten(visible(text), _WIDEST_LINE)
