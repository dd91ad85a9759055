"""The plan of a run as an SVG picture, from left to right in layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import msgspec

from aqueducts.cli.console.cells import cell_width
from aqueducts.cli.console.plan_graph import Box, PlanGraph, plan_graph

if TYPE_CHECKING:
    from aqueducts.pipeline_plan import PipelinePlan

__all__ = ["plan_as_svg"]

_CHARACTER_WIDTH = 7.25
"""Of the monospaced font at 12 pixels."""
_TITLE_WIDTH = 8.8
_LINE_HEIGHT = 17
_TITLE_HEIGHT = 26
_PADDING = 12
_NARROWEST = 120
_GAP_ACROSS = 64
_GAP_DOWN = 22
_MARGIN = 20
_SWEEPS = 4
_COLORS = {
    "source": ("#e3f0fb", "#2f6da8"),
    "stage": ("#f3f4f6", "#5b6470"),
    "destination": ("#e4f4e8", "#2f8050"),
}
_FONT = 'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12"'
_TIP = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#5b6470"/></marker>'
)
"""The head of an arrow."""
_LOOKS = {"streamed": "", "kept": ' stroke-width="3"', "unused": ' stroke-dasharray="5 4"'}


class _Placed(msgspec.Struct):
    """A box, or the point where an arrow passes a layer (`box` is None)."""

    box: Box | None
    layer: int
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def plan_as_svg(plan: PipelinePlan) -> str:
    """A document of its own, with a title and no scripts, fonts or links."""
    graph = plan_graph(plan)
    placed, chains = _layers(graph)
    _arrange(placed, chains)
    width = max((each.x + each.width for each in placed.values()), default=0) + _MARGIN
    height = max((each.y + each.height for each in placed.values()), default=0) + _MARGIN
    title = escape(f"plan of {plan.pipeline or 'a pipeline'}")
    size = f'width="{width:.0f}" height="{height:.0f}"'
    look = f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" {_FONT}'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {look}>',
        f"<title>{title}</title>",
        f"<defs>{_TIP}</defs>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        *(_arrow([placed[key] for key in chain]) for chain in chains),
        *(_drawn(each, each.box) for each in placed.values() if each.box is not None),
        "</svg>",
    ]
    return "\n".join(parts)


def _layers(graph: PlanGraph) -> tuple[dict[str, _Placed], list[list[str]]]:
    """Everything that takes a place in a layer, and each arrow as the places it passes."""
    layer = {box.key: 0 for box in graph.boxes}
    for start, end in graph.arrows:  # boxes stand behind what they read
        layer[end] = max(layer[end], layer[start] + 1)
    placed = {box.key: _Placed(box, layer[box.key], *_size(box)) for box in graph.boxes}
    chains = []
    for start, end in dict.fromkeys(graph.arrows):
        chain = [start]
        for passed in range(layer[start] + 1, layer[end]):
            key = f"{start} {end} {passed}"
            placed[key] = _Placed(None, passed, 0, 4)
            chain.append(key)
        chains.append([*chain, end])
    return placed, chains


def _size(box: Box) -> tuple[float, float]:
    lines = [*box.facts, *(f"{name}  {type_name}" for name, type_name in box.columns)]
    widest = max((cell_width(line) * _CHARACTER_WIDTH for line in lines), default=0)
    title = cell_width(box.title) * _TITLE_WIDTH
    width = max(widest, title, _NARROWEST - 2 * _PADDING) + 2 * _PADDING
    ruled = 8 if box.columns else 0
    return width, _TITLE_HEIGHT + len(lines) * _LINE_HEIGHT + ruled + _PADDING


def _arrange(placed: Mapping[str, _Placed], chains: Sequence[Sequence[str]]) -> None:
    """Give everything its place, near what it is joined with, so that few arrows cross."""
    count = max((each.layer for each in placed.values()), default=-1) + 1
    layers = [[key for key, each in placed.items() if each.layer == at] for at in range(count)]
    neighbours: dict[str, list[str]] = {key: [] for key in placed}
    for chain in chains:
        for left, right in pairwise(chain):
            neighbours[left].append(right)
            neighbours[right].append(left)
    x = float(_MARGIN)
    for keys in layers:
        width = max(placed[key].width for key in keys)
        for key in keys:
            placed[key].x = x
            if placed[key].box is None:
                placed[key].width = width  # past the boxes, not below them
        x += width + _GAP_ACROSS
    for keys in layers:
        _stack(keys, placed)
    for _ in range(_SWEEPS):
        for keys in [*layers, *layers[::-1]]:
            keys.sort(key=lambda key: _mean([placed[each].middle for each in neighbours[key]]))
            _stack(keys, placed)
    _center(layers, placed)


def _stack(keys: Sequence[str], placed: Mapping[str, _Placed]) -> None:
    y = float(_MARGIN)
    for key in keys:
        placed[key].y = y
        y += placed[key].height + _GAP_DOWN


def _center(layers: Sequence[Sequence[str]], placed: Mapping[str, _Placed]) -> None:
    heights = [sum(placed[key].height + _GAP_DOWN for key in keys) for keys in layers]
    for keys, height in zip(layers, heights, strict=True):
        for key in keys:
            placed[key].y += (max(heights) - height) / 2


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _arrow(points: Sequence[_Placed]) -> str:
    start = points[0]
    x, y = start.x + start.width, start.middle
    path = [f"M{x:.1f} {y:.1f}"]
    for each in points[1:]:
        end_x, end_y = each.x, each.middle
        bend = max((end_x - x) / 2, 12)
        path.append(
            f"C{x + bend:.1f} {y:.1f} {end_x - bend:.1f} {end_y:.1f} {end_x:.1f} {end_y:.1f}"
        )
        if each.box is None:
            end_x += each.width
            path.append(f"H{end_x:.1f}")
        x, y = end_x, end_y
    data = " ".join(path)
    return f'<path d="{data}" fill="none" stroke="#5b6470" marker-end="url(#tip)"/>'


def _drawn(place: _Placed, box: Box) -> str:
    fill, stroke = _COLORS[box.kind]
    x, y = place.x, place.y
    size = f'width="{place.width:.1f}" height="{place.height:.1f}"'
    look = f'rx="6" fill="{fill}" stroke="{stroke}"{_LOOKS[box.state]}'
    bold = f'font-size="14" font-weight="bold" fill="{stroke}"'
    lines = [
        f'<g><rect x="{x:.1f}" y="{y:.1f}" {size} {look}/>',
        f'<text x="{x + _PADDING:.1f}" y="{y + 20:.1f}" {bold}>{escape(box.title)}</text>',
    ]
    below = y + _TITLE_HEIGHT
    for fact in box.facts:
        below += _LINE_HEIGHT
        lines.append(_text(x + _PADDING, below - 4, fact, "#5b6470"))
    if box.columns:
        rule = f"M{x:.1f} {below + 4:.1f} h{place.width:.1f}"
        lines.append(f'<path d="{rule}" stroke="{stroke}" stroke-opacity="0.35"/>')
        below += 8
    for name, type_name in box.columns:
        below += _LINE_HEIGHT
        lines.append(_text(x + _PADDING, below - 4, name, "#1f2430"))
        if type_name:
            right = x + place.width - _PADDING
            lines.append(_text(right, below - 4, type_name, "#7a8290", anchor="end"))
    return "\n".join([*lines, "</g>"])


def _text(x: float, y: float, text: str, color: str, *, anchor: str = "start") -> str:
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}"{end}>{escape(text)}</text>'
