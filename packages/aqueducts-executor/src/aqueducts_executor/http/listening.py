"""Listening sockets, and connections that say nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

__all__ = ["Listener"]

_HEADER_SECONDS = 10.0
_IDLE_SECONDS = 75.0
_UNACKNOWLEDGED_MS = 20_000
"""A peer that vanished is given up once what was sent to it was not acknowledged for so long."""
_MOST_CONNECTIONS = 4000
_MOST_HEADERS = 100
_LINE_BYTES = 8190
_HEADER_BYTES = 16_384


class _TimedHandler(web.RequestHandler):
    """Closes a connection that has not sent the head of a request in time."""

    __slots__ = ("_deadline", "_server")

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=_IDLE_SECONDS,
            access_log=None,  # type: ignore[arg-type]  # as aiohttp's own runner does
            max_line_size=_LINE_BYTES,
            max_field_size=_HEADER_BYTES,
            max_headers=_MOST_HEADERS,
            auto_decompress=False,
            lingering_time=2.0,
        )
        self._server = server
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait, or send the peer away where there are too many."""
        super().connection_made(transport)
        if len(self._server.connections) > _MOST_CONNECTIONS:
            self.force_close()
            return
        raw = transport.get_extra_info("socket")
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError, AttributeError):
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(_HEADER_SECONDS, self._give_up)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop waiting."""
        self.heard()
        super().connection_lost(exc)

    def heard(self) -> None:
        """The head of a request is there."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        self.force_close()


@web.middleware
async def _hear(request: web.Request, handler: Handler) -> web.StreamResponse:
    if isinstance(request.protocol, _TimedHandler):
        request.protocol.heard()
    return await handler(request)


class Listener:
    """Serves one application at several ports."""

    def __init__(self, application: web.Application) -> None:
        application.middlewares.insert(0, _hear)
        self._runner = web.AppRunner(
            application, handler_cancellation=True, access_log=None, shutdown_timeout=1.0
        )
        self._servers: list[asyncio.Server] = []

    async def open(self, host: str, ports: Sequence[int], tls: ssl.SSLContext | None) -> list[int]:
        """Begin to accept connections; returns the ports. Raises OSError."""
        await self._runner.setup()
        server = self._runner.server
        if server is None:
            raise OSError("the application was not set up")
        loop = asyncio.get_running_loop()
        for port in ports:
            self._servers.append(
                await loop.create_server(
                    lambda: _TimedHandler(server, loop), host, port, ssl=tls, backlog=1024
                )
            )
        return [each.sockets[0].getsockname()[1] for each in self._servers]

    def stop_accepting(self) -> None:
        """Take no new connections; those that are there go on."""
        for server in self._servers:
            server.close()

    async def close(self) -> None:
        """Close what is left."""
        self.stop_accepting()
        await self._runner.cleanup()
