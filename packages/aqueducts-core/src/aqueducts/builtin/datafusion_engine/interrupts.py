"""Stopping queries that run in other threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Interrupted", "Interrupts"]


class Interrupted(BaseException):
    """Raised inside a thread whose query was told to stop."""


class Interrupts:
    """Threads that wait for the engine, and a way to make them stop.

    DataFusion looks for a pending Python exception a few times a second while it runs a query,
    so an exception set on the waiting thread ends the query, without a signal.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: dict[int, int] = {}
        self._is_stopped = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Mark the calling thread as one that may be stopped."""
        ident = threading.get_ident()
        with self._lock:
            if self._is_stopped:
                raise Interrupted
            self._threads[ident] = self._threads.get(ident, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._threads[ident] -= 1
                if not self._threads[ident]:
                    del self._threads[ident]

    def stop(self) -> None:
        """Make every marked thread stop, now and in future."""
        import ctypes  # few runs are stopped

        with self._lock:
            self._is_stopped = True
            for ident in self._threads:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(ident), ctypes.py_object(Interrupted)
                )
