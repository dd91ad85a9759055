"""What happens to a run, put into the words of the API."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aqueducts import events
from aqueducts.protocol import StreamEventType
from aqueducts.protocol.messages import (
    CancelResponse,
    ExecutionError,
    ExecutionSucceeded,
    ExecutorMessage,
    QueuePosition,
    StageOutput,
)
from aqueducts_executor.machine.clock import Clock
from aqueducts_executor.machine.effects import Effect, Publish
from aqueducts_executor.machine.outcomes import Outcome
from aqueducts_executor.machine.run import Run
from aqueducts_executor.machine.run_events import RunEvent
from aqueducts_executor.machine.states import RunState
from aqueducts_executor.machine.worker_events import OutputPart, WorkerEvent

__all__ = ["Narrator"]

_EVENT_BYTES = 600
"""About what an event takes beside its texts."""


class Narrator:
    """Appends to the logs of runs."""

    def __init__(self, clock: Clock, effect: Callable[[Effect], object]) -> None:
        self._clock = clock
        self._effect = effect

    def tell_worker_event(self, run: Run, event: WorkerEvent) -> None:
        """Something of a run's own; those events that tell its end are not for this."""
        if isinstance(event, OutputPart):
            self._tell_output(run, event)
            return
        kind: StreamEventType = "started" if isinstance(event, events.RunStarted) else "progress"
        for message in run.messages.of(event):
            self._append(run, kind, _text(event), (message,))

    def tell_position(self, run: Run, position: int) -> None:
        """It waits; 0 is next."""
        text = "Waiting: it is next" if position == 0 else f"Waiting behind {position} others"
        message = QueuePosition(execution_id=run.run_id, position=position)
        self._append(run, "queued", text, (message,))

    def tell_end(self, run: Run, outcome: Outcome) -> None:
        """The last event of a run."""
        if outcome.state is RunState.SUCCEEDED:
            completed = events.RunCompleted(
                duration_ms=outcome.duration_ms or 0.0,
                rows=outcome.rows,
                peak_memory_bytes=outcome.peak_memory_bytes,
            )
            succeeded = ExecutionSucceeded(execution_id=run.run_id)
            messages = (*run.messages.of(completed), succeeded)
            self._append(run, "completed", outcome.message, messages)
        elif outcome.state is RunState.CANCELLED:
            self._append(
                run, "cancelled", outcome.message, (CancelResponse(execution_id=run.run_id),)
            )
        else:
            self._append(run, "error", outcome.message, (_error(run, outcome),))

    def _tell_output(self, run: Run, part: OutputPart) -> None:
        message = StageOutput(
            execution_id=run.run_id, stage_name=part.stage_name, payload=part.payload
        )
        size = 3 * len(getattr(part.payload, "body", ""))
        text = f"Output of stage {part.stage_name!r}"
        self._append(run, "output", text, (message,), size)

    def _append(
        self,
        run: Run,
        event_type: StreamEventType,
        text: str,
        messages: tuple[ExecutorMessage, ...],
        size: int = 0,
    ) -> None:
        event = RunEvent(
            seq=run.log.last_seq + 1,
            at=self._clock.now(),
            event_type=event_type,
            execution_id=run.run_id,
            text=text,
            progress=run.messages.progress,
            current_stage=None if run.is_over else run.messages.current_stage,
            messages=messages,
            position=run.position if event_type == "queued" else None,
        )
        run.log.append(event, _EVENT_BYTES + 2 * len(text) + size, is_last=run.is_over)
        self._effect(Publish(run.run_id))


def _error(run: Run, outcome: Outcome) -> ExecutionError:
    if outcome.error is not None:
        return msgspec.structs.replace(outcome.error, state=outcome.state.value)
    return ExecutionError(
        execution_id=run.run_id,
        message=outcome.message,
        code=outcome.code or "run",
        state=outcome.state.value,
    )


def _text(event: events.Event) -> str:  # noqa: C901 - one case for each kind of event
    match event:
        case events.RunStarted():
            return "The run has started"
        case events.SourceRegistered(name=name):
            return f"Source {name!r} is open"
        case events.StageStarted(name=name):
            return f"Stage {name!r} has started"
        case events.StageCompleted(name=name):
            return f"Stage {name!r} is done"
        case events.DestinationStarted(name=name):
            return f"Writing to {name!r}"
        case events.DestinationCompleted(name=name):
            return f"{name!r} is written"
        case events.Progress(step=step, name=name, rows=rows):
            verb = "written" if step == "destination" else "read"
            return f"{name!r}: {rows or 0:,} rows {verb}"
        case events.Notice(message=message):
            return message
        case events.Replanned(step=step, change=change):
            return f"Memory is scarce: {step!r} runs again, with {change}"
        case events.MemoryUse(resident_bytes=resident, limit_bytes=limit):
            return f"{100 * resident // max(1, limit)} % of the memory limit is in use"
        case _:
            return "The run goes on"
