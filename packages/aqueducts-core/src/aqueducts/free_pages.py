"""Taking back pages that the allocator has marked as free and the system still counts."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

__all__ = ["can_take_back", "take_back_free_pages"]

_MADV_PAGEOUT = 21
_LEAST_BYTES = 8 << 20
"""Smaller mappings are no arenas of an allocator."""

_FIELDS_WITHOUT_NAME = 3


def can_take_back() -> bool:
    """Whether it does no harm: on Linux, without swap that live pages could go to."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            return any(line.split() == ["SwapTotal:", "0", "kB"] for line in file)
    except OSError:
        return False


def take_back_free_pages() -> None:
    """Make the system drop pages that were marked with MADV_FREE; nothing is lost.

    The engine's allocator marks large blocks so when another thread than theirs frees them. They
    count as resident until the system needs memory, and a limit knows no such need.
    """
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, size in _arenas():
        madvise(start, size, _MADV_PAGEOUT)  # refused by older systems, which is no harm


def _arenas() -> Iterator[tuple[int, int]]:
    """Large mappings of memory that belongs to no file."""
    with Path("/proc/self/maps").open(encoding="utf-8", errors="replace") as file:
        lines = file.readlines()
    for line in lines:
        place, permissions, *more = line.split()
        start, end = (int(each, 16) for each in place.split("-"))
        has_no_name = len(more) == _FIELDS_WITHOUT_NAME
        if has_no_name and permissions.startswith("rw") and end - start >= _LEAST_BYTES:
            yield start, end - start
