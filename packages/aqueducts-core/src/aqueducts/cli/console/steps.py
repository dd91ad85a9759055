"""What is known of every step of a run, kept up to date by its events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from aqueducts.events import (
    DestinationCompleted,
    DestinationStarted,
    Event,
    Progress,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunStarted,
    SourceRegistered,
    StageCompleted,
    StageStarted,
)

if TYPE_CHECKING:
    from aqueducts.results import RunResult

__all__ = ["Step", "StepKind", "StepState", "Steps"]

StepKind = Literal["source", "stage", "destination"]
StepState = Literal["waiting", "open", "running", "done", "failed", "stopped"]


class Step(msgspec.Struct):
    """One source, stage or destination."""

    kind: StepKind
    name: str
    state: StepState = "waiting"
    rows: int | None = None
    size_bytes: int | None = None
    files: int | None = None
    started_at: float | None = None
    """Seconds on the clock of the caller."""
    seconds: float | None = None
    """How long it took, once it is over."""
    is_lazy: bool = False
    """Whether it is a part of the stream and has no time of its own."""
    note: str | None = None

    def elapsed(self, now: float) -> float | None:
        """Seconds spent so far, or in all."""
        if self.seconds is not None or self.started_at is None:
            return self.seconds
        return now - self.started_at

    def rows_per_second(self, now: float) -> float | None:
        """Rows per second on average, where that says something."""
        elapsed = self.elapsed(now)
        # A rate over a moment is noise.
        if not self.rows or elapsed is None or elapsed < 0.1:
            return None
        return self.rows / elapsed


class Steps(msgspec.Struct):
    """All steps of one run, in the order of the pipeline."""

    by_key: dict[tuple[StepKind, str], Step] = msgspec.field(default_factory=dict)
    has_written: bool = False
    """Whether the destination has committed."""
    destination: str | None = None

    def __iter__(self) -> Iterator[Step]:
        return iter(self.by_key.values())

    def of_kind(self, kind: StepKind) -> list[Step]:
        """The steps of one kind."""
        return [step for step in self.by_key.values() if step.kind == kind]

    @property
    def rows_in(self) -> int | None:
        """Rows read from all sources, as far as they were counted."""
        counted = [step.rows for step in self.of_kind("source") if step.rows is not None]
        return sum(counted) if counted else None

    def apply(self, event: Event, now: float) -> None:
        """Bring the steps up to date with one event that came at `now`."""
        match event:
            case RunStarted():
                self._begin(event)
            case SourceRegistered():
                self._open(event, now)
            case StageStarted():
                self._start(self._step("stage", event.name), now)
            case StageCompleted():
                self._complete_stage(event)
            case DestinationStarted():
                self._start(self._step("destination", event.name), now)
            case DestinationCompleted():
                self._complete_destination(event)
            case Progress():
                self._count(event, now)
            case RunFailed() | RunCancelled():
                self._end(now, failed=getattr(event, "step", None))
            case RunCompleted():
                self._succeed(now)
            case _:
                pass

    def settle(self, result: RunResult) -> None:
        """Take over the final numbers of a run, which are more exact than its events."""
        for final in result.steps:
            step = self._step(final.kind, final.name)
            if final.rows is not None:
                step.rows = final.rows
            if final.size_bytes is not None:
                step.size_bytes = final.size_bytes

    def _begin(self, event: RunStarted) -> None:
        self.destination = event.destination
        for name in event.sources:
            self._step("source", name)
        for group in event.stages:
            for name in group:
                self._step("stage", name)
        if event.destination is not None:
            self._step("destination", event.destination)

    def _step(self, kind: StepKind, name: str) -> Step:
        return self.by_key.setdefault((kind, name), Step(kind, name))

    def _open(self, event: SourceRegistered, now: float) -> None:
        source = self._step("source", event.name)
        source.state = "open"
        source.files, source.size_bytes = event.files, event.size_bytes
        source.started_at = now

    def _start(self, step: Step, now: float) -> None:
        step.state = "running"
        step.started_at = now

    def _complete_stage(self, event: StageCompleted) -> None:
        stage = self._step("stage", event.name)
        stage.state = "done"
        stage.seconds = event.duration_ms / 1000
        stage.is_lazy = event.is_lazy
        stage.note = event.reason
        if event.rows is not None:
            stage.rows = event.rows
        stage.size_bytes = event.size_bytes

    def _complete_destination(self, event: DestinationCompleted) -> None:
        destination = self._step("destination", event.name)
        destination.state = "done"
        destination.seconds = event.duration_ms / 1000
        destination.rows, destination.size_bytes = event.rows, event.size_bytes
        destination.files = event.files
        destination.note = event.location or destination.note
        self.has_written = True

    def _count(self, event: Progress, now: float) -> None:
        step = self._step(event.step, event.name)
        if event.rows is not None:
            step.rows = event.rows
        if event.size_bytes is not None:
            step.size_bytes = event.size_bytes
        if step.state in ("waiting", "open"):
            # A source has no event of its own for its first row.
            self._start(step, now)

    def _succeed(self, now: float) -> None:
        for step in self.by_key.values():
            if step.state != "done":
                step.seconds = step.elapsed(now) if step.state == "running" else None
                step.state = "done"

    def _end(self, now: float, failed: str | None) -> None:
        for step in self.by_key.values():
            if step.state == "running":
                step.seconds = step.elapsed(now)
                step.state = "stopped"
            elif step.state == "open":
                step.state = "stopped"
            if failed is not None and step.name == failed and step.state != "done":
                step.state = "failed"
