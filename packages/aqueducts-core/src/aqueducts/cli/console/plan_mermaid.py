"""The plan of a run as a Mermaid flowchart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aqueducts.cli.console.plan_graph import Box, plan_graph

if TYPE_CHECKING:
    from aqueducts.pipeline_plan import PipelinePlan

__all__ = ["plan_as_mermaid"]

_SHAPES = {"source": ('[("', '")]'), "stage": ('["', '"]'), "destination": ('[/"', '"/]')}

_SPECIAL = re.compile(r"[^\w ,.:/+*?!=()|~-]")
"""Characters that Mermaid or the browser may take for more than themselves."""


def plan_as_mermaid(plan: PipelinePlan) -> str:
    """A flowchart from left to right; kept stages have a thick line, unused ones a dashed one."""
    graph = plan_graph(plan)
    lines = ["flowchart LR"]
    for box in graph.boxes:
        start, end = _SHAPES[box.kind]
        lines.append(f"  {box.key}{start}{_label(box)}{end}")
    lines += [f"  {start} --> {end}" for start, end in graph.arrows]
    for state, look in (("kept", "stroke-width:3px"), ("unused", "stroke-dasharray:4 4")):
        keys = [box.key for box in graph.boxes if box.state == state]
        if keys:
            lines += [f"  classDef {state} {look}", f"  class {','.join(keys)} {state}"]
    return "\n".join(lines)


def _label(box: Box) -> str:
    columns = [f"{name} {type_name}".rstrip() for name, type_name in box.columns]
    parts = [f"<b>{_escaped(box.title)}</b>", *map(_escaped, [*box.facts, *columns])]
    return "<br/>".join(parts)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)
