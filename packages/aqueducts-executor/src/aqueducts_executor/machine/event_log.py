"""The ordered events of one run. Views read from it at their own pace and hold nothing."""

from __future__ import annotations

from dataclasses import dataclass

from aqueducts_executor.machine.run_events import RunEvent

__all__ = ["EventLog", "EventSlice"]

_TRIMMED_SHARE = 8
"""Trimming takes an eighth at once, or each append would move all that is behind."""


@dataclass(frozen=True, slots=True)
class EventSlice:
    """Events in order, and how many before them are gone."""

    events: list[RunEvent]
    missed: int


class EventLog:
    """Appended to by the machine; bounded in events and, roughly, in bytes.

    What is oldest goes first. The last event of a run is always kept.
    """

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._events: list[RunEvent] = []
        self._sizes: list[int] = []
        self._bytes = 0
        self.last_seq = 0
        self.is_closed = False
        """Whether the last event is there."""

    def append(self, event: RunEvent, size_bytes: int, *, is_last: bool) -> None:
        """Add the next event; `size_bytes` is about what its text takes."""
        self._events.append(event)
        self._sizes.append(size_bytes)
        self._bytes += size_bytes
        self.last_seq = event.seq
        self.is_closed = is_last
        if len(self._events) > self._max_events or self._bytes > self._max_bytes:
            self._trim()

    def after(self, seq: int, limit: int | None = None) -> EventSlice:
        """The events behind `seq`, at most `limit` of them."""
        if not self._events or seq >= self.last_seq:
            return EventSlice([], 0)
        first = self._events[0].seq
        start = max(0, seq - first + 1)
        stop = None if limit is None else start + limit
        return EventSlice(self._events[start:stop], max(0, first - 1 - seq))

    def _trim(self) -> None:
        count = min(max(1, len(self._events) // _TRIMMED_SHARE), len(self._events) - 1)
        while count < len(self._events) - 1 and (
            self._bytes - sum(self._sizes[:count]) > self._max_bytes
        ):
            count += max(1, count // 2)
        count = min(count, len(self._events) - 1)
        self._bytes -= sum(self._sizes[:count])
        del self._events[:count]
        del self._sizes[:count]
