"""What a run and the process of its driver say to each other, over a pair of sockets.

A frame is a byte for its kind, eight bytes for its length (little endian), and its content: a
message as JSON, or a schema or record batch as Arrow writes them (IPC messages).
"""

from __future__ import annotations

import enum
import select
import socket
import struct
import time
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Batch",
    "Channel",
    "ChannelClosedError",
    "Command",
    "Commit",
    "Connect",
    "Content",
    "Disconnect",
    "Done",
    "End",
    "Execute",
    "Failed",
    "Insert",
    "Kind",
    "Read",
    "ReadBounds",
    "Reply",
    "Rollback",
    "SilenceError",
]

_HEADER = struct.Struct("<BQ")
_BUFFER_BYTES = 1 << 20
"""What the kernel may hold of each direction; it grants less where it is told to."""


class Connect(msgspec.Struct, frozen=True, tag=True):
    """Open the connection."""

    text: str
    login_timeout: int | None
    is_autocommit: bool
    session_query: str | None = None
    """Gives the number of the session, to end its statement with from another one."""
    cancel_statement: str | None = None
    """Ends the statement of the session whose number stands at `{}`."""


class ReadBounds(msgspec.Struct, frozen=True):
    """How much is fetched at a time, and how long values may be."""

    batch_rows: int = 10_000
    batch_bytes: int = 16 << 20
    """Of each of the two buffers that rows come through; they are as wide as values may be."""
    max_text_bytes: int = 4096
    max_binary_bytes: int = 4096
    query_timeout: int | None = None
    """Seconds until the first rows."""


class Read(msgspec.Struct, frozen=True, tag=True):
    """Run a query; its schema is answered, then the schema to read with is expected."""

    query: str
    parameters: tuple[str | None, ...]
    bounds: ReadBounds


class Execute(msgspec.Struct, frozen=True, tag=True):
    """Run a statement that gives no rows."""

    statement: str
    parameters: tuple[str | None, ...]
    query_timeout: int | None


class Insert(msgspec.Struct, frozen=True, tag=True):
    """Insert rows: a schema follows, batches, and End."""

    table: str
    chunk_rows: int


class Commit(msgspec.Struct, frozen=True, tag=True):
    """Commit."""


class Rollback(msgspec.Struct, frozen=True, tag=True):
    """Roll back."""


class Disconnect(msgspec.Struct, frozen=True, tag=True):
    """Close the connection and end the process."""


class End(msgspec.Struct, frozen=True, tag=True):
    """No more batches; `is_whole` is False where those that came are not to be kept."""

    is_whole: bool = True


class Done(msgspec.Struct, frozen=True, tag=True):
    """It is done."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """It could not be done."""

    message: str
    is_missing_manager: bool = False
    """Whether arrow-odbc or what it needs could not be loaded."""


Command: TypeAlias = Connect | Read | Execute | Insert | Commit | Rollback | Disconnect
Reply: TypeAlias = Done | Failed
_Message: TypeAlias = Command | Reply | End

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[_Message] = msgspec.json.Decoder(_Message)


class Kind(enum.IntEnum):
    """What a frame holds."""

    MESSAGE = 1
    SCHEMA = 2
    BATCH = 3


class Batch(msgspec.Struct, frozen=True):
    """A record batch as Arrow writes it, without its schema."""

    content: Any

    def decoded(self, schema: pa.Schema) -> pa.RecordBatch:
        """The batch; its columns point into what was received."""
        import pyarrow as pa

        return pa.ipc.read_record_batch(self.content, schema)


Content: TypeAlias = "_Message | Batch | pa.Schema"


class ChannelClosedError(Exception):
    """The other process is gone, or was given up."""


class SilenceError(Exception):
    """The other process said nothing for as long as was waited."""


class Channel:
    """One end. One thread sends and one receives; `shut` may be called from any."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            connection.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)

    def say(self, message: _Message) -> None:
        """Send a message. Raises ChannelClosedError."""
        self._send(Kind.MESSAGE, _ENCODER.encode(message))

    def send_schema(self, schema: pa.Schema) -> None:
        """Send a schema. Raises ChannelClosedError."""
        self._send(Kind.SCHEMA, schema.serialize())

    def send_batch(self, batch: pa.RecordBatch) -> None:
        """Send a batch. Raises ChannelClosedError."""
        self._send(Kind.BATCH, batch.serialize())

    def receive(self, seconds: float | None = None) -> Content:
        """Wait for the next frame, no longer than so many seconds.

        Raises ChannelClosedError, SilenceError.
        """
        if seconds is not None and not self.can_receive(seconds):
            raise SilenceError
        kind, length = _HEADER.unpack(self._read(bytearray(_HEADER.size)))
        if kind == Kind.MESSAGE:
            return _DECODER.decode(self._read(bytearray(length)))
        import pyarrow as pa

        content = pa.allocate_buffer(length)
        self._read(content)
        return pa.ipc.read_schema(content) if kind == Kind.SCHEMA else Batch(content)

    def can_receive(self, seconds: float) -> bool:
        """Whether something comes within so many seconds, if only the end."""
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            if waiting.poll(int(left * 1000) + (left > 0)):
                return True
            if time.monotonic() >= deadline:
                return False

    @property
    def is_abandoned(self) -> bool:
        """Whether the other end is gone, whatever it has sent before."""
        waiting = select.poll()
        waiting.register(self._socket, select.POLLRDHUP)
        return bool(waiting.poll(0))

    def shut(self) -> None:
        """End it: whoever waits at either end is told. The socket stays until `close`."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other end did it

    def close(self) -> None:
        """Let go of the socket, once no thread uses it."""
        self._socket.close()

    def _send(self, kind: Kind, content: Any) -> None:
        view = memoryview(content).cast("B")
        try:
            self._socket.sendall(_HEADER.pack(kind, len(view)))
            self._socket.sendall(view)
        except OSError as error:
            raise ChannelClosedError from error

    def _read(self, buffer: Any) -> Any:
        view = memoryview(buffer).cast("B")
        while view:
            try:
                count = self._socket.recv_into(view)
            except OSError as error:
                raise ChannelClosedError from error
            if not count:
                raise ChannelClosedError
            view = view[count:]
        return buffer
