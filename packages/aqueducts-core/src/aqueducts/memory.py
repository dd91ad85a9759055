"""Memory of this process."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from aqueducts.control_groups import read_limits

__all__ = ["container_limit_bytes", "peak_memory_bytes", "resident_bytes"]


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


def resident_bytes(process: int | str = "self") -> int:
    """Resident size of a process now; where the system does not tell, the peak of this one."""
    try:
        with Path(f"/proc/{process}/statm").open(encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak_memory_bytes() if process == "self" else 0


def container_limit_bytes() -> int | None:
    """What the control groups of this process allow, the tightest of them; None without limit."""
    limit = read_limits().memory_bytes
    return limit if limit is not None and limit < _machine_bytes() else None


def _machine_bytes() -> int:
    """A limit above what there is is none."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
