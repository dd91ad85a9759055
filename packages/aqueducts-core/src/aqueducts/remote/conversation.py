"""One run over a WebSocket, from the request to its end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import NoReturn

import aiohttp
import msgspec

from aqueducts.errors import AqueductsError, ConnectionLostError, ProtocolError
from aqueducts.events import Notice
from aqueducts.protocol import decode_executor_message, encode, messages
from aqueducts.remote.address import Address
from aqueducts.remote.heard_run import HeardRun
from aqueducts.remote.submission import Submission
from aqueducts.remote.waiting import asked
from aqueducts.threads import Cancellation, RunCancelledError

__all__ = ["Conversation"]

_CANCEL_SECONDS = 30.0
"""How long a cancelled run may take to end; an executor kills what does not within 5 s."""

_MOST_MALFORMED = 10
"""Messages that make no sense, until the other end is taken for something else."""

_ID_SECONDS = 2.0


class Conversation:
    """Sends one pipeline and listens until the run has ended."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, heard: HeardRun, address: Address
    ) -> None:
        self._socket = socket
        self._heard = heard
        self._address = address
        self._malformed = 0
        self._has_id = asyncio.Event()

    async def run(self, submission: Submission, cancellation: Cancellation) -> None:
        """Return when the run has succeeded.

        Raises what it failed with, RunCancelledError where `cancellation` was asked, and
        ConnectionLostError. Where the task is cancelled, so is the run, and its end is awaited.
        """
        request = messages.ExecutionRequest(pipeline=msgspec.Raw(submission.body), detail=True)
        await self._send(request)
        listening = asyncio.create_task(self._listen())
        stop = asked(cancellation)
        is_ours = False
        try:
            await asyncio.wait({listening, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not listening.done():
                is_ours = True
                await self._cancel(listening)
            await listening
        except asyncio.CancelledError:
            if not listening.done():
                with contextlib.suppress(AqueductsError):
                    await self._cancel(listening)
            raise
        finally:
            listening.cancel()
            stop.cancel()
            await asyncio.gather(listening, stop, return_exceptions=True)
        self._judge(is_ours)

    def _judge(self, is_ours: bool) -> None:
        match self._heard.ending:
            case "failed" if self._heard.error is not None:
                raise self._heard.error
            case "cancelled" if is_ours:
                raise RunCancelledError
            case "cancelled":
                raise cancelled_elsewhere()
            case _:
                return

    async def _listen(self) -> None:
        """Until the run has ended. Raises ConnectionLostError."""
        while not self._heard.is_over:
            message = await self._socket.receive()
            match message.type:
                case aiohttp.WSMsgType.TEXT | aiohttp.WSMsgType.BINARY:
                    self._take(message.data)
                case aiohttp.WSMsgType.CLOSE | aiohttp.WSMsgType.CLOSED | aiohttp.WSMsgType.CLOSING:
                    self._lost(_close_words(self._socket.close_code, message.extra))
                case _:
                    self._lost(_error_words(self._socket.exception() or message.data))

    def _take(self, text: str | bytes) -> None:
        try:
            message = decode_executor_message(text)
        except ProtocolError as error:
            self._malformed += 1
            if self._malformed >= _MOST_MALFORMED:
                raise
            self._heard.tell(Notice(code=error.code, message=error.message))
            return
        if message is not None:
            self._heard.take(message)
            if self._heard.execution_id is not None:
                self._has_id.set()

    async def _cancel(self, listening: asyncio.Task[None]) -> None:
        """Ask the executor to stop the run, and wait until it has."""
        identified = asyncio.create_task(self._has_id.wait())
        await asyncio.wait(
            {listening, identified}, timeout=_ID_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        identified.cancel()
        if listening.done():
            return
        if self._heard.execution_id is None:
            # Closing the socket is all that can be done, and stops what began over it.
            raise RunCancelledError
        await self._send(messages.CancelRequest(execution_id=self._heard.execution_id))
        await asyncio.wait({listening}, timeout=_CANCEL_SECONDS)
        if not listening.done():
            raise ConnectionLostError(
                "the executor does not say whether the run was cancelled",
                hint=self._attach_hint(),
            )

    async def _send(self, message: messages.ClientMessage) -> None:
        try:
            await self._socket.send_str(encode(message).decode())
        except (aiohttp.ClientError, ConnectionError) as error:
            self._lost(_error_words(error))

    def _lost(self, reason: str) -> NoReturn:
        known = self._heard.execution_id
        what = "before the run was accepted" if known is None else f"before run {known} had ended"
        raise ConnectionLostError(
            f"the connection to the executor at {self._address.name} was lost {what}: {reason}",
            hint=self._attach_hint(),
        )

    def _attach_hint(self) -> str:
        known = self._heard.execution_id
        if known is None:
            return "look at aqueducts status before running it again"
        return f"how it ended: aqueducts attach {known} --executor {self._address.name}"


def cancelled_elsewhere() -> AqueductsError:
    """The error of a run that somebody else has cancelled."""
    from aqueducts.errors import RunError

    return RunError(
        "the run was cancelled on the executor, and not from here",
        hint="somebody else cancelled it, or the executor is about to stop",
    )


def _close_words(code: int | None, reason: object) -> str:
    said = f" ({reason})" if isinstance(reason, str) and reason else ""
    match code:
        case 1001 | 1012:
            return f"the executor is stopping{said}"
        case 1009:
            return f"a message was too long{said}"
        case 1013:
            return f"messages were not read in time{said}"
        case None | 1006:
            return f"it was closed without a word{said}"
        case _:
            return f"it was closed with code {code}{said}"


def _error_words(error: object) -> str:
    text = str(error) if error is not None else ""
    return text or "no answer to a ping"
