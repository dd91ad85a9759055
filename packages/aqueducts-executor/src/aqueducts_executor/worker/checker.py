"""A worker that runs nothing: it checks pipelines, and clears up after runs.

So the server parses no SQL, and loads no plugin.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools

from aqueducts.protocol.messages import MessageProblem
from aqueducts_executor.worker.frames import BadFrameError
from aqueducts_executor.worker.messages import Check, Checked, Settle, Settled, WorkerSetup
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
        answer = await self._ask(Check(next(self._numbers), pipeline))
        if isinstance(answer, Checked):
            return answer.problems
        return (MessageProblem(message="checking the pipeline took too long, or too much"),)

    async def settle(self, target: str, proof: str | None) -> bool | None:
        """Clear away what a run left; whether its result is in place, where that can be told."""
        try:
            answer = await self._ask(Settle(next(self._numbers), target, proof))
        except WorkerStartError:
            return None
        return answer.has_committed if isinstance(answer, Settled) else None

    async def _ask(self, question: Check | Settle) -> Checked | Settled | None:
        """The answer; None where the process did not live to give it."""
        async with self._turn:
            worker = await self._ready_worker()
            worker.send(question)
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    answer = await worker.receive()
            except (TimeoutError, BadFrameError):
                answer = None
            except asyncio.CancelledError:
                await self.close()  # its answer would be taken for the next one's
                raise
            if isinstance(answer, Checked | Settled) and answer.number == question.number:
                return answer
            await self.close()
            return None

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
