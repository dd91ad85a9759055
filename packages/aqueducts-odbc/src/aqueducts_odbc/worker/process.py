"""The run's side of the process of a driver."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading

from aqueducts_odbc.worker.wire import (
    Channel,
    ChannelClosedError,
    Command,
    Content,
    Disconnect,
    Done,
    Failed,
    SilenceError,
)

__all__ = ["CommandFailedError", "DriverProcess", "ProcessLostError", "SilenceError"]

_LEAVE_SECONDS = 3.0
"""How long the process may take to end its statement and go."""
_LAST_WORDS_BYTES = 2000


class CommandFailedError(Exception):
    """The driver reports an error; the text is arrow-odbc's."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.message)
        self.is_missing_manager = failed.is_missing_manager


class ProcessLostError(Exception):
    """The process is gone."""

    def __init__(self, status: int, last_words: str, *, is_given_up: bool) -> None:
        super().__init__("the process of the driver is gone")
        self.signal_name = signal.Signals(-status).name if status < 0 else None
        self.status = status
        self.last_words = last_words
        """The end of what it wrote to its standard error."""
        self.is_given_up = is_given_up
        """Whether this side asked for it."""


class DriverProcess:
    """A process for one connection. One thread uses it; `give_up` may be called from any."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._output = os.memfd_create("odbc-driver-output")
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this program's own module
                [
                    *(sys.executable, "-P", "-m", "aqueducts_odbc.worker.driver_side"),
                    str(theirs.fileno()),
                ],
                # The same modules as here.
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.DEVNULL,
                stdout=self._output,  # drivers print to both
                stderr=self._output,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._channel = Channel(ours)
        self._lock = threading.Lock()
        self._is_given_up = False
        self._is_closed = False

    @property
    def channel(self) -> Channel:
        """To send what belongs to a command."""
        return self._channel

    def ask(self, command: Command, seconds: float | None = None) -> None:
        """Have something done. Raises CommandFailedError, ProcessLostError, SilenceError."""
        self.say(command)
        answer = self.answer(seconds)
        if not isinstance(answer, Done):
            raise TypeError(f"not expected: {type(answer).__name__}")

    def say(self, command: Command) -> None:
        """Send a command without waiting. Raises ProcessLostError."""
        try:
            self._channel.say(command)
        except ChannelClosedError:
            raise self.lost() from None

    def answer(self, seconds: float | None = None) -> Content:
        """The next answer. Raises CommandFailedError, ProcessLostError, SilenceError."""
        try:
            content = self._channel.receive(seconds)
        except ChannelClosedError:
            raise self.lost() from None
        if isinstance(content, Failed):
            raise CommandFailedError(content)
        return content

    def lost(self) -> ProcessLostError:
        """What became of the process."""
        self._channel.shut()
        return ProcessLostError(self._reap(), self._last_words(), is_given_up=self._is_given_up)

    def give_up(self) -> None:
        """Let the process go, whatever it does: returns at once, and may be called anywhere."""
        with self._lock:
            if not self._is_closed:
                self._is_given_up = True
                self._channel.shut()

    def close(self, *, is_idle: bool) -> None:
        """End the process, once; a statement that is running is ended too.

        Where nothing is asked of it (`is_idle`) the connection is closed in an orderly way.
        """
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        if is_idle:
            with contextlib.suppress(ChannelClosedError):
                self._channel.say(Disconnect())
                self._channel.can_receive(_LEAVE_SECONDS)
        self._channel.shut()
        self._reap()
        self._channel.close()
        os.close(self._output)

    def _reap(self) -> int:
        try:
            return self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _last_words(self) -> str:
        size = os.fstat(self._output).st_size
        start = max(0, size - _LAST_WORDS_BYTES)
        return os.pread(self._output, _LAST_WORDS_BYTES, start).decode("utf-8", "replace").strip()
