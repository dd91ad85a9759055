"""What is heard of a run elsewhere, as the events and the result of a run here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from aqueducts import events
from aqueducts.errors import AqueductsError, ExecutorError
from aqueducts.protocol import (
    OutputText,
    StageOutputs,
    decode_detail,
    error_of,
    messages,
)
from aqueducts.query_problems import run_problem
from aqueducts.remote.submission import Submission
from aqueducts.results import RunResult, StepResult
from aqueducts.validation.places import dotted

__all__ = ["Ending", "HeardRun"]

Ending: TypeAlias = Literal["succeeded", "failed", "cancelled"]

_StepKey: TypeAlias = tuple[Literal["source", "stage", "destination"], str]


class HeardRun:
    """Takes the messages of one run in, in whatever order they come, and tells its events.

    Executors of the first generation leave messages and fields out: what they do not say is
    filled in from the pipeline where that is at hand.
    """

    def __init__(
        self, tell: Callable[[events.Event], object], submission: Submission | None = None
    ) -> None:
        self.execution_id: str | None = None
        self.ending: Ending | None = None
        """How the run ended; None before that."""
        self.error: AqueductsError | None = None
        """What it failed with."""
        self.tell = tell
        """Hears the events of the run."""
        self._submission = submission
        self._texts = StageOutputs()
        self._has_started = False
        self._completed: events.RunCompleted | None = None
        self._steps: dict[_StepKey, StepResult] = {}
        self._outputs: list[events.StageOutput] = []

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.ending is not None

    def take(self, message: messages.ExecutorMessage) -> None:
        """Take one message in; those of other runs, and whatever follows the end, are ignored."""
        if self.is_over or not self._is_of_this_run(message):
            return
        match message:
            case messages.QueuePosition():
                self.tell(events.RunQueued(position=message.position))
            case messages.ProgressUpdate():
                self._progress(message)
            case messages.StageOutput():
                self._output(message)
            case messages.ErrorMessage():
                self._refuse(message)
            case messages.Gap():
                self.tell(events.Notice(code="executor", message=_gap_words(message.missed)))
            case messages.ExecutionResponse():
                pass  # the id is what it was sent for
            case _:
                self._end(message)

    def _end(
        self,
        message: messages.ExecutionSucceeded | messages.ExecutionError | messages.CancelResponse,
    ) -> None:
        match message:
            case messages.ExecutionSucceeded():
                self._succeed()
            case messages.ExecutionError():
                self._fail(message)
            case messages.CancelResponse():
                self.ending = "cancelled"
                self.tell(events.RunCancelled(duration_ms=0.0))

    def result(self) -> RunResult:
        """What the run did, once it has succeeded."""
        done = self._completed or events.RunCompleted(duration_ms=0.0)
        return RunResult(
            run_id=self.execution_id or "",
            duration_ms=done.duration_ms,
            peak_memory_bytes=done.peak_memory_bytes or 0,
            steps=tuple(self._steps.values()),
            outputs=tuple(self._outputs),
        )

    def _is_of_this_run(self, message: messages.ExecutorMessage) -> bool:
        if isinstance(message, messages.ErrorMessage):
            return True
        if self.execution_id is None:
            self.execution_id = message.execution_id
            self.tell(events.RunAccepted(execution_id=message.execution_id))
        return message.execution_id == self.execution_id

    def _progress(self, message: messages.ProgressUpdate) -> None:
        event = decode_detail(message) or self._event_of(message.event)
        if isinstance(event, events.RunStarted):
            self._has_started = True
            event = msgspec.structs.replace(
                event,
                run_id=message.execution_id,
                pipeline=event.pipeline if self._submission is None else self._submission.path,
            )
        elif event is not None and not self._has_started:
            self._start()  # its beginning was lost, or nobody told it
        if event is not None:
            self._note(event)
            self.tell(event)

    def _start(self) -> None:
        self._has_started = True
        self.tell(self._started())

    def _started(self) -> events.RunStarted:
        run_id = self.execution_id or ""
        if self._submission is None:
            return events.RunStarted(run_id=run_id)
        return events.RunStarted(
            run_id=run_id,
            pipeline=self._submission.path,
            sources=self._submission.sources,
            stages=self._submission.stages,
            destination=self._submission.destination,
        )

    def _event_of(self, event: messages.ProgressEvent | None) -> events.Event | None:
        """The event that an executor of the first generation means."""
        match event:
            case messages.Started():
                return self._started()
            case messages.SourceRegistered():
                return events.SourceRegistered(name=event.name, size_bytes=event.bytes)
            case messages.StageStarted():
                return events.StageStarted(
                    name=event.name, position=event.position, sub_position=event.sub_position
                )
            case messages.StageCompleted():
                return events.StageCompleted(
                    name=event.name,
                    position=event.position,
                    sub_position=event.sub_position,
                    duration_ms=event.duration_ms,
                    is_lazy=False,
                    rows=event.rows,
                    size_bytes=event.bytes,
                )
            case messages.DestinationCompleted():
                known = None if self._submission is None else self._submission.destination
                return events.DestinationCompleted(
                    name=known or "destination",
                    duration_ms=0.0,
                    rows=event.rows,
                    size_bytes=event.bytes,
                )
            case messages.Completed():
                return events.RunCompleted(duration_ms=event.duration_ms, rows=event.rows)
            case None:
                return None

    def _note(self, event: events.Event) -> None:
        """Keep what the result of the run will say."""
        match event:
            case events.SourceRegistered():
                self._steps["source", event.name] = StepResult(
                    kind="source",
                    name=event.name,
                    duration_ms=event.duration_ms,
                    size_bytes=event.size_bytes,
                    files=event.files,
                )
            case events.StageCompleted():
                self._steps["stage", event.name] = StepResult(
                    kind="stage",
                    name=event.name,
                    duration_ms=event.duration_ms,
                    rows=event.rows,
                    size_bytes=event.size_bytes,
                    reason=event.reason,
                )
            case events.DestinationCompleted():
                self._steps["destination", event.name] = StepResult(
                    kind="destination",
                    name=event.name,
                    duration_ms=event.duration_ms,
                    rows=event.rows,
                    size_bytes=event.size_bytes,
                    files=event.files,
                    location=event.location,
                )
            case events.Progress(step="source") if step := self._steps.get(("source", event.name)):
                counted = msgspec.structs.replace(step, rows=event.rows)
                self._steps["source", event.name] = counted
            case events.RunCompleted():
                self._completed = event
            case _:
                pass

    def _output(self, message: messages.StageOutput) -> None:
        whole = self._texts.add(message)
        if whole is None:
            return
        if isinstance(whole, OutputText):
            whole = events.StageOutput(
                name=whole.stage, position=0, sub_position=0, kind="show", text=whole.text
            )
        self._outputs.append(whole)
        self.tell(whole)

    def _succeed(self) -> None:
        self.ending = "succeeded"
        if self._completed is None:
            self._completed = events.RunCompleted(duration_ms=0.0)
            self.tell(self._completed)

    def _fail(self, message: messages.ExecutionError) -> None:
        self.ending = "failed"
        self.error = self._placed(error_of(message))
        self.tell(
            events.RunFailed(
                code=self.error.code,
                message=message.message,
                duration_ms=0.0,
                step=message.step,
            )
        )

    def _refuse(self, message: messages.ErrorMessage) -> None:
        """A request that was not understood is over; anything else is worth a note."""
        if self.execution_id is None:
            self.ending = "failed"
            self.error = ExecutorError(f"the executor refused the request: {message.message}")
        else:
            self.tell(events.Notice(code="executor", message=message.message))

    def _placed(self, error: AqueductsError) -> AqueductsError:
        """The error at its place in the file that was sent."""
        from aqueducts.diagnostics import Problem
        from aqueducts.errors import PipelineError

        pipeline = None if self._submission is None else self._submission.pipeline
        if pipeline is None:
            return error
        if isinstance(error, PipelineError):
            error.problems = tuple(
                pipeline.problem(
                    each.path,
                    # Without a file, the place was told in words.
                    each.message.removeprefix(f"{dotted(each.path)}: "),
                    code=each.code,
                    help=each.help,
                    note=each.note,
                )
                if isinstance(each, Problem) and each.path
                else each
                for each in error.problems
            )
        else:
            error.problem = run_problem(pipeline, error)
        return error


def _gap_words(missed: int) -> str:
    return f"{missed} messages of the executor were left out, since they were not read in time"
