"""A run inside its worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from aqueducts import AqueductsError, Pipeline, Plugins, run_sync
from aqueducts.events import Event, RunCancelled, RunCompleted, StageOutput
from aqueducts.events import RunFailed as RunFailedEvent
from aqueducts.memory import peak_memory_bytes
from aqueducts.protocol import execution_error, stage_payloads
from aqueducts.protocol.messages import ExecutionError
from aqueducts.results import RunSettings
from aqueducts_executor.machine.worker_events import OutputPart
from aqueducts_executor.worker.messages import FromWorker, RunDone, RunFailed, Start, Told

__all__ = ["run_order"]

_MOST_CHARACTERS = 20_000
_MOST_PROBLEMS = 100


def run_order(
    send: Callable[[FromWorker], None],
    start: Start,
    may_commit: threading.Event,  # noqa: ARG001 - soon
    began: float,
) -> RunDone | RunFailed:
    """Run the pipeline, tell its events, and return what became of it."""
    settings = RunSettings(
        spill_dir=start.order.spill_dir,
        max_memory_bytes=start.order.max_memory_bytes,
        is_watched=start.order.max_memory_bytes is not None,
    )
    try:
        document = msgspec.json.decode(start.pipeline)
        pipeline = Pipeline.from_dict(document, plugins=Plugins.discover())
        result = run_sync(pipeline, settings=settings, on_event=lambda event: _tell(send, event))
    except AqueductsError as error:
        failed = execution_error(start.run_id, error)
        return RunFailed(error=_shortened(failed), duration_ms=_ms_since(began))
    # The last edge before the process ends: what is no error of ours has a text that nobody masked.
    except Exception as error:  # noqa: BLE001
        message = f"an internal error ({type(error).__name__}): please report it"
        failed = ExecutionError(execution_id=start.run_id, message=message, code="internal")
        return RunFailed(error=failed, duration_ms=_ms_since(began))
    return RunDone(
        duration_ms=result.duration_ms,
        rows=result.rows,
        size_bytes=result.size_bytes,
        peak_memory_bytes=peak_memory_bytes(),
    )


def _tell(send: Callable[[FromWorker], None], event: Event) -> None:
    match event:
        case StageOutput():
            for payload in stage_payloads(event):
                send(Told(OutputPart(stage_name=event.name, payload=payload)))
        case RunCompleted() | RunFailedEvent() | RunCancelled():
            pass  # told with what else is known at the end
        case _:
            send(Told(event))


def _shortened(error: ExecutionError) -> ExecutionError:
    """An engine may quote a whole query, and a pipeline may have ten thousand problems."""
    return msgspec.structs.replace(
        error,
        message=error.message[:_MOST_CHARACTERS],
        note=None if error.note is None else error.note[:_MOST_CHARACTERS],
        problems=error.problems[:_MOST_PROBLEMS],
    )


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
