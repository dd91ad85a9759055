"""Limits that a container or service manager puts on this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

__all__ = ["GroupLimits", "memory_folder", "read_limits"]

NumberT = TypeVar("NumberT", int, float)

_NO_LIMIT_BYTES = 1 << 60
"""Version 1 has no word for "no limit", but a number of about 2 to the power of 63."""


class GroupLimits(msgspec.Struct, frozen=True):
    """The tightest limits of the control group of this process and those above it."""

    version: int | None = None
    """1 or 2; None where there are no control groups."""
    memory_bytes: int | None = None
    cores: float | None = None


def read_limits(root: Path = Path("/")) -> GroupLimits:
    """Limits of this process, by what is below `root`."""
    mounted = root / "sys/fs/cgroup"
    groups = _groups(root / "proc/self/cgroup")
    if (mounted / "cgroup.controllers").exists():
        folders = list(_upwards(mounted, groups.get("", "/")))
        return GroupLimits(
            version=2,
            memory_bytes=_least(_memory(folder / "memory.max") for folder in folders),
            cores=_least(_cores_2(folder / "cpu.max") for folder in folders),
        )
    if not (mounted / "memory").is_dir():
        return GroupLimits()
    memory = _upwards(mounted / "memory", groups.get("memory", "/"))
    cpu = _upwards(mounted / "cpu", groups.get("cpu", "/"))
    return GroupLimits(
        version=1,
        memory_bytes=_least(_memory(folder / "memory.limit_in_bytes") for folder in memory),
        cores=_least(map(_cores_1, cpu)),
    )


def memory_folder(root: Path = Path("/")) -> tuple[int, Path] | None:
    """Version and folder of the control group that counts the memory of this process."""
    mounted = root / "sys/fs/cgroup"
    groups = _groups(root / "proc/self/cgroup")
    if (mounted / "cgroup.controllers").exists():
        return 2, next(_upwards(mounted, groups.get("", "/")))
    if not (mounted / "memory").is_dir():
        return None
    return 1, next(_upwards(mounted / "memory", groups.get("memory", "/")))


def _groups(path: Path) -> dict[str, str]:
    """The group of this process for each controller; version 2 has one, without a name."""
    found = {}
    for line in _read(path).splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            found.update(dict.fromkeys(parts[1].split(","), parts[2]))
    return found


def _upwards(mounted: Path, group: str) -> Iterator[Path]:
    """The folder of a group and those above it.

    In a container the group may be named as the host sees it, and is not there; then the top is.
    """
    folder = mounted / group.strip("/")
    while folder != mounted and mounted in folder.parents:
        yield folder
        folder = folder.parent
    yield mounted


def _memory(path: Path) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isdecimal() and int(text) < _NO_LIMIT_BYTES else None


def _cores_2(path: Path) -> float | None:
    parts = _read(path).split()
    return _quotient(*parts) if len(parts) == 2 else None


def _cores_1(folder: Path) -> float | None:
    quota = _read(folder / "cpu.cfs_quota_us").strip()
    return _quotient(quota, _read(folder / "cpu.cfs_period_us").strip())


def _quotient(quota: str, period: str) -> float | None:
    if not quota.isdecimal() or not period.isdecimal() or int(period) == 0:
        return None
    return int(quota) / int(period)


def _least(values: Iterable[NumberT | None]) -> NumberT | None:
    return min((value for value in values if value is not None), default=None)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
