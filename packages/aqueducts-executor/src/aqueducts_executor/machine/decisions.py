"""What the machine answers to those who ask it for something."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from aqueducts_executor.machine.run import Run

__all__ = ["CancelDecision", "Refusal", "SubmitDecision"]


class Refusal(Enum):
    """Why a run is not taken."""

    BUSY = "busy"
    QUEUE_FULL = "queue_full"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class SubmitDecision:
    """A run that was taken, or why it was not."""

    run: Run | None = None
    refusal: Refusal | None = None
    busy_id: str | None = None
    """The run that is in the way."""


@dataclass(frozen=True, slots=True)
class CancelDecision:
    """What cancelling comes to. Where there is a `run`, it ends soon: wait for that."""

    run: Run | None = None
    is_known: bool = True
    """Whether a run of the given id was there, or none was named."""
    current_id: str | None = None
    """The run that goes on now."""
