"""`/ws/connect`: the same runs and events for clients that keep one connection."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from aqueducts.errors import ProtocolError
from aqueducts.protocol import decode_client_message, encode
from aqueducts.protocol.limits import MAX_MESSAGE_BYTES, PING_SECONDS, PONG_SECONDS
from aqueducts.protocol.messages import (
    CancelRequest,
    CancelResponse,
    ErrorMessage,
    ExecutionError,
    ExecutionRequest,
    ExecutionResponse,
)
from aqueducts_executor.conductor import Conductor
from aqueducts_executor.http.bodies import BadRequestError, check_depth
from aqueducts_executor.http.event_texts import websocket_texts
from aqueducts_executor.http.following import follow
from aqueducts_executor.machine import Refusal, Run, RunState, SubmitDecision
from aqueducts_executor.worker.checker import Checker
from aqueducts_executor.worker.process import WorkerStartError

__all__ = ["WebSockets"]

_STALLED_SECONDS = 60.0
_LARGE_CHARACTERS = 64 << 10
_CLOSE_SECONDS = 2.0


class WebSockets:
    """Serves connections, and knows them all."""

    def __init__(self, conductor: Conductor, checker: Checker) -> None:
        self._conductor = conductor
        self._checker = checker
        self._open: set[_Connection] = set()

    @property
    def count(self) -> int:
        """Connections that are open."""
        return len(self._open)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it is closed; its runs end with it."""
        socket = web.WebSocketResponse(
            timeout=_CLOSE_SECONDS,
            autoping=False,
            compress=False,
            max_msg_size=2 * MAX_MESSAGE_BYTES,  # a message in between is read, and refused
        )
        if not socket.can_prepare(request):
            raise BadRequestError(400, "This path speaks WebSocket only")
        await socket.prepare(request)
        connection = _Connection(socket, request.transport, self._conductor, self._checker)
        self._open.add(connection)
        try:
            await connection.serve()
        finally:
            self._open.discard(connection)
            self._conductor.disconnect(connection)
        return socket

    async def close(self) -> None:
        """Say goodbye to all, once their runs have ended."""
        await asyncio.gather(*(each.close() for each in self._open))


class _Connection:
    """One client; the owner of the runs that it asked for."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        conductor: Conductor,
        checker: Checker,
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._conductor = conductor
        self._checker = checker
        self._tasks: set[asyncio.Task[None]] = set()
        self._followed: set[str] = set()
        self._heard_at = time.monotonic()

    async def serve(self) -> None:
        """Take messages until the connection is closed."""
        self._begin(self._keep_alive())
        try:
            async for message in self._socket:
                self._heard_at = time.monotonic()
                if message.type is WSMsgType.TEXT:
                    if _is_too_large(message.data):
                        await self._socket.close(code=WSCloseCode.MESSAGE_TOO_BIG)
                        return
                    await self._take(message.data)
                elif message.type is WSMsgType.PING:
                    await self._socket.pong(message.data)
                elif message.type is WSMsgType.BINARY:
                    await self._send(ErrorMessage(message="messages are text"))
        finally:
            for task in list(self._tasks):
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Deliver what is left to deliver, and close."""
        followers = [task for task in self._tasks if task.get_name() == "follow"]
        if followers:
            await asyncio.wait(followers, timeout=_CLOSE_SECONDS)
        await self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"shutting down")

    async def _take(self, text: str) -> None:
        try:
            if len(text) > _LARGE_CHARACTERS:
                await asyncio.to_thread(check_depth, text)
            else:
                check_depth(text)
            message = decode_client_message(text)
        except BadRequestError as error:
            await self._send(ErrorMessage(message=error.message))
        except ProtocolError as error:
            await self._send(ErrorMessage(message=error.message))
        else:
            match message:
                case ExecutionRequest():
                    self._begin(self._execute(message))
                case CancelRequest():
                    self._begin(self._cancel(message.execution_id))

    async def _execute(self, request: ExecutionRequest) -> None:
        """Run a pipeline, or say why not under an id that nothing else has."""
        pipeline = bytes(request.pipeline)
        try:
            problems = await self._checker.problems(pipeline)
        except WorkerStartError:
            await self._refuse("No process can be started to look at the pipeline", code="busy")
            return
        if problems:
            text = f"The pipeline is not valid: {problems[0].message}"
            await self._refuse(text, code="invalid-pipeline", problems=problems)
            return
        decision = self._conductor.submit(pipeline, self, may_wait=True)
        if decision.run is None:
            await self._refuse(_refusal_text(decision), code="busy")
            return
        self._followed.add(decision.run.run_id)
        await self._send(ExecutionResponse(execution_id=decision.run.run_id))
        self._begin(self._follow(decision.run, with_detail=request.detail), "follow")

    async def _refuse(self, text: str, **facts: Any) -> None:
        run_id = str(uuid.uuid4())
        await self._send(ExecutionResponse(execution_id=run_id))
        await self._send(ExecutionError(execution_id=run_id, message=text, **facts))

    async def _follow(self, run: Run, *, with_detail: bool) -> None:
        async for found in follow(self._conductor, run, 0):
            for text in websocket_texts(run, found, with_detail=with_detail):
                await self._write(text)

    async def _cancel(self, run_id: str) -> None:
        decision = await self._conductor.cancel(run_id)
        run = decision.run
        if run is None:
            text = f"Execution ID '{run_id}' not found"
            if decision.is_known:
                text = f"Execution '{run_id}' is over"
            await self._send(ErrorMessage(message=text))
        elif run.state is not RunState.CANCELLED:
            text = f"Execution '{run_id}' was over before it could be cancelled"
            await self._send(ErrorMessage(message=text))
        elif run_id not in self._followed:  # who follows it is told in its turn
            await self._send(CancelResponse(execution_id=run_id))

    async def _keep_alive(self) -> None:
        """Ask now and then whether the client is there; give it up where it does not answer."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            asked_at = time.monotonic()
            with contextlib.suppress(ConnectionError):
                await self._socket.ping()
            await asyncio.sleep(PONG_SECONDS)
            if self._heard_at < asked_at:
                self._abort()
                return

    async def _send(self, message: msgspec.Struct) -> None:
        await self._write(encode(message).decode())

    async def _write(self, text: str) -> None:
        try:
            async with asyncio.timeout(_STALLED_SECONDS):
                await self._socket.send_str(text)
        except TimeoutError:
            self._abort()
        except ConnectionError:
            pass  # the loop that reads hears of it

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _begin(self, work: Any, name: str = "work") -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _refusal_text(decision: SubmitDecision) -> str:
    if decision.refusal is Refusal.DRAINING:
        return "The executor is shutting down"
    return "The queue is full. Please retry later"


def _is_too_large(text: str) -> bool:
    return len(text) > MAX_MESSAGE_BYTES or (
        4 * len(text) > MAX_MESSAGE_BYTES and len(text.encode()) > MAX_MESSAGE_BYTES
    )
