"""The events of a run as server-sent events."""

from __future__ import annotations

import asyncio

from aiohttp import web

from aqueducts.protocol.limits import COMMENT_SECONDS, EXECUTION_ID_HEADER
from aqueducts_executor.conductor import Conductor
from aqueducts_executor.http.event_texts import SSE_COMMENT, EventTexts, sse_gap
from aqueducts_executor.http.following import follow
from aqueducts_executor.machine import Run

__all__ = ["EventStreams"]

_STALLED_SECONDS = 60.0
"""A reader that takes nothing for so long is given up."""


class EventStreams:
    """Writes streams, and knows how many there are."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._texts = EventTexts()
        self.count = 0

    async def respond(self, request: web.Request, run: Run, after: int) -> web.StreamResponse:
        """Write the events behind `after` until the last one. Raises where the client is gone."""
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
                EXECUTION_ID_HEADER: run.run_id,
            }
        )
        await response.prepare(request)
        self.count += 1
        try:
            await self._write(request, response, run, after)
        finally:
            self.count -= 1
        return response

    async def _write(
        self, request: web.Request, response: web.StreamResponse, run: Run, after: int
    ) -> None:
        async for found in follow(self._conductor, run, after, COMMENT_SECONDS):
            parts = [self._texts.frame(event) for event in found.events]
            if found.missed:
                parts.insert(0, sse_gap(run, found))
            try:
                async with asyncio.timeout(_STALLED_SECONDS):
                    await response.write(b"".join(parts) or SSE_COMMENT)
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()
                raise ConnectionResetError("the reader has stalled") from None
        await response.write_eof()
