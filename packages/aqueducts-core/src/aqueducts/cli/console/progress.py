"""What a run shows while it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from aqueducts.cli.console import quantities
from aqueducts.cli.console.cells import visible
from aqueducts.cli.console.steps import Step, Steps
from aqueducts.cli.console.terminal import Console
from aqueducts.events import (
    DestinationCompleted,
    DestinationStarted,
    Event,
    RunAccepted,
    RunQueued,
    RunStarted,
    SourceRegistered,
    StageCompleted,
    StageStarted,
)

__all__ = ["PlainProgress", "ProgressView", "SilentProgress", "queue_words"]

_HEARTBEAT_SECONDS = 30.0


class ProgressView(Protocol):
    """Shows the steps of a run. Called from any thread."""

    steps: Steps

    def tell(self, event: Event) -> None:
        """Take an event in."""

    def print_above(self, write: Callable[[], None]) -> None:
        """Call `write`, which prints lines, without tearing what is shown."""

    def stop(self) -> None:
        """End the display; what is worth keeping stays."""


class SilentProgress:
    """Counts and shows nothing."""

    def __init__(self) -> None:
        self.steps = Steps()
        self._lock = threading.Lock()

    def tell(self, event: Event) -> None:
        """Take an event in."""
        with self._lock:
            self.steps.apply(event, time.monotonic())

    def print_above(self, write: Callable[[], None]) -> None:
        """Print at once."""
        with self._lock:
            write()

    def stop(self) -> None:
        """Nothing is shown."""


class PlainProgress:
    """A line at the start and end of each step, and a sign of life in between; for logs."""

    def __init__(self, console: Console, *, heartbeat_seconds: float = _HEARTBEAT_SECONDS) -> None:
        self.steps = Steps()
        self._console = console
        self._lock = threading.Lock()
        self._started_at = time.monotonic()
        self._is_over = threading.Event()
        self._heartbeat_seconds = heartbeat_seconds
        self._thread: threading.Thread | None = None

    def tell(self, event: Event) -> None:
        """Take an event in and print what it means."""
        with self._lock:
            self.steps.apply(event, time.monotonic())
            text = _words(event)
            if text is not None:
                self._print(text)
            if isinstance(event, RunStarted) and self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()

    def print_above(self, write: Callable[[], None]) -> None:
        """Print at once."""
        with self._lock:
            write()

    def stop(self) -> None:
        """End the heartbeat."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def _print(self, text: str) -> None:
        elapsed = quantities.duration(time.monotonic() - self._started_at)
        self._console.tell(self._console.messages(f"[{elapsed:>7}]", "dim") + f" {text}")

    def _beat(self) -> None:
        while not self._is_over.wait(self._heartbeat_seconds):
            with self._lock:
                now = time.monotonic()
                running = [_running(step, now) for step in self.steps if step.state == "running"]
                self._print("still running: " + ("; ".join(running) or "no step has begun"))


def _running(step: Step, now: float) -> str:
    parts = []
    if step.rows is not None:
        parts.append(quantities.rows(step.rows))
    if step.size_bytes is not None:
        parts.append(quantities.size(step.size_bytes))
    rate = step.rows_per_second(now)
    if rate is not None:
        parts.append(quantities.rate(rate))
    return f"{step.kind} {visible(step.name)} {', '.join(parts)}".rstrip()


def _words(event: Event) -> str | None:
    match event:
        case RunAccepted():
            return f"the executor calls this run {visible(event.execution_id)}"
        case RunQueued():
            return queue_words(event.position)
        case RunStarted():
            return _run_words(event)
        case SourceRegistered():
            facts = [_files(event.files), _size(event.size_bytes)]
            return f"source {visible(event.name)}: open{_listed(facts)}"
        case StageStarted():
            return f"stage {visible(event.name)}: started"
        case StageCompleted(is_lazy=True):
            return f"stage {visible(event.name)}: checked, runs in the stream"
        case StageCompleted():
            facts = [
                _rows(event.rows),
                _size(event.size_bytes),
                quantities.duration(event.duration_ms / 1000),
                event.reason,
            ]
            return f"stage {visible(event.name)}: done{_listed(facts)}"
        case DestinationStarted():
            place = f" to {visible(event.location)}" if event.location else ""
            return f"destination {visible(event.name)}: writing{place}"
        case DestinationCompleted():
            facts = [
                _rows(event.rows),
                _size(event.size_bytes),
                _files(event.files),
                quantities.duration(event.duration_ms / 1000),
            ]
            return f"destination {visible(event.name)}: done{_listed(facts)}"
        case _:
            return None


def queue_words(runs_before: int) -> str:
    """Where in the queue of an executor a run is."""
    if runs_before == 0:
        return "queued: next"
    return f"queued: {quantities.count(runs_before, 'run')} before this one"


def _run_words(event: RunStarted) -> str:
    stages = sum(map(len, event.stages))
    facts = [
        quantities.count(len(event.sources), "source"),
        quantities.count(stages, "stage"),
        f"destination {visible(event.destination)}" if event.destination else "no destination",
    ]
    pipeline = f" of {visible(event.pipeline)}" if event.pipeline else ""
    return f"run {event.run_id}{pipeline}: {', '.join(facts)}"


def _files(files: int | None) -> str | None:
    return None if files is None else quantities.count(files, "file")


def _size(size_bytes: int | None) -> str | None:
    return None if size_bytes is None else quantities.size(size_bytes)


def _rows(rows: int | None) -> str | None:
    return None if rows is None else quantities.rows(rows)


def _listed(facts: list[str | None]) -> str:
    known = [fact for fact in facts if fact is not None]
    return f" ({', '.join(known)})" if known else ""
