"""Memory, processors, the disk for temporary files, file descriptors."""

from __future__ import annotations

import os
import resource
import tempfile
from pathlib import Path

from aqueducts.cli.memory_limit import limit_for
from aqueducts.control_groups import read_limits
from aqueducts.health import Fact, Health, HealthCheck

__all__ = ["machine_checks"]

_LITTLE_MEMORY_BYTES = 1_000_000_000
_LITTLE_DISK_BYTES = 2_000_000_000
_FEW_DESCRIPTORS = 1_024
_MOST_THREADS = 8
"""What the engine uses at most without `--threads`."""

_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_OVER_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre"),
        *("fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone", "beegfs"),
    }
)


def machine_checks(spill_dir: str | None, origin: str) -> list[HealthCheck]:
    """Checks of the machine; `origin` says where the folder for temporary files was named."""
    return [
        HealthCheck("memory", _memory),
        HealthCheck("processors", _processors),
        HealthCheck("disk", lambda: _disk(Path(spill_dir or tempfile.gettempdir()), origin)),
        HealthCheck("file descriptors", _file_descriptors),
    ]


def _memory() -> Health:
    machine = _meminfo()
    limits = read_limits()
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    address_space = None if soft == resource.RLIM_INFINITY else soft
    facts: dict[str, Fact] = {
        "total_bytes": machine.get("MemTotal"),
        "available_bytes": machine.get("MemAvailable"),
        "swap_bytes": machine.get("SwapTotal"),
        "limit_of_runs_bytes": limit_for(None),
        "control_group_version": limits.version,
        "control_group_limit_bytes": limits.memory_bytes,
        "address_space_limit_bytes": address_space,
    }
    if address_space is not None:
        return Health(
            "warning",
            facts,
            "the address space is limited, of which the engine takes much more than it uses",
            "lift it (ulimit -v unlimited), and limit runs with --max-memory instead",
        )
    usable = min(
        (each for each in (machine.get("MemAvailable"), limits.memory_bytes) if each is not None),
        default=_LITTLE_MEMORY_BYTES,
    )
    if usable < _LITTLE_MEMORY_BYTES:
        return Health(
            "warning",
            facts,
            "less than 1 GB can be used",
            "give runs a limit that holds, such as --max-memory 500MB, or free some memory",
        )
    return Health(facts=facts)


def _meminfo() -> dict[str, int]:
    """The machine's memory in bytes; empty where the system has no such file."""
    found = {}
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if len(words) == 2 and words[0].isdecimal():
            found[name] = int(words[0]) * 1024
    return found


def _processors() -> Health:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    quota = read_limits().cores
    facts: dict[str, Fact] = {
        "count": os.cpu_count(),
        "usable": usable,
        "control_group_limit": quota,
    }
    threads = min(usable or os.cpu_count() or 1, _MOST_THREADS)
    if quota is not None and quota < threads:
        return Health(
            "warning",
            facts,
            f"the control group allows {quota:g} processors, and runs use {threads} threads",
            f"run with --threads {max(round(quota), 1)}, or set AQUEDUCTS_THREADS",
        )
    return Health(facts=facts)


def _disk(folder: Path, origin: str) -> Health:
    facts: dict[str, Fact] = {"folder": origin}
    there = next((each for each in (folder, *folder.absolute().parents) if each.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x")
        usage = os.statvfs(there)
    except OSError as error:
        return Health(
            "error",
            facts,
            f"temporary files cannot be written: {error.strerror}",
            "choose another folder with --spill-dir or AQUEDUCTS_SPILL_DIR",
        )
    free = usage.f_bavail * usage.f_frsize
    kind = _file_system(there)
    facts |= {
        "free_bytes": free,
        "total_bytes": usage.f_blocks * usage.f_frsize,
        "file_system": kind,
    }
    return _judged_disk(facts, free, kind)


def _judged_disk(facts: dict[str, Fact], free: int, kind: str | None) -> Health:
    if kind in _IN_MEMORY:
        return Health(
            "warning",
            facts,
            f"the folder for temporary files is in memory ({kind}): spilling to it frees none",
            "choose a folder on a disk with --spill-dir or AQUEDUCTS_SPILL_DIR",
        )
    if kind in _OVER_NETWORK:
        return Health(
            "warning",
            facts,
            f"the folder for temporary files is reached over a network ({kind}), which is slow",
            "choose a folder on a local disk with --spill-dir or AQUEDUCTS_SPILL_DIR",
        )
    if free < _LITTLE_DISK_BYTES:
        return Health(
            "warning",
            facts,
            "little is free for temporary files: large sorts, joins and groups need more",
            "free some, or choose another folder with --spill-dir or AQUEDUCTS_SPILL_DIR",
        )
    return Health(facts=facts)


def _file_system(folder: Path) -> str | None:
    """The type of the file system that holds a folder; None where the system does not say."""
    device = os.stat(folder).st_dev  # noqa: PTH116
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    for line in reversed(text.splitlines()):
        before, separator, after = line.partition(" - ")
        fields = before.split()
        if separator and len(fields) > 2 and fields[2] == wanted:
            return after.split()[0]
    return None


def _file_descriptors() -> Health:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    facts: dict[str, Fact] = {
        "limit": _shown(soft),
        "highest_limit": _shown(hard),
    }
    if soft != resource.RLIM_INFINITY and soft < _FEW_DESCRIPTORS:
        highest = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
        return Health(
            "warning",
            facts,
            f"only {soft} files can be open at once: sources of many files may fail",
            f"raise the limit: ulimit -n {highest}"
            if highest > soft
            else "let an administrator raise the limit (nofile in limits.conf)",
        )
    return Health(facts=facts)


def _shown(limit: int) -> Fact:
    return "unlimited" if limit == resource.RLIM_INFINITY else limit
