"""Time, as it is handed to the machine."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """Two clocks: one to measure by, one to tell."""

    def monotonic(self) -> float:
        """Seconds that never go back; every deadline is by these."""

    def now(self) -> datetime:
        """The time to tell people, in UTC."""
