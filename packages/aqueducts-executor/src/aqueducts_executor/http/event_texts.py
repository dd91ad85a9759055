"""Events of a run as each view writes them; made once for all who watch."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from aqueducts.protocol import StreamEvent, encode
from aqueducts.protocol.messages import Gap, ProgressUpdate
from aqueducts_executor.machine import EventSlice, Run, RunEvent

__all__ = ["SSE_COMMENT", "EventTexts", "sse_gap", "websocket_texts"]

SSE_COMMENT = b":\n\n"

_KEPT = 4096


class EventTexts:
    """Frames of server-sent events. What is asked for again and again is kept."""

    def __init__(self) -> None:
        self._frames: dict[tuple[str, int], bytes] = {}

    def frame(self, event: RunEvent) -> bytes:
        """The whole frame of an event."""
        key = (event.execution_id, event.seq)
        found = self._frames.get(key)
        if found is None:
            if len(self._frames) >= _KEPT:
                del self._frames[next(iter(self._frames))]
            found = self._frames[key] = _frame(_stream_event(event))
        return found


def sse_gap(run: Run, found: EventSlice) -> bytes:
    """What stands in the place of events that are gone."""
    first = found.events[0]
    event = StreamEvent(
        event_type="gap",
        execution_id=run.run_id,
        message=f"{found.missed} events were left out: this reader is too slow, or came too late",
        progress=None,
        seq=first.seq - 1,
        ts=_time(first),
        detail=msgspec.Raw(encode(Gap(execution_id=run.run_id, missed=found.missed))),
    )
    return _frame(event)


def websocket_texts(run: Run, found: EventSlice, *, with_detail: bool) -> Iterator[str]:
    """The messages of some events, for a client that asked for detail or one that did not."""
    if found.missed and with_detail:
        yield encode(Gap(execution_id=run.run_id, missed=found.missed)).decode()
    for event in found.events:
        for message in event.messages:
            if isinstance(message, ProgressUpdate) and not with_detail:
                if message.event is None:
                    continue
                plain = msgspec.structs.replace(message, detail=msgspec.UNSET)
                yield encode(plain).decode()
            else:
                yield encode(message).decode()


def _stream_event(event: RunEvent) -> StreamEvent:
    # The end of a run that succeeded is two messages; the first has its numbers.
    detail = encode(event.messages[0]) if event.messages else b"null"
    return StreamEvent(
        event_type=event.event_type,
        execution_id=event.execution_id,
        message=event.text,
        progress=event.progress,
        current_stage=event.current_stage,
        error=event.text if event.event_type == "error" else None,
        seq=event.seq,
        ts=_time(event),
        detail=msgspec.Raw(detail),
        position=event.position,
    )


def _time(event: RunEvent) -> str:
    return event.at.isoformat(timespec="milliseconds")


def _frame(event: StreamEvent) -> bytes:
    head = f"id: {event.seq}\nevent: {event.event_type}\ndata: ".encode()
    return head + encode(event) + b"\n\n"
