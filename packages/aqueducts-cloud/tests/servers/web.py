"""A web server with files: ranges, ETag, conditions, and what it may be asked for besides."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from servers.certificates import Certificates
from servers.processes import HOST

__all__ = ["WebServer", "web_server"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class WebServer:
    """Where it is, and what it asks for."""

    folder: Path
    """The files that it serves."""
    endpoint: str = ""
    required_headers: dict[str, str] = field(default_factory=dict)
    """Without these, the answer is 401."""
    is_chunked: bool = False
    """Answers come in chunks, without their length and without ranges."""
    requests: list[str] = field(default_factory=list)
    """What was asked for, such as `GET /file.csv`."""
    certificates: str | None = None
    """A file with the certificates to trust, where it speaks TLS."""

    @property
    def port(self) -> int:
        """Its port on this machine."""
        return int(self.endpoint.rpartition(":")[2])


@contextmanager
def web_server(folder: Path, certificates: Certificates | None = None) -> Iterator[WebServer]:
    """A running server in a thread."""
    server = WebServer(folder)
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(_serve(server, certificates, ready, stop))
    )
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _serve(
    server: WebServer,
    certificates: Certificates | None,
    ready: threading.Event,
    stop: asyncio.Event,
) -> None:
    @web.middleware
    async def rules(request: web.Request, handler: _Handler) -> web.StreamResponse:
        server.requests.append(f"{request.method} {request.path}")
        if any(
            request.headers.get(each) != value for each, value in server.required_headers.items()
        ):
            return web.Response(status=401)
        if not server.is_chunked:
            return await handler(request)
        content = (server.folder / request.path.lstrip("/")).read_bytes()
        answer = web.StreamResponse()
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        if request.method != "HEAD":
            await answer.write(content)
        await answer.write_eof()
        return answer

    application = web.Application(middlewares=[rules])
    application.router.add_static("/", server.folder)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    context = None
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.chain, certificates.key)
        server.certificates = str(certificates.authority)
    try:
        site = web.TCPSite(runner, HOST, 0, ssl_context=context)
        await site.start()
        scheme = "http" if certificates is None else "https"
        server.endpoint = f"{scheme}://{HOST}:{runner.addresses[0][1]}"
    finally:
        ready.set()
    await stop.wait()
    await runner.cleanup()
