"""A worker that only says what is wrong with pipelines, so that the server never parses SQL."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

from aqueducts.protocol.messages import MessageProblem
from aqueducts_executor.worker.frames import BadFrameError
from aqueducts_executor.worker.messages import Check, Checked, WorkerSetup
from aqueducts_executor.worker.process import WorkerProcess, WorkerStartError

__all__ = ["Checker"]

_CHECK_SECONDS = 20.0
_MOST_CHECKS = 1000
"""Until its process is replaced: what it allocates for hostile input does not stay for ever."""


class Checker:
    """One process, used for one check after another, and begun again where one ended it."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        self._worker: WorkerProcess | None = None
        self._turn = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._checks = 0

    async def prepare(self) -> None:
        """Have the process ready before it is needed."""
        async with self._turn:
            with contextlib.suppress(WorkerStartError):
                await self._ready_worker()

    async def problems(self, pipeline: bytes) -> tuple[MessageProblem, ...]:
        """What is wrong with a pipeline in JSON. Raises WorkerStartError."""
        async with self._turn:
            worker = await self._ready_worker()
            check = Check(next(self._numbers), pipeline)
            worker.send(check)
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    answer = await worker.receive()
            except (TimeoutError, BadFrameError):
                answer = None
            except asyncio.CancelledError:
                await self.close()  # its answer would be taken for the next one's
                raise
            if isinstance(answer, Checked) and answer.number == check.number:
                return answer.problems
            await self.close()
            return (MessageProblem(message="checking the pipeline took too long, or too much"),)

    async def close(self) -> None:
        """End the process."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()
            await worker.end()

    async def _ready_worker(self) -> WorkerProcess:
        self._checks += 1
        worker = self._worker
        if worker is None or not worker.is_alive or self._checks > _MOST_CHECKS:
            await self.close()
            worker = self._worker = await WorkerProcess.begin(self._setup)
            self._checks = 0
        return worker
