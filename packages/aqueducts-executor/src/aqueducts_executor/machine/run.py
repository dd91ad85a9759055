"""One run, as the machine keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from aqueducts.protocol import RunMessages
from aqueducts_executor.machine.event_log import EventLog
from aqueducts_executor.machine.outcomes import Outcome
from aqueducts_executor.machine.states import TERMINAL, Phase, RunState

__all__ = ["Run"]


@dataclass(slots=True)
class Run:
    """A run that was taken. Only the machine changes it."""

    run_id: str
    log: EventLog
    submitted_at: datetime
    owner: object | None = None
    """Whose connection keeps it alive; None where it goes on without one."""
    state: RunState = RunState.QUEUED
    phase: Phase = Phase.COMPUTING
    messages: RunMessages = field(init=False)
    """Counts its steps."""
    position: int | None = None
    """The place in the queue that was told last."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    run_deadline: float | None = None
    """When it has taken too long, by the monotonic clock."""
    stop_deadline: float | None = None
    """When asking it to stop is not enough any more."""
    verdict: Outcome | None = None
    """What it will have become once its worker is gone, where somebody ended it."""
    outcome: Outcome | None = None
    may_have_committed: bool = False
    target: str | None = None
    """Where on this machine its result goes, once it is being written."""
    proof: str | None = None
    """What its result will be known by."""

    def __post_init__(self) -> None:
        self.messages = RunMessages(self.run_id)

    @property
    def is_over(self) -> bool:
        """Whether it has its outcome."""
        return self.state in TERMINAL
