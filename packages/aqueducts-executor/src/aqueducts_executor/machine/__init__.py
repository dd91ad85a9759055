"""The run machine: what happens to runs, with no sockets, threads, processes or clock of its own.

Whoever drives it calls its methods when something happened, and then does what its effects say.
"""

from aqueducts_executor.machine.clock import Clock
from aqueducts_executor.machine.decisions import CancelDecision, Refusal, SubmitDecision
from aqueducts_executor.machine.effects import (
    AllowCommit,
    Effect,
    KillWorker,
    Publish,
    Record,
    StartWorker,
    StopWorker,
)
from aqueducts_executor.machine.event_log import EventLog, EventSlice
from aqueducts_executor.machine.outcomes import Outcome, WorkerEnd
from aqueducts_executor.machine.run import Run
from aqueducts_executor.machine.run_events import RunEvent
from aqueducts_executor.machine.run_machine import Limits, RunMachine
from aqueducts_executor.machine.states import TERMINAL, RunState
from aqueducts_executor.machine.verdicts import executor_ended

__all__ = [
    "TERMINAL",
    "AllowCommit",
    "CancelDecision",
    "Clock",
    "Effect",
    "EventLog",
    "EventSlice",
    "KillWorker",
    "Limits",
    "Outcome",
    "Publish",
    "Record",
    "Refusal",
    "Run",
    "RunEvent",
    "RunMachine",
    "RunState",
    "StartWorker",
    "StopWorker",
    "SubmitDecision",
    "WorkerEnd",
    "executor_ended",
]
