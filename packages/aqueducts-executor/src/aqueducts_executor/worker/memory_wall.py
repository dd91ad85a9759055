"""A wall around the memory of a worker, outside of it.

Where a control group can be made, the kernel holds the worker inside. Whether it can or not, the
worker's resident size is looked at ten times a second, more often near the limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from aqueducts.control_groups import memory_folder
from aqueducts.memory import resident_bytes

__all__ = ["MemoryWall", "sweep_groups"]

_SLOW_SECONDS = 0.1
_FAST_SECONDS = 0.01
_FAST_SHARE = 0.6
"""Of the limit: above it the worker is looked at more often."""
_REMOVALS = 50
_PREFIX = "aqueducts-"


class MemoryWall:
    """Watches one worker from `raise_` to `take_down`."""

    def __init__(self, process: int, limit_bytes: int | None, kill: Callable[[], None]) -> None:
        self._process = process
        self._kill = kill
        self._group: _Group | None = None
        self._watch: asyncio.Task[None] | None = None
        self.limit_bytes = limit_bytes
        self.peak_bytes = 0
        self.is_over = False
        """Whether the worker was ended because of its memory."""

    def raise_(self) -> None:
        """Begin to watch."""
        if self.limit_bytes is not None:
            self._group = _Group.make(self._process, self.limit_bytes)
        self._watch = asyncio.create_task(self._look(), name="memory wall")

    async def take_down(self) -> None:
        """Stop; what is known then is final."""
        if self._watch is not None:
            self._watch.cancel()
        if self._group is not None:
            self.is_over = self.is_over or self._group.has_killed()
            self.peak_bytes = max(self.peak_bytes, self._group.peak_bytes())
            for _ in range(_REMOVALS):
                if self._group.remove():
                    break
                await asyncio.sleep(_FAST_SECONDS)  # what the worker began is ending still

    async def _look(self) -> None:
        while True:
            resident = resident_bytes(self._process)
            self.peak_bytes = max(self.peak_bytes, resident)
            limit = self.limit_bytes
            if limit is not None and resident > limit:
                self.is_over = True
                self._kill()
            is_near = limit is not None and resident > limit * _FAST_SHARE
            await asyncio.sleep(_FAST_SECONDS if is_near else _SLOW_SECONDS)


def sweep_groups() -> None:
    """Take away groups of executors that were killed."""
    found = memory_folder()
    if found is None:
        return
    for folder in found[1].glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


class _Group:
    """A control group with one process, of either version."""

    def __init__(self, folder: Path, version: int) -> None:
        self._folder = folder
        self._version = version

    @classmethod
    def make(cls, process: int, limit_bytes: int) -> _Group | None:
        """A group that holds the process; None where this process may make none."""
        found = memory_folder()
        if found is None:
            return None
        version, parent = found
        folder = parent / f"{_PREFIX}{os.getpid()}-{process}"
        group = cls(folder, version)
        limit = "memory.max" if version == 2 else "memory.limit_in_bytes"
        try:
            folder.mkdir()
            (folder / limit).write_text(str(limit_bytes), encoding="ascii")
            (folder / "cgroup.procs").write_text(str(process), encoding="ascii")
        except OSError:
            group.remove()
            return None
        return group

    def has_killed(self) -> bool:
        """Whether the kernel ended the process because of its memory."""
        name = "memory.events" if self._version == 2 else "memory.oom_control"
        words = self._read(name).split()
        counts = dict(zip(words[::2], words[1::2], strict=False))
        return counts.get("oom_kill", "0") != "0"

    def peak_bytes(self) -> int:
        """The most that it held."""
        name = "memory.peak" if self._version == 2 else "memory.max_usage_in_bytes"
        text = self._read(name).strip()
        return int(text) if text.isdecimal() else 0

    def remove(self) -> bool:
        """Take it away; False where something is in it."""
        try:
            self._folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text(encoding="ascii")
        except OSError:
            return ""
