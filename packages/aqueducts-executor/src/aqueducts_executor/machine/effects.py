"""What the machine wants done, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from aqueducts_executor.machine.outcomes import Outcome
from aqueducts_executor.machine.states import RunState

__all__ = [
    "AllowCommit",
    "Effect",
    "KillWorker",
    "Publish",
    "Record",
    "StartWorker",
    "StopWorker",
]


@dataclass(frozen=True, slots=True)
class StartWorker:
    """Give the run a worker, and tell `worker_gone` once that has ended."""

    run_id: str


@dataclass(frozen=True, slots=True)
class StopWorker:
    """Send the worker SIGTERM."""

    run_id: str


@dataclass(frozen=True, slots=True)
class KillWorker:
    """Send the worker SIGKILL."""

    run_id: str


@dataclass(frozen=True, slots=True)
class AllowCommit:
    """Let the worker put its result in place; what was to be recorded before is on disk."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Publish:
    """The run's log has new events."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Record:
    """Write into the journal, durably, before anything that comes after is done."""

    run_id: str
    entry: str
    """`queued`, `running`, `writing`, `committing` or `ended`."""
    state: RunState
    outcome: Outcome | None = None
    detail: str | None = None
    """Of `writing`: where to; of `committing`: what the result will be known by."""


Effect: TypeAlias = StartWorker | StopWorker | KillWorker | AllowCommit | Publish | Record
