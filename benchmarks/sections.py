"""What a task reports: a table, and the bars with what they came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from measuring import Series

__all__ = ["Bar", "Section", "resources"]


@dataclass(frozen=True)
class Bar:
    """A figure that a task must reach."""

    text: str
    figure: str
    is_met: bool

    def __str__(self) -> str:
        return f"- {'met' if self.is_met else 'MISSED'}: {self.text}; here {self.figure}"


@dataclass(frozen=True)
class Section:
    """The report of one task."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]
    bars: list[Bar] = field(default_factory=list)
    note: str = ""

    def __str__(self) -> str:
        table = [self.header, tuple("---" for _ in self.header), *self.rows]
        lines = ["| " + " | ".join(row) + " |" for row in table]
        parts = [f"## {self.title}", self.note, "\n".join(lines), "\n".join(map(str, self.bars))]
        return "\n\n".join(part for part in parts if part)


def resources(series: Mapping[str, Series]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of the usual table: what each command took."""
    header = ("command", "cpu s (all rounds)", "of it kernel s", "wall s", "peak MB")
    rows: list[tuple[str, ...]] = [
        (
            name,
            f"{each.cpu_s:.2f} ({', '.join(f'{run.cpu_s:.2f}' for run in each.runs)})",
            f"{each.system_s:.2f}",
            f"{each.wall_s:.2f}",
            f"{each.peak_bytes / 1e6:.0f}",
        )
        for name, each in series.items()
    ]
    return header, rows
