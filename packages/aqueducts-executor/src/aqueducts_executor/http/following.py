"""Reading a run's log as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aqueducts_executor.conductor import Conductor
from aqueducts_executor.machine import EventSlice, Run

__all__ = ["follow"]

_MOST_AT_ONCE = 256


async def follow(
    conductor: Conductor, run: Run, seq: int, idle_seconds: float | None = None
) -> AsyncIterator[EventSlice]:
    """Yield what comes behind `seq` until the last event, at the pace of whoever reads it.

    Yields an empty slice where nothing came for `idle_seconds`.
    """
    while True:
        bell = conductor.bell(run)
        found = run.log.after(seq, _MOST_AT_ONCE)
        if found.events:
            seq = found.events[-1].seq
            yield found
            continue
        if run.log.is_closed:
            return
        try:
            await asyncio.wait_for(bell.wait(), idle_seconds)
        except TimeoutError:
            yield found
