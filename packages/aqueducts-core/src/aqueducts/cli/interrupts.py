"""Ctrl-C and SIGTERM while a run goes on: the first cancels, the second leaves at once.

Native code holds the main thread for as long as it likes, and Python's own signal handlers wait
for it. So a thread of our own reads the signals from the file descriptor that the C handler
writes them to, and ends the process when the run does not end by itself.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NamedTuple

__all__ = ["Interrupts", "LastWords", "leave"]

_PATIENCE_SECONDS = 2.6
"""How long a cancelled run may clean up; then the process ends without."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_LAST_WORDS_SECONDS = 0.1
"""How long text may take to be written before the process ends."""

_CLOSE = 0
"""No signal has this number: it ends the thread."""


class LastWords(NamedTuple):
    """What is said when the process ends without the run having ended."""

    again: str = "killed"
    """After a second signal."""
    late: str = "the engine does not stop: leaving it behind"
    """When the patience is over."""


class Interrupts:
    """Watches for signals while it is entered.

    `cancel` is called with the first signal, from another thread; `say_last_words` before the
    process ends without the run having ended. Does nothing outside of the main thread.
    """

    def __init__(
        self,
        cancel: Callable[[signal.Signals], None],
        say_last_words: Callable[[str], None],
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
        words: LastWords | None = None,
    ) -> None:
        self.received: signal.Signals | None = None
        """The first signal that came."""
        self._cancel = cancel
        self._say_last_words = say_last_words
        self._patience_seconds = patience_seconds
        self._words = words or LastWords()
        self._handlers: dict[signal.Signals, Any] = {}
        self._former_fd = -1
        self._read_fd = self._write_fd = -1
        self._thread: threading.Thread | None = None

    @property
    def exit_code(self) -> int:
        """130 or 143, once a signal came."""
        return 128 + (self.received or signal.SIGINT)

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is not threading.main_thread():
            return self
        self._read_fd, self._write_fd = os.pipe()
        os.set_blocking(self._write_fd, False)
        self._former_fd = signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        for number in _SIGNALS:
            # Ignored from the start (nohup, a shell's background job): leave it so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, _only_wake)
        self._thread = threading.Thread(target=self._watch, name="interrupts", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is None:
            return
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_fd)
        os.write(self._write_fd, bytes([_CLOSE]))
        self._thread.join()
        os.close(self._read_fd)
        os.close(self._write_fd)

    def _watch(self) -> None:
        first = self._next(None)
        if first is None:
            return
        self.received = first
        deadline = time.monotonic() + self._patience_seconds
        # What prints may wait for a lock or a full pipe; the next signal must be heard meanwhile.
        _call_aside(lambda: self._cancel(first))
        try:
            if self._next(deadline) is None:
                return
            words = self._words.again
        except TimeoutError:
            words = self._words.late
        _call_aside(lambda: self._say_last_words(words)).join(_LAST_WORDS_SECONDS)
        leave(self.exit_code)

    def _next(self, deadline: float | None) -> signal.Signals | None:
        """The next signal, or None when the run is over. Raises TimeoutError at the deadline."""
        while True:
            timeout = None if deadline is None else max(deadline - time.monotonic(), 0)
            if not select.select([self._read_fd], [], [], timeout)[0]:
                raise TimeoutError
            number = os.read(self._read_fd, 1)[0]
            if number == _CLOSE:
                return None
            if number in self._handlers:
                return signal.Signals(number)


def _only_wake(number: int, frame: FrameType | None) -> None:
    """The C handler has told the thread; there is nothing left to do."""


def leave(code: int) -> None:
    """End the process now: native threads that are still at work cannot be waited for."""
    _call_aside(_flush).join(_LAST_WORDS_SECONDS)
    os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # Closed, broken, or None: there is nobody to tell.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()


def _call_aside(action: Callable[[], None]) -> threading.Thread:
    """Call something that may block for ever, without waiting for it."""
    thread = threading.Thread(target=action, name="last-words", daemon=True)
    thread.start()
    return thread
