"""The log that all views of a run read."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from aqueducts_executor.machine import EventLog, RunEvent

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def event(seq: int) -> RunEvent:
    """An event."""
    return RunEvent(seq=seq, at=NOW, event_type="progress", execution_id="x", text="", progress=0)


@given(
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=200),
    cut=st.integers(0, 210),
    limit=st.none() | st.integers(1, 50),
)
def test_readers_miss_nothing_that_is_not_told(
    sizes: list[int], cut: int, limit: int | None
) -> None:
    """From wherever one reads: what it gets and what it is told to have missed are all there is."""
    log = EventLog(max_events=20, max_bytes=400)
    for seq, size in enumerate(sizes, 1):
        log.append(event(seq), size, is_last=seq == len(sizes))
    assert log.is_closed
    seen = []
    missed = 0
    place = cut
    while (found := log.after(place, limit)).events:
        seen += [each.seq for each in found.events]
        missed += found.missed
        place = seen[-1]
    expected = list(range(min(cut, len(sizes)) + 1 + missed, len(sizes) + 1))
    assert seen == expected
    assert len(log.after(0).events) <= 20
    assert log.after(0).events[-1].seq == len(sizes)
