"""Runs from the moment they are asked for until they are forgotten."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from aqueducts.events import DestinationStarted
from aqueducts.models.fields import SECRET_REFERENCE, scheme_of
from aqueducts_executor.machine.clock import Clock
from aqueducts_executor.machine.decisions import CancelDecision, Refusal, SubmitDecision
from aqueducts_executor.machine.effects import (
    AllowCommit,
    Effect,
    KillWorker,
    Record,
    StartWorker,
    StopWorker,
)
from aqueducts_executor.machine.event_log import EventLog
from aqueducts_executor.machine.narration import Narrator
from aqueducts_executor.machine.outcomes import Outcome, WorkerEnd
from aqueducts_executor.machine.run import Run
from aqueducts_executor.machine.states import Phase, RunState
from aqueducts_executor.machine.verdicts import cancelled, timed_out, verdict_on_end
from aqueducts_executor.machine.worker_events import WorkerEvent

__all__ = ["Limits", "RunMachine"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the machine."""

    queue_size: int = 100
    max_run_seconds: float = 86_400.0
    stop_seconds: float = 5.0
    """How long a worker that was told to stop has, before it is killed."""
    ended_runs: int = 200
    """Runs that are remembered after their end."""
    log_events: int = 10_000
    log_bytes: int = 8 << 20


