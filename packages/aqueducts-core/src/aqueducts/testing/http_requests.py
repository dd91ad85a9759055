"""Finding the borders of HTTP/1.1 requests in a stream (RFC 9112)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

__all__ = ["RequestHead", "copy_body", "read_head"]

_CHUNK = 64 << 10


@dataclass(frozen=True)
class RequestHead:
    """A request up to its body."""

    raw: bytes
    line: str
    """Method and target, such as `GET /folder/file?list-type=2`."""
    headers: Mapping[str, str]
    """By their names in small letters."""

    @property
    def is_upgrade(self) -> bool:
        """Whether what follows may be another protocol, such as a WebSocket."""
        return "upgrade" in self.headers

    @property
    def expects_continue(self) -> bool:
        """Whether the body comes only after the server has asked for it."""
        return self.headers.get("expect", "").lower() == "100-continue"


async def read_head(reader: asyncio.StreamReader) -> RequestHead | None:
    """The next request; None where the client has ended. Heads up to 64 KiB, the stream's limit.

    Raises IncompleteReadError where it ends within a head.
    """
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise
    first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return RequestHead(raw, " ".join(first.split(" ")[:2]), headers)


async def copy_body(
    reader: asyncio.StreamReader,
    head: RequestHead,
    send: Callable[[bytes], Awaitable[None]],
) -> None:
    """Send the body of a request on, as it comes.

    Raises IncompleteReadError where it ends too early.
    """
    if "chunked" in head.headers.get("transfer-encoding", "").lower():
        while (size := await reader.readuntil(b"\r\n")) and int(size.split(b";")[0], 16):
            await send(size)
            await _copy(reader, int(size.split(b";")[0], 16) + 2, send)
        await send(size)
        while (line := await reader.readuntil(b"\r\n")) != b"\r\n":  # trailers
            await send(line)
        await send(line)
        return
    await _copy(reader, int(head.headers.get("content-length", "0")), send)


async def _copy(
    reader: asyncio.StreamReader, size: int, send: Callable[[bytes], Awaitable[None]]
) -> None:
    while size:
        data = await reader.read(min(size, _CHUNK))
        if not data:
            raise asyncio.IncompleteReadError(b"", size)
        await send(data)
        size -= len(data)
