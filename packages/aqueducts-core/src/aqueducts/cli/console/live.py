"""Progress on a terminal: a region that is redrawn, below everything that stays."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aqueducts.cli.console import quantities
from aqueducts.cli.console.progress import queue_words
from aqueducts.cli.console.step_lines import step_lines
from aqueducts.cli.console.steps import Steps
from aqueducts.cli.console.terminal import Console
from aqueducts.events import Event, RunQueued

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

__all__ = ["LiveProgress"]

_DELAY_SECONDS = 0.4
"""Runs that are over before show their final lines only, and never import rich."""

_REFRESHES_PER_SECOND = 8

_LINES_KEPT = 40
"""Most lines that stay on the screen when the run is over."""


class LiveProgress:
    """A line per step with state, rows, bytes, rate and time."""

    def __init__(
        self,
        console: Console,
        *,
        delay_seconds: float = _DELAY_SECONDS,
        is_elsewhere: bool = False,
    ) -> None:
        self.steps = Steps()
        self._is_elsewhere = is_elsewhere
        self._runs_before: int | None = None
        """Of a run that waits on an executor: how many are before it in the queue."""
        self._console = console
        self._started_at = time.monotonic()
        self._steps_lock = threading.Lock()
        # Held while the region is shown, hidden or printed above. Never taken by rich's own
        # thread, which is joined under it; that one takes the lock of the steps only.
        self._display_lock = threading.RLock()
        self._live: Live | None = None
        self._is_over = False
        self._timer = threading.Timer(delay_seconds, self._show)
        self._timer.daemon = True
        self._timer.start()

    def tell(self, event: Event) -> None:
        """Take an event in; the region shows it with its next refresh."""
        with self._steps_lock:
            self.steps.apply(event, time.monotonic())
            if isinstance(event, RunQueued):
                self._runs_before = event.position

    def print_above(self, write: Callable[[], None]) -> None:
        """Print between what stays and the region."""
        with self._display_lock:
            was_shown = self._live is not None
            self._hide()
            write()
            if was_shown:
                self._show()

    def stop(self) -> None:
        """Take the region away and leave the final lines."""
        self._timer.cancel()
        with self._display_lock:
            if self._is_over:
                return
            self._is_over = True
            self._hide()
            for line in self._lines(_LINES_KEPT):
                self._console.tell(line)

    def _show(self) -> None:
        # Imported before the lock is taken: the run goes on printing meanwhile.
        from rich.console import Console as RichConsole  # slow, and rarely needed
        from rich.live import Live

        with self._display_lock:
            if self._is_over or self._live is not None:
                return
            has_color = self._console.messages.has_color
            self._live = Live(
                console=RichConsole(
                    file=sys.stderr,
                    force_terminal=True,
                    no_color=not has_color,
                    highlight=False,
                    legacy_windows=False,
                ),
                get_renderable=self._region,
                refresh_per_second=_REFRESHES_PER_SECOND,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
                vertical_overflow="crop",
            )
            self._live.start()

    def _hide(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _region(self) -> Text:
        from rich.text import Text

        _, height = self._console.message_size
        lines = [*self._lines(max(height - 3, 1)), self._total()]
        text = Text.from_ansi("\n".join(lines), no_wrap=True, overflow="crop")
        text.end = ""
        return text

    def _lines(self, limit: int) -> list[str]:
        width, _ = self._console.message_size
        with self._steps_lock:
            return step_lines(
                list(self.steps),
                now=time.monotonic(),
                width=width,
                limit=limit,
                style=self._console.messages,
            )

    def _total(self) -> str:
        elapsed = quantities.duration(time.monotonic() - self._started_at)
        parts = [elapsed if self.steps.by_key else f"{self._waiting()}, {elapsed}"]
        memory = None if self._is_elsewhere else _resident_bytes()
        if memory is not None:
            parts.append(f"{quantities.size(memory)} of memory")
        return self._console.messages(f"  {', '.join(parts)}", "dim")

    def _waiting(self) -> str:
        """What is waited for before the first step."""
        if self._runs_before is not None:
            return queue_words(self._runs_before)
        return "waiting for the executor" if self._is_elsewhere else "loading"


def _resident_bytes() -> int | None:
    """Memory of this process now, where the system tells it cheaply."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - ten times a second
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