class RunMachine:
    """One run at a time, the others in a queue.

    Every method is a thing that happened. What is to be done about it gathers in `take_effects`.
    """

    def __init__(self, clock: Clock, limits: Limits | None = None) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._effects: list[Effect] = []
        self._narrator = Narrator(clock, self._effects.append)
        self._runs: dict[str, Run] = {}
        self._ended: deque[str] = deque()
        self.queue: deque[Run] = deque()
        self.active: Run | None = None
        """The run that has a worker, until the worker's process is gone."""
        self.is_draining = False

    def take_effects(self) -> list[Effect]:
        """What is to be done now, in order; it is handed out once."""
        effects = self._effects[:]
        self._effects.clear()
        return effects

    @property
    def runs(self) -> Iterable[Run]:
        """All that are remembered, the oldest first."""
        return self._runs.values()

    def find(self, run_id: str) -> Run | None:
        """A run that goes on, waits, or ended not long ago."""
        return self._runs.get(run_id)

    @property
    def current(self) -> Run | None:
        """The run that goes on now."""
        return None if self.active is None or self.active.is_over else self.active

    def restore(
        self, run_id: str, outcome: Outcome, submitted_at: datetime, started_at: datetime | None
    ) -> None:
        """Know of a run that ended before this machine began."""
        log = EventLog(self._limits.log_events, self._limits.log_bytes)
        run = Run(run_id=run_id, log=log, submitted_at=submitted_at, started_at=started_at)
        self._runs[run_id] = run
        self._end(run, outcome)

    # What people ask for.

    def refusal(self, *, may_wait: bool) -> SubmitDecision | None:
        """Why no run can be taken now; None where one can."""
        if self.is_draining:
            return SubmitDecision(refusal=Refusal.DRAINING)
        before = self.current or (self.queue[0] if self.queue else None)
        busy_id = None if before is None else before.run_id
        if before is not None and not may_wait:
            return SubmitDecision(refusal=Refusal.BUSY, busy_id=busy_id)
        if before is not None and len(self.queue) >= self._limits.queue_size:
            return SubmitDecision(refusal=Refusal.QUEUE_FULL, busy_id=busy_id)
        return None

    def submit(self, run_id: str, owner: object | None, *, may_wait: bool) -> SubmitDecision:
        """Take a run, at once or into the queue; `run_id` is new."""
        refused = self.refusal(may_wait=may_wait)
        if refused is not None:
            return refused
        log = EventLog(self._limits.log_events, self._limits.log_bytes)
        run = Run(run_id=run_id, log=log, submitted_at=self._clock.now(), owner=owner)
        self._runs[run_id] = run
        self.queue.append(run)
        self._effects.append(Record(run_id, "queued", run.state))
        self._start_next()
        self._tell_positions()
        return SubmitDecision(run=run)

    def cancel(self, run_id: str | None, reason: str = "on request") -> CancelDecision:
        """End the run of this id, or the one that goes on now."""
        current = self.current
        current_id = None if current is None else current.run_id
        run = current if run_id is None else self._runs.get(run_id)
        if run is None or run.is_over:
            is_known = run_id is None or run is not None
            return CancelDecision(is_known=is_known, current_id=current_id)
        self._cancel(run, reason)
        return CancelDecision(run=run, current_id=current_id)

    def disconnect(self, owner: object) -> None:
        """End the runs that live as long as this connection."""
        owned = [run for run in (*self.queue, self.active) if run is not None]
        for run in owned:
            if run.owner is owner and not run.is_over:
                self._cancel(run, "its client closed the connection")

    def drain(self) -> None:
        """Take no more runs, and end those that wait."""
        self.is_draining = True
        for run in list(self.queue):
            self._cancel(run, "the executor is shutting down")

    # What becomes of workers.

    def worker_told(self, run_id: str, event: WorkerEvent) -> None:
        """The worker of a run told an event of it."""
        run = self._with_worker(run_id)
        if run is None or run.phase is Phase.ENDED:
            return
        if isinstance(event, DestinationStarted) and _is_local(event.location):
            run.target = event.location
            self._effects.append(Record(run_id, "writing", run.state, detail=run.target))
        self._narrator.tell_worker_event(run, event)

    def worker_asks_to_commit(self, run_id: str, proof: str | None) -> None:
        """The worker is about to do what cannot be taken back, and waits."""
        run = self._with_worker(run_id)
        if run is None or run.phase not in (Phase.COMPUTING, Phase.COMMITTING):
            return  # it was told to stop, and never gets an answer
        run.phase = Phase.COMMITTING
        run.may_have_committed, run.proof = True, proof
        self._effects.append(Record(run_id, "committing", run.state, detail=proof))
        self._effects.append(AllowCommit(run_id))

    def worker_ended_run(self, run_id: str, outcome: Outcome) -> None:
        """The worker has told what became of its run. Its process ends on its own."""
        run = self._with_worker(run_id)
        if run is None or run.phase is Phase.ENDED:
            return
        run.stop_deadline = self._clock.monotonic() + self._limits.stop_seconds
        if run.phase is Phase.STOPPING and not run.may_have_committed:
            return  # whoever ended it was first; nothing was written
        self._end(run, outcome)

    def worker_gone(self, run_id: str, end: WorkerEnd) -> None:
        """The process of the run's worker is no more."""
        run = self._with_worker(run_id)
        if run is None:
            return
        if run.phase is not Phase.ENDED:
            self._end(run, verdict_on_end(run, end))
        self.active = None
        run.stop_deadline = run.run_deadline = None
        self._start_next()
        self._tell_positions()

    # What time does.

    def next_deadline(self) -> float | None:
        """When `tick` is to be called at the latest, by the monotonic clock."""
        run = self.active
        if run is None:
            return None
        deadlines = [each for each in (run.run_deadline, run.stop_deadline) if each is not None]
        return min(deadlines, default=None)

    def tick(self) -> None:
        """Some time has passed."""
        run, now = self.active, self._clock.monotonic()
        if run is None:
            return
        if run.stop_deadline is not None and now >= run.stop_deadline:
            self._press(run, now)
        if run.run_deadline is not None and now >= run.run_deadline:
            run.run_deadline = None
            if not run.is_over and run.verdict is None:
                self._stop(run, timed_out(self._limits.max_run_seconds))

    def _press(self, run: Run, now: float) -> None:
        """Asking has not helped: go one step further."""
        if run.phase is Phase.COMMITTING:
            run.phase = Phase.STOPPING
            run.stop_deadline = now + self._limits.stop_seconds
            self._effects.append(StopWorker(run.run_id))
            return
        run.stop_deadline = None
        self._effects.append(KillWorker(run.run_id))

    # The steps that these have in common.

    def _with_worker(self, run_id: str) -> Run | None:
        return self.active if self.active is not None and self.active.run_id == run_id else None

    def _cancel(self, run: Run, reason: str) -> None:
        verdict = cancelled(reason)
        if run.state is RunState.QUEUED:
            self.queue.remove(run)
            self._end(run, verdict)
            self._tell_positions()
        elif run.verdict is None:
            self._stop(run, verdict)

    def _stop(self, run: Run, verdict: Outcome) -> None:
        run.verdict = verdict
        run.stop_deadline = self._clock.monotonic() + self._limits.stop_seconds
        if run.phase is Phase.COMPUTING:
            run.phase = Phase.STOPPING
            self._effects.append(StopWorker(run.run_id))

    def _start_next(self) -> None:
        if self.active is not None or not self.queue:
            return
        run = self.queue.popleft()
        self.active = run
        run.state, run.position = RunState.RUNNING, None
        run.started_at = self._clock.now()
        run.run_deadline = self._clock.monotonic() + self._limits.max_run_seconds
        self._effects.append(Record(run.run_id, "running", run.state))
        self._effects.append(StartWorker(run.run_id))

    def _tell_positions(self) -> None:
        for position, run in enumerate(self.queue):
            if run.position != position:
                run.position = position
                self._narrator.tell_position(run, position)

    def _end(self, run: Run, outcome: Outcome) -> None:
        run.phase, run.state, run.outcome = Phase.ENDED, outcome.state, outcome
        run.ended_at = self._clock.now()
        self._effects.append(Record(run.run_id, "ended", run.state, outcome=outcome))
        self._narrator.tell_end(run, outcome)
        self._ended.append(run.run_id)
        if len(self._ended) > self._limits.ended_runs:
            del self._runs[self._ended.popleft()]


def _is_local(location: str | None) -> bool:
    """Whether it is a path of this machine, with nothing in it that is secret."""
    if location is None or SECRET_REFERENCE.search(location):
        return False
    return scheme_of(location) == "file"
