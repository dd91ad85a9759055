"""Bodies of HTTP answers, and the objects of an SSE stream."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from aqueducts.protocol.messages import MessageProblem

__all__ = [
    "TERMINAL_STATES",
    "BusyAnswer",
    "CancelAnswer",
    "CancelStatus",
    "CurrentRun",
    "ErrorAnswer",
    "Execution",
    "ExecutorState",
    "MemoryStatus",
    "QueueStatus",
    "RunState",
    "Status",
    "StreamEvent",
    "StreamEventType",
]

RunState: TypeAlias = Literal[
    "queued",
    "running",
    "succeeded",
    "failed",
    "cancelled",
    "timed_out",
    "oom_killed",
    "crashed",
]

TERMINAL_STATES: frozenset[RunState] = frozenset(
    {"succeeded", "failed", "cancelled", "timed_out", "oom_killed", "crashed"}
)
"""States that are never left again."""

ExecutorState: TypeAlias = Literal["idle", "busy", "draining"]

CancelStatus: TypeAlias = Literal["cancelled", "not_running", "not_found"]

StreamEventType: TypeAlias = Literal[
    "queued", "started", "progress", "output", "gap", "completed", "error", "cancelled"
]


def _null() -> msgspec.Raw:
    return msgspec.Raw(b"null")


class StreamEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of one SSE frame; every key is always there."""

    event_type: StreamEventType
    execution_id: str
    message: str | None = None
    progress: int | None = None
    """0 to 100; never falls."""
    current_stage: str | None = None
    """`name:outer_inner`, as `stage_label` makes it."""
    error: str | None = None
    seq: int
    """The `id` of the frame: counts the events of the run from 1, without a gap."""
    ts: str
    """When it happened: RFC 3339, in UTC."""
    detail: msgspec.Raw = msgspec.field(default_factory=_null)  # a schema can be made of it so
    """The WebSocket message that this event is, as JSON."""
    position: int | None = None
    """Of `queued`: how many runs are before this one."""


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Any answer that is not a success."""

    error: str
    problems: tuple[MessageProblem, ...] | None = None
    """Of a pipeline that was refused: everything that is wrong with it."""


class BusyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """429: another run is under way, or the queue is full."""

    error: str
    execution_id: str
    retry_after: int
    """Seconds."""


class CancelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request to cancel; sent once nothing of the run is at work any more."""

    status: CancelStatus
    message: str
    cancelled_execution_id: str | None


class CurrentRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run that is under way."""

    execution_id: str
    progress: int
    current_stage: str | None
    started_at: str


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs wait, and how many may."""

    depth: int
    capacity: int


class MemoryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that a run may take, and that the worker holds now; None where it is not known."""

    limit: int | None
    worker_rss: int | None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /status`."""

    executor_id: str
    version: str
    mode: str
    state: ExecutorState
    current: CurrentRun | None
    queue: QueueStatus
    memory: MemoryStatus
    uptime_s: float
    plugins: tuple[str, ...] = ()
    """Plugins that are installed, each with its version: `delta 0.1.0`."""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /executions/{id}`; times are RFC 3339 in UTC."""

    execution_id: str
    state: RunState
    progress: int = 0
    current_stage: str | None = None
    position: int | None = None
    """Of a run that waits: how many are before it."""
    queued_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    error: str | None = None
