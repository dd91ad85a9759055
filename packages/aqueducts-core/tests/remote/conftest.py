"""An executor that does what a test says: a real server on loopback, without an engine."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import pytest
from aiohttp import WSMsgType, web

from aqueducts import events
from aqueducts.protocol import RunMessages, decode_client_message, encode, messages

KEY = "a-key-of-this-test"
ID = "6f1b3c1e-8a54-4a43-9a86-0f4b2c0b8f11"


class Socket:
    """The executor's end of a WebSocket."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.raw = socket

    async def receive(self) -> messages.ClientMessage:
        """The next message of the client."""
        message = await self.raw.receive(timeout=20)
        assert message.type is WSMsgType.TEXT, message
        return decode_client_message(message.data)

    async def send(self, *each: messages.ExecutorMessage | str) -> None:
        """Send messages, or texts that are none."""
        for message in each:
            text = message if isinstance(message, str) else encode(message).decode()
            await self.raw.send_str(text)

    async def tell(self, told: list[events.Event], *, is_older: bool = False) -> None:
        """Send what events make; older executors send what older clients know, and no more."""
        run = RunMessages(ID)
        for event in told:
            for message in run.of(event):
                if is_older and isinstance(message, messages.ProgressUpdate):
                    if message.event is not None:
                        await self.send(
                            messages.ProgressUpdate(
                                execution_id=ID, progress=message.progress, event=message.event
                            )
                        )
                else:
                    await self.send(message)


Conversation: TypeAlias = Callable[[Socket], Awaitable[None]]


class ScriptedExecutor:
    """A server that follows a script, and remembers what it was sent."""

    def __init__(self) -> None:
        self.script: Conversation = _accept_and_succeed
        self.answers: dict[tuple[str, str], Callable[[web.Request], Awaitable[Any]]] = {}
        self.requests: list[web.Request] = []
        self.received: list[messages.ClientMessage] = []
        self.failures: list[BaseException] = []
        self.port = 0
        self.ssl: ssl.SSLContext | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._is_up = threading.Event()
        self._stop: asyncio.Event | None = None

    @property
    def address(self) -> str:
        """As it is given on the command line."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()
        assert self._is_up.wait(10)

    def stop(self) -> None:
        """End, whatever is open."""
        if self._thread.is_alive() and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def _serve(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self.ssl)
        await site.start()
        self.port = runner.addresses[0][1]
        self._is_up.set()
        await self._stop.wait()
        await runner.cleanup()
        await asyncio.sleep(0.1)  # transports of TLS are closed by the loop

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if request.headers.get("X-API-Key") != KEY:
            return web.json_response({"error": "Authentication failed"}, status=401)
        answer = self.answers.get((request.method, request.path))
        if answer is not None:
            response = await answer(request)
            assert isinstance(response, web.StreamResponse)
            return response
        if request.path == "/ws/connect":
            return await self._converse(request)
        return web.Response(status=404, text="nothing here")

    async def _converse(self, request: web.Request) -> web.StreamResponse:
        raw = web.WebSocketResponse()
        await raw.prepare(request)
        socket = Socket(raw)
        inner = socket.receive

        async def receive() -> messages.ClientMessage:
            message = await inner()
            self.received.append(message)
            return message

        socket.receive = receive  # type: ignore[method-assign]  # remembered for the test
        try:
            await self.script(socket)
        except (AssertionError, TimeoutError) as failure:
            self.failures.append(failure)
        with contextlib.suppress(ConnectionError):
            await raw.close()
        return raw


async def _accept_and_succeed(socket: Socket) -> None:
    await socket.receive()
    await socket.send(
        messages.ExecutionResponse(execution_id=ID), messages.ExecutionSucceeded(execution_id=ID)
    )


@pytest.fixture
def executor() -> Iterator[ScriptedExecutor]:
    """An executor that is not started yet."""
    scripted = ScriptedExecutor()
    yield scripted
    scripted.stop()
    assert not scripted.failures


A_RUN: list[events.Event] = [
    events.RunStarted(
        run_id="ffffffffffff",
        sources=("people",),
        stages=(("adults",), ("cities",)),
        destination="out",
    ),
    events.SourceRegistered(name="people", duration_ms=1.5, files=1, size_bytes=43),
    events.StageStarted(name="adults", position=0, sub_position=0),
    events.StageOutput(
        name="adults",
        position=0,
        sub_position=0,
        kind="show",
        table=events.OutputTable(
            columns=("name", "age"), types=("string", "int64"), rows=(("Ann", "31"), ("Cyd", None))
        ),
    ),
    events.StageCompleted(name="adults", position=0, sub_position=0, duration_ms=4.4),
    events.StageStarted(name="cities", position=1, sub_position=0),
    events.StageCompleted(name="cities", position=1, sub_position=0, duration_ms=0.1),
    events.DestinationStarted(name="out", location="out.csv"),
    events.Progress(step="source", name="people", rows=3),
    events.Notice(message="a column is empty"),
    events.DestinationCompleted(
        name="out", duration_ms=9.0, rows=1, size_bytes=14, files=1, location="out.csv"
    ),
    events.RunCompleted(duration_ms=21.0, rows=1, peak_memory_bytes=150_000_000),
]
"""The events of a run of the pipeline in `PIPELINE`."""

PIPELINE = """\
sources:
  - {type: file, name: people, format: {type: csv}, location: people.csv}
stages:
  - - {name: adults, query: "select name, age from people where age > ${min}", show: 2}
  - - {name: cities, query: select count(*) as n from adults}
destination: {type: file, name: out, location: out.csv, format: {type: csv}}
"""
