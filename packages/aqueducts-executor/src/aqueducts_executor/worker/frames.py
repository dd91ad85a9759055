"""Messages on a pipe: four bytes of length, then MessagePack."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from typing import Any

import msgspec

from aqueducts_executor.worker.messages import FromWorker, ToWorker

__all__ = ["BadFrameError", "FrameReader", "WorkerLink", "encode_frame"]

_LENGTH = struct.Struct(">I")

_MOST_TO_WORKER = 16 << 20
"""A pipeline, which a request cannot make larger than 4 MiB."""
_MOST_FROM_WORKER = 1 << 20

_encoder = msgspec.msgpack.Encoder()


class BadFrameError(Exception):
    """What came is no message: whoever sent it is not to be listened to any more."""


def encode_frame(message: Any) -> bytes:
    """The message with its length."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Reads what a worker sends, in the parent's event loop."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self._decoder = msgspec.msgpack.Decoder(FromWorker)

    async def read(self) -> FromWorker | None:
        """The next message; None at the end. Raises BadFrameError."""
        try:
            (length,) = _LENGTH.unpack(await self._stream.readexactly(_LENGTH.size))
            if length > _MOST_FROM_WORKER:
                raise BadFrameError(f"a message of {length} bytes")
            message: FromWorker = self._decoder.decode(await self._stream.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except msgspec.DecodeError as error:
            raise BadFrameError(str(error)) from None
        return message


class WorkerLink:
    """The worker's end: plain blocking calls, from any thread."""

    def __init__(self, link: socket.socket) -> None:
        self._socket = link
        self._lock = threading.Lock()
        self._decoder = msgspec.msgpack.Decoder(ToWorker)

    def send(self, message: FromWorker) -> None:
        """Send a message whole."""
        frame = encode_frame(message)
        with self._lock:
            self._socket.sendall(frame)

    def receive(self) -> ToWorker | None:
        """The next message; None where the parent is gone. Raises BadFrameError."""
        head = self._exactly(_LENGTH.size)
        if head is None:
            return None
        (length,) = _LENGTH.unpack(head)
        if length > _MOST_TO_WORKER:
            raise BadFrameError(f"a message of {length} bytes")
        body = self._exactly(length)
        return None if body is None else self._decoder.decode(body)

    def _exactly(self, count: int) -> bytes | None:
        parts = bytearray()
        while len(parts) < count:
            part = self._socket.recv(min(count - len(parts), 1 << 18))
            if not part:
                return None
            parts += part
        return bytes(parts)
