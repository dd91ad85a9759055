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
from aqueducts_executor.worker.limits import access_of
from aqueducts_executor.worker.messages import (
    AskToCommit,
    FromWorker,
    RunDone,
    RunFailed,
    Start,
    Told,
    WorkerSetup,
)

__all__ = ["RunningInWorker"]

_MOST_CHARACTERS = 20_000
_MOST_PROBLEMS = 100


class RunningInWorker:
    """The one run of a process."""

    def __init__(
        self,
        send: Callable[[FromWorker], None],
        setup: WorkerSetup,
        may_commit: threading.Event,
    ) -> None:
        self._send = send
        self._setup = setup
        self._may_commit = may_commit

    def run(self, start: Start, began: float) -> RunDone | RunFailed:
        """Run the pipeline, tell its events, and return what became of it."""
        try:
            document = msgspec.json.decode(start.pipeline)
            pipeline = Pipeline.from_dict(document, plugins=Plugins.discover())
            result = run_sync(pipeline, settings=self._settings(start), on_event=self._tell)
        except AqueductsError as error:
            failed = execution_error(start.run_id, error)
            return RunFailed(error=_shortened(failed), duration_ms=_ms_since(began))
        # The last edge before the process ends; nobody masked what is no error of ours.
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

    def _settings(self, start: Start) -> RunSettings:
        limit = self._setup.max_memory_bytes
        return RunSettings(
            spill_dir=start.spill_dir,
            max_memory_bytes=limit,
            is_watched=limit is not None,
            run_id=start.run_id.replace("-", "")[:12],
            access=access_of(self._setup, self._ask_to_commit),
        )

    def _ask_to_commit(self, proof: str | None) -> None:
        # Nobody answers a run that is being stopped: it waits here for its end.
        self._send(AskToCommit(proof))
        self._may_commit.wait()

    def _tell(self, event: Event) -> None:
        match event:
            case StageOutput():
                for payload in stage_payloads(event):
                    self._send(Told(OutputPart(stage_name=event.name, payload=payload)))
            case RunCompleted() | RunFailedEvent() | RunCancelled():
                pass  # told with what else is known at the end
            case _:
                self._send(Told(event))


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
