"""The steps of a prepared run that move data: stages in their order, then the destination."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from aqueducts.errors import EngineError, OutOfMemoryError
from aqueducts.events import (
    DestinationCommitting,
    DestinationCompleted,
    DestinationStarted,
    Progress,
    Replanned,
    StageCompleted,
    StageOutput,
    StageStarted,
)
from aqueducts.memory import resident_bytes
from aqueducts.memory_estimate import expected_bytes
from aqueducts.outputs import schema_table, shown_table
from aqueducts.prepared import relation_size
from aqueducts.relations import FileScan
from aqueducts.results import RunSettings, StepResult

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.connectors import Destination, Frame, WriteReport
    from aqueducts.plan import PlannedStage
    from aqueducts.prepared import PreparedRun
    from aqueducts.shortage import Shortage

__all__ = ["Steps"]

ResultT = TypeVar("ResultT")

_PROGRESS_SECONDS = 0.25
_MOST_ROWS_SHOWN = 500

_ROOM_SHARE = 0.25
"""Of the limit: with more than that in use, a step that failed is not tried again here."""


class Steps:
    """One run's steps, once everything was checked."""

    def __init__(self, prepared: PreparedRun, settings: RunSettings | None = None) -> None:
        self._settings = settings or RunSettings()
        self._prepared = prepared
        self._pipeline = prepared.pipeline
        self._plan = prepared.plan
        self._session = prepared.session
        self._context = prepared.context
        self._threads = prepared.threads
        self._has_replanned = False
        self._rows_before: int | None = None
        """Rows that had left the engine when the destination began; None before that."""
        self._write_began = 0.0
        self._report: WriteReport | None = None
        self.results: list[StepResult] = []
        self.outputs: list[StageOutput] = []

    def go(self) -> None:
        """All steps. Raises RunError; OutOfMemoryError where a shortage leaves nothing to try."""
        self._begin_after(self._settings.shortage)
        with self._progress():
            self._run_groups()
            if self._prepared.destination is not None:
                self._write(self._prepared.destination)
        self._tell_sources()

    def first_rows(self, name: str, limit: int) -> pa.Table:
        """The first rows of a stage or source, once the steps before it were gone."""
        return self._threads.call(self._replanning, name, partial(self._session.head, name, limit))

    def _begin_after(self, shortage: Shortage | None) -> None:
        """Tell that this attempt uses less; or end the run where no plan needs less."""
        if shortage is None:
            return
        step, change = self._prepared.strained_step(shortage), self._session.economy
        if shortage.is_final or change is None:
            error = self._prepared.shortage_error(shortage, self._expected_bytes())
            error.is_hopeless = True
            raise error
        words = None if shortage.strain is None else shortage.strain.words or None
        self._context.emit(
            Replanned(step=step, operator=shortage.operator, change=change, words=words)
        )

    def _expected_bytes(self) -> int | None:
        """What the last query is likely to take, where its engine tells of all that is held."""
        found = None
        if self._plan.final is not None:
            found = self._threads.call(self._session.describe, self._plan.final)
        if found is None or any(held.size_bytes is None for held in found.held):
            return None
        expected = expected_bytes([(found, True)])
        return None if expected is None else expected[1]

    def _run_groups(self) -> None:
        kept, spooled = self._prepared.kept_stages(), self._prepared.spooled_sources()
        for name in spooled:
            with self._prepared.in_source(name):
                self._threads.call(self._replanning, name, partial(self._session.materialise, name))
        release = self._plan.release_after(kept)
        must_redefine = bool(kept or spooled)
        for group in self._plan.groups:
            if must_redefine:
                for stage in group:
                    self._prepared.define(stage)
            self._threads.together(
                partial(self._run_stage, stage, kept.get(stage.name)) for stage in group
            )
            for name, last in release.items():
                if last == group[0].group:
                    self._threads.call(self._session.drop, name)

    def _run_stage(self, stage: PlannedStage, reason: str | None) -> None:
        started = time.perf_counter()
        place = {"position": stage.group, "sub_position": stage.place}
        self._context.emit(StageStarted(name=stage.name, **place))
        rows = size = None
        with self._prepared.in_stage(stage):
            if reason is not None:
                rows, size = self._replanning(
                    stage.name, lambda: self._session.materialise(stage.name)
                )
                self._threads.go_on()
            self._answer(stage)
        self._threads.go_on()
        duration_ms = _ms_since(started)
        self.results.append(
            StepResult(
                kind="stage",
                name=stage.name,
                duration_ms=duration_ms,
                rows=rows,
                size_bytes=size,
                reason=reason,
            )
        )
        self._context.emit(
            StageCompleted(
                name=stage.name,
                duration_ms=duration_ms,
                is_lazy=reason is None,
                rows=rows,
                size_bytes=size,
                reason=reason,
                **place,
            )
        )

    def _answer(self, stage: PlannedStage) -> None:
        """What the stage was asked to print."""
        asked, name = stage.stage, stage.name
        if asked.print_schema:
            frame = self._session.frame(name)
            self._print(stage, "schema", table=schema_table(frame.schema))
        if asked.explain:
            text = self._session.explain(name, analyze=False)
            self._print(stage, "explain", text=text)
        if asked.explain_analyze:
            text = self._replanning(name, lambda: self._session.explain(name, analyze=True))
            self._print(stage, "explain_analyze", text=text)
        if asked.show is not None:
            limit = min(asked.show or _MOST_ROWS_SHOWN, _MOST_ROWS_SHOWN)
            rows = self._replanning(name, lambda: self._session.head(name, limit + 1))
            self._print(stage, "show", table=shown_table(rows, limit))

    def _print(self, stage: PlannedStage, kind: Any, **content: Any) -> None:
        output = StageOutput(
            name=stage.name,
            position=stage.group,
            sub_position=stage.place,
            kind=kind,
            **content,
        )
        self.outputs.append(self._context.emit(output))

    def _write(self, destination: Destination[Any]) -> None:
        final = self._plan.stages[-1].name  # a plan with a destination has stages
        name = self._pipeline.destination.name
        location = getattr(self._pipeline.destination, "location", None)
        self._write_began = time.perf_counter()
        self._context.emit(DestinationStarted(name=name, location=location))
        self._rows_before = self._session.rows_out()
        if destination.restarts != "any_time":
            committing = DestinationCommitting(name=name)
            self._context.on_commit = partial(self._context.emit, committing)
        with self._prepared.in_destination():
            if destination.restarts == "before_write":
                self._context.committing()
            self._threads.call(
                self._replanning,
                final,
                lambda: self._write_once(destination, self._session.frame(final)),
            )
        self.tell_write()

    def tell_write(self) -> None:
        """Tell of the write if it is complete; it may be just when the run is stopped."""
        report, self._report = self._report, None
        if report is None:
            return
        name = self._pipeline.destination.name
        duration_ms = _ms_since(self._write_began)
        self.results.append(
            StepResult(
                kind="destination",
                name=name,
                duration_ms=duration_ms,
                rows=report.rows,
                size_bytes=report.size_bytes,
                files=report.files,
                location=report.location,
            )
        )
        self._context.emit(
            DestinationCompleted(
                name=name,
                duration_ms=duration_ms,
                rows=report.rows,
                size_bytes=report.size_bytes,
                files=report.files,
                location=report.location,
            )
        )

    def _write_once(self, destination: Destination[Any], frame: Frame) -> None:
        try:
            self._report = destination.write(frame, self._context)
        except EngineError as error:
            if error.step is None:  # the query failed, not the target
                stage = self._plan.stages[-1]
                error.step, error.path = stage.name, stage.path
            raise

    def _tell_sources(self) -> None:
        counts = self._session.rows_read()
        for name, relation in reversed(self._prepared.relations.items()):
            self.results.insert(
                0,
                StepResult(
                    kind="source",
                    name=name,
                    duration_ms=self._prepared.source_ms[name],
                    rows=counts.get(name),
                    size_bytes=relation_size(relation),
                    files=len(relation.files) if isinstance(relation, FileScan) else None,
                ),
            )

    def _replanning(self, name: str, action: Callable[[], ResultT]) -> ResultT:
        """Do it; once in a run, where memory runs out, do it again with another plan."""
        try:
            return action()
        except OutOfMemoryError as error:
            is_over = self._has_replanned or not self._has_room()
            change = None if is_over else self._session.replan(error)
            if change is None:
                raise
            self._has_replanned = True
            self._context.emit(
                Replanned(step=name, operator=error.operator, change=change, words=error.words)
            )
        return action()

    def _has_room(self) -> bool:
        """Whether there is room for another plan beside what the failed one has left.

        The engine's allocator keeps what it has; a new attempt has a process of its own.
        """
        limit = self._settings.max_memory_bytes
        if limit is None or not self._settings.is_watched:
            return True
        return resident_bytes() < limit * _ROOM_SHARE

    @contextmanager
    def _progress(self) -> Iterator[None]:
        """Tell how many rows the sources have given, a few times a second."""
        ended = threading.Event()
        told: dict[str, int] = {}

        def tell() -> None:
            while not ended.wait(_PROGRESS_SECONDS):
                self._tell_progress(told)

        thread = threading.Thread(target=tell, name="aqueducts-progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        self._tell_rows_read(told)  # whoever only hears of the run has no other final count

    def _tell_rows_read(self, told: dict[str, int]) -> None:
        for name, rows in self._session.rows_read().items():
            if told.get(name) != rows:
                told[name] = rows
                self._context.emit(Progress(step="source", name=name, rows=rows))

    def _tell_progress(self, told: dict[str, int]) -> None:
        self._tell_rows_read(told)
        if self._rows_before is not None:
            written = max(0, self._session.rows_out() - self._rows_before)
            name = self._pipeline.destination.name
            self._context.emit(Progress(step="destination", name=name, rows=written))


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
