"""Memory of this process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

__all__ = ["peak_memory_bytes"]


def peak_memory_bytes() -> int:
    """Highest resident size of this process so far."""
    try:
        with Path("/proc/self/status").open(encoding="ascii") as file:
            for line in file:
                # getrusage() counts what the process that started this one took, too.
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass  # not on macOS, which keeps its processes apart
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
