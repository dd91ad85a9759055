"""What a worker tells of its run, besides how it ended."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from aqueducts.events import Event
from aqueducts.protocol.messages import Payload

__all__ = ["OutputPart", "WorkerEvent"]


class OutputPart(msgspec.Struct, frozen=True, kw_only=True, tag="output_part"):
    """A piece of what a stage was asked to print."""

    stage_name: str
    payload: Payload


WorkerEvent: TypeAlias = Event | OutputPart
"""`StageOutput` is not among what workers tell: it becomes parts."""
