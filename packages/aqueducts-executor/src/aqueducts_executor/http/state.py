"""What the executor says of itself: `/health`, `/ready` and `/status`."""

from __future__ import annotations

import time
from dataclasses import dataclass

import msgspec
from aiohttp import web

from aqueducts.memory import resident_bytes
from aqueducts.protocol import CurrentRun, ExecutorState, MemoryStatus, QueueStatus, Status
from aqueducts_executor.conductor import Conductor
from aqueducts_executor.http.answers import answer, error_answer

__all__ = ["Health", "Identity", "StateViews"]


class Health(msgspec.Struct, frozen=True):
    """That the executor answers."""

    status: str = "OK"


@dataclass(frozen=True)
class Identity:
    """What does not change while the executor lives."""

    executor_id: str
    version: str
    mode: str
    queue_size: int
    max_memory_bytes: int | None
    plugins: tuple[str, ...]


class StateViews:
    """The handlers."""

    def __init__(self, conductor: Conductor, identity: Identity) -> None:
        self._conductor = conductor
        self._identity = identity
        self._began = time.monotonic()

    async def health(self, _: web.Request) -> web.StreamResponse:
        """The process lives."""
        return answer(Health())

    async def ready(self, _: web.Request) -> web.StreamResponse:
        """The executor takes runs."""
        if self._conductor.machine.is_draining:
            return error_answer(503, "The executor is shutting down")
        return answer(Health())

    async def status(self, _: web.Request) -> web.StreamResponse:
        """What goes on, and what the executor is."""
        machine, worker, identity = self._conductor.machine, self._conductor.worker, self._identity
        run = machine.current
        state: ExecutorState = "idle" if run is None else "busy"
        current = None
        if run is not None and run.started_at is not None:
            current = CurrentRun(
                execution_id=run.run_id,
                progress=run.messages.progress,
                current_stage=run.messages.current_stage,
                started_at=run.started_at.isoformat(timespec="milliseconds"),
            )
        status = Status(
            executor_id=identity.executor_id,
            version=identity.version,
            mode=identity.mode,
            state="draining" if machine.is_draining else state,
            current=current,
            queue=QueueStatus(depth=len(machine.queue), capacity=identity.queue_size),
            memory=MemoryStatus(
                limit=identity.max_memory_bytes,
                worker_rss=None if worker is None else resident_bytes(worker.pid),
            ),
            uptime_s=round(time.monotonic() - self._began, 3),
            plugins=identity.plugins,
        )
        return answer(status)
