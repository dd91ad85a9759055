"""One thing that happened to a run, from which every view makes what its clients get."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aqueducts.protocol import StreamEventType
from aqueducts.protocol.messages import ExecutorMessage

__all__ = ["RunEvent"]


class RunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a run's log. Plain data, and all of it without secrets."""

    seq: int
    """From 1, without gaps."""
    at: datetime
    event_type: StreamEventType
    execution_id: str
    text: str
    """For people."""
    progress: int
    """From 0 to 100; never falls, and is 100 only where the run succeeded."""
    current_stage: str | None = None
    """`name:outer_inner`, where a stage runs."""
    messages: tuple[ExecutorMessage, ...] = ()
    """What WebSocket clients get; the last one is the `detail` of the SSE frame."""
    position: int | None = None
    """In the queue, from 0."""
