"""The process of a driver: `python -m aqueducts_odbc.worker.driver_side SOCKET`.

A thread listens to the run, so that its end is noticed while the driver is in native code: the
statement that is running is then ended by a second connection, where the database can do that.
Imports little, since every connection waits for it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from aqueducts_odbc.worker.wire import (
    Batch,
    Channel,
    ChannelClosedError,
    Commit,
    Connect,
    Content,
    Disconnect,
    Done,
    End,
    Execute,
    Failed,
    Insert,
    Read,
    Rollback,
)

if TYPE_CHECKING:
    import pyarrow as pa

_LOOK_UP_SECONDS = 0.2
_CANCEL_SECONDS = 2


class _DiscardedError(Exception):
    """The run has no use for the rows it sent."""


class _DriverSide:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._received: queue.Queue[Content | None] = queue.Queue(maxsize=2)
        self._connection: Any = None
        self._cancel: Callable[[], None] | None = None
        self._is_busy = False

    def serve(self) -> None:
        """Do what is asked until the run is gone."""
        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        while (command := self._received.get()) is not None:
            if isinstance(command, Disconnect):
                self._connection = None  # the last reference closes it
                return
            self._is_busy = True
            try:
                self._do(command)
            except ChannelClosedError:
                return
            except Exception as error:  # noqa: BLE001 - the edge of the process
                self._channel.say(_failed(error))
            finally:
                self._is_busy = False

    def _do(self, command: Content) -> None:
        match command:
            case Connect():
                self._connect(command)
            case Read():
                self._read(command)
                return
            case Execute():
                self._connection.execute(
                    command.statement,
                    parameters=list(command.parameters) or None,
                    query_timeout_sec=command.query_timeout,
                )
            case Insert():
                if not self._insert(command):
                    return
            case Commit():
                self._connection.commit()
            case Rollback():
                self._connection.rollback()
            case _:
                raise TypeError(f"not expected: {type(command).__name__}")
        self._channel.say(Done())

    def _connect(self, command: Connect) -> None:
        import arrow_odbc

        self._connection = arrow_odbc.connect(
            command.text,
            login_timeout_sec=command.login_timeout,
            autocommit=command.is_autocommit,
        )
        if command.session_query is None or command.cancel_statement is None:
            return
        [batch] = self._connection.read_arrow_batches(command.session_query, max_text_size=64)
        statement = command.cancel_statement.format(int(batch.column(0)[0].as_py()))

        def cancel() -> None:
            other = arrow_odbc.connect(command.text, login_timeout_sec=_CANCEL_SECONDS)
            other.execute(statement)

        self._cancel = cancel

    def _read(self, command: Read) -> None:
        def negotiate(found: pa.Schema) -> pa.Schema:
            self._channel.send_schema(found)
            answer = self._received.get()
            if answer is None:
                raise ChannelClosedError
            if isinstance(answer, End):
                raise _DiscardedError
            return answer

        bounds = command.bounds
        try:
            reader = self._connection.read_arrow_batches(
                command.query,
                parameters=list(command.parameters) or None,
                batch_size=bounds.batch_rows,
                max_bytes_per_batch=bounds.batch_bytes,
                max_text_size=bounds.max_text_bytes,
                max_binary_size=bounds.max_binary_bytes,
                query_timeout_sec=bounds.query_timeout,
                map_schema=negotiate,
            )
            for batch in reader:
                self._channel.send_batch(batch)
        except _DiscardedError:
            pass
        self._channel.say(End())

    def _insert(self, command: Insert) -> bool:
        """Whether it went well; a failure was told at once, for the run may have many rows left."""
        rows = _Rows(self._received)
        try:
            self._connection.insert_into_table(
                reader=rows, table=command.table, chunk_size=command.chunk_rows
            )
        except _DiscardedError:
            return True
        except Exception as error:  # noqa: BLE001 - the edge of the process
            self._channel.say(_failed(error))
            rows.pass_over()
            return False
        return True

    def _listen(self) -> None:
        while True:
            try:
                content = self._channel.receive()
            except ChannelClosedError:
                self._leave()
            while True:
                try:
                    self._received.put(content, timeout=_LOOK_UP_SECONDS)
                    break
                except queue.Full:
                    if self._channel.is_abandoned:
                        self._leave()

    def _leave(self) -> NoReturn:
        """The run is gone, or has given this up: nothing is committed any more."""
        if self._is_busy and self._cancel is not None:
            with contextlib.suppress(Exception):
                self._cancel()
        os._exit(0)


class _Rows:
    """Batches that the run sends, as arrow-odbc takes them."""

    def __init__(self, received: queue.Queue[Content | None]) -> None:
        self._received = received
        schema = received.get()
        self.schema: Any = schema
        self._is_over = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while True:
            content = self._received.get()
            if isinstance(content, Batch):
                yield content.decoded(self.schema)
                continue
            self._is_over = True
            if isinstance(content, End) and content.is_whole:
                return
            raise _DiscardedError

    def pass_over(self) -> None:
        """Take what is left of the rows after an error."""
        while not self._is_over:
            self._is_over = not isinstance(self._received.get(), Batch)


def _failed(error: Exception) -> Failed:
    is_missing = isinstance(error, ImportError | OSError) and "arrow_odbc" not in sys.modules
    return Failed(str(error) or type(error).__name__, is_missing)


def main() -> None:
    """Serve the run at the other end of the socket that the argument numbers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    _DriverSide(channel).serve()
    os._exit(0)  # not through destructors of drivers: some of them hang


if __name__ == "__main__":
    main()
