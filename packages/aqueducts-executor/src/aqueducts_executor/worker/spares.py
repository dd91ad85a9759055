"""One worker that is ready, so that a run does not wait for imports."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from aqueducts_executor.worker.messages import WorkerSetup
from aqueducts_executor.worker.process import WorkerProcess, WorkerStartError

__all__ = ["Spares"]

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.25
"""Before the next spare is begun: a short run is over by then, and had the cores for itself."""

_log = structlog.get_logger()


class Spares:
    """Hands out workers, each once."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        self._next: asyncio.Task[WorkerProcess] | None = None
        self._is_wanted = asyncio.Event()
        self.plugins: tuple[tuple[str, str], ...] = ()
        """What the last worker that was ready had installed."""

    def prepare(self, delay: float = 0.0) -> None:
        """Begin the next spare, where there is none."""
        if self._next is None or _has_failed(self._next):
            self._next = asyncio.create_task(self._begin(delay), name="spare worker")

    async def take(self) -> WorkerProcess:
        """The spare, as soon as it is ready. Raises WorkerStartError after several attempts."""
        self._is_wanted.set()
        for attempt in range(_ATTEMPTS):
            self.prepare()
            if self._next is None:  # for the type checker
                continue
            spare = self._next
            try:
                # Whoever stops waiting leaves the spare to the next.
                worker = await asyncio.shield(spare)
            except WorkerStartError as error:
                _log.warning("worker_not_started", attempt=attempt + 1, reason=str(error))
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
            if self._next is spare:
                self._next = None
            if worker.is_alive:
                self._is_wanted.clear()
                self.prepare(_PAUSE_SECONDS)
                return worker
            await worker.end()
        raise WorkerStartError("workers end before they are used")

    async def close(self) -> None:
        """End the spare."""
        if self._next is None:
            return
        self._next.cancel()
        with contextlib.suppress(asyncio.CancelledError, WorkerStartError):
            worker = await self._next
            worker.kill()
            await worker.end()

    async def _begin(self, delay: float) -> WorkerProcess:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_wanted.wait(), delay)
        worker = await WorkerProcess.begin(self._setup)
        self.plugins = worker.plugins
        return worker


def _has_failed(task: asyncio.Task[WorkerProcess]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
