"""Requests that can be given up at once, whatever the network does."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from aqueducts.errors import StorageError

__all__ = ["Requests"]

ResultT = TypeVar("ResultT")

_END_SECONDS = 1.5
"""How long what was begun may take to clean up: ends of uploads that are given up."""


class Requests:
    """Does requests in an event loop of its own, from any thread.

    A thread that waits in native code for a store that hangs could not be ended; here threads
    wait for the loop, and the loop lets go of requests.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: _Loop | None = None
        self._is_closed = False

    def call(self, request: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Do it and wait. Raises what it raises, and StorageError once `close` was called."""
        return self.wait(self.begin(request))

    def begin(self, request: Coroutine[Any, Any, ResultT]) -> Future[ResultT]:
        """Begin it. Raises StorageError once `close` was called."""
        with self._lock:
            if self._is_closed:
                request.close()
                raise _given_up()
            if self._loop is None:
                self._loop = _Loop()
                weakref.finalize(self, self._loop.end)
            return self._loop.submit(request)

    def wait(self, begun: Future[ResultT]) -> ResultT:
        """What a request gives."""
        try:
            return begun.result()
        except CancelledError:
            raise _given_up() from None

    def close(self) -> None:
        """Give up what goes on, now and in future; returns at once."""
        with self._lock:
            self._is_closed = True
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.end()


class _Loop:
    """An event loop in a thread; holds no reference to its owner."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._begun: set[Future[Any]] = set()
        threading.Thread(target=self._run, name="aqueducts-requests", daemon=True).start()

    def submit(self, request: Coroutine[Any, Any, ResultT]) -> Future[ResultT]:
        begun = asyncio.run_coroutine_threadsafe(request, self._loop)
        self._begun.add(begun)
        begun.add_done_callback(self._begun.discard)
        return begun

    def end(self) -> None:
        for begun in list(self._begun):
            begun.cancel()  # threads that wait are let go here, not when all is cleaned up
        with contextlib.suppress(RuntimeError):  # ended already
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self) -> None:
        self._loop.run_forever()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        if pending:
            self._loop.run_until_complete(asyncio.wait(pending, timeout=_END_SECONDS))
        for task in asyncio.all_tasks(self._loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - of a store that hangs
        self._loop.close()


def _given_up() -> StorageError:
    return StorageError("the request was given up: the run is being stopped")
