"""The threads of a run, and how it is told to stop.

The thread that runs a pipeline only waits: everything that may block is done in threads of the
run, so that a signal or a cancellation is heard at once, whatever native code is doing meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["Cancellation", "RunCancelledError", "RunThreads"]

ResultT = TypeVar("ResultT")

_MOST_THREADS = 16


class RunCancelledError(BaseException):
    """The run was cancelled: no error, so it passes through whatever handles errors."""


class Cancellation:
    """Asks one run to stop: hand it to `run_sync`, and cancel it from any thread."""

    def __init__(self) -> None:
        self.asked: Future[None] = Future()
        """Done once the run was asked to stop."""

    def cancel(self) -> None:
        """Ask the run to stop, once or more often; returns at once."""
        with suppress(InvalidStateError):
            self.asked.set_result(None)


class RunThreads:
    """Threads for the blocking calls of one run."""

    def __init__(self, cancellation: Cancellation) -> None:
        self._cancellation = cancellation
        self._pool = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="aqueducts")
        self._calls: set[Future[Any]] = set()
        self._is_stopping = False

    def call(self, function: Callable[..., ResultT], *args: Any) -> ResultT:
        """Do it in a thread and wait. Raises what it raises, and RunCancelledError."""
        call = self._submit(function, *args)
        self._wait([call])
        return call.result()

    def together(self, calls: Iterable[Callable[[], None]]) -> None:
        """Do all at the same time and wait for all; the first that fails is raised at once."""
        waiting = [self._submit(call) for call in calls]
        while waiting:
            self._wait(waiting)
            for call in [each for each in waiting if each.done()]:
                waiting.remove(call)
                call.result()

    def go_on(self) -> None:
        """For long calls, between their steps. Raises RunCancelledError once the run is ending."""
        if self._is_stopping or self._cancellation.asked.done():
            raise RunCancelledError

    def settle(self, seconds: float) -> None:
        """Wait for the calls that still go on, but no longer than so many seconds."""
        self._is_stopping = True
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not all(call.done() for call in list(self._calls)):
            time.sleep(0.01)

    def close(self) -> None:
        """Begin nothing more; what is in native code is left to itself."""
        self._is_stopping = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, function: Callable[..., ResultT], *args: Any) -> Future[ResultT]:
        call = self._pool.submit(function, *args)
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return call

    def _wait(self, calls: Iterable[Future[Any]]) -> None:
        """Until one of them is done, or the run was asked to stop."""
        wait([*calls, self._cancellation.asked], return_when=FIRST_COMPLETED)
        if self._cancellation.asked.done():
            raise RunCancelledError
