"""Steps as aligned lines: the live region, and what stays of it when the run is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aqueducts.cli.console import quantities
from aqueducts.cli.console.cells import cell_width, pad, shorten, visible
from aqueducts.cli.console.steps import Step, StepState
from aqueducts.cli.console.terminal import Style, Styler

__all__ = ["step_lines"]

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_SPINNER_ASCII = "|/-\\"
_SPINNER_TURNS = 8
"""Characters per second."""

_WIDEST_NAME = 32

_MARKS: dict[StepState, tuple[str, str, Style]] = {
    "waiting": ("·", ".", "dim"),
    "open": ("○", "o", "dim"),
    "done": ("✓", "+", "green"),
    "failed": ("✗", "x", "red"),
    "stopped": ("■", "#", "yellow"),
}


class _Cells(NamedTuple):
    """Texts of one line before they are aligned."""

    kind: str
    name: str
    rows: str
    size: str
    rate: str
    elapsed: str
    note: str


def step_lines(
    steps: Sequence[Step], *, now: float, width: int, limit: int, style: Styler
) -> list[str]:
    """At most `limit` lines of at most `width` cells.

    Where there are more steps than lines, those that run or failed are shown, and the others are
    counted.
    """
    shown, counted = _choose(steps, limit)
    lines = [_cells(step, now) for step in shown]
    widths = [max((cell_width(line[place]) for line in lines), default=0) for place in range(6)]
    texts = [_text(line, widths, width, style) for line in lines]
    return [_marked(step, text, now, style) for step, text in zip(shown, texts, strict=True)] + [
        style(f"  {text}", "dim") for text in counted
    ]


def _choose(steps: Sequence[Step], limit: int) -> tuple[list[Step], list[str]]:
    if len(steps) <= limit:
        return list(steps), []
    shown = [step for step in steps if step.state in ("running", "failed", "stopped")]
    shown = shown[-max(limit - 1, 1) :]
    chosen = {id(step) for step in shown}
    rest = [step for step in steps if id(step) not in chosen]
    done = sum(step.state == "done" for step in rest)
    parts = [f"{done} done", f"{len(rest) - done} more"]
    return shown, [", ".join(part for part in parts if not part.startswith("0 "))]


def _cells(step: Step, now: float) -> _Cells:
    is_moving = step.state == "running"
    rate = step.rows_per_second(now)
    elapsed = step.elapsed(now) if step.state != "open" and not step.is_lazy else None
    return _Cells(
        kind=step.kind,
        name=shorten(visible(step.name), _WIDEST_NAME),
        rows="" if step.rows is None else quantities.rows(step.rows),
        size="" if step.size_bytes is None else quantities.size(step.size_bytes),
        rate=quantities.rate(rate) if rate is not None and is_moving else "",
        elapsed="" if elapsed is None else quantities.duration(elapsed),
        note=_note(step),
    )


def _note(step: Step) -> str:
    parts = []
    if step.files is not None and (step.files != 1 or step.kind == "source"):
        parts.append(quantities.count(step.files, "file"))
    if step.is_lazy and step.state == "done" and step.rows is None:
        parts.append("in the stream")
    if step.note:
        parts.append(f"→ {visible(step.note)}" if step.kind == "destination" else step.note)
    return ", ".join(parts)


def _text(line: _Cells, widths: Sequence[int], width: int, style: Styler) -> str:
    """The line without its mark, at most `width` cells with it."""
    texts = [
        pad(text, cells, is_right_aligned=place > 1)
        for place, (text, cells) in enumerate(zip(line, widths, strict=False))
    ]
    text = "  ".join(text for text in [*texts, line.note] if text).rstrip()
    if not style.has_unicode:
        text = text.replace("→", "->")
    return shorten(text, max(width - 3, 1), mark="…" if style.has_unicode else "~")


def _marked(step: Step, text: str, now: float, style: Styler) -> str:
    if step.state in ("waiting", "open") or step.is_lazy:
        text = style(text, "dim")
    return f"{_mark(step.state, now, style)} {text}"


def _mark(state: StepState, now: float, style: Styler) -> str:
    if state == "running":
        frames = _SPINNER if style.has_unicode else _SPINNER_ASCII
        return style(frames[int(now * _SPINNER_TURNS) % len(frames)], "cyan")
    mark, plain, color = _MARKS[state]
    return style(mark if style.has_unicode else plain, color)
