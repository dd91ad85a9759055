"""What can become of a run."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["TERMINAL", "Phase", "RunState"]


class RunState(StrEnum):
    """As the API names it."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    OOM_KILLED = "oom_killed"
    CRASHED = "crashed"


TERMINAL = frozenset(RunState) - {RunState.QUEUED, RunState.RUNNING}
"""States that nothing follows."""


class Phase(StrEnum):
    """Where a run with a worker is; nobody outside sees it."""

    COMPUTING = "computing"
    """It can be stopped at any moment, and has then changed nothing."""
    COMMITTING = "committing"
    """It may put its result in place: whoever wants to stop it waits for what comes of that."""
    STOPPING = "stopping"
    """Its worker was told to stop."""
    ENDED = "ended"
    """It has its outcome; the worker's process may be there still."""
