"""A hundred thousand histories of the run machine, each made from a seed, none on a real clock.

A seed that fails is printed: `history(SEED)` repeats it. AQUEDUCTS_HISTORIES changes how many.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts.events import RunStarted, SourceRegistered, StageCompleted, StageStarted
from aqueducts_executor.machine import (
    AllowCommit,
    KillWorker,
    Limits,
    Outcome,
    Record,
    Run,
    RunMachine,
    RunState,
    StartWorker,
    StopWorker,
    WorkerEnd,
)

HISTORIES = int(os.environ.get("AQUEDUCTS_HISTORIES", "100000"))
PARTS = 20

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits(queue_size=3, max_run_seconds=20, stop_seconds=5, ended_runs=1000)
STEPS = (
    RunStarted(run_id="x", sources=("t",), stages=(("s",),), destination="d"),
    SourceRegistered(name="t"),
    StageStarted(name="s", position=0, sub_position=0),
    StageCompleted(name="s", position=0, sub_position=0, duration_ms=1.0),
)
FAILED = Outcome(RunState.FAILED, "wrong", code="stage")
DONE = Outcome(RunState.SUCCEEDED, "done", rows=1)


class Time:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Seconds that only go up."""
        return self.seconds

    def now(self) -> datetime:
        """The same day always."""
        return NOW


class Worker:
    """The process of a run: does one thing after another, and what the parent tells it."""

    def __init__(self, run_id: str, dice: random.Random) -> None:
        self.run_id = run_id
        self.step = 0
        self.plan = dice.choice(("commits", "commits", "fails", "crashes", "hangs", "refuses"))
        self.may_commit = self.has_asked = self.has_committed = self.has_told = False
        self.is_stubborn = dice.random() < 0.2


