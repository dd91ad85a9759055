"""Memory of this process."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

__all__ = ["container_limit_bytes", "peak_memory_bytes", "resident_bytes"]

_CGROUPS = Path("/sys/fs/cgroup")


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
    limits = [
        _read_limit(folder / name)
        for folder in _control_groups()
        for name in ("memory.max", "memory/memory.limit_in_bytes")
    ]
    known = [limit for limit in limits if limit is not None and limit < _machine_bytes()]
    return min(known, default=None)


def _control_groups() -> list[Path]:
    """The group of this process and those around it; in a container the innermost is the root."""
    try:
        with Path("/proc/self/cgroup").open(encoding="ascii") as file:
            paths = [line.rstrip().split(":", 2)[2] for line in file if line.startswith("0::")]
    except OSError:
        paths = []
    folders = {_CGROUPS}
    for path in paths:
        own = _CGROUPS / path.lstrip("/")
        folders.update([own, *(each for each in own.parents if each.is_relative_to(_CGROUPS))])
    return sorted(folders)


def _read_limit(path: Path) -> int | None:
    try:
        with path.open(encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):  # absent, or the word "max"
        return None


def _machine_bytes() -> int:
    """Version 1 of control groups calls no limit a number above this."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
