"""A thread that looks at the memory of this process while a run with a limit goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from aqueducts.events import MemoryUse
from aqueducts.free_pages import can_take_back, take_back_free_pages
from aqueducts.memory import resident_bytes
from aqueducts.shortage import Shortage, Strain

__all__ = ["MemoryWatch"]

_SECONDS = 0.05
_QUICK_SECONDS = 0.01
_QUICK_SHARE = 0.3
"""Of the limit: above it memory is looked at in short intervals. Small limits are reached fast."""
_LOOK_SHARE = 0.02
"""Of the limit: after a rise by that much it is looked at once where the memory is."""
_SWEEPING_SHARE = 0.4
"""Of the limit: from here on pages that are free are taken back."""
_SWEEPING_PAUSE = 2
"""Times as long as taking back took, until it is done again: it costs a look at every page."""
_TELLING_SHARE = 0.5
"""Of the limit: from here on it is told where the memory is."""
_STOPPING_SHARE = 0.95
_STEP_SHARE = 0.05
"""Of the limit: a rise by less than this is not told again."""


class MemoryWatch:
    """Tells where the memory is once it gets scarce; stops a run that nobody else watches.

    `stop` is called once, from the thread, where the limit is about to be reached; None where
    another process sees to that.
    """

    def __init__(
        self,
        limit_bytes: int,
        strain: Callable[[], Strain | None],
        tell: Callable[[MemoryUse], object],
        stop: Callable[[], None] | None,
    ) -> None:
        self._limit_bytes = limit_bytes
        self._strain = strain
        self._tell = tell
        self._stop = stop
        self._told = MemoryUse(resident_bytes=0, limit_bytes=limit_bytes)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)
        self.shortage: Shortage | None = None
        """Set before `stop` is called."""

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        can_sweep, next_sweep = can_take_back(), 0.0
        interval, looked_at, next_look = 0.0, 0, 0.0
        while not self._done.wait(interval):
            resident = resident_bytes()
            is_near = resident > self._limit_bytes * _QUICK_SHARE
            interval = _QUICK_SECONDS if is_near else _SECONDS
            is_time = can_sweep and time.monotonic() > next_sweep
            if is_time and resident > self._limit_bytes * _SWEEPING_SHARE:
                started = time.monotonic()
                take_back_free_pages()
                ended = time.monotonic()
                next_sweep = ended + _SWEEPING_PAUSE * (ended - started)
                resident = resident_bytes()
            if resident < self._limit_bytes * _TELLING_SHARE:
                continue
            is_over = self._stop is not None and resident > self._limit_bytes * _STOPPING_SHARE
            has_risen = resident - looked_at > self._limit_bytes * _LOOK_SHARE
            if not (has_risen or is_over or time.monotonic() > next_look):
                continue
            looked_at, next_look = resident, time.monotonic() + _SECONDS
            strain = self._strain()
            self._tell_use(resident, strain)
            if is_over and self._stop is not None:
                self.shortage = Shortage(1, self._limit_bytes, resident, strain, is_final=True)
                self._stop()
                return

    def _tell_use(self, resident: int, strain: Strain | None) -> None:
        use = MemoryUse(
            resident_bytes=resident,
            limit_bytes=self._limit_bytes,
            operator=None if strain is None else strain.operator,
            step=None if strain is None else strain.step,
            words=None if strain is None else strain.words,
            can_spill=strain is None or strain.can_spill,
        )
        told = self._told
        is_news = (use.operator, use.step) != (told.operator, told.step)
        if is_news or resident - told.resident_bytes > self._limit_bytes * _STEP_SHARE:
            self._told = use
            self._tell(use)
