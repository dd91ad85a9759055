"""The events of a run as messages, and messages as events again."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from aqueducts import events
from aqueducts.protocol import messages
from aqueducts.protocol.stage_texts import stage_payloads

__all__ = ["RunMessages", "progress_event", "stage_label"]

_HIGHEST_BEFORE_THE_END = 99


def stage_label(name: str, position: int, sub_position: int) -> str:
    """`current_stage` of a stage: `load_data:0_0`."""
    return f"{name}:{position}_{sub_position}"


def progress_event(event: events.Event) -> messages.ProgressEvent | None:
    """An event in the words that every client knows; None where there are none for it."""
    match event:
        case events.RunStarted():
            return messages.Started()
        case events.SourceRegistered():
            return messages.SourceRegistered(name=event.name, bytes=event.size_bytes)
        case events.StageStarted():
            return messages.StageStarted(
                name=event.name, position=event.position, sub_position=event.sub_position
            )
        case events.StageCompleted():
            return messages.StageCompleted(
                name=event.name,
                position=event.position,
                sub_position=event.sub_position,
                duration_ms=round(event.duration_ms),
                rows=event.rows,
                bytes=event.size_bytes,
            )
        case events.DestinationCompleted():
            return messages.DestinationCompleted(rows=event.rows, bytes=event.size_bytes)
        case events.RunCompleted():
            return messages.Completed(duration_ms=round(event.duration_ms), rows=event.rows)
        case _:
            return None


class RunMessages:
    """Turns the events of one run, in their order, into messages with its progress.

    Progress counts sources, stages and the destination that are done. It never falls, and is 100
    with `completed` only.
    """

    def __init__(self, execution_id: str) -> None:
        self._execution_id = execution_id
        self._total = 1
        self._done: set[tuple[str, str]] = set()
        self.progress = 0
        """0 to 100."""
        self.current_stage: str | None = None
        """The stage that began last, as `stage_label` has it; None before and after the stages."""

    def of(self, event: events.Event) -> Iterator[messages.ProgressUpdate | messages.StageOutput]:
        """Yield the messages that an event makes.

        RunFailed and RunCancelled make none: their last messages, as `execution_succeeded`, are
        for whoever knows how the run ended.
        """
        self._count(event)
        match event:
            case events.RunFailed() | events.RunCancelled():
                return
            case events.StageOutput():
                for payload in stage_payloads(event):
                    yield messages.StageOutput(
                        execution_id=self._execution_id, stage_name=event.name, payload=payload
                    )
            case _:
                yield messages.ProgressUpdate(
                    execution_id=self._execution_id,
                    progress=self.progress,
                    event=progress_event(event),
                    detail=msgspec.Raw(msgspec.json.encode(event)),
                )

    def _count(self, event: events.Event) -> None:
        match event:
            case events.RunStarted():
                stages = sum(len(group) for group in event.stages)
                has_destination = event.destination is not None
                self._total = max(len(event.sources) + stages + has_destination, 1)
            case events.StageStarted():
                self.current_stage = stage_label(event.name, event.position, event.sub_position)
            case events.SourceRegistered():
                self._done.add(("source", event.name))
            case events.StageCompleted():
                self._done.add(("stage", event.name))
            case events.DestinationStarted():
                self.current_stage = None
            case events.DestinationCompleted():
                self._done.add(("destination", event.name))
            case events.RunCompleted():
                self.current_stage = None
                self.progress = 100
                return
            case _:
                return
        share = 100 * len(self._done) // self._total
        self.progress = max(self.progress, min(share, _HIGHEST_BEFORE_THE_END))
