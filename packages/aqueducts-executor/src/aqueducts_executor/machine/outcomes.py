"""How runs and their workers end."""

from __future__ import annotations

from dataclasses import dataclass

from aqueducts.protocol.messages import ExecutionError
from aqueducts_executor.machine.states import RunState

__all__ = ["Outcome", "WorkerEnd"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run."""

    state: RunState
    message: str
    """For people: a summary, or what went wrong."""
    code: str | None = None
    """Slug of an error."""
    error: ExecutionError | None = None
    """What more is known of the error, where the worker told it."""
    rows: int | None = None
    size_bytes: int | None = None
    duration_ms: float | None = None
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class WorkerEnd:
    """How a worker's process ended, as its parent saw it."""

    exit_code: int | None
    """None where a signal ended it, or it never began."""
    signal_name: str | None = None
    is_over_limit: bool = False
    """Whether it was ended because of its memory."""
    limit_bytes: int | None = None
    peak_bytes: int | None = None
    problem: str | None = None
    """Why it never began, or what it said that is no message."""
    has_committed: bool | None = None
    """Whether its result is in place; None where that cannot be told."""