class World:
    """The machine, the one worker that there may be, and what was seen of both."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.time = Time()
        self.machine = RunMachine(self.time, LIMITS)
        self.worker: Worker | None = None
        self.accepted: list[Run] = []
        self.started: list[str] = []
        self.committed: set[str] = set()
        self.stopped: set[str] = set()
        """Cancelled before they could commit."""
        self.ended: dict[str, int] = {}
        self.owners = [object(), object()]

    # What may happen.

    def submit(self) -> None:
        """Somebody asks for a run."""
        owner = self.dice.choice([None, *self.owners])
        run_id = f"r{len(self.accepted)}"
        decision = self.machine.submit(run_id, owner, may_wait=self.dice.random() < 0.8)
        if decision.run is not None:
            assert not self.machine.is_draining
            self.accepted.append(decision.run)
        else:
            assert decision.refusal is not None

    def cancel(self) -> None:
        """Somebody cancels, maybe what is not there."""
        run_id = None
        if self.accepted and self.dice.random() < 0.7:
            run_id = self.dice.choice(self.accepted).run_id
        decision = self.machine.cancel(run_id)
        if decision.run is not None and not decision.run.may_have_committed:
            self.stopped.add(decision.run.run_id)
        if run_id is None:
            assert (
                decision.run is None or decision.run is self.machine.active or decision.run.is_over
            )

    def disconnect(self) -> None:
        """A connection is closed."""
        owner = self.dice.choice(self.owners)
        self.machine.disconnect(owner)
        assert not [run for run in self.machine.queue if run.owner is owner]
        active = self.machine.active
        if active is not None and active.owner is owner:
            assert active.is_over or active.verdict is not None

    def pass_time(self) -> None:
        """Nothing happens for a while."""
        self.time.seconds += self.dice.choice((0.5, 3.0, 6.0, 21.0))
        self.machine.tick()

    def drain(self) -> None:
        """The executor is told to end."""
        if self.dice.random() < 0.1:
            self.machine.drain()

    def work(self) -> None:
        """The worker does its next thing."""
        worker = self.worker
        if worker is None:
            return
        if worker.step < len(STEPS):
            self.machine.worker_told(worker.run_id, STEPS[worker.step])
            worker.step += 1
        elif worker.plan == "crashes":
            self.die(WorkerEnd(None, "SIGSEGV", has_committed=False))
        elif worker.plan == "fails":
            self.finish(worker, FAILED)
        elif worker.plan == "commits" and not worker.has_asked:
            worker.has_asked = True
            self.machine.worker_asks_to_commit(worker.run_id, "proof")
        elif worker.plan == "commits" and worker.may_commit:
            if not worker.has_committed:
                worker.has_committed = True
                self.committed.add(worker.run_id)
            else:
                self.finish(worker, DONE)
        elif worker.plan == "refuses":
            self.die(WorkerEnd(None, problem="no process"))

    def finish(self, worker: Worker, outcome: Outcome) -> None:
        """Tell what became of the run, then end; or not."""
        if not worker.has_told:
            worker.has_told = True
            self.machine.worker_ended_run(worker.run_id, outcome)
        elif worker.is_stubborn:
            self.machine.worker_ended_run(worker.run_id, outcome)
        else:
            self.die(WorkerEnd(0))

    def kill(self) -> None:
        """Somebody kills the worker."""
        if self.worker is not None and self.dice.random() < 0.3:
            can_tell = self.dice.random() < 0.8
            committed = self.worker.has_committed if can_tell else None
            over = self.dice.random() < 0.5
            self.die(WorkerEnd(None, "SIGKILL", over, 100, 120, has_committed=committed))

    def die(self, end: WorkerEnd) -> None:
        """The process is gone."""
        assert self.worker is not None
        run_id, self.worker = self.worker.run_id, None
        self.machine.worker_gone(run_id, end)

    def obey(self) -> None:
        """Do what the machine wants."""
        for effect in self.machine.take_effects():
            match effect:
                case StartWorker(run_id):
                    assert self.worker is None, "two workers"
                    self.worker = Worker(run_id, self.dice)
                    self.started.append(run_id)
                case StopWorker():
                    self.signal(is_final=False)
                case KillWorker():
                    self.signal(is_final=True)
                case AllowCommit(run_id):
                    if self.worker is not None and self.worker.run_id == run_id:
                        self.worker.may_commit = True
                case Record(run_id, "ended"):
                    self.ended[run_id] = self.ended.get(run_id, 0) + 1

    def signal(self, *, is_final: bool) -> None:
        """The worker gets SIGTERM, or SIGKILL."""
        worker = self.worker
        if worker is not None and (is_final or not worker.is_stubborn):
            self.die(WorkerEnd(None, "SIGTERM", has_committed=worker.has_committed))
            self.obey()

    # What must be so.

    def check(self) -> None:
        """Between any two things that happen."""
        machine = self.machine
        assert len(machine.queue) <= LIMITS.queue_size
        assert (self.worker is None) == (machine.active is None)
        if self.worker is not None and machine.active is not None:
            assert machine.active.run_id == self.worker.run_id

    def settle(self) -> None:
        """Let everything come to its end."""
        for _ in range(400):
            if self.machine.active is None and not self.machine.queue:
                break
            self.work()
            self.obey()
            deadline = self.machine.next_deadline()
            if deadline is not None and self.dice.random() < 0.3:
                self.time.seconds = max(self.time.seconds, deadline)
                self.machine.tick()
            self.obey()
            self.check()
        self.check_end()

    def check_end(self) -> None:
        """Once everything has come to its end."""
        assert self.machine.active is None
        assert not self.machine.queue
        order = [run.run_id for run in self.accepted if run.run_id in set(self.started)]
        assert self.started == order, "not first come, first served"
        for run in self.accepted:
            self.check_run(run)

    def check_run(self, run: Run) -> None:
        """One end, no gap, no step back, and a state that is true."""
        assert run.is_over
        assert self.ended[run.run_id] == 1
        events = run.log.after(0).events
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        kinds = [event.event_type for event in events]
        last = kinds.pop()
        assert last in ("completed", "error", "cancelled")
        assert not {"completed", "error", "cancelled"} & set(kinds)
        progress = [event.progress for event in events]
        assert progress == sorted(progress)
        assert progress[0] >= 0
        assert (progress[-1] == 100) == (run.state is RunState.SUCCEEDED)
        assert progress[:-1].count(100) == 0
        has_committed = run.run_id in self.committed
        if run.run_id in self.stopped:
            assert not has_committed
            assert run.state not in (RunState.SUCCEEDED, RunState.FAILED)
        if run.state is RunState.SUCCEEDED:
            assert has_committed
        elif has_committed:
            assert run.outcome is not None
            assert run.outcome.code == "unknown-commit"


def history(seed: int) -> World:
    """Make everything happen that the seed says, then wait until all has ended."""
    world = World(seed)
    actions: list[Callable[[], None]] = [
        world.submit,
        world.submit,
        world.work,
        world.work,
        world.work,
        world.cancel,
        world.disconnect,
        world.pass_time,
        world.kill,
        world.drain,
    ]
    for _ in range(world.dice.randint(4, 24)):
        world.dice.choice(actions)()
        world.obey()
        world.check()
    world.settle()
    return world


@pytest.mark.parametrize("part", range(PARTS))
def test_histories(part: int) -> None:
    """Whatever happens, and in whatever order: what must be so is so."""
    for seed in range(part * HISTORIES // PARTS, (part + 1) * HISTORIES // PARTS):
        try:
            history(seed)
        except Exception as error:
            raise AssertionError(f"history({seed}) went wrong") from error


ACTIONS = ("submit", "work", "cancel", "disconnect", "pass_time", "kill")


@given(actions=st.lists(st.sampled_from(ACTIONS), max_size=30), seed=st.integers(0, 1 << 32))
def test_races_of_cancels(actions: list[str], seed: int) -> None:
    """The same, with histories that can be made shorter where one goes wrong."""
    world = World(seed)
    for action in actions:
        getattr(world, action)()
        world.obey()
        world.check()
    world.settle()


def test_histories_come_to_every_end() -> None:
    """The seeds reach all states, or they would prove little."""
    states = {run.state for seed in range(2000) for run in history(seed).accepted}
    assert states == set(RunState) - {RunState.QUEUED, RunState.RUNNING}
