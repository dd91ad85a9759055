"""A proxy that disturbs what goes through it, to test what a client does about that."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from aqueducts.testing.http_requests import RequestHead, copy_body, read_head

__all__ = ["FaultProxy", "Faults"]

_CHUNK = 64 << 10
_UNAVAILABLE = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 9\r\nConnection: close\r\n\r\nSlow down"
)


@dataclass(frozen=True)
class Faults:
    """What a proxy does wrong. Without arguments: nothing."""

    latency_seconds: float = 0.0
    """How long everything that a side sends is held back."""
    is_black_hole: bool = False
    """Connections are taken, and nothing comes through until other faults are set."""
    is_reset: bool = False
    """Connections, open and new ones, are reset at once."""
    cut_after_bytes: int | None = None
    """How much a server may answer in one connection, which is then reset."""
    unavailable_share: float = 0.0
    """The share, 0 to 1, of HTTP requests that get a 503 and never reach the server."""
    lost_answers: str | None = None
    """A regular expression: requests that match it (`PUT /path`) reach the server, and instead of
    the answer comes a reset."""
    times: int | None = None
    """How often a cut, a 503 or a lost answer happens; None: as long as these faults are set."""


class FaultProxy:
    """Listens on a port of its own and passes everything on to a server, with `faults`.

        with FaultProxy("127.0.0.1", port) as proxy:
            proxy.faults = Faults(latency_seconds=0.2)
            client = connect(proxy.host, proxy.port)

    Faults may be set at any time, and hold for connections that are open already. Those that know
    requests (`unavailable_share`, `lost_answers`) need plain HTTP/1.1, without TLS: say
    `speaks_http=True`. The seed decides which requests are answered with 503, and makes a run of
    one client after another repeatable.

    Runs in a thread of its own; `with` or `close()` ends it together with all connections.
    """

    host = "127.0.0.1"
    """Where it listens: this machine only."""

    def __init__(self, host: str, port: int, *, speaks_http: bool = False, seed: int = 0) -> None:
        self._server = (host, port)
        self.speaks_http = speaks_http
        self._random = random.Random(seed)  # noqa: S311 - faults, not secrets
        self._faults = Faults()
        self._left: int | None = None
        self._lock = threading.Lock()
        self._listener = socket.create_server((self.host, 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        """Where it listens."""
        self.connections = 0
        """How many there were."""
        self.requests: list[str] = []
        """What was asked for, such as `GET /folder/file`, where it speaks HTTP."""
        self.disturbed = 0
        """How many cuts, 503 and lost answers there were."""
        self._open: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._flows = asyncio.Event()
        self._flows.set()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address for clients that speak HTTP."""
        return f"http://{self.host}:{self.port}"

    @property
    def faults(self) -> Faults:
        """What it does wrong now."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        knows_requests = faults.unavailable_share > 0 or faults.lost_answers is not None
        if knows_requests and not self.speaks_http:
            raise ValueError("503 and lost answers need FaultProxy(…, speaks_http=True)")
        with self._lock:
            self._faults, self._left = faults, faults.times
        self._loop.call_soon_threadsafe(self._apply, faults)

    def close(self) -> None:
        """Close every connection and stop listening."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def _apply(self, faults: Faults) -> None:
        if faults.is_black_hole:
            self._flows.clear()
        else:
            self._flows.set()
        if faults.is_reset:
            for task in self._open:
                task.cancel()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, sock=self._listener)
        async with server:
            await self._stop.wait()
            server.close()
            for task in self._open:
                task.cancel()
            while self._open:
                await asyncio.wait(self._open)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - streams are served in tasks
        self._open.add(task)
        self.connections += 1
        writers = [writer]
        try:
            if self._faults.is_reset:
                raise _DisturbedError
            answers, upstream = await asyncio.open_connection(*self._server)
            writers.append(upstream)
            await _Connection(self, reader, writer, answers, upstream).run()
        except _ENDS:
            for each in writers:
                _reset(each)
        else:
            for each in writers:
                each.close()
        finally:
            self._open.discard(task)

    def happens(self, share: float = 1.0) -> bool:
        """Whether the next of the faults that happen a number of times happens now."""
        with self._lock:
            if self._left == 0 or (share < 1.0 and self._random.random() >= share):
                return False
            if self._left is not None:
                self._left -= 1
            self.disturbed += 1
            return True

    async def pause(self) -> None:
        """Wait as long as what comes now is to be held back."""
        if self._faults.latency_seconds:
            await asyncio.sleep(self._faults.latency_seconds)
        await self._flows.wait()


class _DisturbedError(Exception):
    """The connection is to be reset."""


_ENDS = (
    OSError,
    ValueError,  # what comes is no HTTP
    asyncio.CancelledError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    _DisturbedError,
)


class _Connection:
    """One client and its connection to the server."""

    def __init__(
        self,
        proxy: FaultProxy,
        requests: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        server: asyncio.StreamWriter,
    ) -> None:
        self.proxy, self.requests, self.client = proxy, requests, client
        self.answers, self.server = answers, server
        self.loses_answer = False

    async def run(self) -> None:
        """Pass on until both sides have ended, or one is to be disturbed."""
        forward = self._requests() if self.proxy.speaks_http else self._pass_requests()
        requests = asyncio.ensure_future(forward)
        answers = asyncio.ensure_future(self._pass_answers())
        both = (requests, answers)
        try:
            # A client may end its side and wait for the answer; nothing comes after the server's.
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not answers.done():
                requests.result()
                await answers
            answers.result()
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _pass_requests(self) -> None:
        while data := await self.requests.read(_CHUNK):
            await self._to_server(data)
        with suppress(OSError):
            self.server.write_eof()

    async def _requests(self) -> None:
        while (head := await read_head(self.requests)) is not None:
            self.proxy.requests.append(head.line)
            faults = self.proxy.faults
            if faults.unavailable_share > 0 and self.proxy.happens(faults.unavailable_share):
                await self._refuse(head)
                return
            lost = faults.lost_answers
            if lost is not None and re.search(lost, head.line) and self.proxy.happens():
                self.loses_answer = True
            await self._to_server(head.raw)
            if head.is_upgrade:
                await self._pass_requests()
                return
            await copy_body(self.requests, head, self._to_server)
        with suppress(OSError):
            self.server.write_eof()

    async def _refuse(self, head: RequestHead) -> None:
        if not head.expects_continue:
            await copy_body(self.requests, head, _swallow)
        await self.proxy.pause()
        self.client.write(_UNAVAILABLE)
        await self.client.drain()
        self.client.write_eof()
        await self.requests.read()  # until the client has closed it, so that it reads the answer
        raise _DisturbedError

    async def _to_server(self, data: bytes) -> None:
        await self.proxy.pause()
        self.server.write(data)
        await self.server.drain()

    async def _pass_answers(self) -> None:
        passed = 0
        while data := await self.answers.read(_CHUNK):
            await self.proxy.pause()
            if self.loses_answer:
                raise _DisturbedError
            limit = self.proxy.faults.cut_after_bytes
            is_cut = limit is not None and passed + len(data) > limit and self.proxy.happens()
            self.client.write(data[: max(0, (limit or 0) - passed)] if is_cut else data)
            await self.client.drain()
            if is_cut:
                raise _DisturbedError
            passed += len(data)
        self.client.write_eof()


async def _swallow(_: bytes) -> None:
    """Send it nowhere."""


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once; the other side learns of it by a reset where it still sends."""
    with suppress(OSError):
        connection = writer.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
