"""Memory of this process."""

from __future__ import annotations

import resource
import sys

__all__ = ["peak_memory_bytes"]


def peak_memory_bytes() -> int:
    """Highest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
