"""Waiting for something, but no longer than until it is cancelled from another thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from aqueducts.threads import Cancellation, RunCancelledError

__all__ = ["asked", "unless_cancelled"]

ResultT = TypeVar("ResultT")


def asked(cancellation: Cancellation) -> asyncio.Future[None]:
    """What is done once the cancellation was asked for.

    Unlike `asyncio.wrap_future` it may be cancelled itself, and the loop may end before.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not future.done():
            future.set_result(None)

    def wake(_: Future[None]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle)

    cancellation.asked.add_done_callback(wake)
    return future


async def unless_cancelled(
    action: Coroutine[Any, Any, ResultT], cancellation: Cancellation
) -> ResultT:
    """What the action gives. Raises RunCancelledError as soon as that was asked for."""
    acting = asyncio.ensure_future(action)
    stop = asked(cancellation)
    either: set[asyncio.Future[Any]] = {acting, stop}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if stop.done():
            raise RunCancelledError
        return acting.result()
    finally:
        acting.cancel()
        stop.cancel()
