"""Does what the run machine says: workers, journal, timers, and waking those who watch."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from aqueducts_executor.journal import PastRun
from aqueducts_executor.machine import (
    AllowCommit,
    CancelDecision,
    Effect,
    KillWorker,
    Limits,
    Outcome,
    Publish,
    Record,
    Run,
    RunMachine,
    RunState,
    StartWorker,
    StopWorker,
    SubmitDecision,
    WorkerEnd,
    executor_ended,
)
from aqueducts_executor.run_place import RunPlace
from aqueducts_executor.worker.checker import Checker
from aqueducts_executor.worker.frames import BadFrameError
from aqueducts_executor.worker.memory_wall import MemoryWall, sweep_groups
from aqueducts_executor.worker.messages import (
    Allowed,
    AskToCommit,
    FromWorker,
    RunDone,
    RunFailed,
    Start,
    Told,
)
from aqueducts_executor.worker.process import WorkerProcess, WorkerStartError
from aqueducts_executor.worker.spares import Spares

__all__ = ["Conductor", "RunRecords", "SystemClock"]

_log = structlog.get_logger()

_CLEARING_SECONDS = 0.5
"""How long the end of a run waits for what it left to be removed; that goes on meanwhile."""


class SystemClock:
    """The clocks of this machine."""

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)


class RunRecords(Protocol):
    """Where what must outlive this process is written."""

    def write(self, records: list[Record]) -> None:
        """Write entries durably; blocks."""


class Conductor:
    """One machine and the processes that it speaks of. Belongs to one event loop."""

    def __init__(
        self, limits: Limits, spares: Spares, checker: Checker, records: RunRecords, place: RunPlace
    ) -> None:
        self.machine = RunMachine(SystemClock(), limits)
        self._spares = spares
        self._checker = checker
        self._place = place
        self._records = records
        self._pipelines: dict[str, bytes] = {}
        self._effects: asyncio.Queue[Effect] = asyncio.Queue()
        self._bells: dict[str, asyncio.Event] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._doing: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None
        self._worker: WorkerProcess | None = None
        self._stop_asked = asyncio.Event()
        self._clearing: set[asyncio.Task[Any]] = set()
        self.on_end: list[Callable[[Run], object]] = []
        """Called with every run that got its outcome."""

    # What views ask for.

    def submit(self, pipeline: bytes, owner: object | None, *, may_wait: bool) -> SubmitDecision:
        """Take a run of a pipeline in JSON."""
        run_id = str(uuid.uuid4())
        decision = self.machine.submit(run_id, owner, may_wait=may_wait)
        if decision.run is not None:
            self._pipelines[run_id] = pipeline
            _log.info("run_taken", run_id=run_id, queued=len(self.machine.queue))
        self._apply()
        return decision

    async def cancel(self, run_id: str | None, reason: str = "on request") -> CancelDecision:
        """End a run; returns once its worker is gone."""
        decision = self.machine.cancel(run_id, reason)
        self._apply()
        if decision.run is not None:
            await self.ended(decision.run)
        return decision

    def disconnect(self, owner: object) -> None:
        """End the runs of a connection that was closed."""
        self.machine.disconnect(owner)
        self._apply()

    async def ended(self, run: Run) -> None:
        """Wait for the last event of a run."""
        while not run.log.is_closed:
            await self.bell(run).wait()

    def bell(self, run: Run) -> asyncio.Event:
        """Set with the next event of a run; ask again after each."""
        bell = self._bells.get(run.run_id)
        if bell is None:
            bell = self._bells[run.run_id] = asyncio.Event()
        return bell

    @property
    def worker(self) -> WorkerProcess | None:
        """The process of the run that goes on."""
        return self._worker

    # Its own life.

    async def remember(self, past: Iterable[PastRun]) -> None:
        """Know of the runs of the process before this one, and clear up after it."""
        await asyncio.to_thread(self._place.clear)
        await asyncio.to_thread(sweep_groups)
        for run in past:
            outcome = run.outcome
            if outcome is None:
                has_committed = None
                if run.target is not None:
                    has_committed = await self._checker.settle(run.target, run.proof)
                outcome = executor_ended(
                    run.started_at is not None, run.was_committing, has_committed
                )
                _log.warning("run_recovered", run_id=run.run_id, state=outcome.state.value)
            self.machine.restore(run.run_id, outcome, run.submitted_at, run.started_at)
        for effect in self.machine.take_effects():
            if isinstance(effect, Record):
                self._effects.put_nowait(effect)

    def start(self) -> None:
        """Begin to do things."""
        self._doing = asyncio.create_task(self._do_effects(), name="effects")
        self._spares.prepare()

    async def drain(self, grace_seconds: float, cut_short: asyncio.Event) -> None:
        """Take nothing more; wait for the run that goes on, then end it.

        `cut_short` is set by whoever does not want to wait.
        """
        self.machine.drain()
        self._apply()
        current = self.machine.current
        if current is None:
            return
        ended = asyncio.ensure_future(self.ended(current))
        hurry = asyncio.ensure_future(cut_short.wait())
        await asyncio.wait(
            [ended, hurry], timeout=grace_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        hurry.cancel()
        if not ended.done():
            await self.cancel(current.run_id, "the executor is shutting down")
        await ended

    async def close(self) -> None:
        """End everything that is left."""
        if self._running is not None:
            if self._worker is not None:
                self._worker.kill()
            await asyncio.wait([self._running], timeout=5)
        if self._clearing:
            await asyncio.wait(self._clearing, timeout=5)
        await self._effects.join()
        if self._doing is not None:
            self._doing.cancel()
        if self._timer is not None:
            self._timer.cancel()
        await self._spares.close()

    # Effects.

    def _apply(self) -> None:
        for effect in self.machine.take_effects():
            self._effects.put_nowait(effect)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.machine.next_deadline()
        if deadline is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, deadline - time.monotonic()), self._tick)

    def _tick(self) -> None:
        self.machine.tick()
        self._apply()

    async def _do_effects(self) -> None:
        while True:
            effects = [await self._effects.get()]
            while not self._effects.empty():
                effects.append(self._effects.get_nowait())
            records: list[Record] = []
            for effect in effects:
                if isinstance(effect, Record):
                    records.append(effect)
                else:
                    await self._write(records)
                    self._do(effect)
            await self._write(records)
            for _ in effects:
                self._effects.task_done()

    async def _write(self, records: list[Record]) -> None:
        if not records:
            return
        batch = records[:]
        records.clear()
        try:
            await asyncio.to_thread(self._records.write, batch)
        except OSError as error:
            _log.error("journal_not_written", reason=error.strerror)
        for record in batch:
            if record.entry == "ended":
                self._forget(record.run_id)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Publish(run_id):
                self._ring(run_id)
            case StartWorker(run_id):
                self._stop_asked.clear()
                self._running = asyncio.create_task(self._run(run_id), name=f"run {run_id}")
            case StopWorker():
                self._stop_asked.set()
                if self._worker is not None:
                    self._worker.stop()
            case KillWorker():
                self._stop_asked.set()
                if self._worker is not None:
                    self._worker.kill()
            case AllowCommit():
                if self._worker is not None:
                    self._worker.send(Allowed())

    def _ring(self, run_id: str) -> None:
        bell = self._bells.pop(run_id, None)
        if bell is not None:
            bell.set()

    def _forget(self, run_id: str) -> None:
        self._pipelines.pop(run_id, None)
        run = self.machine.find(run_id)
        if run is not None and run.outcome is not None:
            _log.info("run_ended", run_id=run_id, state=run.state.value, code=run.outcome.code)
            for listener in self.on_end:
                listener(run)

    # A run and its worker.

    async def _run(self, run_id: str) -> None:
        end = WorkerEnd(exit_code=None, problem="the run has no worker")
        try:
            end = await self._with_worker(run_id)
        except WorkerStartError as error:
            end = WorkerEnd(exit_code=None, problem=f"the run could not begin: {error}")
        finally:
            self.machine.worker_gone(run_id, end)
            self._apply()

    async def _with_worker(self, run_id: str) -> WorkerEnd:
        taking = asyncio.ensure_future(self._spares.take())
        stopping = asyncio.ensure_future(self._stop_asked.wait())
        await asyncio.wait([taking, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not taking.done():
            taking.cancel()
            return WorkerEnd(exit_code=None)
        worker = self._worker = taking.result()
        wall = MemoryWall(worker.pid, self._place.max_memory_bytes, worker.kill)
        wall.raise_()
        spill_dir = self._place.folder(run_id)
        try:
            pipeline = self._pipelines.pop(run_id, b"null")
            worker.send(Start(run_id, pipeline, spill_dir))
            if self._stop_asked.is_set():
                worker.stop()
            problem = await self._listen(run_id, worker)
            end = await worker.end()
        finally:
            worker.kill()
            await wall.take_down()
            self._worker = None
        end = replace(
            end,
            problem=problem,
            is_over_limit=wall.is_over,
            limit_bytes=wall.limit_bytes,
            peak_bytes=wall.peak_bytes,
        )
        return await self._cleared(run_id, end)

    async def _cleared(self, run_id: str, end: WorkerEnd) -> WorkerEnd:
        """Remove what a worker that was ended left behind; look whether it had committed."""
        removing = asyncio.create_task(asyncio.to_thread(self._place.remove, run_id))
        self._clearing.add(removing)
        removing.add_done_callback(self._clearing.discard)
        run = self.machine.find(run_id)
        if run is None or run.is_over or run.target is None:
            return end
        settling = asyncio.create_task(self._checker.settle(run.target, run.proof))
        self._clearing.add(settling)
        settling.add_done_callback(self._clearing.discard)
        if not run.may_have_committed:
            await asyncio.wait([settling], timeout=_CLEARING_SECONDS)
            return end
        return replace(end, has_committed=await settling)

    async def _listen(self, run_id: str, worker: WorkerProcess) -> str | None:
        """Until the worker has nothing more to say; what was wrong with what it said."""
        try:
            while (message := await worker.receive()) is not None:
                self._take(run_id, message)
                self._apply()
        except BadFrameError as error:
            worker.kill()
            return f"the worker said what is no message: {error}"
        return None

    def _take(self, run_id: str, message: FromWorker) -> None:
        match message:
            case Told(event):
                self.machine.worker_told(run_id, event)
            case AskToCommit(proof):
                self.machine.worker_asks_to_commit(run_id, proof)
            case RunDone():
                self.machine.worker_ended_run(run_id, _succeeded(message))
            case RunFailed():
                outcome = Outcome(
                    RunState.FAILED,
                    message.error.message,
                    code=message.error.code,
                    error=message.error,
                    duration_ms=message.duration_ms,
                )
                self.machine.worker_ended_run(run_id, outcome)
            case _:
                pass


def _succeeded(done: RunDone) -> Outcome:
    rows = "" if done.rows is None else f", {done.rows:,} rows written"
    return Outcome(
        RunState.SUCCEEDED,
        f"The run succeeded in {done.duration_ms / 1000:.1f} s{rows}",
        rows=done.rows,
        size_bytes=done.size_bytes,
        duration_ms=done.duration_ms,
        peak_memory_bytes=done.peak_memory_bytes,
    )
