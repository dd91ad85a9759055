"""Watching a run that began elsewhere, over server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

import aiohttp

from aqueducts.errors import ConnectionLostError, ExecutorUnreachableError, ProtocolError
from aqueducts.events import Notice
from aqueducts.protocol import (
    StreamEvent,
    decode_body,
    decode_executor_message,
    messages,
)
from aqueducts.protocol.limits import COMMENT_SECONDS
from aqueducts.remote.connection import Connection, failure_of_status, words_for_failures
from aqueducts.remote.conversation import cancelled_elsewhere
from aqueducts.remote.frames import Frame, FrameReader
from aqueducts.remote.heard_run import HeardRun

__all__ = ["Attachment"]

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each attempt to take a stream up again; one that brings something starts anew."""

_SILENCE_SECONDS = 3 * COMMENT_SECONDS


class Attachment:
    """Listens to a run until it has ended, over as many connections as it takes."""

    def __init__(self, connection: Connection, heard: HeardRun, execution_id: str) -> None:
        self._connection = connection
        self._heard = heard
        self._execution_id = execution_id
        self._last_id: str | None = None

    async def follow(self) -> None:
        """Return when the run has succeeded.

        Raises what it failed with, UnknownRunError, and ConnectionLostError.
        """
        failures = 0
        seen: str | None = None
        while (reason := await self._attempt()) is not None:
            failures = 0 if self._last_id != seen else failures + 1
            seen = self._last_id
            await self._pause(failures, reason)
        if self._heard.ending == "failed" and self._heard.error is not None:
            raise self._heard.error
        if self._heard.ending == "cancelled":
            raise cancelled_elsewhere()

    async def _attempt(self) -> Exception | None:
        """Listen over one connection; why it ended, or None where the run has."""
        try:
            await self._listen()
        except ExecutorUnreachableError as error:
            if self._last_id is None:
                raise  # nothing was ever heard of it
            return error
        return None if self._heard.is_over else ConnectionError("the stream ended before the run")

    async def _pause(self, failures: int, reason: Exception) -> None:
        if failures >= len(_PAUSES):
            raise ConnectionLostError(
                f"the connection to the executor at {self._connection.address.name} was lost: "
                f"{reason}",
                hint="attach again once it is there",
            ) from reason
        if failures == 0:
            self._heard.tell(Notice(code="connection-lost", message="connecting again"))
        await asyncio.sleep(_PAUSES[failures])

    async def _listen(self) -> None:
        url = self._connection.address.http(
            f"/executions/{quote(self._execution_id, safe='')}/events"
        )
        headers = {"Accept": "text/event-stream"}
        if self._last_id is not None:
            headers["Last-Event-ID"] = self._last_id
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=_SILENCE_SECONDS)
        async with self._connection.session() as session:
            with words_for_failures(self._connection.address):
                answer = await session.get(url, headers=headers, timeout=timeout)
            try:
                await self._read(answer)
            finally:
                answer.close()

    async def _read(self, answer: aiohttp.ClientResponse) -> None:
        address = self._connection.address
        reader = FrameReader()
        while not self._heard.is_over:
            with words_for_failures(address):
                if answer.status != 200:
                    raise failure_of_status(answer.status, await answer.read(), address)
                content = await answer.content.readany()
            if not content:
                return
            for frame in reader.feed(content):
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        event = decode_body(frame.data, StreamEvent)
        self._last_id = frame.id or str(event.seq)
        for message in _messages_of(event):
            self._heard.take(message)


def _messages_of(event: StreamEvent) -> Iterator[messages.ExecutorMessage]:
    """Yield the message in `detail`, and then what the event says of the end of the run."""
    with suppress(ProtocolError):
        message = decode_executor_message(bytes(event.detail))
        if message is not None:
            yield message
    match event.event_type:
        case "completed":
            yield messages.ExecutionSucceeded(execution_id=event.execution_id)
        case "cancelled":
            yield messages.CancelResponse(execution_id=event.execution_id)
        case "error":
            words = event.error or event.message or "the run failed"
            yield messages.ExecutionError(execution_id=event.execution_id, message=words)
        case _:
            return
